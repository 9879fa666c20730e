#include "core/serving/batch_policy.h"

#include <gtest/gtest.h>

namespace graft::serving {
namespace {

constexpr absl::Duration kNow = absl::Seconds(100);
const absl::Duration kMs = absl::Milliseconds(1);

TEST(BatchPolicy, WithoutDelayAnIdleInstanceTakesAllThatWaitsAtOnce) {
  const BatchDecision decision = DecideBatch({{3, kNow}}, kNow, {.max_batch_size = 8});
  EXPECT_EQ(decision.queue, 0);
  EXPECT_EQ(decision.rows, 3);
}

TEST(BatchPolicy, NeverTakesMoreThanTheMaximum) {
  EXPECT_EQ(DecideBatch({{20, kNow}}, kNow, {.max_batch_size = 8}).rows, 8);
}

TEST(BatchPolicy, NeverTakesMoreThanTheMemoryOfAQueuesNetworkAllows) {
  const QueueSnapshot large{.rows = 20, .oldest_since = kNow, .max_rows = 3};
  EXPECT_EQ(DecideBatch({large}, kNow, {.max_batch_size = 8}).rows, 3);
  const QueueSnapshot full{.rows = 3, .oldest_since = kNow, .max_rows = 3};
  EXPECT_EQ(DecideBatch({full}, kNow, {.max_batch_size = 8, .max_queue_delay = 5 * kMs}).rows, 3);
}

TEST(BatchPolicy, WithADelayWaitsUntilTheOldestIsDue) {
  const BatchOptions options{.max_batch_size = 8, .max_queue_delay = 5 * kMs};
  const BatchDecision early = DecideBatch({{3, kNow - 2 * kMs}}, kNow, options);
  EXPECT_EQ(early.rows, 0);
  EXPECT_EQ(early.look_again, kNow + 3 * kMs);
  EXPECT_EQ(DecideBatch({{3, kNow - 2 * kMs}}, early.look_again, options).rows, 3);
}

TEST(BatchPolicy, ADelayEndsInTimeForTheFirstDeadline) {
  const BatchOptions options{.max_queue_delay = 500 * kMs, .deadline_margin = 100 * kMs};
  QueueSnapshot queue{.rows = 1, .oldest_since = kNow, .first_deadline = kNow + 300 * kMs};
  const BatchDecision early = DecideBatch({queue}, kNow, options);
  EXPECT_EQ(early.rows, 0);
  EXPECT_EQ(early.look_again, kNow + 200 * kMs);
  EXPECT_EQ(DecideBatch({queue}, early.look_again, options).rows, 1);
  queue.first_deadline = kNow + 50 * kMs;
  EXPECT_EQ(DecideBatch({queue}, kNow, options).rows, 1);
  queue.first_deadline = kNow + absl::Seconds(5);
  EXPECT_EQ(DecideBatch({queue}, kNow, options).look_again, kNow + 500 * kMs);
}

TEST(BatchPolicy, BulkGoesWhereNobodyElseMayGo) {
  const BatchOptions options{.bulk_patience = absl::Seconds(2)};
  const QueueSnapshot bulk{.rows = 4, .oldest_since = kNow - absl::Seconds(1), .bulk = true};
  const QueueSnapshot urgent{.rows = 1, .oldest_since = kNow};
  EXPECT_EQ(DecideBatch({bulk, urgent}, kNow, options).queue, 1);
  EXPECT_EQ(DecideBatch({bulk}, kNow, options).rows, 4);
  // Others wait for a fuller batch.
  const BatchOptions delaying{.max_queue_delay = 5 * kMs, .bulk_patience = absl::Seconds(2)};
  EXPECT_EQ(DecideBatch({urgent, bulk}, kNow, delaying).queue, 1);
}

TEST(BatchPolicy, BulkThatHasWaitedLongEnoughTakesItsTurn) {
  const BatchOptions options{.bulk_patience = absl::Seconds(2)};
  const QueueSnapshot patient{.rows = 4, .oldest_since = kNow - absl::Seconds(2), .bulk = true};
  const QueueSnapshot urgent{.rows = 1, .oldest_since = kNow - kMs};
  EXPECT_EQ(DecideBatch({urgent, patient}, kNow, options).queue, 1);
  const QueueSnapshot older{.rows = 1, .oldest_since = kNow - absl::Seconds(3)};
  EXPECT_EQ(DecideBatch({patient, older}, kNow, options).queue, 1);
}

// However many bulk rows there are, and however long they have waited: one pass each patience.
TEST(BatchPolicy, ABulkBacklogOlderThanPatienceDoesNotHoldOthersUp) {
  const BatchOptions options{.max_batch_size = 8, .bulk_patience = absl::Seconds(2)};
  QueueSnapshot bulk{.rows = 1000, .oldest_since = kNow - absl::Seconds(30), .bulk = true};
  absl::Duration now = kNow;
  int bulk_passes = 0;
  for (int pass = 0; pass < 100; ++pass, now += 100 * kMs) {
    const QueueSnapshot urgent{.rows = 1, .oldest_since = now - 50 * kMs};
    if (DecideBatch({urgent, bulk}, now, options).queue == 1) {
      ++bulk_passes;
      bulk.last_pass = now;
    }
  }
  EXPECT_EQ(bulk_passes, 5) << "in ten seconds";
}

TEST(BatchPolicy, AFullBatchDoesNotWait) {
  EXPECT_EQ(DecideBatch({{8, kNow}}, kNow, {.max_batch_size = 8, .max_queue_delay = 5 * kMs}).rows,
            8);
}

TEST(BatchPolicy, OfSeveralQueuesTheOldestRowGoesFirst) {
  const BatchDecision decision =
      DecideBatch({{8, kNow - kMs}, {1, kNow - 2 * kMs}, {5, kNow}}, kNow, {.max_batch_size = 8});
  EXPECT_EQ(decision.queue, 1);
  EXPECT_EQ(decision.rows, 1);
}

TEST(BatchPolicy, AFullQueueGoesBeforeAnOlderOneThatMayStillWait) {
  const BatchDecision decision = DecideBatch({{1, kNow - 2 * kMs}, {8, kNow - kMs}}, kNow,
                                             {.max_batch_size = 8, .max_queue_delay = 5 * kMs});
  EXPECT_EQ(decision.queue, 1);
}

TEST(BatchPolicy, LooksAgainWhenTheFirstOfAllIsDue) {
  const BatchDecision decision = DecideBatch({{1, kNow - kMs}, {1, kNow - 4 * kMs}}, kNow,
                                             {.max_batch_size = 8, .max_queue_delay = 5 * kMs});
  EXPECT_EQ(decision.rows, 0);
  EXPECT_EQ(decision.look_again, kNow + kMs);
}

TEST(BatchPolicy, NothingWaitingNeedsNoLook) {
  const BatchDecision decision = DecideBatch({{0, {}}}, kNow, {});
  EXPECT_EQ(decision.rows, 0);
  EXPECT_EQ(decision.look_again, absl::InfiniteDuration());
}

TEST(BatchPolicy, WarmsPowersOfTwoUpToEight) {
  EXPECT_EQ(WarmBatchSizes(1), (std::vector<int>{1}));
  EXPECT_EQ(WarmBatchSizes(8), (std::vector<int>{1, 2, 4, 8}));
  EXPECT_EQ(WarmBatchSizes(20), (std::vector<int>{1, 2, 4, 8}));
}

TEST(BatchPolicy, WarmsNoMoreRowsThanAPassMayHave) {
  EXPECT_EQ(WarmSizesWithin({1, 2, 4, 8}, 100), (std::vector<int>{1, 2, 4, 8}));
  EXPECT_EQ(WarmSizesWithin({1, 2, 4, 8, 16}, 5), (std::vector<int>{1, 2, 4, 5}));
  EXPECT_EQ(WarmSizesWithin({1, 2, 4}, 1), (std::vector<int>{1}));
}

TEST(BatchPolicy, APassHasAtLeastOneRowAndAtMostTheMaximum) {
  EXPECT_EQ(RowsWithin(100, 1000, 32), 10);
  EXPECT_EQ(RowsWithin(100, 99, 32), 1);
  EXPECT_EQ(RowsWithin(100, uint64_t{1} << 40, 32), 32);
  EXPECT_EQ(RowsWithin(0, 1000, 32), 32);
}

TEST(BatchPolicy, RefusesOptionsThatMakeNoSense) {
  EXPECT_TRUE(Validate(BatchOptions{}).ok());
  EXPECT_FALSE(Validate({.max_batch_size = 0}).ok());
  EXPECT_FALSE(Validate({.max_queue_delay = -kMs}).ok());
  EXPECT_FALSE(Validate({.max_queue_delay = absl::InfiniteDuration()}).ok());
  EXPECT_FALSE(Validate({.instances = 0}).ok());
}

}  // namespace
}  // namespace graft::serving
