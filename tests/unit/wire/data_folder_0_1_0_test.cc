// A data folder that graft 0.1.0 wrote (tests/testdata/make_data_folder_0_1_0.py): what users had
// with it is there with every later version.
#include <filesystem>
#include <memory>
#include <string>

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"

#include "core/artifacts/blob/local/local_blob_store.h"
#include "core/artifacts/blob_layout.h"
#include "core/artifacts/manifest.h"
#include "core/base/files.h"
#include "core/model/model_description.h"
#include "core/store/sqlite/connection.h"
#include "core/store/sqlite/sqlite_metadata_store.h"
#include "wire/dataset.h"
#include "wire/fine_tune_spec.h"
#include "wire/job.h"
#include "wire/model.h"
#include "wire/stored_upgrade.h"

namespace graft::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class DataFolder010Test : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path fixture = GRAFT_TEST_DATA_FOLDER_0_1_0;
    std::filesystem::copy(fixture / "blobs", folder_.path() / "blobs",
                          std::filesystem::copy_options::recursive);
    const auto sql = ReadFile(fixture / "graft.sql", 4 << 20);
    ASSERT_TRUE(sql.ok()) << sql.status();
    auto database = store::sqlite::Connection::Open(folder_.path() / "graft.db");
    ASSERT_TRUE(database.ok()) << database.status();
    const absl::Status filled = (*database)->Execute(sql->c_str());
    ASSERT_TRUE(filled.ok()) << filled;
    database->reset();
    blobs_ = *artifacts::LocalBlobStore::Open(folder_.path() / "blobs");
    StoredUpgrade upgrade(blobs_.get());
    store::SqliteMetadataStoreOptions options;
    options.path = folder_.path() / "graft.db";
    options.upgrade = &upgrade;
    auto store = store::SqliteMetadataStore::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  // The job that made the model, as GetStatus shows it.
  v1::Job JobOf(const std::string& model) {
    const auto page = store_->ListJobs("default", {}, {});
    EXPECT_TRUE(page.ok()) << page.status();
    for (const jobs::Job& job : page->items) {
      const auto shown = ToProto(*store_->GetJob("default", job.id));
      EXPECT_TRUE(shown.ok()) << shown.status();
      if (shown.ok() && shown->spec().fine_tune().model() == model) return *shown;
    }
    ADD_FAILURE() << "no job of model " << model;
    return {};
  }

  v1::ModelVersion Version(const std::string& model) {
    const auto version = store_->GetModelVersion("default", model, 1);
    EXPECT_TRUE(version.ok()) << version.status();
    const auto shown = ToProto(*version, *store_->GetModelVersionDetails("default", model, 1));
    EXPECT_TRUE(shown.ok()) << shown.status();
    return shown.ok() ? *shown : v1::ModelVersion();
  }

  TempDirectory folder_ = *TempDirectory::Create();
  std::unique_ptr<artifacts::BlobStore> blobs_;
  std::unique_ptr<store::MetadataStore> store_;
};

TEST_F(DataFolder010Test, JobsOfEveryTaskKeepTheirReports) {
  for (const char* const model : {"colours", "deep", "scenes", "warmth"}) {
    const v1::Job job = JobOf(model);
    EXPECT_EQ(job.state(), v1::JOB_STATE_SUCCEEDED) << model;
    EXPECT_EQ(job.request_id(), model);
    EXPECT_EQ(job.labels().at("team"), "a");
    EXPECT_GT(job.best_metrics_size(), 0) << model;
  }
  const v1::ClassificationReport colours = JobOf("colours").report().classification();
  ASSERT_THAT(colours.classes(), SizeIs(3));
  EXPECT_EQ(colours.classes(0).class_name(), "blue");
  EXPECT_GT(colours.confusion().cells_size(), 0);
  const v1::MultilabelReport scenes = JobOf("scenes").report().multilabel();
  ASSERT_THAT(scenes.labels(), SizeIs(3));
  EXPECT_EQ(scenes.labels(1).label(), "plant");
  const v1::RegressionReport warmth = JobOf("warmth").report().regression();
  ASSERT_THAT(warmth.numbers(), SizeIs(1));
  EXPECT_EQ(warmth.numbers(0).name(), "kelvin");
  EXPECT_GT(warmth.numbers(0).mean_absolute_error(), 0);
}

TEST_F(DataFolder010Test, ModelsKeepWhatTheirOutputsMean) {
  EXPECT_THAT(Version("colours").outputs().classification().labels(),
              ElementsAre("blue", "green", "red"));
  EXPECT_THAT(Version("scenes").outputs().multilabel().labels(),
              ElementsAre("cold", "plant", "warm"));
  EXPECT_THAT(Version("scenes").outputs().multilabel().thresholds(), SizeIs(3));
  EXPECT_EQ(Version("warmth").outputs().regression().numbers(0).name(), "kelvin");
}

// What serving reads: the files of the manifest, and the description in it.
TEST_F(DataFolder010Test, EveryModelCanStillBeLoaded) {
  for (const char* const model : {"colours", "deep", "scenes", "warmth"}) {
    const auto version = store_->GetModelVersion("default", model, 1);
    ASSERT_TRUE(version.ok()) << version.status();
    const auto manifest = artifacts::LoadVerifiedManifest(*blobs_, version->artifact_prefix,
                                                          version->artifact_sha256);
    ASSERT_TRUE(manifest.ok()) << model << ": " << manifest.status();
    const auto description = model::ModelDescriptionFromJson(manifest->manifest.description);
    ASSERT_TRUE(description.ok()) << model << ": " << description.status();
    EXPECT_EQ(description->backbone, "efficientnet_lite0");
    EXPECT_EQ(description->head.outputs, std::string(model) == "warmth" ? 1 : 3);
  }
}

TEST_F(DataFolder010Test, AQueuedJobIsRunAsItWasAskedFor) {
  const auto leased = store_->ClaimNextJob("w", {});
  ASSERT_TRUE(leased.ok() && leased->has_value()) << leased.status();
  v1::JobSpec spec;
  ASSERT_TRUE(spec.ParseFromString((*leased)->spec));
  EXPECT_EQ(spec.fine_tune().model(), "queued");
  const auto resolved = ResolveFineTuneSpec(spec.fine_tune());
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->config.strategy, recipes::Strategy::kTopLayers);
  EXPECT_EQ(resolved->config.training.epochs, 3);
  EXPECT_EQ(resolved->config.training.seed, 7u);
  EXPECT_EQ(JobOf("cancelled").state(), v1::JOB_STATE_CANCELLED);
}

TEST_F(DataFolder010Test, DatasetsKeepWhatTheyAreLabelledFor) {
  const auto page = store_->ListDatasets("default", {});
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_THAT(page->items, SizeIs(3));
  for (const store::Dataset& row : page->items) {
    const auto dataset = ToProto(*store_->GetDataset("default", row.id));
    ASSERT_TRUE(dataset.ok()) << dataset.status();
    EXPECT_EQ(dataset->images(), 18);
    const std::string prefix = artifacts::DatasetPrefix("default", row.digest);
    EXPECT_TRUE(blobs_->LocalPath(artifacts::BlobIn(prefix, artifacts::kImagesFile)).ok());
    if (dataset->display_name() == "numbers") {
      EXPECT_EQ(dataset->summary().regression().numbers(0).smallest(), 280.5);
    }
  }
}

}  // namespace
}  // namespace graft::wire
