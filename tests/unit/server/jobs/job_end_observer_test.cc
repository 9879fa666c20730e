#include "server/jobs/job_end_observer.h"

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/unit/server/store_test.h"

namespace graft {
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
  static JobChange Ended(JobState state) {
    JobChange change;
    change.job_id = "a";
    change.task = "classification";
    change.strategy = "full";
    change.state = state;
    change.fence = 2;
    change.create_time = absl::FromUnixSeconds(100);
    change.end_time = absl::FromUnixSeconds(103);
    return change;
  }
  std::vector<std::string> KeysAfter(const JobChange& change) {
    ThreadPool executor("sweep", 1, 10);
    JobEndObserver ends(blobs_.get(), metrics_.get(), &executor, logger_.get());
    ends.OnJobChange(change);
    executor.Close();
    return *blobs_->List("", "", 100);
  }

  std::unique_ptr<Metrics> metrics_ = Metrics::Create();
  std::unique_ptr<Logger> logger_ = Logger::Silent();
};

TEST_F(JobEndsTest, APublishedAttemptStaysAndTheRestGoes) {
  JobChange change = Ended(JobState::kSucceeded);
  change.model_version = 1;
  EXPECT_THAT(KeysAfter(change),
              ElementsAre("checkpoints/ab/1-1.safetensors", "jobs/a/2/manifest.json",
                          "jobs/a/2/model.safetensors"));
}

TEST_F(JobEndsTest, NothingStaysOfAJobThatPublishedNothing) {
  for (const JobState state : {JobState::kFailed, JobState::kCancelled}) {
    EXPECT_THAT(KeysAfter(Ended(state)), ElementsAre("checkpoints/ab/1-1.safetensors"));
  }
}

TEST_F(JobEndsTest, AJobThatGoesOnIsLeftAlone) {
  for (const JobState state : {JobState::kQueued, JobState::kRunning, JobState::kPaused}) {
    EXPECT_EQ(KeysAfter(Ended(state)).size(), 7u);
  }
  EXPECT_THAT(metrics_->Serialize(), Not(HasSubstr("graft_job_duration_seconds_count")));
}

TEST_F(JobEndsTest, EveryEndIsTimedACancelInTheQueueToo) {
  KeysAfter(Ended(JobState::kCancelled));
  EXPECT_THAT(metrics_->Serialize(),
              HasSubstr("graft_job_duration_seconds_sum{outcome=\"cancelled\",strategy=\"full\","
                        "task=\"classification\"} 3"));
}

}  // namespace
}  // namespace graft
