#ifndef GRAFT_TESTS_CONTRACT_METADATA_STORE_FIXTURE_H_
#define GRAFT_TESTS_CONTRACT_METADATA_STORE_FIXTURE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/base/files.h"
#include "core/jobs/state_table.h"
#include "core/store/metadata_store.h"
#include "tests/fakes/fake_clock.h"

namespace graft {

struct StoreSettings {
  std::filesystem::path folder;  // empty at first; the same again when a test opens it again
  Clock* clock;
  int max_queued = 1000;
};

// An implementation under the contract: opens the store in `folder`.
using StoreOpener =
    std::function<absl::StatusOr<std::unique_ptr<store::MetadataStore>>(const StoreSettings&)>;

class MetadataStoreContract : public ::testing::TestWithParam<StoreOpener> {
 protected:
  void SetUp() override {
    auto folder = TempDirectory::Create();
    ASSERT_TRUE(folder.ok()) << folder.status();
    folder_ = std::make_unique<TempDirectory>(std::move(*folder));
    Reopen(1000);
  }

  // Closes the store and opens it again.
  void Reopen(int max_queued) {
    store_.reset();
    auto store = GetParam()({folder_->path(), &clock_, max_queued});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = std::move(*store);
  }

  static jobs::Job NewJob(const std::string& id, const std::string& project = "p") {
    jobs::Job job;
    job.id = id;
    job.project = project;
    job.spec = std::string("spec\0of ", 8) + id;
    job.spec_digest = "digest";
    job.task = "classification";
    job.architecture = "vgg";
    job.model_name = "pets";
    return job;
  }

  jobs::Job Enqueue(const jobs::Job& job) {
    auto result = store_->EnqueueJob(job);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? result->job : jobs::Job();
  }

  // Leases the next job, which there must be.
  jobs::Job Claim(const std::string& worker = "w1") {
    auto job = store_->ClaimNextJob(worker, {});
    EXPECT_TRUE(job.ok()) << job.status();
    if (!job.ok() || !job->has_value()) {
      ADD_FAILURE() << "nothing to claim";
      return jobs::Job();
    }
    return **job;
  }

  jobs::Job Get(const std::string& id, const std::string& project = "p") {
    auto job = store_->GetJob(project, id);
    EXPECT_TRUE(job.ok()) << job.status();
    return job.ok() ? *job : jobs::Job();
  }

  static store::ModelVersion NewVersion() {
    store::ModelVersion version;
    version.artifact_prefix = "jobs/j/1/";
    version.artifact_sha256 = "def";
    version.description = R"({"labels":["cat","d\u00f8g"]})";
    version.metrics = std::string("\0metrics", 8);
    version.dataset_digest = "data";
    version.bytes = 42;
    return version;
  }

  static store::JobOutcome Success() {
    store::JobOutcome outcome;
    outcome.report = std::string("\0report", 7);
    outcome.card = std::string("\0card", 5);
    outcome.stop_reason = "COMPLETED";
    outcome.version = NewVersion();
    return outcome;
  }

  static store::JobOutcome Ending(jobs::JobState state) {
    store::JobOutcome outcome;
    outcome.state = state;
    if (state == jobs::JobState::kFailed) outcome.error = {"INTERNAL", "broke", "f", "h"};
    return outcome;
  }

  static jobs::JobEvent NewEvent(const std::string& payload) {
    jobs::JobEvent event;
    event.type = "log";
    event.payload = payload;
    return event;
  }

  static store::Dataset NewDataset(const std::string& id, const std::string& digest,
                                   const std::string& project = "p") {
    store::Dataset dataset;
    dataset.id = id;
    dataset.project = project;
    dataset.name = "pets";
    dataset.digest = digest;
    dataset.format = "image_folder";
    dataset.manifest = std::string("a\0b", 3);
    dataset.image_count = 5;
    dataset.headline = "2 classes";
    dataset.bytes = 100;
    return dataset;
  }

  std::vector<jobs::JobEvent> Events(const std::string& id) {
    auto events = store_->ListEvents("p", id, 0, 10'000);
    EXPECT_TRUE(events.ok()) << events.status();
    return events.ok() ? *events : std::vector<jobs::JobEvent>();
  }

  // Sequence numbers are 1, 2, 3 ... and the job knows the last.
  void ExpectNoGaps(const std::string& id) {
    const std::vector<jobs::JobEvent> events = Events(id);
    for (size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].sequence, i + 1) << id;
    EXPECT_EQ(Get(id).last_event_sequence, events.size()) << id;
  }

  FakeClock clock_;
  std::unique_ptr<TempDirectory> folder_;
  std::unique_ptr<store::MetadataStore> store_;
};

MATCHER_P(HasCode, code, "") {
  *result_listener << arg.ToString();
  return arg.code() == code;
}

}  // namespace graft

#endif  // GRAFT_TESTS_CONTRACT_METADATA_STORE_FIXTURE_H_
