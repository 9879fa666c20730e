// What can be large (reports, cards, manifests) is in tables of its own, which no list reads.

#include <memory>

#include <gtest/gtest.h>

#include "core/base/files.h"
#include "core/store/sqlite/connection.h"
#include "core/store/sqlite/sqlite_metadata_store.h"

namespace graft::store {
namespace {

class SqliteListsTest : public ::testing::Test {
 protected:
  void Open() {
    auto opened = SqliteMetadataStore::Open({.path = path_});
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }

  // A dataset, and a job on it that published a version, each with its details.
  void Fill() {
    Dataset dataset;
    dataset.id = "d";
    dataset.project = "p";
    dataset.digest = "digest";
    dataset.manifest = "manifest";
    ASSERT_TRUE(store_->CreateDataset(dataset).ok());
    jobs::Job job;
    job.id = "j";
    job.project = "p";
    job.dataset_id = "d";
    job.model_name = "m";
    ASSERT_TRUE(store_->EnqueueJob(job).ok());
    const auto leased = store_->ClaimNextJob("w", {});
    ASSERT_TRUE(leased.ok() && leased->has_value()) << leased.status();
    JobOutcome outcome;
    outcome.report = "report";
    outcome.card = "{}";
    outcome.version.emplace();
    const auto ended = store_->FinishJob("j", (*leased)->fence, outcome);
    ASSERT_TRUE(ended.ok()) << ended.status();
  }

  void ExpectLists() {
    const auto jobs = store_->ListJobs("p", {}, {10, ""});
    ASSERT_TRUE(jobs.ok()) << jobs.status();
    EXPECT_EQ(jobs->items.size(), 1u);
    const auto models = store_->ListModels("p", {10, ""});
    ASSERT_TRUE(models.ok()) << models.status();
    EXPECT_EQ(models->items.size(), 1u);
    const auto versions = store_->ListModelVersions("p", "m", {10, ""});
    ASSERT_TRUE(versions.ok()) << versions.status();
    EXPECT_EQ(versions->items.size(), 1u);
    const auto datasets = store_->ListDatasets("p", {10, ""});
    ASSERT_TRUE(datasets.ok()) << datasets.status();
    EXPECT_EQ(datasets->items.size(), 1u);
  }

  const TempDirectory folder_ = *TempDirectory::Create();
  const std::filesystem::path path_ = folder_.path() / "graft.db";
  std::unique_ptr<MetadataStore> store_;
};

TEST_F(SqliteListsTest, AnswerThoughTheTablesOfDetailsAreGone) {
  Open();
  Fill();
  ExpectLists();
  EXPECT_EQ(store_->GetJob("p", "j")->report, "report");
  store_.reset();
  {
    const auto database = sqlite::Connection::Open(path_);
    ASSERT_TRUE(database.ok()) << database.status();
    for (const char* table : {"job_reports", "model_version_details", "dataset_manifests"}) {
      const std::string drop = std::string("DROP TABLE ") + table;
      ASSERT_TRUE((*database)->Execute(drop.c_str()).ok()) << table;
    }
  }
  Open();
  ExpectLists();
  // The single ones do read them.
  EXPECT_FALSE(store_->GetJob("p", "j").ok());
  EXPECT_FALSE(store_->GetModelVersionDetails("p", "m", 1).ok());
  EXPECT_FALSE(store_->GetDataset("p", "d").ok());
}

}  // namespace
}  // namespace graft::store
