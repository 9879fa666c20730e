#include "core/jobs/transitions.h"

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/jobs/state_table.h"

namespace graft::jobs {
namespace {

using ::testing::HasSubstr;

constexpr std::array<DesiredState, 4> kAllDesired = {DesiredState::kRun, DesiredState::kPause,
                                                     DesiredState::kStop, DesiredState::kCancel};
constexpr RetryPolicy kPolicy = {.max_crashes = 3, .max_unclean_ends = 3};

struct Happening {
  const char* name;
  std::function<absl::StatusOr<JobTransition>(const JobLifecycle&)> what;
  // Six lines of four words: a line a state, in the order of kAllJobStates; a word for each of what
  // is wanted before, in the order of kAllDesired. "STATE/WANTED" after, or "no", or "bad".
  const char* table;
};

absl::StatusOr<JobTransition> Finish(const JobLifecycle& job, JobState outcome) {
  return AfterFinish(job, outcome, "said so");
}

const std::vector<Happening>& Happenings() {
  static const auto* const happenings = new std::vector<Happening>{
      {"cancel asked",
       [](const JobLifecycle& job) { return AfterRequest(job, DesiredState::kCancel); },
       "CANCELLED/CANCEL CANCELLED/CANCEL CANCELLED/CANCEL CANCELLED/CANCEL\n"
       "RUNNING/CANCEL   RUNNING/CANCEL   RUNNING/CANCEL   RUNNING/CANCEL\n"
       "CANCELLED/CANCEL CANCELLED/CANCEL CANCELLED/CANCEL CANCELLED/CANCEL\n"
       "no no no no\n"
       "no no no no\n"
       "CANCELLED/RUN CANCELLED/PAUSE CANCELLED/STOP CANCELLED/CANCEL"},
      {"pause asked",
       [](const JobLifecycle& job) { return AfterRequest(job, DesiredState::kPause); },
       "PAUSED/PAUSE  PAUSED/PAUSE  no no\n"
       "RUNNING/PAUSE RUNNING/PAUSE no no\n"
       "PAUSED/PAUSE  PAUSED/PAUSE  no no\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no"},
      {"run asked", [](const JobLifecycle& job) { return AfterRequest(job, DesiredState::kRun); },
       "QUEUED/RUN  QUEUED/RUN  no no\n"
       "RUNNING/RUN RUNNING/RUN no no\n"
       "QUEUED/RUN  QUEUED/RUN  no no\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no"},
      {"stop asked", [](const JobLifecycle& job) { return AfterRequest(job, DesiredState::kStop); },
       "no no no no\n"
       "RUNNING/STOP RUNNING/STOP RUNNING/STOP no\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no"},
      {"something else asked",
       [](const JobLifecycle& job) { return AfterRequest(job, static_cast<DesiredState>(9)); },
       "bad bad bad bad\n"
       "bad bad bad bad\n"
       "bad bad bad bad\n"
       "bad bad bad bad\n"
       "bad bad bad bad\n"
       "bad bad bad bad"},
      {"claimed", [](const JobLifecycle& job) { return AfterClaim(job, 1); },
       "RUNNING/RUN RUNNING/PAUSE RUNNING/STOP RUNNING/CANCEL\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no"},
      {"succeeded", [](const JobLifecycle& job) { return Finish(job, JobState::kSucceeded); },
       "no no no no\n"
       "SUCCEEDED/RUN SUCCEEDED/PAUSE SUCCEEDED/STOP SUCCEEDED/CANCEL\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no"},
      {"failed", [](const JobLifecycle& job) { return Finish(job, JobState::kFailed); },
       "no no no no\n"
       "FAILED/RUN FAILED/PAUSE FAILED/STOP FAILED/CANCEL\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no"},
      {"ended as cancelled",
       [](const JobLifecycle& job) { return Finish(job, JobState::kCancelled); },
       "no no no no\n"
       "CANCELLED/RUN CANCELLED/PAUSE CANCELLED/STOP CANCELLED/CANCEL\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no"},
      {"ended as paused", [](const JobLifecycle& job) { return Finish(job, JobState::kPaused); },
       "no no no no\n"
       "QUEUED/RUN PAUSED/PAUSE QUEUED/STOP CANCELLED/CANCEL\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no"},
      {"ended as queued", [](const JobLifecycle& job) { return Finish(job, JobState::kQueued); },
       "no no no no\n"
       "bad bad bad bad\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no"},
      {"ended as running", [](const JobLifecycle& job) { return Finish(job, JobState::kRunning); },
       "no no no no\n"
       "bad bad bad bad\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no"},
      {"given back", [](const JobLifecycle& job) { return AfterRelease(job, "drained"); },
       "no no no no\n"
       "QUEUED/RUN PAUSED/PAUSE QUEUED/STOP CANCELLED/CANCEL\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no"},
      {"worker died",
       [](const JobLifecycle& job) { return AfterWorkerDeath(job, kPolicy, "killed"); },
       "no no no no\n"
       "QUEUED/RUN PAUSED/PAUSE QUEUED/STOP CANCELLED/CANCEL\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no"},
      {"server started", [](const JobLifecycle& job) { return AfterServerStart(job, kPolicy); },
       "no no no no\n"
       "QUEUED/RUN PAUSED/PAUSE QUEUED/STOP CANCELLED/CANCEL\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no\n"
       "no no no no"},
  };
  return *happenings;
}

std::string Word(const absl::StatusOr<JobTransition>& after) {
  if (after.ok()) {
    return absl::StrCat(JobStateName(after->to.state), "/", DesiredStateName(after->to.desired));
  }
  if (absl::IsFailedPrecondition(after.status())) return "no";
  return absl::IsInvalidArgument(after.status()) ? "bad" : after.status().ToString();
}

TEST(Transitions, EveryHappeningToEveryJobIsWhatTheTableSays) {
  for (const Happening& happening : Happenings()) {
    const std::vector<std::string> lines = absl::StrSplit(happening.table, '\n');
    ASSERT_EQ(lines.size(), kAllJobStates.size()) << happening.name;
    for (size_t s = 0; s < kAllJobStates.size(); ++s) {
      const std::vector<std::string> words = absl::StrSplit(lines[s], ' ', absl::SkipEmpty());
      ASSERT_EQ(words.size(), kAllDesired.size()) << happening.name;
      for (size_t d = 0; d < kAllDesired.size(); ++d) {
        const JobLifecycle before = {kAllJobStates[s], kAllDesired[d]};
        EXPECT_EQ(Word(happening.what(before)), words[d])
            << happening.name << " of a job that is " << JobStateName(before.state) << ", wanted "
            << DesiredStateName(before.desired);
      }
    }
  }
}

TEST(Transitions, EveryChangeOfStateIsAMoveOfTheStateTableAndIsTold) {
  for (const Happening& happening : Happenings()) {
    for (const JobState state : kAllJobStates) {
      for (const DesiredState desired : kAllDesired) {
        for (const int earlier : {0, 2, 7}) {
          const JobLifecycle before = {state, desired, earlier, earlier};
          const auto after = happening.what(before);
          if (!after.ok() || after->to.state == state) continue;
          EXPECT_TRUE(CanMove(state, after->to.state))
              << happening.name << ": " << JobStateName(state) << " to "
              << JobStateName(after->to.state);
          EXPECT_NE(after->detail, "") << happening.name;
        }
      }
    }
  }
}

TEST(Transitions, OnlyADeathCountsAsACrashAndOnlyAStartAsAnUncleanEnd) {
  for (const Happening& happening : Happenings()) {
    for (const JobState state : kAllJobStates) {
      for (const DesiredState desired : kAllDesired) {
        const auto after = happening.what({state, desired, 1, 1});
        if (!after.ok()) continue;
        const std::string name = happening.name;
        EXPECT_EQ(after->to.crashes, name == "worker died" ? 2 : 1) << name;
        EXPECT_EQ(after->to.unclean_ends, name == "server started" ? 2 : 1) << name;
      }
    }
  }
}

TEST(Transitions, AJobThatDiedTooOftenFailsUnlessItIsToBeCancelled) {
  for (const DesiredState desired : kAllDesired) {
    const bool cancel = desired == DesiredState::kCancel;
    const JobState expected = cancel ? JobState::kCancelled : JobState::kFailed;
    const auto died =
        AfterWorkerDeath({JobState::kRunning, desired, 2, 0}, kPolicy, "killed by signal 9");
    ASSERT_TRUE(died.ok());
    EXPECT_EQ(died->to.state, expected);
    EXPECT_EQ(died->error.code, cancel ? "" : "ABORTED");
    EXPECT_THAT(died->error.message, HasSubstr(cancel ? "" : "killed by signal 9"));
    const auto started = AfterServerStart({JobState::kRunning, desired, 0, 2}, kPolicy);
    ASSERT_TRUE(started.ok());
    EXPECT_EQ(started->to.state, expected);
    EXPECT_EQ(started->error.code, cancel ? "" : "ABORTED");
  }
}

// A worker that obeys ends such a job at once; where none ever does, each lease ends by a drain of
// the server or by a death, and deaths are counted.
TEST(Transitions, AJobThatShouldStopIsNotLeasedForEver) {
  JobLifecycle job = {JobState::kRunning, DesiredState::kStop};
  int leases = 1;
  while (!IsTerminal(job.state)) {
    job = AfterWorkerDeath(job, kPolicy, "killed")->to;
    if (job.state != JobState::kQueued) continue;
    job = AfterClaim(job, ++leases)->to;
  }
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_EQ(leases, kPolicy.max_crashes);
}

TEST(Transitions, ARefusalSaysWhatToDo) {
  const auto cancelled =
      AfterRequest({JobState::kRunning, DesiredState::kCancel}, DesiredState::kRun);
  EXPECT_THAT(cancelled.status().message(), HasSubstr("cannot be taken back"));
  const auto queued = AfterRequest({JobState::kQueued, DesiredState::kRun}, DesiredState::kStop);
  EXPECT_THAT(queued.status().message(), HasSubstr("cancel it instead"));
}

}  // namespace
}  // namespace graft::jobs
