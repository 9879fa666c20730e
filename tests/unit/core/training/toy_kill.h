#ifndef GRAFT_TESTS_UNIT_CORE_TRAINING_TOY_KILL_H_
#define GRAFT_TESTS_UNIT_CORE_TRAINING_TOY_KILL_H_

#include "core/data/random.h"
#include "tests/unit/core/training/toy_job.h"

namespace graft::training {

// Runs a job once through, and then five times with up to three kills each at steps by lot, taken
// up again after each: all must end with the very same weights.
inline void ExpectExactResume(const recipes::FineTuneConfig& config, uint64_t seed,
                              int64_t memory = std::numeric_limits<int64_t>::max()) {
  const auto run = [&](Attempt& attempt, MemoryCheckpoints* checkpoints,
                       std::function<RunSignal()> desired) {
    attempt.config = config;
    attempt.data = ToyData(20);
    attempt.dropout = 0.2;
    attempt.memory = memory;
    attempt.checkpoints = checkpoints;
    attempt.desired = std::move(desired);
    return attempt.Run();
  };
  uint64_t polls = 0;
  Attempt whole;
  MemoryCheckpoints unused;
  const absl::Status status = run(whole, &unused, [&] {
    ++polls;
    return RunSignal::kRun;
  });
  ASSERT_TRUE(status.ok()) << status;
  data::Random random = data::Random::For({seed, 11});
  for (int round = 0; round < 5; ++round) {
    MemoryCheckpoints checkpoints;
    for (int kills = 0;; ++kills) {
      Attempt attempt;
      uint64_t left = kills < 3 ? random.Below(polls) : polls + 1;
      const absl::Status ended = run(attempt, &checkpoints, [&left] {
        return left-- > 0 ? RunSignal::kRun : RunSignal::kDrain;
      });
      if (!ended.ok()) {
        ASSERT_TRUE(IsDrained(ended)) << ended;
        continue;
      }
      ExpectSameWeights(*whole.network, *attempt.network);
      EXPECT_EQ(attempt.trainer->tuned_share(), whole.trainer->tuned_share());
      EXPECT_EQ(attempt.trainer->decision(), whole.trainer->decision());
      break;
    }
  }
}

}  // namespace graft::training

#endif  // GRAFT_TESTS_UNIT_CORE_TRAINING_TOY_KILL_H_
