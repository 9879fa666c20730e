#include "core/serving/predict_cache.h"

#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace graft::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::Pointee;

TEST(PredictCache, GivesWhatWasKept) {
  PredictCache cache(1 << 20);
  EXPECT_EQ(cache.Find("a"), nullptr);
  cache.Put("a", {1, 2, 3});
  EXPECT_THAT(cache.Find("a"), Pointee(ElementsAre(1, 2, 3)));
  cache.Put("a", {4});
  EXPECT_THAT(cache.Find("a"), Pointee(ElementsAre(1, 2, 3))) << "the first one counts";
  EXPECT_EQ(cache.stats().hits, 2u);
  EXPECT_EQ(cache.stats().misses, 1u);
}

TEST(PredictCache, TheLeastRecentlyUsedGoFirst) {
  PredictCache cache(5'000);
  const std::vector<float> features(300);  // 1,200 bytes each, and what keeping track takes
  cache.Put("a", features);
  cache.Put("b", features);
  cache.Put("c", features);
  EXPECT_NE(cache.Find("a"), nullptr);
  cache.Put("d", features);
  EXPECT_EQ(cache.Find("b"), nullptr);
  for (const char* const kept : {"a", "c", "d"}) EXPECT_NE(cache.Find(kept), nullptr) << kept;
  EXPECT_LE(cache.stats().bytes, 5'000u);
  EXPECT_GE(cache.stats().bytes, 3u * 1'200);
}

TEST(PredictCache, WhatIsTooLargeIsNotKept) {
  PredictCache cache(2'000);
  cache.Put("small", std::vector<float>(10));
  cache.Put("large", std::vector<float>(1'000));
  EXPECT_EQ(cache.Find("large"), nullptr);
  EXPECT_NE(cache.Find("small"), nullptr);
  PredictCache none(0);
  EXPECT_FALSE(none.enabled());
  none.Put("a", {1});
  EXPECT_EQ(none.Find("a"), nullptr);
  EXPECT_EQ(none.stats().bytes, 0u);
}

TEST(PredictCache, FeaturesOutliveTheirEviction) {
  PredictCache cache(1'000);
  cache.Put("a", std::vector<float>(100, 7));
  const PredictCache::Features held = cache.Find("a");
  cache.Put("b", std::vector<float>(100));
  EXPECT_EQ(cache.Find("a"), nullptr);
  EXPECT_EQ((*held)[99], 7);
}

// What belongs to one project, computation or input is nobody else's, wherever one ends and the
// next begins.
TEST(PredictCache, KeysAreOfProjectComputationAndInput) {
  const std::set<std::string> keys = {
      PredictCache::Key("p", "c", "x"),  PredictCache::Key("q", "c", "x"),
      PredictCache::Key("p", "d", "x"),  PredictCache::Key("p", "c", "y"),
      PredictCache::Key("pc", "", "x"),  PredictCache::Key("", "pc", "x"),
      PredictCache::Key("p", "cx", ""),  PredictCache::Key("", "", "pcx"),
      PredictCache::Key("1 1", "c", "x")};
  EXPECT_EQ(keys.size(), 9u);
  EXPECT_EQ(PredictCache::Key("p", "c", "x"), PredictCache::Key("p", "c", "x"));
}

TEST(PredictCache, IsSharedByThreads) {
  PredictCache cache(20'000);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&cache, t] {
      for (int i = 0; i < 500; ++i) {
        const int number = (i * 7 + t) % 50;
        const std::string key = std::to_string(number);
        const PredictCache::Features found = cache.Find(key);
        if (found != nullptr) {
          EXPECT_EQ(found->front(), static_cast<float>(number));
        } else {
          cache.Put(key, std::vector<float>(100, static_cast<float>(number)));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(cache.stats().bytes, 20'000u);
  EXPECT_EQ(cache.stats().hits + cache.stats().misses, 2'000u);
}

}  // namespace
}  // namespace graft::serving
