#include "core/jobs/state_table.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace graft::jobs {
namespace {

// The table of ARCHITECTURE.md, written out a second time: rows are `from`, columns `to`, both in
// the order QUEUED, RUNNING, PAUSED, SUCCEEDED, FAILED, CANCELLED.
constexpr bool kLegal[6][6] = {
    {false, true, true, false, true, true},      // QUEUED
    {true, false, true, true, true, true},       // RUNNING
    {true, false, false, false, false, true},    // PAUSED
    {false, false, false, false, false, false},  // SUCCEEDED
    {false, false, false, false, false, false},  // FAILED
    {false, false, false, false, false, false},  // CANCELLED
};

TEST(StateTable, HoldsEveryLegalMoveAndNoOther) {
  for (size_t from = 0; from < 6; ++from) {
    for (size_t to = 0; to < 6; ++to) {
      EXPECT_EQ(CanMove(kAllJobStates[from], kAllJobStates[to]), kLegal[from][to])
          << JobStateName(kAllJobStates[from]) << " -> " << JobStateName(kAllJobStates[to]);
    }
  }
}

TEST(StateTable, TerminalStatesAreThoseWithNoMoveOut) {
  for (const JobState from : kAllJobStates) {
    bool leaves = false;
    for (const JobState to : kAllJobStates) leaves |= CanMove(from, to);
    EXPECT_EQ(IsTerminal(from), !leaves) << JobStateName(from);
  }
}

TEST(StateTable, ATerminalStateCanBeReachedFromEveryOther) {
  for (const JobState state : kAllJobStates) {
    if (IsTerminal(state)) continue;
    EXPECT_TRUE(CanMove(state, JobState::kCancelled));
  }
}

TEST(StateTable, NamesAreDistinct) {
  std::set<std::string> names;
  for (const JobState state : kAllJobStates) names.insert(std::string(JobStateName(state)));
  EXPECT_EQ(names.size(), kAllJobStates.size());
  EXPECT_EQ(names.count("UNKNOWN"), 0u);
  EXPECT_EQ(JobStateName(static_cast<JobState>(99)), "UNKNOWN");
  EXPECT_EQ(JobKindName(JobKind::kImport), "IMPORT");
  EXPECT_EQ(DesiredStateName(DesiredState::kStop), "STOP");
}

}  // namespace
}  // namespace graft::jobs
