#include "core/serving/memory_ledger.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace graft::serving {
namespace {

using ::testing::IsNull;
using ::testing::NotNull;

ModelBytes Bytes(uint64_t own, const std::string& digest, uint64_t backbone = 100) {
  return {own, digest, backbone};
}

std::shared_ptr<MemoryLedger> Ledger(uint64_t budget) {
  return std::make_shared<MemoryLedger>(budget);
}

uint64_t Total(const MemoryLedger& ledger) {
  std::vector<ModelBytes> all;
  for (const auto& [id, entry] : ledger.Entries()) all.push_back(entry.bytes);
  return TotalBytes(all);
}

TEST(MemoryLedger, CountsASharedBackboneOnceAndByItsLargestPart) {
  EXPECT_EQ(TotalBytes({Bytes(1, "x"), Bytes(2, "x"), Bytes(4, "y")}), 207u);
  EXPECT_EQ(TotalBytes({Bytes(1, "x", 30), Bytes(2, "x", 50)}), 53u);
  EXPECT_EQ(TotalBytes({}), 0u);
}

TEST(MemoryLedger, SumsThatOverflowAreTooLarge) {
  const uint64_t most = std::numeric_limits<uint64_t>::max();
  EXPECT_EQ(TotalBytes({Bytes(most, "x", 1), Bytes(2, "y", most)}), most);
  EXPECT_THAT(MemoryLedger::Reserve(Ledger(most - 1), Bytes(most, "x", most)), IsNull());
}

TEST(MemoryLedger, WhatIsReservedIsNoLongerThere) {
  const auto ledger = Ledger(150);
  auto first = MemoryLedger::Reserve(ledger, Bytes(10, "x"));
  ASSERT_THAT(first, NotNull());
  EXPECT_THAT(MemoryLedger::Reserve(ledger, Bytes(10, "y")), IsNull());
  EXPECT_THAT(MemoryLedger::Reserve(ledger, Bytes(41, "x")), IsNull());
  const auto second = MemoryLedger::Reserve(ledger, Bytes(40, "x"));  // shares the backbone
  EXPECT_THAT(second, NotNull());
  EXPECT_EQ(Total(*ledger), 150u);
  first.reset();
  EXPECT_EQ(Total(*ledger), 140u);
}

TEST(MemoryLedger, CommittingGivesBackWhatWasNotTaken) {
  const auto ledger = Ledger(150);
  const auto first = MemoryLedger::Reserve(ledger, Bytes(50, "x"));
  EXPECT_FALSE(ledger->Entries().at(first->id()).committed);
  EXPECT_THAT(MemoryLedger::Reserve(ledger, Bytes(10, "x")), IsNull());
  EXPECT_TRUE(first->Commit(Bytes(40, "x")));
  EXPECT_TRUE(ledger->Entries().at(first->id()).committed);
  EXPECT_THAT(MemoryLedger::Reserve(ledger, Bytes(10, "x")), NotNull());
}

TEST(MemoryLedger, MoreThanWasReservedIsCommittedOnlyWhereItFits) {
  const auto ledger = Ledger(150);
  const auto first = MemoryLedger::Reserve(ledger, Bytes(10, "x"));
  EXPECT_FALSE(first->Commit(Bytes(51, "x")));
  EXPECT_EQ(Total(*ledger), 110u);
  EXPECT_FALSE(ledger->Entries().at(first->id()).committed);
  EXPECT_TRUE(first->Commit(Bytes(50, "x")));
  EXPECT_EQ(Total(*ledger), 150u);
}

TEST(MemoryLedger, AnAccountOutlivesWhoeverMadeTheLedger) {
  auto ledger = Ledger(150);
  const std::weak_ptr<MemoryLedger> there = ledger;
  auto account = MemoryLedger::Reserve(ledger, Bytes(10, "x"));
  ledger.reset();
  EXPECT_FALSE(there.expired());
  account.reset();
  EXPECT_TRUE(there.expired());
}

// One load, step by step: it reserves, commits or fails, and is evicted.
class LoadByHand {
 public:
  LoadByHand(std::shared_ptr<MemoryLedger> ledger, ModelBytes most, ModelBytes actual)
      : ledger_(std::move(ledger)), most_(std::move(most)), actual_(std::move(actual)) {}

  void Step() {
    if (step_ == 0) {
      account_ = MemoryLedger::Reserve(ledger_, most_);
      loaded_ = account_ != nullptr;
    }
    // Where it took more than there was, it is dropped.
    const bool refused = step_ == 1 && account_ != nullptr && !account_->Commit(actual_);
    if (refused || step_ == 2) account_.reset();
    ++step_;
  }
  bool loaded() const { return loaded_; }

 private:
  const std::shared_ptr<MemoryLedger> ledger_;
  const ModelBytes most_;
  const ModelBytes actual_;
  int step_ = 0;
  bool loaded_ = false;
  std::unique_ptr<MemoryLedger::Account> account_;
};

TEST(MemoryLedger, TwoLoadsThatRaceForTheLastRoomStayWithinItInEveryOrderOfTheirSteps) {
  // Either fits into 150, and both do once the first has committed less than it reserved. The
  // second takes more than it reserved.
  std::vector<bool> second_steps = {false, false, false, true, true, true};
  int orders = 0;
  int one_alone = 0;
  do {
    const auto ledger = Ledger(150);
    LoadByHand first(ledger, Bytes(110, "x", 0), Bytes(60, "x", 0));
    LoadByHand second(ledger, Bytes(80, "y", 0), Bytes(100, "y", 0));
    for (const bool is_second : second_steps) {
      (is_second ? second : first).Step();
      EXPECT_LE(Total(*ledger), 150u);
    }
    EXPECT_TRUE(first.loaded() || second.loaded());
    one_alone += first.loaded() != second.loaded() ? 1 : 0;
    ++orders;
    EXPECT_TRUE(ledger->Entries().empty());
  } while (std::next_permutation(second_steps.begin(), second_steps.end()));
  EXPECT_EQ(orders, 20);  // 6 steps, of which 3 are the second's
  EXPECT_GT(one_alone, 0) << "they raced";
  EXPECT_LT(one_alone, orders) << "and there was room for both where one had done";
}

TEST(MemoryLedger, ManyThreadsTogetherNeverHaveMoreThanTheBudget) {
  const auto ledger = Ledger(1000);
  std::atomic<int> held{0};
  std::atomic<int> too_many{0};
  std::atomic<int> reserved{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        // Backbones of their own: three of 300 fit, a fourth does not.
        const ModelBytes bytes = Bytes(200, std::to_string(t), 100);
        auto account = MemoryLedger::Reserve(ledger, bytes);
        if (account == nullptr) continue;
        ++reserved;
        if (++held > 3) ++too_many;
        if (!account->Commit(bytes)) ++too_many;
        --held;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(too_many, 0);
  EXPECT_GT(reserved, 0);
  EXPECT_TRUE(ledger->Entries().empty());
}

}  // namespace
}  // namespace graft::serving
