#ifndef GRAFT_TESTS_UNIT_SERVER_WORKERS_WORKER_TEST_STORE_H_
#define GRAFT_TESTS_UNIT_SERVER_WORKERS_WORKER_TEST_STORE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "graft/v1/finetune.pb.h"
#include "gtest/gtest.h"

#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/store/sqlite/sqlite_metadata_store.h"

namespace graft::server {

// A real store in a folder of its own, with a dataset to make jobs on.
class WorkerTestStore {
 public:
  explicit WorkerTestStore(Clock* clock, int max_crashes = 3) : folder_(*TempDirectory::Create()) {
    store::SqliteMetadataStoreOptions options;
    options.path = folder_.path() / "graft.db";
    options.clock = clock;
    options.retry.max_crashes = max_crashes;
    auto opened = store::SqliteMetadataStore::Open(options);
    EXPECT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
    store::Dataset dataset;
    dataset.id = "dataset-1";
    dataset.project = "default";
    dataset.digest = Sha256Hex("dataset");
    dataset.format = "image_folder";
    EXPECT_TRUE(store_->CreateDataset(dataset).ok());
  }

  store::MetadataStore* operator->() { return store_.get(); }
  store::MetadataStore* get() { return store_.get(); }
  const std::filesystem::path& folder() const { return folder_.path(); }

  void Enqueue(const std::string& id) {
    v1::JobSpec spec;
    spec.mutable_fine_tune()->set_dataset_id("dataset-1");
    spec.mutable_fine_tune()->set_model("stamps");
    spec.mutable_fine_tune()->set_backbone("efficientnet_lite0");
    spec.mutable_fine_tune()->mutable_task()->mutable_classification();
    jobs::Job job;
    job.id = id;
    job.project = "default";
    job.spec = spec.SerializeAsString();
    job.spec_digest = Sha256Hex(job.spec);
    job.task = "classification";
    job.strategy = "feature_extraction";
    job.backbone = "efficientnet_lite0";
    job.backbone_digest = Sha256Hex("weights");
    job.dataset_id = "dataset-1";
    job.dataset_digest = Sha256Hex("dataset");
    job.model_name = "stamps";
    const auto made = store_->EnqueueJob(job);
    ASSERT_TRUE(made.ok()) << made.status();
  }

  jobs::Job Get(const std::string& id) { return *store_->GetJob("default", id); }

 private:
  TempDirectory folder_;
  std::unique_ptr<store::MetadataStore> store_;
};

}  // namespace graft::server

#endif  // GRAFT_TESTS_UNIT_SERVER_WORKERS_WORKER_TEST_STORE_H_
