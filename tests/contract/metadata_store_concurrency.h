#ifndef GRAFT_TESTS_CONTRACT_METADATA_STORE_CONCURRENCY_H_
#define GRAFT_TESTS_CONTRACT_METADATA_STORE_CONCURRENCY_H_

#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "tests/contract/metadata_store_fixture.h"

namespace graft {

// Runs `body(i)` on `count` threads that start together.
inline void OnThreads(int count, const std::function<void(int)>& body) {
  std::atomic<int> waiting{count};
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      --waiting;
      while (waiting > 0) std::this_thread::yield();
      body(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_P(MetadataStoreContract, SixteenThreadsWithOneRequestIdMakeOneJob) {
  std::atomic<int> created{0};
  std::vector<std::string> ids(16);
  OnThreads(16, [&](int i) {
    jobs::Job job = NewJob(absl::StrCat("j", i));
    job.request_id = "r";
    const auto result = store_->EnqueueJob(job);
    ASSERT_TRUE(result.ok()) << result.status();
    created += result->created;
    ids[i] = result->job.id;
  });
  EXPECT_EQ(created, 1);
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 1u);
  EXPECT_EQ(store_->ListJobs("p", {}, {})->items.size(), 1u);
}

TEST_P(MetadataStoreContract, EachJobIsLeasedToOneThread) {
  constexpr int kJobs = 20;
  for (int i = 0; i < kJobs; ++i) Enqueue(NewJob(absl::StrCat("j", i)));
  std::vector<std::vector<std::string>> claimed(8);
  OnThreads(8, [&](int i) {
    while (true) {
      const auto job = store_->ClaimNextJob(absl::StrCat("w", i), {});
      ASSERT_TRUE(job.ok()) << job.status();
      if (!job->has_value()) return;
      claimed[i].push_back((*job)->id);
    }
  });
  std::multiset<std::string> all;
  for (const auto& ids : claimed) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), static_cast<size_t>(kJobs));
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), static_cast<size_t>(kJobs));
}

TEST_P(MetadataStoreContract, OfTwoAttemptsThatRaceOneOnlyPublishes) {
  for (int round = 0; round < 10; ++round) {
    const std::string id = absl::StrCat("j", round);
    Enqueue(NewJob(id));
    const uint64_t zombie = Claim().fence;
    ASSERT_TRUE(store_->ReleaseJob(id, zombie, store::ReleaseReason::kWorkerDied, "silent").ok());
    const uint64_t holder = Claim().fence;
    absl::Status answers[2];
    OnThreads(2, [&](int i) {
      answers[i] = store_->FinishJob(id, i == 0 ? zombie : holder, Success()).status();
    });
    EXPECT_THAT(answers[0], HasCode(absl::StatusCode::kAborted));
    EXPECT_TRUE(answers[1].ok()) << answers[1];
    EXPECT_EQ(store_->GetModel("p", "pets")->version_count, round + 1);
    ExpectNoGaps(id);
  }
}

TEST_P(MetadataStoreContract, EventsReportedByManyThreadsHaveNoGaps) {
  Enqueue(NewJob("j"));
  const uint64_t fence = Claim().fence;
  OnThreads(8, [&](int) {
    for (int i = 0; i < 5; ++i) {
      const auto last =
          store_->ReportEvents("j", fence, {{NewEvent("a"), NewEvent("b")}, std::nullopt});
      ASSERT_TRUE(last.ok()) << last.status();
    }
  });
  EXPECT_EQ(Events("j").size(), 2u + 8 * 5 * 2);
  ExpectNoGaps("j");
}

// A walk of 2,000 random verbs, by users, workers and zombies. Whatever they do, each job's state
// events follow the table, none follows a terminal one, and a version is there just for those that
// succeeded.
TEST_P(MetadataStoreContract, WhateverHappensJobsMoveAlongTheTableToOneEnd) {
  for (const unsigned seed : {1u, 2u, 3u}) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    constexpr int kJobs = 40;
    const auto id = [&](int i) { return absl::StrCat("s", seed, "-", i); };
    std::map<std::string, uint64_t> fences;  // the highest each job had
    for (int i = 0; i < kJobs; ++i) Enqueue(NewJob(id(i)));
    const auto expect_known = [](const absl::Status& status) {
      EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kAborted ||
                  status.code() == absl::StatusCode::kFailedPrecondition)
          << status;
    };
    for (int step = 0; step < 700; ++step) {
      const std::string job = id(pick(kJobs));
      // Now and then an old fence, or one that was never given.
      const uint64_t fence = fences[job] + static_cast<uint64_t>(pick(8) == 0 ? 1 : 0) -
                             static_cast<uint64_t>(fences[job] > 0 && pick(5) == 0 ? 1 : 0);
      switch (pick(8)) {
        case 0:
        case 1: {
          const auto claimed = store_->ClaimNextJob("w", {});
          ASSERT_TRUE(claimed.ok()) << claimed.status();
          if (claimed->has_value()) {
            EXPECT_EQ((*claimed)->fence, fences[(*claimed)->id] + 1);
            fences[(*claimed)->id] = (*claimed)->fence;
          }
          break;
        }
        case 2:
          expect_known(store_->FinishJob(job, fence, Success()).status());
          break;
        case 3: {
          constexpr jobs::JobState kEnds[] = {jobs::JobState::kFailed, jobs::JobState::kCancelled,
                                              jobs::JobState::kPaused};
          expect_known(store_->FinishJob(job, fence, Ending(kEnds[pick(3)])).status());
          break;
        }
        case 4:
          expect_known(
              store_->RequestDesired("p", job, static_cast<jobs::DesiredState>(1 + pick(4)))
                  .status());
          break;
        case 5:
          expect_known(
              store_->ReleaseJob(job, fence, store::ReleaseReason::kDrained, "d").status());
          break;
        case 6:
          expect_known(
              store_->ReleaseJob(job, fence, store::ReleaseReason::kWorkerDied, "k").status());
          break;
        default:
          expect_known(store_->RenewLease(job, fence).status());
          expect_known(store_->ReportEvents(job, fence, {{NewEvent("e")}, "p"}).status());
      }
    }
    for (int i = 0; i < kJobs; ++i) {
      ExpectNoGaps(id(i));
      const jobs::Job job = Get(id(i));
      jobs::JobState state = jobs::JobState::kQueued;
      bool first = true;
      for (const jobs::JobEvent& event : Events(id(i))) {
        if (event.type != jobs::kStateEventType) continue;
        if (first) {
          EXPECT_EQ(event.state, jobs::JobState::kQueued);
        } else {
          EXPECT_TRUE(jobs::CanMove(state, event.state))
              << jobs::JobStateName(state) << " -> " << jobs::JobStateName(event.state);
        }
        first = false;
        state = event.state;
      }
      EXPECT_EQ(state, job.state);
      EXPECT_EQ(job.end_time != absl::InfinitePast(), jobs::IsTerminal(job.state));
      EXPECT_EQ(job.model_version != 0, job.state == jobs::JobState::kSucceeded);
      EXPECT_LE(job.crashes, 3);
      if (job.model_version != 0) {
        EXPECT_EQ(store_->GetModelVersion("p", "pets", job.model_version)->job_id, job.id);
      }
    }
  }
  store::JobFilter succeeded;
  succeeded.states = {jobs::JobState::kSucceeded};
  const auto jobs = store_->ListJobs("p", succeeded, {1000, ""});
  ASSERT_GT(jobs->items.size(), 0u);
  EXPECT_EQ(store_->GetModel("p", "pets")->version_count, static_cast<int64_t>(jobs->items.size()));
}

}  // namespace graft

#endif  // GRAFT_TESTS_CONTRACT_METADATA_STORE_CONCURRENCY_H_
