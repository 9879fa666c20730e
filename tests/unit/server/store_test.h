#ifndef GRAFT_TESTS_UNIT_SERVER_STORE_TEST_H_
#define GRAFT_TESTS_UNIT_SERVER_STORE_TEST_H_

#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"

#include "core/artifacts/blob/local/local_blob_store.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/model/model_description.h"
#include "core/store/sqlite/sqlite_metadata_store.h"

namespace graft::server {

// A real store and real blobs in a folder of their own.
class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TempDirectory::Create();
    ASSERT_TRUE(folder.ok());
    folder_ = std::make_unique<TempDirectory>(*std::move(folder));
    auto store = store::SqliteMetadataStore::Open({.path = folder_->path() / "graft.db"});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    auto blobs = artifacts::LocalBlobStore::Open(folder_->path() / "blobs");
    ASSERT_TRUE(blobs.ok()) << blobs.status();
    blobs_ = *std::move(blobs);
  }

  // Runs a job to the version of "pets" that it publishes: a classifier with these outputs.
  void PublishPets(const std::string& job_id, const std::string& project,
                   const std::string& outputs_json, store::JobOutcome outcome = {}) {
    jobs::Job job;
    job.id = job_id;
    job.project = project;
    job.model_name = "pets";
    job.backbone = "net";
    ASSERT_TRUE(store_->EnqueueJob(job).ok());
    const auto claimed = store_->ClaimNextJob("w", {});
    ASSERT_TRUE(claimed.ok() && claimed->has_value());
    model::ModelDescription description;
    description.backbone = "net";
    description.backbone_digest = Sha256Hex("net");
    description.cut_point = "top";
    description.head = {model::HeadKind::kLinear, {8, 7, 7}, 0, 0, 2};
    description.task = "classification";
    description.outputs = outputs_json;
    outcome.version.emplace();
    outcome.version->artifact_prefix = "jobs/" + job_id + "/1";
    outcome.version->description = model::ModelDescriptionToJson(description);
    ASSERT_TRUE(store_->FinishJob(job_id, (*claimed)->fence, outcome).ok());
  }

  std::unique_ptr<TempDirectory> folder_;
  std::unique_ptr<store::MetadataStore> store_;
  std::unique_ptr<artifacts::BlobStore> blobs_;
};

}  // namespace graft::server

#endif  // GRAFT_TESTS_UNIT_SERVER_STORE_TEST_H_
