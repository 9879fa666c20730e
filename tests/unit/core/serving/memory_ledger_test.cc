#include "core/serving/memory_ledger.h"

#include <atomic>
#include <limits>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace graft {
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
}  // namespace graft
