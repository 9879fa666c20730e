#ifndef GRAFT_TESTS_CONTRACT_METADATA_STORE_LEASES_H_
#define GRAFT_TESTS_CONTRACT_METADATA_STORE_LEASES_H_

#include "tests/contract/metadata_store_fixture.h"

namespace graft {

TEST_P(MetadataStoreContract, AClaimStartsALeaseWithItsEvent) {
  Enqueue(NewJob("j"));
  clock_.Advance(absl::Seconds(5));
  const jobs::Job job = Claim("w7");
  EXPECT_EQ(job.state, jobs::JobState::kRunning);
  EXPECT_EQ(job.fence, 1u);
  EXPECT_EQ(job.attempts, 1);
  EXPECT_EQ(job.worker_id, "w7");
  EXPECT_EQ(job.start_time, clock_.Now());
  const auto events = Events("j");
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].state, jobs::JobState::kRunning);
  EXPECT_EQ(events[1].fence, 1u);
  EXPECT_FALSE(store_->ClaimNextJob("w8", {})->has_value()) << "leased to one only";
}

TEST_P(MetadataStoreContract, ClaimsAreFairBetweenProjects) {
  Enqueue(NewJob("a1", "a"));
  Enqueue(NewJob("a2", "a"));
  Enqueue(NewJob("b1", "b"));
  EXPECT_EQ(Claim().id, "a1");
  EXPECT_EQ(Claim().id, "b1");
  EXPECT_EQ(Claim().id, "a2");
}

TEST_P(MetadataStoreContract, AWorkerGetsOnlyWhatItCanRun) {
  Enqueue(NewJob("j"));
  jobs::Capabilities other;
  other.architectures = {"resnet"};
  EXPECT_FALSE(store_->ClaimNextJob("w", other)->has_value());
  jobs::Job resnet = NewJob("k");
  resnet.architecture = "resnet";
  Enqueue(resnet);
  EXPECT_EQ((*store_->ClaimNextJob("w", other))->id, "k");
}

TEST_P(MetadataStoreContract, RenewalsMoveTheCounterThatWatchersSee) {
  Enqueue(NewJob("j"));
  const jobs::Job job = Claim("w");
  const auto before = store_->ListRunningJobs();
  ASSERT_EQ(before->size(), 1u);
  EXPECT_EQ((*before)[0].worker_id, "w");
  EXPECT_EQ((*before)[0].fence, job.fence);
  ASSERT_TRUE(store_->RenewLease("j", job.fence).ok());
  EXPECT_EQ((*store_->ListRunningJobs())[0].renewals, (*before)[0].renewals + 1);
}

TEST_P(MetadataStoreContract, AnOldFenceChangesNothing) {
  Enqueue(NewJob("j"));
  const jobs::Job old = Claim();
  ASSERT_TRUE(store_->ReleaseJob("j", old.fence, store::ReleaseReason::kWorkerDied, "gone").ok());
  const jobs::Job now = Claim("w2");
  EXPECT_EQ(now.fence, old.fence + 1);
  const auto aborted = HasCode(absl::StatusCode::kAborted);
  EXPECT_THAT(store_->RenewLease("j", old.fence).status(), aborted);
  EXPECT_THAT(store_->ReportEvents("j", old.fence, {{NewEvent("x")}, "p"}).status(), aborted);
  EXPECT_THAT(store_->FinishJob("j", old.fence, Success()).status(), aborted);
  EXPECT_THAT(store_->ReleaseJob("j", old.fence, store::ReleaseReason::kDrained, "").status(),
              aborted);
  const jobs::Job after = Get("j");
  EXPECT_EQ(after.state, jobs::JobState::kRunning);
  EXPECT_EQ(after.last_event_sequence, now.last_event_sequence);
  EXPECT_EQ(after.progress, "");
  EXPECT_THAT(store_->GetModel("p", "pets").status(), HasCode(absl::StatusCode::kNotFound));
}

TEST_P(MetadataStoreContract, ALeaseOfAJobThatIsNotThereIsNotFound) {
  EXPECT_THAT(store_->RenewLease("x", 1).status(), HasCode(absl::StatusCode::kNotFound));
  EXPECT_THAT(store_->FinishJob("x", 1, Success()).status(), HasCode(absl::StatusCode::kNotFound));
}

TEST_P(MetadataStoreContract, FinishPublishesAndEndsInOneStep) {
  Enqueue(NewJob("j"));
  const jobs::Job job = Claim();
  clock_.Advance(absl::Seconds(9));
  store::JobOutcome outcome = Success();
  outcome.events = {NewEvent("bye")};
  outcome.progress = "all";
  const auto done = store_->FinishJob("j", job.fence, outcome);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->state, jobs::JobState::kSucceeded);
  EXPECT_EQ(done->model_version, 1);
  const jobs::Job stored = Get("j");
  EXPECT_EQ(stored.report, Success().report);
  EXPECT_EQ(stored.stop_reason, "COMPLETED");
  EXPECT_EQ(stored.progress, "all");
  EXPECT_EQ(stored.worker_id, "");
  EXPECT_EQ(stored.end_time, clock_.Now());
  const auto events = Events("j");
  EXPECT_EQ(events[2].payload, "bye");
  EXPECT_EQ(events[3].state, jobs::JobState::kSucceeded);
  EXPECT_EQ(store_->GetModelVersion("p", "pets", 0)->job_id, "j");
}

TEST_P(MetadataStoreContract, AFinishThatIsRepeatedPublishesOnce) {
  Enqueue(NewJob("j"));
  const jobs::Job job = Claim();
  ASSERT_TRUE(store_->FinishJob("j", job.fence, Success()).ok());
  const auto again = store_->FinishJob("j", job.fence, Success());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->model_version, 1);
  EXPECT_EQ(store_->GetModel("p", "pets")->version_count, 1);
  EXPECT_THAT(store_->FinishJob("j", job.fence, Ending(jobs::JobState::kFailed)).status(),
              HasCode(absl::StatusCode::kAborted));
  ExpectNoGaps("j");
}

TEST_P(MetadataStoreContract, ABadOutcomeLeavesTheJobRunning) {
  Enqueue(NewJob("j"));
  const jobs::Job job = Claim();
  store::JobOutcome without_version = Success();
  without_version.version.reset();
  store::JobOutcome failed_with_version = Success();
  failed_with_version.state = jobs::JobState::kFailed;
  store::JobOutcome forged = Success();
  forged.events = {NewEvent("x")};
  forged.events[0].type = jobs::kStateEventType;
  for (const store::JobOutcome& outcome :
       {without_version, failed_with_version, forged, Ending(jobs::JobState::kQueued),
        Ending(jobs::JobState::kRunning)}) {
    EXPECT_THAT(store_->FinishJob("j", job.fence, outcome).status(),
                HasCode(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_EQ(Get("j").state, jobs::JobState::kRunning);
  EXPECT_EQ(Get("j").last_event_sequence, 2u);
}

TEST_P(MetadataStoreContract, AFailureKeepsItsError) {
  Enqueue(NewJob("j"));
  const jobs::Job job = Claim();
  ASSERT_TRUE(store_->FinishJob("j", job.fence, Ending(jobs::JobState::kFailed)).ok());
  EXPECT_EQ(Get("j").error, (jobs::JobError{"INTERNAL", "broke", "f", "h"}));
}

TEST_P(MetadataStoreContract, DrainsDoNotCountAsCrashes) {
  Enqueue(NewJob("j"));
  for (int i = 1; i <= 5; ++i) {
    const jobs::Job job = Claim();
    EXPECT_EQ(job.fence, static_cast<uint64_t>(i));
    const auto back =
        store_->ReleaseJob("j", job.fence, store::ReleaseReason::kDrained, "draining");
    EXPECT_EQ(back->state, jobs::JobState::kQueued);
    EXPECT_EQ(back->crashes, 0);
    EXPECT_EQ(back->worker_id, "");
  }
}

TEST_P(MetadataStoreContract, AJobThatKillsThreeWorkersFailsWithTheCause) {
  Enqueue(NewJob("j"));
  for (int i = 1; i <= 3; ++i) {
    const jobs::Job job = Claim();
    const auto after =
        store_->ReleaseJob("j", job.fence, store::ReleaseReason::kWorkerDied, "killed by signal 9");
    ASSERT_TRUE(after.ok()) << after.status();
    EXPECT_EQ(after->crashes, i);
    EXPECT_EQ(after->state, i < 3 ? jobs::JobState::kQueued : jobs::JobState::kFailed);
  }
  EXPECT_THAT(Get("j").error.message, ::testing::HasSubstr("killed by signal 9"));
  ExpectNoGaps("j");
}

TEST_P(MetadataStoreContract, ACancelReachesAJobWhoseWorkerWentAway) {
  for (const store::ReleaseReason reason :
       {store::ReleaseReason::kDrained, store::ReleaseReason::kWorkerDied}) {
    const std::string id = absl::StrCat("j", static_cast<int>(reason));
    Enqueue(NewJob(id));
    const jobs::Job job = Claim();
    ASSERT_TRUE(store_->RequestDesired("p", id, jobs::DesiredState::kCancel).ok());
    EXPECT_EQ(store_->ReleaseJob(id, job.fence, reason, "x")->state, jobs::JobState::kCancelled);
  }
}

TEST_P(MetadataStoreContract, AWorkerThatPausesAfterAResumeGoesBackToTheQueue) {
  Enqueue(NewJob("j"));
  jobs::Job job = Claim();
  ASSERT_TRUE(store_->RequestDesired("p", "j", jobs::DesiredState::kPause).ok());
  EXPECT_EQ(store_->FinishJob("j", job.fence, Ending(jobs::JobState::kPaused))->state,
            jobs::JobState::kPaused);
  ASSERT_TRUE(store_->RequestDesired("p", "j", jobs::DesiredState::kRun).ok());
  job = Claim();
  ASSERT_TRUE(store_->RequestDesired("p", "j", jobs::DesiredState::kPause).ok());
  ASSERT_TRUE(store_->RequestDesired("p", "j", jobs::DesiredState::kRun).ok());
  EXPECT_EQ(store_->FinishJob("j", job.fence, Ending(jobs::JobState::kPaused))->state,
            jobs::JobState::kQueued);
}

TEST_P(MetadataStoreContract, ABatchThatIsRepeatedIsTakenOnce) {
  Enqueue(NewJob("j"));
  jobs::Job job = Claim();
  const store::EventReport first = {{NewEvent("a")}, "1", 1};
  EXPECT_TRUE(store_->ReportEvents("j", job.fence, first)->applied);
  const auto again = store_->ReportEvents("j", job.fence, first);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_FALSE(again->applied);
  EXPECT_EQ(again->last_sequence, 3u);
  EXPECT_TRUE(store_->ReportEvents("j", job.fence, {{NewEvent("b")}, "2", 2})->applied);
  EXPECT_FALSE(store_->ReportEvents("j", job.fence, first)->applied);
  EXPECT_EQ(Get("j").progress, "2");
  EXPECT_EQ(Events("j").size(), 4u);
  // The next lease counts from one again.
  ASSERT_TRUE(store_->ReleaseJob("j", job.fence, store::ReleaseReason::kDrained, "").ok());
  job = Claim();
  EXPECT_TRUE(store_->ReportEvents("j", job.fence, first)->applied);
  ExpectNoGaps("j");
}

TEST_P(MetadataStoreContract, ARestartPutsRunningJobsBackWithoutACrash) {
  Enqueue(NewJob("a"));
  Enqueue(NewJob("b"));
  Enqueue(NewJob("c"));
  const jobs::Job a = Claim();
  Claim();
  Reopen(1000);
  EXPECT_EQ(store_->RequeueRunningOnStart()->size(), 2u);
  EXPECT_EQ(store_->RequeueRunningOnStart()->size(), 0u);
  for (const char* id : {"a", "b", "c"}) {
    EXPECT_EQ(Get(id).state, jobs::JobState::kQueued);
    EXPECT_EQ(Get(id).crashes, 0);
  }
  EXPECT_THAT(store_->RenewLease("a", a.fence).status(), HasCode(absl::StatusCode::kAborted));
  EXPECT_EQ(Claim().id, "a") << "first in, first out";
}

TEST_P(MetadataStoreContract, AJobThatRanAtThreeUncleanEndsInARowFailsWithTheCause) {
  Enqueue(NewJob("j"));
  for (int end = 1; end <= 3; ++end) {
    Claim();
    Reopen(1000);
    const auto jobs = store_->RequeueRunningOnStart();
    ASSERT_TRUE(jobs.ok()) << jobs.status();
    ASSERT_EQ(jobs->size(), 1u);
    EXPECT_EQ((*jobs)[0].state, end < 3 ? jobs::JobState::kQueued : jobs::JobState::kFailed);
    EXPECT_EQ(Get("j").unclean_ends, end);
  }
  EXPECT_THAT(Get("j").error.message, ::testing::HasSubstr("killed 3 times"));
  EXPECT_EQ(Get("j").crashes, 0);
  ExpectNoGaps("j");
}

TEST_P(MetadataStoreContract, AJobThatGotFurtherHasItsUncleanEndsForgotten) {
  Enqueue(NewJob("j"));
  for (int end = 1; end <= 6; ++end) {
    const jobs::Job job = Claim();
    ASSERT_TRUE(store_->ReportEvents("j", job.fence, {{}, "p"}).ok()) << "no step further";
    if (end % 2 == 0) {
      EXPECT_EQ(Get("j").unclean_ends, 1);
      ASSERT_TRUE(
          store_->ReportEvents("j", job.fence, {{NewEvent("epoch")}, {}, 0, /*advanced=*/true})
              .ok());
      EXPECT_EQ(Get("j").unclean_ends, 0);
      ASSERT_TRUE(store_->ReleaseJob("j", job.fence, store::ReleaseReason::kDrained, "").ok());
      continue;
    }
    ASSERT_TRUE(store_->RequeueRunningOnStart().ok());
  }
  EXPECT_EQ(Get("j").state, jobs::JobState::kQueued);
}

}  // namespace graft

#endif  // GRAFT_TESTS_CONTRACT_METADATA_STORE_LEASES_H_
