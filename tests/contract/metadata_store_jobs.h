#ifndef GRAFT_TESTS_CONTRACT_METADATA_STORE_JOBS_H_
#define GRAFT_TESTS_CONTRACT_METADATA_STORE_JOBS_H_

#include "tests/contract/metadata_store_fixture.h"

namespace graft {

TEST_P(MetadataStoreContract, AnEnqueuedJobComesBackWhole) {
  jobs::Job job = NewJob("j1");
  job.kind = jobs::JobKind::kEvaluate;
  job.request_id = "r1";
  job.strategy = "full";
  job.backbone = "vgg16";
  job.backbone_digest = "bd";
  job.dataset_digest = "dd";
  job.device = "cpu";
  job.labels = {{"team", "a"}, {"empty", ""}};
  Enqueue(job);
  Reopen(1000);
  const jobs::Job got = Get("j1");
  EXPECT_EQ(got.kind, job.kind);
  EXPECT_EQ(got.spec, job.spec);
  EXPECT_EQ(got.spec_digest, job.spec_digest);
  EXPECT_EQ(got.request_id, job.request_id);
  EXPECT_EQ(got.task, job.task);
  EXPECT_EQ(got.strategy, job.strategy);
  EXPECT_EQ(got.architecture, job.architecture);
  EXPECT_EQ(got.backbone, job.backbone);
  EXPECT_EQ(got.backbone_digest, job.backbone_digest);
  EXPECT_EQ(got.dataset_digest, job.dataset_digest);
  EXPECT_EQ(got.model_name, job.model_name);
  EXPECT_EQ(got.device, job.device);
  EXPECT_EQ(got.labels, job.labels);
  EXPECT_EQ(got.state, jobs::JobState::kQueued);
  EXPECT_EQ(got.desired, jobs::DesiredState::kRun);
  EXPECT_EQ(got.create_time, clock_.Now());
  EXPECT_EQ(got.start_time, absl::InfinitePast());
  EXPECT_EQ(got.end_time, absl::InfinitePast());
  EXPECT_EQ(got.fence, 0u);
  ExpectNoGaps("j1");
}

TEST_P(MetadataStoreContract, TheSameRequestIdAndContentGivesTheSameJob) {
  jobs::Job first = NewJob("j1");
  first.request_id = "r";
  Enqueue(first);
  jobs::Job second = NewJob("j2");
  second.request_id = "r";
  const auto again = store_->EnqueueJob(second);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_FALSE(again->created);
  EXPECT_EQ(again->job.id, "j1");
  EXPECT_THAT(store_->GetJob("p", "j2").status(), HasCode(absl::StatusCode::kNotFound));
}

TEST_P(MetadataStoreContract, TheSameRequestIdWithOtherContentIsRefused) {
  jobs::Job first = NewJob("j1");
  first.request_id = "r";
  Enqueue(first);
  jobs::Job second = NewJob("j2");
  second.request_id = "r";
  second.spec_digest = "other";
  EXPECT_THAT(store_->EnqueueJob(second).status(), HasCode(absl::StatusCode::kAlreadyExists));
}

TEST_P(MetadataStoreContract, ARepeatedRequestIsFoundWithoutMakingAJob) {
  jobs::Job first = NewJob("j1");
  first.request_id = "r";
  EXPECT_FALSE(store_->FindRepeated(first)->has_value());
  Enqueue(first);
  jobs::Job second = NewJob("");
  second.request_id = "r";
  const auto found = store_->FindRepeated(second);
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->id, "j1");
  second.spec_digest = "other";
  EXPECT_THAT(store_->FindRepeated(second).status(), HasCode(absl::StatusCode::kAlreadyExists));
  second.project = "q";
  EXPECT_FALSE(store_->FindRepeated(second)->has_value());
}

TEST_P(MetadataStoreContract, RequestIdsBelongToAProjectAndNoneIsNotOne) {
  jobs::Job first = NewJob("j1", "p");
  first.request_id = "r";
  Enqueue(first);
  jobs::Job other_project = NewJob("j2", "q");
  other_project.request_id = "r";
  EXPECT_TRUE(store_->EnqueueJob(other_project)->created);
  EXPECT_TRUE(store_->EnqueueJob(NewJob("j3"))->created);
  EXPECT_TRUE(store_->EnqueueJob(NewJob("j4"))->created);
}

TEST_P(MetadataStoreContract, AFullQueueRefusesNewJobsButAnswersRetries) {
  Reopen(2);
  jobs::Job first = NewJob("j1");
  first.request_id = "r";
  Enqueue(first);
  Enqueue(NewJob("j2"));
  EXPECT_THAT(store_->EnqueueJob(NewJob("j3")).status(),
              HasCode(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(store_->GetJob("p", "j3").status(), HasCode(absl::StatusCode::kNotFound));
  EXPECT_FALSE(store_->EnqueueJob(first)->created);
  Claim();
  EXPECT_TRUE(store_->EnqueueJob(NewJob("j3"))->created);
}

TEST_P(MetadataStoreContract, AJobNeedsItsDatasetInItsProject) {
  jobs::Job job = NewJob("j1");
  job.dataset_id = "d1";
  EXPECT_THAT(store_->EnqueueJob(job).status(), HasCode(absl::StatusCode::kNotFound));
  ASSERT_TRUE(store_->CreateDataset(NewDataset("d1", "x", "q")).ok());
  EXPECT_THAT(store_->EnqueueJob(job).status(), HasCode(absl::StatusCode::kNotFound));
  EXPECT_THAT(store_->GetJob("p", "j1").status(), HasCode(absl::StatusCode::kNotFound));
}

TEST_P(MetadataStoreContract, AJobOfAnotherProjectIsNotFound) {
  Enqueue(NewJob("j1", "q"));
  EXPECT_THAT(store_->GetJob("p", "j1").status(), HasCode(absl::StatusCode::kNotFound));
  EXPECT_THAT(store_->ListEvents("p", "j1", 0, 1).status(), HasCode(absl::StatusCode::kNotFound));
  EXPECT_THAT(store_->RequestDesired("p", "j1", jobs::DesiredState::kCancel).status(),
              HasCode(absl::StatusCode::kNotFound));
  EXPECT_THAT(store_->DeleteJob("p", "j1"), HasCode(absl::StatusCode::kNotFound));
}

TEST_P(MetadataStoreContract, AListIsNewestFirstAndStableUnderInserts) {
  for (int i = 0; i < 7; ++i) Enqueue(NewJob(absl::StrCat("j", i)));
  std::vector<std::string> seen;
  store::PageOptions page{3, ""};
  do {
    const auto got = store_->ListJobs("p", {}, page);
    ASSERT_TRUE(got.ok()) << got.status();
    for (const jobs::Job& job : got->items) seen.push_back(job.id);
    page.page_token = got->next_page_token;
    Enqueue(NewJob(absl::StrCat("late", seen.size())));
  } while (!page.page_token.empty());
  EXPECT_EQ(seen, (std::vector<std::string>{"j6", "j5", "j4", "j3", "j2", "j1", "j0"}));
}

TEST_P(MetadataStoreContract, AListThatFillsItsLastPageEndsThere) {
  for (int i = 0; i < 4; ++i) Enqueue(NewJob(absl::StrCat("j", i)));
  const auto first = store_->ListJobs("p", {}, {2, ""});
  const auto second = store_->ListJobs("p", {}, {2, first->next_page_token});
  EXPECT_EQ(second->items.size(), 2u);
  EXPECT_EQ(second->next_page_token, "");
}

TEST_P(MetadataStoreContract, ListsFilterByStateLabelsAndModel) {
  jobs::Job a = NewJob("a");
  a.labels = {{"x", "1"}, {"y", "2"}};
  jobs::Job b = NewJob("b");
  b.labels = {{"x", "1"}};
  b.model_name = "cars";
  Enqueue(a);
  Enqueue(b);
  Enqueue(NewJob("c", "q"));
  const auto ids = [&](const store::JobFilter& filter) {
    std::vector<std::string> result;
    const auto got = store_->ListJobs("p", filter, {});
    EXPECT_TRUE(got.ok()) << got.status();
    for (const jobs::Job& job : got->items) result.push_back(job.id);
    return result;
  };
  using Ids = std::vector<std::string>;
  EXPECT_EQ(ids({}), (Ids{"b", "a"}));
  EXPECT_EQ(ids({{}, {{"x", "1"}}, ""}), (Ids{"b", "a"}));
  EXPECT_EQ(ids({{}, {{"x", "1"}, {"y", "2"}}, ""}), Ids{"a"});
  EXPECT_EQ(ids({{}, {{"x", "2"}}, ""}), Ids{});
  EXPECT_EQ(ids({{}, {}, "cars"}), Ids{"b"});
  EXPECT_EQ(Claim().id, "a");
  EXPECT_EQ(ids({{jobs::JobState::kRunning}, {}, ""}), Ids{"a"});
  EXPECT_EQ(ids({{jobs::JobState::kRunning, jobs::JobState::kQueued}, {}, ""}), (Ids{"b", "a"}));
  EXPECT_EQ(ids({{jobs::JobState::kFailed}, {}, ""}), Ids{});
}

TEST_P(MetadataStoreContract, BadPageSizesAndTokensAreRefused) {
  for (const int size : {0, -1, 1001}) {
    EXPECT_THAT(store_->ListJobs("p", {}, {size, ""}).status(),
                HasCode(absl::StatusCode::kInvalidArgument));
  }
  Enqueue(NewJob("a"));
  Enqueue(NewJob("b"));
  const std::string token = store_->ListJobs("p", {}, {1, ""})->next_page_token;
  for (const std::string& bad : {std::string("!"), std::string("abcd"), token + "AA"}) {
    EXPECT_THAT(store_->ListJobs("p", {}, {1, bad}).status(),
                HasCode(absl::StatusCode::kInvalidArgument))
        << bad;
  }
  EXPECT_THAT(store_->ListDatasets("p", {1, token}).status(),
              HasCode(absl::StatusCode::kInvalidArgument));
}

TEST_P(MetadataStoreContract, EventsContinueAfterASequenceNumber) {
  Enqueue(NewJob("j"));
  const jobs::Job job = Claim();
  ASSERT_EQ(
      store_->ReportEvents("j", job.fence, {{NewEvent("a"), NewEvent("b")}, "half"})->last_sequence,
      4u);
  const auto rest = store_->ListEvents("p", "j", 2, 1);
  ASSERT_EQ(rest->size(), 1u);
  EXPECT_EQ((*rest)[0].sequence, 3u);
  EXPECT_EQ((*rest)[0].payload, "a");
  EXPECT_EQ((*rest)[0].fence, job.fence);
  EXPECT_EQ((*rest)[0].job_id, "j");
  EXPECT_EQ((*rest)[0].time, clock_.Now());
  EXPECT_TRUE(store_->ListEvents("p", "j", ~uint64_t{0}, 10)->empty());
  EXPECT_EQ(Get("j").progress, "half");
  EXPECT_THAT(store_->ListEvents("p", "j", 0, 0).status(),
              HasCode(absl::StatusCode::kInvalidArgument));
}

TEST_P(MetadataStoreContract, AQueuedOrPausedJobIsCancelledAtOnce) {
  Enqueue(NewJob("queued"));
  Enqueue(NewJob("paused"));
  ASSERT_TRUE(store_->RequestDesired("p", "paused", jobs::DesiredState::kPause).ok());
  for (const char* id : {"queued", "paused"}) {
    const auto job = store_->RequestDesired("p", id, jobs::DesiredState::kCancel);
    ASSERT_TRUE(job.ok()) << job.status();
    EXPECT_EQ(job->state, jobs::JobState::kCancelled);
    EXPECT_EQ(job->end_time, clock_.Now());
    ExpectNoGaps(id);
    EXPECT_TRUE(store_->RequestDesired("p", id, jobs::DesiredState::kCancel).ok())
        << "again: no-op";
    EXPECT_THAT(store_->RequestDesired("p", id, jobs::DesiredState::kRun).status(),
                HasCode(absl::StatusCode::kFailedPrecondition));
  }
  EXPECT_FALSE(store_->ClaimNextJob("w", {})->has_value());
}

TEST_P(MetadataStoreContract, ARunningJobIsToldOfACancelAtItsNextRenewal) {
  Enqueue(NewJob("j"));
  const jobs::Job job = Claim();
  EXPECT_EQ(*store_->RenewLease("j", job.fence), jobs::DesiredState::kRun);
  EXPECT_EQ(store_->RequestDesired("p", "j", jobs::DesiredState::kCancel)->state,
            jobs::JobState::kRunning);
  EXPECT_EQ(*store_->RenewLease("j", job.fence), jobs::DesiredState::kCancel);
  EXPECT_THAT(store_->RequestDesired("p", "j", jobs::DesiredState::kRun).status(),
              HasCode(absl::StatusCode::kFailedPrecondition));
}

TEST_P(MetadataStoreContract, APausedJobWaitsUntilItIsResumed) {
  Enqueue(NewJob("j"));
  EXPECT_EQ(store_->RequestDesired("p", "j", jobs::DesiredState::kPause)->state,
            jobs::JobState::kPaused);
  EXPECT_FALSE(store_->ClaimNextJob("w", {})->has_value());
  EXPECT_EQ(store_->RequestDesired("p", "j", jobs::DesiredState::kRun)->state,
            jobs::JobState::kQueued);
  EXPECT_EQ(Claim().id, "j");
}

TEST_P(MetadataStoreContract, OnlyARunningJobCanBeStoppedAndAStopIsNotTakenBack) {
  Enqueue(NewJob("j"));
  EXPECT_THAT(store_->RequestDesired("p", "j", jobs::DesiredState::kStop).status(),
              HasCode(absl::StatusCode::kFailedPrecondition));
  Claim();
  EXPECT_TRUE(store_->RequestDesired("p", "j", jobs::DesiredState::kStop).ok());
  EXPECT_THAT(store_->RequestDesired("p", "j", jobs::DesiredState::kRun).status(),
              HasCode(absl::StatusCode::kFailedPrecondition));
  EXPECT_TRUE(store_->RequestDesired("p", "j", jobs::DesiredState::kCancel).ok());
}

TEST_P(MetadataStoreContract, OnlyATerminalJobIsDeletedAndItsEventsGoWithIt) {
  jobs::Job job = NewJob("j");
  job.request_id = "r";
  job.labels = {{"a", "b"}};
  Enqueue(job);
  EXPECT_THAT(store_->DeleteJob("p", "j"), HasCode(absl::StatusCode::kFailedPrecondition));
  ASSERT_TRUE(store_->RequestDesired("p", "j", jobs::DesiredState::kCancel).ok());
  EXPECT_TRUE(store_->DeleteJob("p", "j").ok());
  EXPECT_THAT(store_->GetJob("p", "j").status(), HasCode(absl::StatusCode::kNotFound));
  job.request_id = "";
  EXPECT_TRUE(store_->EnqueueJob(job)->created);
  EXPECT_EQ(Events("j").size(), 1u);
}

TEST_P(MetadataStoreContract, TheRequestIdOfADeletedJobCountsForADay) {
  jobs::Job job = NewJob("j");
  job.request_id = "r";
  Enqueue(job);
  ASSERT_TRUE(store_->RequestDesired("p", "j", jobs::DesiredState::kCancel).ok());
  ASSERT_TRUE(store_->DeleteJob("p", "j").ok());
  jobs::Job again = NewJob("j2");
  again.request_id = "r";
  jobs::Job other = again;
  other.spec_digest = "other";
  jobs::Job elsewhere = NewJob("j3", "q");
  elsewhere.request_id = "r";
  clock_.Advance(store::kRequestIdsKept - absl::Seconds(1));
  Reopen(1000);
  const absl::Status refused = store_->EnqueueJob(again).status();
  EXPECT_THAT(refused, HasCode(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(std::string(refused.message()), ::testing::HasSubstr("\"j\", was deleted"));
  EXPECT_THAT(store_->EnqueueJob(other).status(), HasCode(absl::StatusCode::kAlreadyExists));
  EXPECT_TRUE(store_->EnqueueJob(elsewhere)->created);
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(store_->EnqueueJob(again)->created);
  // And it can be deleted again, under the same id.
  ASSERT_TRUE(store_->RequestDesired("p", "j2", jobs::DesiredState::kCancel).ok());
  ASSERT_TRUE(store_->DeleteJob("p", "j2").ok());
  EXPECT_THAT(store_->EnqueueJob(again).status(), HasCode(absl::StatusCode::kFailedPrecondition));
}

TEST_P(MetadataStoreContract, CountsNameEveryState) {
  Enqueue(NewJob("a"));
  Enqueue(NewJob("b", "q"));
  Claim();
  const auto counts = store_->CountJobs();
  ASSERT_EQ(counts->size(), jobs::kAllJobStates.size());
  EXPECT_EQ(counts->at(jobs::JobState::kQueued), 1);
  EXPECT_EQ(counts->at(jobs::JobState::kRunning), 1);
  EXPECT_EQ(counts->at(jobs::JobState::kFailed), 0);
}

TEST_P(MetadataStoreContract, TheObserverIsToldAfterTheCommitAndMayCallTheStore) {
  std::vector<store::JobChange> changes;
  store_->SetObserver([&](const store::JobChange& change) {
    changes.push_back(change);
    if (change.deleted) return;
    EXPECT_EQ(Get(change.job_id).state, change.state);
  });
  Enqueue(NewJob("j"));
  const jobs::Job job = Claim();
  ASSERT_TRUE(store_->RenewLease("j", job.fence).ok());
  EXPECT_FALSE(store_->ReportEvents("j", job.fence + 1, {{NewEvent("x")}, std::nullopt}).ok());
  ASSERT_TRUE(store_->FinishJob("j", job.fence, Ending(jobs::JobState::kFailed)).ok());
  ASSERT_TRUE(store_->DeleteJob("p", "j").ok());
  ASSERT_EQ(changes.size(), 4u);
  EXPECT_EQ(changes[0].state, jobs::JobState::kQueued);
  EXPECT_EQ(changes[1].state, jobs::JobState::kRunning);
  EXPECT_EQ(changes[1].last_event_sequence, 2u);
  EXPECT_EQ(changes[2].state, jobs::JobState::kFailed);
  EXPECT_TRUE(changes[3].deleted);
  store_->SetObserver(nullptr);
  Enqueue(NewJob("k"));
  EXPECT_EQ(changes.size(), 4u);
}

}  // namespace graft

#endif  // GRAFT_TESTS_CONTRACT_METADATA_STORE_JOBS_H_
