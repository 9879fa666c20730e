#ifndef GRAFT_TESTS_CONTRACT_METADATA_STORE_RESOURCES_H_
#define GRAFT_TESTS_CONTRACT_METADATA_STORE_RESOURCES_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "core/base/error_reasons.h"
#include "core/base/status_details.h"
#include "tests/contract/metadata_store_fixture.h"

namespace graft {

TEST_P(MetadataStoreContract, ADatasetComesBackWhole) {
  const store::Dataset dataset = NewDataset("d1", "x");
  EXPECT_TRUE(store_->CreateDataset(dataset)->created);
  Reopen(1000);
  const auto got = store_->GetDataset("p", "d1");
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->name, dataset.name);
  EXPECT_EQ(got->digest, dataset.digest);
  EXPECT_EQ(got->format, dataset.format);
  EXPECT_EQ(got->manifest, dataset.manifest);
  EXPECT_EQ(got->image_count, dataset.image_count);
  EXPECT_EQ(got->headline, dataset.headline);
  EXPECT_EQ(got->bytes, dataset.bytes);
  EXPECT_EQ(got->create_time, clock_.Now());
  EXPECT_THAT(store_->GetDataset("q", "d1").status(), HasCode(absl::StatusCode::kNotFound));
}

TEST_P(MetadataStoreContract, TheSameContentInAProjectIsOneDataset) {
  ASSERT_TRUE(store_->CreateDataset(NewDataset("d1", "x")).ok());
  const auto again = store_->CreateDataset(NewDataset("d2", "x"));
  EXPECT_FALSE(again->created);
  EXPECT_EQ(again->dataset.id, "d1");
  EXPECT_EQ(again->dataset.manifest, NewDataset("d1", "x").manifest);
  EXPECT_TRUE(store_->CreateDataset(NewDataset("d3", "x", "q"))->created);
  EXPECT_THAT(store_->CreateDataset(NewDataset("d1", "y")).status(),
              HasCode(absl::StatusCode::kAlreadyExists));
}

TEST_P(MetadataStoreContract, ADatasetIsFoundByTheArchivesItCameIn) {
  store::Dataset dataset = NewDataset("d1", "x");
  dataset.archive_sha256 = "zip";
  ASSERT_TRUE(store_->CreateDataset(dataset).ok());
  dataset.archive_sha256 = "tar";
  EXPECT_FALSE(store_->CreateDataset(dataset)->created);
  Reopen(1000);
  for (const char* archive : {"zip", "tar"}) {
    const auto found = store_->FindDatasetByArchive("p", archive);
    ASSERT_TRUE(found.ok() && found->has_value()) << archive;
    EXPECT_EQ((*found)->id, "d1");
    EXPECT_EQ((*found)->headline, dataset.headline);
    EXPECT_EQ((*found)->manifest, dataset.manifest);
  }
  EXPECT_FALSE(store_->FindDatasetByArchive("q", "zip")->has_value());
  EXPECT_FALSE(store_->FindDatasetByArchive("p", "other")->has_value());
  ASSERT_TRUE(store_->DeleteDataset("p", "d1").ok());
  EXPECT_FALSE(store_->FindDatasetByArchive("p", "zip")->has_value());
}

TEST_P(MetadataStoreContract, AsManyArchivesOfADatasetAreRememberedAsIsSaid) {
  store::Dataset dataset = NewDataset("d1", "x");
  for (int i = 0; i <= store::kArchivesKept; ++i) {
    dataset.archive_sha256 = absl::StrCat(i);
    ASSERT_TRUE(store_->CreateDataset(dataset).ok());
  }
  EXPECT_TRUE(store_->FindDatasetByArchive("p", "0")->has_value());
  EXPECT_FALSE(store_->FindDatasetByArchive("p", absl::StrCat(store::kArchivesKept))->has_value());
}

TEST_P(MetadataStoreContract, DatasetsAreListedNewestFirst) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(store_->CreateDataset(NewDataset(absl::StrCat("d", i), absl::StrCat(i))).ok());
  }
  const auto first = store_->ListDatasets("p", {3, ""});
  ASSERT_TRUE(store_->CreateDataset(NewDataset("late", "late")).ok());
  const auto second = store_->ListDatasets("p", {3, first->next_page_token});
  ASSERT_EQ(first->items.size(), 3u);
  ASSERT_EQ(second->items.size(), 2u);
  EXPECT_EQ(first->items[0].id, "d4");
  EXPECT_EQ(second->items[1].id, "d0");
  EXPECT_EQ(second->next_page_token, "");
  EXPECT_TRUE(store_->ListDatasets("q", {})->items.empty());
}

TEST_P(MetadataStoreContract, ADatasetInUseIsNotDeleted) {
  ASSERT_TRUE(store_->CreateDataset(NewDataset("d1", "x")).ok());
  jobs::Job job = NewJob("j");
  job.dataset_id = "d1";
  Enqueue(job);
  EXPECT_THAT(store_->DeleteDataset("p", "d1").status(),
              HasCode(absl::StatusCode::kFailedPrecondition));
  ASSERT_TRUE(store_->RequestDesired("p", "j", jobs::DesiredState::kCancel).ok());
  const auto deleted = store_->DeleteDataset("p", "d1");
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_EQ(deleted->digest, "x");
  EXPECT_THAT(store_->DeleteDataset("p", "d1").status(), HasCode(absl::StatusCode::kNotFound));
  EXPECT_TRUE(store_->CreateDataset(NewDataset("d1", "x"))->created);
}

TEST_P(MetadataStoreContract, VersionsCountUpPerModelAndProject) {
  struct Case {
    const char* job;
    const char* project;
    const char* model;
    int64_t version;
  };
  for (const Case& c :
       {Case{"1", "p", "pets", 1}, Case{"2", "p", "pets", 2}, Case{"3", "q", "pets", 1},
        Case{"4", "p", "cars", 1}, Case{"5", "p", "pets", 3}}) {
    jobs::Job job = NewJob(c.job, c.project);
    job.model_name = c.model;
    Enqueue(job);
    EXPECT_EQ(store_->FinishJob(c.job, Claim().fence, Success())->model_version, c.version);
  }
  EXPECT_EQ(store_->GetModelVersion("p", "pets", 0)->job_id, "5");
  EXPECT_EQ(store_->GetModelVersion("p", "pets", 2)->job_id, "2");
  const auto models = store_->ListModels("p", {});
  ASSERT_EQ(models->items.size(), 2u);
  EXPECT_EQ(models->items[0].name, "cars");
  EXPECT_EQ(models->items[1].latest_version, 3);
  EXPECT_EQ(models->items[1].version_count, 3);
  const auto page = store_->ListModels("p", {1, ""});
  EXPECT_EQ(store_->ListModels("p", {1, page->next_page_token})->items[0].name, "pets");
  EXPECT_EQ(store_->ListVersionNumbers("p", "pets")->size(),
            static_cast<size_t>(store_->GetModel("p", "pets")->version_count));
  const auto versions = store_->ListModelVersions("p", "pets", {2, ""});
  ASSERT_EQ(versions->items.size(), 2u);
  EXPECT_EQ(versions->items[0].version, 3);
  const auto rest = store_->ListModelVersions("p", "pets", {2, versions->next_page_token});
  ASSERT_EQ(rest->items.size(), 1u);
  EXPECT_EQ(rest->items[0].version, 1);
}

TEST_P(MetadataStoreContract, AVersionComesBackWholeWithTheOriginOfItsJob) {
  jobs::Job job = NewJob("j");
  job.dataset_digest = "data of the job";
  Enqueue(job);
  // The worker tells another dataset: the row that was validated counts.
  ASSERT_TRUE(store_->FinishJob("j", Claim().fence, Success()).ok());
  Reopen(1000);
  const store::ModelVersion want = NewVersion();
  const auto got = store_->GetModelVersion("p", "pets", 1);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->project, "p");
  EXPECT_EQ(got->model, "pets");
  EXPECT_EQ(got->job_id, "j");
  EXPECT_EQ(got->artifact_prefix, want.artifact_prefix);
  EXPECT_EQ(got->artifact_sha256, want.artifact_sha256);
  EXPECT_EQ(got->description, want.description);
  EXPECT_EQ(got->metrics, want.metrics);
  EXPECT_EQ(got->dataset_digest, job.dataset_digest);
  EXPECT_EQ(got->bytes, want.bytes);
  EXPECT_EQ(got->create_time, clock_.Now());
  EXPECT_EQ(store_->GetModel("p", "pets")->update_time, clock_.Now());
  const auto details = store_->GetModelVersionDetails("p", "pets", 1);
  ASSERT_TRUE(details.ok()) << details.status();
  EXPECT_EQ(details->report, Success().report);
  EXPECT_EQ(details->card, Success().card);
}

// A report can be megabytes, and there are a thousand jobs on a page.
TEST_P(MetadataStoreContract, WhatCanBeLargeIsReadOnlyWhereItIsAskedFor) {
  ASSERT_TRUE(store_->CreateDataset(NewDataset("d1", "x")).ok());
  EXPECT_EQ(store_->ListDatasets("p", {})->items[0].manifest, "");
  EXPECT_EQ(store_->ListDatasets("p", {})->items[0].headline, "2 classes");
  Enqueue(NewJob("j"));
  ASSERT_TRUE(store_->FinishJob("j", Claim().fence, Success()).ok());
  EXPECT_EQ(store_->ListJobs("p", {}, {})->items[0].report, "");
  EXPECT_EQ(Get("j").report, Success().report);
  // The version keeps its own.
  ASSERT_TRUE(store_->DeleteJob("p", "j").ok());
  EXPECT_EQ(store_->GetModelVersionDetails("p", "pets", 0)->report, Success().report);
  EXPECT_EQ(store_->DeleteDataset("p", "d1")->manifest, "");
}

TEST_P(MetadataStoreContract, UnknownModelsAndVersionsAreNamed) {
  const auto not_found = HasCode(absl::StatusCode::kNotFound);
  EXPECT_THAT(store_->GetModelVersion("p", "pets", 0).status(), not_found);
  EXPECT_THAT(store_->GetModelVersionDetails("p", "pets", 0).status(), not_found);
  EXPECT_THAT(store_->ListModelVersions("p", "pets", {}).status(), not_found);
  EXPECT_THAT(store_->ListVersionNumbers("p", "pets").status(), not_found);
  EXPECT_THAT(store_->DeleteModel("p", "pets", 0).status(), not_found);
  Enqueue(NewJob("j"));
  ASSERT_TRUE(store_->FinishJob("j", Claim().fence, Success()).ok());
  EXPECT_THAT(store_->GetModelVersion("p", "pets", 9).status(), not_found);
  EXPECT_THAT(std::string(store_->GetModelVersion("p", "pets", 9).status().message()),
              ::testing::HasSubstr("version 9"));
  EXPECT_THAT(store_->GetModelVersion("q", "pets", 0).status(), not_found);
  EXPECT_THAT(store_->GetModelVersion("p", "pets", -1).status(),
              HasCode(absl::StatusCode::kInvalidArgument));
}

TEST_P(MetadataStoreContract, ADeletedVersionsNumberIsNotUsedAgain) {
  for (const char* id : {"1", "2", "3"}) {
    Enqueue(NewJob(id));
    ASSERT_TRUE(store_->FinishJob(id, Claim().fence, Success()).ok());
  }
  ASSERT_EQ(store_->DeleteModel("p", "pets", 3)->size(), 1u);
  EXPECT_EQ(store_->GetModelVersion("p", "pets", 0)->version, 2);
  EXPECT_EQ(store_->DeleteModel("p", "pets", 0)->size(), 2u);
  EXPECT_TRUE(store_->ListModels("p", {})->items.empty());
  Enqueue(NewJob("4"));
  EXPECT_EQ(store_->FinishJob("4", Claim().fence, Success())->model_version, 4);
}

TEST_P(MetadataStoreContract, ALabelNamesOneVersionAndMoves) {
  for (const char* id : {"1", "2", "3"}) {
    Enqueue(NewJob(id));
    ASSERT_TRUE(store_->FinishJob(id, Claim().fence, Success()).ok());
  }
  const auto set = [this](const std::string& label, int64_t version,
                          std::optional<int64_t> expected = std::nullopt) {
    return store_->SetModelLabel({"p", "pets", label, version}, expected);
  };
  const auto labels = [this] {
    std::map<std::string, int64_t> named;
    const std::vector<store::ModelLabel> all = store_->ListModelLabels("p", "pets").value();
    for (const store::ModelLabel& each : all) {
      named[each.label] = each.version;
    }
    return named;
  };
  using Named = std::map<std::string, int64_t>;
  EXPECT_EQ(*set("stable", 1), 0);
  EXPECT_EQ(*set("canary", 2), 0);
  EXPECT_EQ(*set("stable", 3), 1);
  EXPECT_EQ(labels(), (Named{{"canary", 2}, {"stable", 3}}));
  // Two who move it at once notice each other.
  const auto moved = set("stable", 2, 1).status();
  EXPECT_THAT(moved, HasCode(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ErrorReason(moved), reasons::kLabelMoved);
  EXPECT_EQ(*set("stable", 1, 3), 3);
  EXPECT_THAT(set("new", 1, 3).status(), HasCode(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(*set("new", 1, 0), 0);
  EXPECT_EQ(*set("new", 0), 1);
  EXPECT_EQ(*set("new", 0), 0);
  EXPECT_EQ(labels(), (Named{{"canary", 2}, {"stable", 1}}));
  EXPECT_THAT(set("stable", 9).status(), HasCode(absl::StatusCode::kNotFound));
  EXPECT_THAT(store_->SetModelLabel({"q", "pets", "stable", 1}, std::nullopt).status(),
              HasCode(absl::StatusCode::kNotFound));
  EXPECT_TRUE(store_->ListModelLabels("q", "pets")->empty());
  EXPECT_THAT(*store_->ListAllModelLabels(),
              ::testing::UnorderedElementsAre(store::ModelLabel{"p", "pets", "stable", 1},
                                              store::ModelLabel{"p", "pets", "canary", 2}));
}

TEST_P(MetadataStoreContract, ALabelledVersionStaysAndTheLabelsGoWithTheModel) {
  for (const char* id : {"1", "2"}) {
    Enqueue(NewJob(id));
    ASSERT_TRUE(store_->FinishJob(id, Claim().fence, Success()).ok());
  }
  ASSERT_TRUE(store_->SetModelLabel({"p", "pets", "stable", 1}, std::nullopt).ok());
  const auto refused = store_->DeleteModel("p", "pets", 1).status();
  EXPECT_THAT(refused, HasCode(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ErrorReason(refused), reasons::kVersionLabelled);
  EXPECT_THAT(std::string(refused.message()), ::testing::HasSubstr("\"stable\""));
  EXPECT_TRUE(store_->GetModelVersion("p", "pets", 1).ok());
  EXPECT_TRUE(store_->DeleteModel("p", "pets", 2).ok());
  EXPECT_TRUE(store_->DeleteModel("p", "pets", 0).ok());
  EXPECT_TRUE(store_->ListAllModelLabels()->empty());
  EXPECT_THAT(store_->SetModelLabel({"p", "pets", "stable", 1}, std::nullopt).status(),
              HasCode(absl::StatusCode::kNotFound));
}

TEST_P(MetadataStoreContract, APinStaysWithTheModelUntilItsLastVersionGoes) {
  for (const char* id : {"1", "2"}) {
    Enqueue(NewJob(id));
    ASSERT_TRUE(store_->FinishJob(id, Claim().fence, Success()).ok());
  }
  EXPECT_FALSE(store_->GetModel("p", "pets")->pinned);
  EXPECT_TRUE(store_->ListPinnedModels()->empty());
  EXPECT_THAT(store_->SetModelPin("q", "pets", true), HasCode(absl::StatusCode::kNotFound));
  ASSERT_TRUE(store_->SetModelPin("p", "pets", true).ok());
  EXPECT_TRUE(store_->GetModel("p", "pets")->pinned);
  EXPECT_TRUE(store_->ListModels("p", {})->items.at(0).pinned);
  EXPECT_THAT(*store_->ListPinnedModels(),
              ::testing::ElementsAre(std::pair<std::string, std::string>("p", "pets")));
  ASSERT_TRUE(store_->DeleteModel("p", "pets", 1).ok());
  EXPECT_TRUE(store_->GetModel("p", "pets")->pinned);
  ASSERT_TRUE(store_->SetModelPin("p", "pets", false).ok());
  EXPECT_FALSE(store_->GetModel("p", "pets")->pinned);
  ASSERT_TRUE(store_->SetModelPin("p", "pets", true).ok());
  ASSERT_TRUE(store_->DeleteModel("p", "pets", 2).ok());
  EXPECT_TRUE(store_->ListPinnedModels()->empty());
  Enqueue(NewJob("3"));
  ASSERT_TRUE(store_->FinishJob("3", Claim().fence, Success()).ok());
  EXPECT_FALSE(store_->GetModel("p", "pets")->pinned) << "another model of the same name";
}

TEST_P(MetadataStoreContract, AModelsLabelsAreBounded) {
  Enqueue(NewJob("1"));
  ASSERT_TRUE(store_->FinishJob("1", Claim().fence, Success()).ok());
  for (int i = 0; i < store::kMaxModelLabels; ++i) {
    ASSERT_TRUE(store_->SetModelLabel({"p", "pets", absl::StrCat("l", i), 1}, std::nullopt).ok());
  }
  EXPECT_THAT(store_->SetModelLabel({"p", "pets", "more", 1}, std::nullopt).status(),
              HasCode(absl::StatusCode::kFailedPrecondition));
  EXPECT_TRUE(store_->SetModelLabel({"p", "pets", "l0", 1}, std::nullopt).ok());
}

TEST_P(MetadataStoreContract, BlobsMayBelongToLiveJobsVersionsAndDatasetsOfAllProjects) {
  ASSERT_TRUE(store_->CreateDataset(NewDataset("d1", "x", "q")).ok());
  ASSERT_TRUE(store_->CreateDataset(NewDataset("d2", "gone")).ok());
  ASSERT_TRUE(store_->DeleteDataset("p", "d2").ok());
  for (const char* id : {"done", "running", "paused", "queued", "cancelled"}) Enqueue(NewJob(id));
  ASSERT_TRUE(store_->FinishJob("done", Claim().fence, Success()).ok());
  Claim();
  ASSERT_TRUE(store_->RequestDesired("p", "paused", jobs::DesiredState::kPause).ok());
  ASSERT_TRUE(store_->RequestDesired("p", "cancelled", jobs::DesiredState::kCancel).ok());
  auto references = store_->ListBlobReferences();
  ASSERT_TRUE(references.ok()) << references.status();
  EXPECT_THAT(references->live_jobs, ::testing::ElementsAre("paused", "queued", "running"));
  EXPECT_THAT(references->artifact_prefixes, ::testing::ElementsAre("jobs/j/1/"));
  EXPECT_THAT(references->datasets, ::testing::ElementsAre(::testing::Pair("q", "x")));
  ASSERT_TRUE(store_->DeleteModel("p", "pets", 0).ok());
  references = store_->ListBlobReferences();
  EXPECT_TRUE(references->artifact_prefixes.empty());
}

}  // namespace graft

#endif  // GRAFT_TESTS_CONTRACT_METADATA_STORE_RESOURCES_H_
