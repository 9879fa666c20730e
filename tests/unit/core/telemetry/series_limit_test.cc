#include "core/telemetry/series_limit.h"

#include <string>

#include <gmock/gmock.h>

namespace graft::telemetry {
namespace {

using ::testing::ElementsAre;

TEST(SeriesLimit, ValuesBeyondTheLimitShareOneSeries) {
  SeriesLimit limit(2);
  EXPECT_THAT(limit.Admit({"a", "OK"}), ElementsAre("a", "OK"));
  EXPECT_THAT(limit.Admit({"b", "OK"}), ElementsAre("b", "OK"));
  EXPECT_THAT(limit.Admit({"c", "OK"}), ElementsAre("other", "other"));
  EXPECT_THAT(limit.Admit({"a", "OK"}), ElementsAre("a", "OK"));
}

TEST(SeriesLimit, ForgettingAValueFreesItsPlaces) {
  SeriesLimit limit(1);
  limit.Admit({"a", "OK"});
  limit.Forget("a");
  EXPECT_THAT(limit.Admit({"b", "OK"}), ElementsAre("b", "OK"));
}

TEST(ModelLabel, OnlyLoadedModelsHaveANameOfTheirOwn) {
  ModelLabel label(10);
  label.SetLoaded({"pets"});
  EXPECT_EQ(label.For("pets"), "pets");
  EXPECT_EQ(label.For("birds"), "other");
}

TEST(ModelLabel, KeepsToItsLimitAndNamesThoseThatLeft) {
  ModelLabel label(2);
  EXPECT_THAT(label.SetLoaded({"c", "b", "a"}), ElementsAre());
  EXPECT_EQ(label.For("c"), "other");
  EXPECT_THAT(label.SetLoaded({"c"}), ElementsAre("a", "b"));
  EXPECT_EQ(label.For("c"), "c");
}

}  // namespace
}  // namespace graft::telemetry
