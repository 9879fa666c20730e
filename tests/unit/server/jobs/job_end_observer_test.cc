#include "server/jobs/job_end_observer.h"

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/unit/server/store_test.h"

namespace graft::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class JobEndsTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    for (const char* key :
         {"checkpoints/a/1-3.safetensors", "checkpoints/a/2-4.safetensors",
          "checkpoints/ab/1-1.safetensors", "jobs/a/1/model.safetensors",
          "jobs/a/2/model.safetensors", "jobs/a/2/manifest.json", "jobs/a/22/card.json"}) {
      ASSERT_TRUE(blobs_->PutIfAbsent(key, "x").ok());
    }
  }
  static store::JobChange Ended(jobs::JobState state) {
    store::JobChange change;
    change.job_id = "a";
    change.task = "classification";
    change.strategy = "full";
    change.state = state;
    change.fence = 2;
    change.create_time = absl::FromUnixSeconds(100);
    change.end_time = absl::FromUnixSeconds(103);
    return change;
  }
  std::vector<std::string> KeysAfter(const store::JobChange& change) {
    ThreadPool executor("sweep", 1, 10);
    JobEndObserver ends(blobs_.get(), metrics_.get(), &executor, logger_.get());
    ends.OnJobChange(change);
    executor.Close();
    return *blobs_->List("", "", 100);
  }

  std::unique_ptr<telemetry::Metrics> metrics_ = telemetry::Metrics::Create();
  std::unique_ptr<wire::Logger> logger_ = wire::Logger::Silent();
};

TEST_F(JobEndsTest, APublishedAttemptStaysAndTheRestGoes) {
  store::JobChange change = Ended(jobs::JobState::kSucceeded);
  change.model_version = 1;
  EXPECT_THAT(KeysAfter(change),
              ElementsAre("checkpoints/ab/1-1.safetensors", "jobs/a/2/manifest.json",
                          "jobs/a/2/model.safetensors"));
}

TEST_F(JobEndsTest, NothingStaysOfAJobThatPublishedNothing) {
  for (const jobs::JobState state : {jobs::JobState::kFailed, jobs::JobState::kCancelled}) {
    EXPECT_THAT(KeysAfter(Ended(state)), ElementsAre("checkpoints/ab/1-1.safetensors"));
  }
}

TEST_F(JobEndsTest, AJobThatGoesOnIsLeftAlone) {
  for (const jobs::JobState state :
       {jobs::JobState::kQueued, jobs::JobState::kRunning, jobs::JobState::kPaused}) {
    EXPECT_EQ(KeysAfter(Ended(state)).size(), 7u);
  }
  EXPECT_THAT(metrics_->Serialize(), Not(HasSubstr("graft_job_duration_seconds_count")));
}

TEST_F(JobEndsTest, EveryEndIsTimedACancelInTheQueueToo) {
  KeysAfter(Ended(jobs::JobState::kCancelled));
  EXPECT_THAT(metrics_->Serialize(),
              HasSubstr("graft_job_duration_seconds_sum{outcome=\"cancelled\",strategy=\"full\","
                        "task=\"classification\"} 3"));
}

}  // namespace
}  // namespace graft::server
