#include "server/jobs/orphan_sweep.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "core/base/files.h"
#include "tests/unit/server/store_test.h"

namespace graft::server {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(IsOrphan, KeepsWhatIsPublishedLiveOrUnknown) {
  store::BlobReferences references;
  references.artifact_prefixes = {"jobs/done/2"};
  references.live_jobs = {"live"};
  references.datasets = {{"default", "abc"}};
  references.captures = {{"default", "def"}};
  for (const char* kept : {"jobs/done/2/model.safetensors", "jobs/live/1/card.json",
                           "checkpoints/live/1-3.safetensors", "datasets/default/abc/images.bin",
                           "captures/default/def", "something/else/entirely", "file"}) {
    EXPECT_FALSE(IsOrphan(kept, references)) << kept;
  }
  for (const char* orphan :
       {"jobs/done/1/model.safetensors", "jobs/gone/1/card.json",
        "checkpoints/done/2-3.safetensors", "datasets/default/abd/images.bin",
        "datasets/other/abc/images.bin", "captures/default/abc", "captures/other/def"}) {
    EXPECT_TRUE(IsOrphan(orphan, references)) << orphan;
  }
}

class OrphanSweepTest : public StoreTest {
 protected:
  jobs::Job Enqueue(const std::string& id) {
    jobs::Job job;
    job.id = id;
    job.project = "default";
    job.spec_digest = "d";
    job.model_name = "pets";
    job.backbone = "net";
    job.backbone_digest = "sha-of-net";
    job.dataset_digest = "sha-of-data";
    const auto enqueued = store_->EnqueueJob(job);
    EXPECT_TRUE(enqueued.ok()) << enqueued.status();
    return enqueued->job;
  }
};

TEST_F(OrphanSweepTest, TheStoreNamesWhatBlobsMayBelongTo) {
  Enqueue("job-1");
  const auto claimed = store_->ClaimNextJob("w", {});
  ASSERT_TRUE(claimed.ok() && claimed->has_value());
  store::JobOutcome outcome;
  outcome.version.emplace();
  outcome.version->artifact_prefix = "jobs/job-1/1";
  ASSERT_TRUE(store_->FinishJob("job-1", (*claimed)->fence, outcome).ok());
  Enqueue("job-2");
  store::Dataset dataset;
  dataset.id = "dataset-1";
  dataset.project = "default";
  dataset.digest = "abc";
  ASSERT_TRUE(store_->CreateDataset(dataset).ok());

  const auto references = store_->ListBlobReferences();
  ASSERT_TRUE(references.ok()) << references.status();
  EXPECT_THAT(references->artifact_prefixes, ElementsAre("jobs/job-1/1"));
  EXPECT_THAT(references->live_jobs, ElementsAre("job-2"));
  EXPECT_THAT(references->datasets, ElementsAre(Pair("default", "abc")));
}

TEST_F(OrphanSweepTest, DeletesOrphansAndNothingElse) {
  Enqueue("live");
  for (const char* key : {"jobs/live/1/model.safetensors", "jobs/gone/1/model.safetensors",
                          "checkpoints/gone/1-1.safetensors", "datasets/default/abc/images.bin"}) {
    ASSERT_TRUE(blobs_->PutIfAbsent(key, "bytes").ok());
  }
  const auto swept = SweepOrphans(*store_, *blobs_);
  ASSERT_TRUE(swept.ok()) << swept.status();
  EXPECT_EQ(*swept, 3);
  EXPECT_THAT(*blobs_->List("", "", 10), ElementsAre("jobs/live/1/model.safetensors"));
}

TEST(ResetTemporaryFolder, LeavesAnEmptyFolder) {
  auto folder = TempDirectory::Create();
  ASSERT_TRUE(folder.ok());
  const auto tmp = folder->path() / "tmp";
  ASSERT_TRUE(ResetTemporaryFolder(tmp).ok());
  std::filesystem::create_directories(tmp / "upload-1");
  std::ofstream(tmp / "upload-1" / "archive") << "half";
  ASSERT_TRUE(ResetTemporaryFolder(tmp).ok());
  EXPECT_TRUE(std::filesystem::is_empty(tmp));
}

}  // namespace
}  // namespace graft::server
