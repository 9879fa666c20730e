#include "server/jobs/job_counts.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/fake_clock.h"
#include "tests/unit/server/workers/worker_test_store.h"

namespace graft::server {
namespace {

using ::testing::HasSubstr;

TEST(JobCountsTest, AreFreshForAWhileAfterTheStoreAnswered) {
  FakeClock clock;
  WorkerTestStore store(&clock);
  const auto metrics = telemetry::Metrics::Create();
  JobCounts counts(metrics.get(), &clock);
  EXPECT_EQ(counts.Fresh().code(), absl::StatusCode::kUnavailable) << "never counted";
  store.Enqueue("a");
  counts.Refresh(*store.get());
  EXPECT_TRUE(counts.Fresh().ok());
  EXPECT_EQ(metrics->job_queue_depth.Value(), 1);
  EXPECT_THAT(metrics->Serialize(), HasSubstr("graft_jobs{state=\"QUEUED\"} 1"));
  EXPECT_THAT(metrics->Serialize(), HasSubstr("graft_jobs{state=\"FAILED\"} 0"));
  clock.Advance(JobCounts::kStale);
  EXPECT_EQ(counts.Fresh().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace graft::server
