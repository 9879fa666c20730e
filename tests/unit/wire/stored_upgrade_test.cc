#include "wire/stored_upgrade.h"

#include <filesystem>
#include <memory>
#include <string>

#include <gmock/gmock.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "core/artifacts/blob/local/local_blob_store.h"
#include "core/base/files.h"
#include "core/model/model_description.h"
#include "core/store/sqlite/connection.h"
#include "core/store/sqlite/sqlite_metadata_store.h"
#include "wire/dataset.h"
#include "wire/fine_tune_spec.h"
#include "wire/job.h"
#include "wire/model.h"

namespace graft::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

// A data folder that graft-server wrote with schema 2, before 0.1.0
// (tests/testdata/make_data_folder_schema_2.py).
class StoredUpgradeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path fixture = GRAFT_TEST_DATA_FOLDER;
    std::filesystem::copy(fixture / "blobs", blobs_folder(),
                          std::filesystem::copy_options::recursive);
    const auto sql = ReadFile(fixture / "graft.sql", 1 << 20);
    ASSERT_TRUE(sql.ok()) << sql.status();
    auto database = store::sqlite::Connection::Open(folder_.path() / "graft.db");
    ASSERT_TRUE(database.ok()) << database.status();
    const absl::Status filled = (*database)->Execute(sql->c_str());
    ASSERT_TRUE(filled.ok()) << filled;
  }

  std::filesystem::path blobs_folder() const { return folder_.path() / "blobs"; }

  void Open() {
    blobs_ = *artifacts::LocalBlobStore::Open(blobs_folder());
    StoredUpgrade upgrade(blobs_.get());
    store::SqliteMetadataStoreOptions options;
    options.path = folder_.path() / "graft.db";
    options.upgrade = &upgrade;
    store_.reset();
    auto store = store::SqliteMetadataStore::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  // The only job in this state, as GetStatus shows it; of several the newest.
  v1::Job JobThatIs(jobs::JobState state) {
    store::JobFilter filter;
    filter.states = {state};
    const auto page = store_->ListJobs("default", filter, {});
    EXPECT_FALSE(page->items.empty());
    const auto shown = ToProto(*store_->GetJob("default", page->items.front().id));
    EXPECT_TRUE(shown.ok()) << shown.status();
    return *shown;
  }

  v1::ModelVersion Version(int64_t number) {
    const auto version = store_->GetModelVersion("default", "pets", number);
    EXPECT_TRUE(version.ok()) << version.status();
    const auto shown =
        ToProto(*version, *store_->GetModelVersionDetails("default", "pets", number));
    EXPECT_TRUE(shown.ok()) << shown.status();
    return shown.ok() ? *shown : v1::ModelVersion();
  }

  TempDirectory folder_ = *TempDirectory::Create();
  std::unique_ptr<artifacts::BlobStore> blobs_;
  std::unique_ptr<store::MetadataStore> store_;
};

TEST_F(StoredUpgradeTest, AJobThatSucceededKeepsItsReport) {
  Open();
  const v1::Job job = JobThatIs(jobs::JobState::kSucceeded);
  EXPECT_EQ(job.request_id(), "first");
  EXPECT_EQ(job.best_epoch(), 2);
  ASSERT_THAT(job.best_metrics(), SizeIs(1));
  EXPECT_EQ(job.best_metrics(0).name(), "validation_accuracy");
  EXPECT_EQ(job.best_metrics(0).value(), 0.75);
  EXPECT_EQ(job.progress().epochs_total(), 2);
  const v1::ClassificationReport& report = job.report().classification();
  EXPECT_EQ(report.accuracy(), 0.75);
  EXPECT_EQ(report.split(), "test");
  EXPECT_EQ(report.images(), 4);
  ASSERT_THAT(report.classes(), SizeIs(3));
  EXPECT_EQ(report.classes(1).class_name(), "green");
  EXPECT_EQ(report.classes(1).recall(), 0.5);
  ASSERT_THAT(report.confusion().cells(), SizeIs(3));
  EXPECT_EQ(report.confusion().cells(2).true_class(), 1);
  EXPECT_EQ(report.confusion().cells(2).predicted_class(), 2);
  EXPECT_EQ(report.confusion().cells(0).images(), 2);
  const auto events = store_->ListEvents("default", job.id(), 0, 100);
  ASSERT_TRUE(events.ok()) << events.status();
  for (const jobs::JobEvent& event : *events) EXPECT_TRUE(ToProto(event).ok()) << event.type;
}

// It is yet to run: every option that was asked for must be there.
TEST_F(StoredUpgradeTest, AQueuedJobKeepsEveryOption) {
  Open();
  const auto leased = store_->ClaimNextJob("w", {});
  ASSERT_TRUE(leased.ok() && leased->has_value());
  v1::JobSpec spec;
  ASSERT_TRUE(spec.ParseFromString((*leased)->spec));
  const v1::FineTuneSpec& fine_tune = spec.fine_tune();
  EXPECT_EQ(fine_tune.dataset_id(), (*leased)->dataset_id);
  EXPECT_EQ(fine_tune.backbone(), "efficientnet_lite0");
  EXPECT_EQ(fine_tune.model(), "cars");
  EXPECT_EQ(fine_tune.strategy(), v1::STRATEGY_FULL);
  const v1::ClassificationTask& task = fine_tune.task().classification();
  EXPECT_EQ(fine_tune.head().kind(), v1::HEAD_KIND_MLP);
  EXPECT_EQ(fine_tune.head().hidden_units(), 32);
  EXPECT_EQ(fine_tune.head().dropout(), 0.25);
  EXPECT_EQ(task.label_smoothing(), 0.125);
  EXPECT_EQ(task.class_weighting(), v1::CLASS_WEIGHTING_BALANCED);
  const v1::TrainingOptions& training = fine_tune.training();
  EXPECT_EQ(training.epochs(), 7);
  EXPECT_EQ(training.batch_size(), 8);
  EXPECT_EQ(training.learning_rate(), 0.5);
  EXPECT_EQ(training.backbone_learning_rate(), 0.25);
  EXPECT_EQ(training.weight_decay(), 0.0625);
  EXPECT_EQ(training.momentum(), 0.75);
  EXPECT_EQ(training.optimizer(), v1::OPTIMIZER_SGD);
  EXPECT_EQ(training.schedule(), v1::LEARNING_RATE_SCHEDULE_CONSTANT);
  EXPECT_EQ(training.warmup_epochs(), 0.5);
  EXPECT_EQ(training.gradient_clip_norm(), 2);
  EXPECT_EQ(training.early_stopping_patience(), 3);
  EXPECT_EQ(training.head_epochs(), 2);
  EXPECT_EQ(training.seed(), 9u);
  EXPECT_FALSE(training.has_l2());
  EXPECT_EQ(fine_tune.data().validation_fraction(), 0.25);
  EXPECT_EQ(fine_tune.data().test_fraction(), 0.125);
  EXPECT_TRUE(fine_tune.data().augment());
}

// Specifications that graft-server 0.1 stored.
//   dataset "d", backbone "net", model "pets", TOP_LAYERS, 7 epochs, augment false; MLP, 64 units,
//   dropout 0.25, label_smoothing 0.1, BALANCED
constexpr char kMlpSpec[] =
    "0a320a016412036e65741a047065747322180802104019000000000000d03f219a9999999999b93f280228023202"
    "08073a021800";
//   FEATURE_EXTRACTION; LINEAR, label_smoothing 0, class weighting NONE
constexpr char kLinearSpec[] = "0a1f0a016412036e65741a0470657473220d080121000000000000000028012801";

v1::FineTuneSpec UpgradedSpec(const char* hex) {
  v1::JobSpec spec;
  EXPECT_TRUE(spec.ParseFromString(StoredUpgrade(nullptr).JobSpec(absl::HexStringToBytes(hex))));
  return spec.fine_tune();
}

TEST(StoredJobSpec, TheHeadMovesFromTheTaskToItsOwnMessage) {
  const v1::FineTuneSpec spec = UpgradedSpec(kMlpSpec);
  EXPECT_EQ(spec.head().kind(), v1::HEAD_KIND_MLP);
  EXPECT_EQ(spec.head().hidden_units(), 64);
  EXPECT_EQ(spec.head().dropout(), 0.25);
  const v1::ClassificationTask& task = spec.task().classification();
  EXPECT_EQ(task.label_smoothing(), 0.1);
  EXPECT_EQ(task.class_weighting(), v1::CLASS_WEIGHTING_BALANCED);
  EXPECT_TRUE(task.GetReflection()->GetUnknownFields(task).empty());
  EXPECT_EQ(spec.strategy(), v1::STRATEGY_TOP_LAYERS);
  EXPECT_EQ(spec.training().epochs(), 7);
  EXPECT_TRUE(spec.data().has_augment());
  EXPECT_EQ(spec.dataset_id() + spec.backbone() + spec.model(), "dnetpets");
  EXPECT_TRUE(ResolveFineTuneSpec(spec).ok()) << ResolveFineTuneSpec(spec).status();
}

TEST(StoredJobSpec, WhatWasNotSetStaysSo) {
  const v1::FineTuneSpec spec = UpgradedSpec(kLinearSpec);
  EXPECT_EQ(spec.head().kind(), v1::HEAD_KIND_LINEAR);
  EXPECT_FALSE(spec.head().has_hidden_units());
  EXPECT_FALSE(spec.head().has_dropout());
  EXPECT_TRUE(spec.task().classification().has_label_smoothing());
  EXPECT_EQ(spec.task().classification().label_smoothing(), 0);
  EXPECT_TRUE(ResolveFineTuneSpec(spec).ok()) << ResolveFineTuneSpec(spec).status();
}

TEST_F(StoredUpgradeTest, JobsThatMadeNothingAreAsTheyWere) {
  Open();
  const v1::Job failed = JobThatIs(jobs::JobState::kFailed);
  EXPECT_EQ(failed.error().message(), "training diverged in epoch 2");
  EXPECT_FALSE(failed.has_report());
  EXPECT_EQ(JobThatIs(jobs::JobState::kCancelled).spec().fine_tune().model(), "cars");
}

TEST_F(StoredUpgradeTest, DatasetsKeepTheirClassesPartsAndWarnings) {
  Open();
  const auto page = store_->ListDatasets("default", {});
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_THAT(page->items, SizeIs(2));
  EXPECT_EQ(page->items[0].headline, "2 classes");
  const auto dataset = ToProto(*store_->GetDataset("default", page->items[1].id));
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(dataset->headline(), "3 classes");
  EXPECT_EQ(dataset->images(), 15);
  EXPECT_THAT(dataset->splits(), ElementsAre("train", "test"));
  const v1::ClassificationSummary& summary = dataset->summary().classification();
  ASSERT_THAT(summary.classes(), SizeIs(3));
  EXPECT_EQ(summary.classes(2).name(), "red");
  EXPECT_EQ(summary.classes(2).images(), 5);
  EXPECT_EQ(summary.classes(2).test_images(), 2);
  EXPECT_EQ(dataset->skipped_total(), 1);
  EXPECT_EQ(dataset->skipped(0).name(), "train/blue/notes.txt");
  EXPECT_THAT(dataset->warnings(), ElementsAre("class 'blue' has only 5 images"));
}

TEST_F(StoredUpgradeTest, VersionsSayWhatTheirArtefactsSay) {
  Open();
  const v1::ModelVersion latest = Version(0);
  EXPECT_EQ(latest.version(), 2);
  EXPECT_EQ(latest.backbone(), "efficientnet_lite0");
  EXPECT_EQ(latest.cut_point(), "top");
  EXPECT_EQ(latest.head(), "linear");
  EXPECT_EQ(latest.input_spec().height(), 32);
  EXPECT_EQ(latest.input_spec().interpolation(), "bicubic");
  EXPECT_THAT(latest.outputs().classification().labels(), ElementsAre("blue", "green", "red"));
  EXPECT_EQ(latest.metrics(0).value(), 0.75);
  EXPECT_EQ(latest.report().classification().macro_f1(), 0.8333);
  EXPECT_THAT(latest.report().classification().confusion().cells(), SizeIs(3));
  EXPECT_EQ(latest.card().fields().fields().at("licence").string_value(), "CC0-1.0");
  EXPECT_THAT(Version(1).changed_stages(), ElementsAre("top"));
  const auto description =
      model::ModelDescriptionFromJson(store_->GetModelVersion("default", "pets", 0)->description);
  ASSERT_TRUE(description.ok()) << description.status();
  EXPECT_EQ(description->head, (model::HeadSpec{model::HeadKind::kLinear, {1280, 1, 1}, 0, 0, 3}));
}

TEST_F(StoredUpgradeTest, OpeningAgainChangesNothing) {
  Open();
  const store::ModelVersion before = *store_->GetModelVersion("default", "pets", 0);
  const store::ModelVersionDetails details = *store_->GetModelVersionDetails("default", "pets", 0);
  Open();
  EXPECT_EQ(store_->GetModelVersion("default", "pets", 0)->description, before.description);
  EXPECT_EQ(store_->GetModelVersionDetails("default", "pets", 0)->report, details.report);
}

// Its files are gone, so that nothing tells the sizes of its head: it is listed and can be deleted.
TEST_F(StoredUpgradeTest, AVersionWithoutItsManifestDoesNotKeepTheServerFromStarting) {
  std::filesystem::remove_all(blobs_folder() / "jobs");
  Open();
  EXPECT_THAT(store_->ListModels("default", {})->items, SizeIs(1));
  const auto version = store_->GetModelVersion("default", "pets", 0);
  ASSERT_TRUE(version.ok()) << version.status();
  EXPECT_EQ(ToProto(*version, {}).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(version->description,
              ::testing::HasSubstr("\"labels\":[\"blue\",\"green\",\"red\"]"));
  EXPECT_THAT(*store_->DeleteModel("default", "pets", 0), SizeIs(2));
}

TEST_F(StoredUpgradeTest, BytesThatCannotBeReadStayAsTheyAre) {
  const auto blobs = *artifacts::LocalBlobStore::Open(blobs_folder());
  StoredUpgrade upgrade(blobs.get());
  const std::string damaged = "\xff\xff";
  EXPECT_EQ(upgrade.JobSpec(damaged), damaged);
  EXPECT_EQ(upgrade.JobResult("progress", damaged).progress, "progress");
  EXPECT_EQ(upgrade.DatasetManifest(damaged).manifest, damaged);
  EXPECT_EQ(upgrade.VersionMetrics("{").metrics, "{");
  EXPECT_EQ(upgrade.VersionDescription("jobs/none/1", "abc", "columns"), "columns");
}

}  // namespace
}  // namespace graft::wire
