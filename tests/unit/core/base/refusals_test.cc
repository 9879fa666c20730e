#include "core/base/refusals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/status_details.h"

namespace graft {
namespace {

TEST(Refusals, NameTheResourceThatIsNotThere) {
  EXPECT_EQ(JobNotFound("job-1").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(JobNotFound("job-1").message(), "job \"job-1\" does not exist");
  EXPECT_EQ(ErrorReason(JobNotFound("job-1")), "JOB_NOT_FOUND");
  EXPECT_EQ(DatasetNotFound("ds-1").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(DatasetNotFound("ds-1").message(), "dataset \"ds-1\" does not exist");
  EXPECT_EQ(ErrorReason(DatasetNotFound("ds-1")), "DATASET_NOT_FOUND");
}

TEST(Refusals, OfAStoppingServerSayWhenToRetry) {
  EXPECT_EQ(Draining().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(Draining()), "DRAINING");
  EXPECT_GT(RetryDelay(Draining()), absl::ZeroDuration());
}

}  // namespace
}  // namespace graft
