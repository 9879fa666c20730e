#include "core/evaluation/calibration.h"

#include "gtest/gtest.h"

namespace graft::evaluation {
namespace {

TEST(CalibrationTest, IsZeroWhenConfidenceMeetsAccuracy) {
  CalibrationBins bins;
  EXPECT_EQ(bins.Error(), 0) << "nothing added";
  for (bool right : {true, true, true, false}) bins.Add(.75f, right);
  EXPECT_NEAR(bins.Error(), 0.0, 1e-9);
}

TEST(CalibrationTest, IsTheGapBetweenConfidenceAndAccuracyWeighedByBin) {
  CalibrationBins bins;
  bins.Add(1.0f, false);  // in the last bin, not behind it
  bins.Add(0.5f, true);
  EXPECT_NEAR(bins.Error(), (1.0 + 0.5) / 2, 1e-9);
}

}  // namespace
}  // namespace graft::evaluation
