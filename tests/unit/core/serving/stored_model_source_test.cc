#include "core/serving/stored_model_source.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/artifacts/blob/local/local_blob_store.h"
#include "core/artifacts/manifest.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/store/sqlite/sqlite_metadata_store.h"
#include "tests/fakes/fake_clock.h"

namespace graft::serving {
namespace {

using ::testing::HasSubstr;

class StoredModelSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::make_unique<TempDirectory>(TempDirectory::Create().value());
    store::SqliteMetadataStoreOptions options;
    options.path = folder_->path() / "graft.db";
    options.clock = &clock_;
    store_ = store::SqliteMetadataStore::Open(options).value();
    std::filesystem::create_directories(folder_->path() / "blobs");
    blobs_ = artifacts::LocalBlobStore::Open(folder_->path() / "blobs").value();
    source_ = std::make_unique<StoredModelSource>(store_.get(), blobs_.get());
  }

  // As a worker does it: blobs first, then the row.
  void Publish(const std::string& job_id, const std::string& bytes) {
    jobs::Job job;
    job.id = job_id;
    job.project = "p";
    job.spec_digest = "digest";
    job.task = "classification";
    job.model_name = "pets";
    ASSERT_TRUE(store_->EnqueueJob(job).ok());
    const jobs::Job claimed = store_->ClaimNextJob("w", {}).value().value();

    const std::string prefix = "jobs/" + job_id + "/1";
    artifacts::ArtifactManifest manifest;
    manifest.files = {{"model.safetensors", Sha256Hex(bytes), bytes.size()}};
    manifest.description = R"({"of":")" + job_id + R"("})";
    const std::string json = artifacts::ManifestToJson(manifest).value();
    ASSERT_TRUE(blobs_->PutIfAbsent(prefix + "/model.safetensors", bytes).ok());
    ASSERT_TRUE(blobs_->PutIfAbsent(prefix + "/manifest.json", json).ok());

    store::JobOutcome outcome;
    outcome.version.emplace();
    outcome.version->artifact_prefix = prefix;
    outcome.version->artifact_sha256 = Sha256Hex(json);
    const auto finished = store_->FinishJob(job_id, claimed.fence, outcome);
    ASSERT_TRUE(finished.ok()) << finished.status();
  }

  FakeClock clock_;
  std::unique_ptr<TempDirectory> folder_;
  std::unique_ptr<store::MetadataStore> store_;
  std::unique_ptr<artifacts::BlobStore> blobs_;
  std::unique_ptr<StoredModelSource> source_;
};

TEST_F(StoredModelSourceTest, ResolvesVersionsAndSaysWhatThereIsInstead) {
  const absl::Status none = source_->Resolve("p", "pets", 0).status();
  EXPECT_TRUE(absl::IsNotFound(none)) << none;
  EXPECT_THAT(std::string(none.message()), HasSubstr("\"pets\" does not exist"));
  Publish("j1", "first");
  Publish("j2", "second");
  EXPECT_EQ(source_->Resolve("p", "pets", 0).value(), 2);
  EXPECT_EQ(source_->Resolve("p", "pets", 1).value(), 1);
  const absl::Status wrong = source_->Resolve("p", "pets", 7).status();
  EXPECT_TRUE(absl::IsNotFound(wrong)) << wrong;
  EXPECT_THAT(std::string(wrong.message()), HasSubstr("no version 7; the latest is 2"));
  EXPECT_TRUE(absl::IsNotFound(source_->Resolve("other", "pets", 0).status()));
}

TEST_F(StoredModelSourceTest, OpensThePublishedBytesAndTheirDescription) {
  Publish("j1", "first");
  Publish("j2", "second");
  const auto artifact = source_->Open({"p", "pets", 1});
  ASSERT_TRUE(artifact.ok()) << artifact.status();
  EXPECT_EQ((*artifact)->model_bytes(), "first");
  EXPECT_EQ((*artifact)->description_json(), R"({"of":"j1"})");
  EXPECT_TRUE(absl::IsNotFound(source_->Open({"p", "pets", 3}).status()));
}

TEST_F(StoredModelSourceTest, SummarisesWithoutReadingTheModel) {
  Publish("j1", "first");
  const auto summary = source_->Summarise({"p", "pets", 1});
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->model_bytes, 5u);
  EXPECT_EQ(summary->description_json, R"({"of":"j1"})");
  EXPECT_TRUE(absl::IsNotFound(source_->Summarise({"p", "pets", 3}).status()));
}

TEST_F(StoredModelSourceTest, AManifestThatIsNotThePublishedOneIsNotSummarised) {
  Publish("j1", "first");
  const auto path = blobs_->LocalPath("jobs/j1/1/manifest.json").value().value();
  std::filesystem::permissions(path, std::filesystem::perms::owner_write,
                               std::filesystem::perm_options::add);
  std::ofstream(path, std::ios::app) << "\n";
  const absl::Status changed = source_->Summarise({"p", "pets", 1}).status();
  EXPECT_TRUE(absl::IsDataLoss(changed)) << changed;
  std::filesystem::remove(path);
  const absl::Status missing = source_->Summarise({"p", "pets", 1}).status();
  EXPECT_TRUE(absl::IsDataLoss(missing)) << missing;
  EXPECT_THAT(std::string(missing.message()), HasSubstr("manifest.json"));
}

TEST_F(StoredModelSourceTest, BytesThatAreNotThePublishedOnesAreNamedAndNotOpened) {
  Publish("j1", "first");
  const auto path = blobs_->LocalPath("jobs/j1/1/model.safetensors").value().value();
  std::filesystem::permissions(path, std::filesystem::perms::owner_write,
                               std::filesystem::perm_options::add);
  std::ofstream(path, std::ios::trunc) << "fir5t";
  const absl::Status status = source_->Open({"p", "pets", 1}).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("model.safetensors"));
}

}  // namespace
}  // namespace graft::serving
