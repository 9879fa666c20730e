#include "core/features/feature_cache.h"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <thread>
#include <unistd.h>

#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/base/files.h"
#include "tests/fakes/fake_clock.h"

namespace graft::features {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

const FeatureShape kShape{3, {2}};
const std::vector<float> kValues = {0.f, 1.f, 2.f, 3.f, 4.f, 5.f};

FeatureKey Key(const std::string& dataset = "d1") {
  return {dataset, "all", "b1", "t1", "features", 0};
}

class FeatureCacheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TempDirectory::Create();
    ASSERT_TRUE(folder.ok()) << folder.status();
    folder_ = std::make_unique<TempDirectory>(*std::move(folder));
  }
  std::unique_ptr<FeatureCache> Open(uint64_t max_bytes = 1 << 20) {
    auto cache = FeatureCache::Open({folder_->path(), max_bytes, &clock_});
    EXPECT_TRUE(cache.ok()) << cache.status();
    return *std::move(cache);
  }
  FeatureProducer Produce(std::vector<float> values = kValues) {
    return [this, values](int64_t, int64_t, FeatureSink& sink) {
      ++computed_;
      return sink.Append(values);
    };
  }
  static std::vector<float> Values(const FeatureBlock& block) {
    std::vector<float> values;
    for (int64_t i = 0; i < block.shape().rows; ++i) {
      values.insert(values.end(), block.row(i).begin(), block.row(i).end());
    }
    return values;
  }
  std::vector<float> Get(FeatureCache& cache, const FeatureKey& key) {
    auto block = cache.GetOrCompute(key, kShape, Produce());
    EXPECT_TRUE(block.ok()) << block.status();
    if (!block.ok()) return {};
    EXPECT_EQ((*block)->bytes_in_memory(), cache.Fits(kShape) ? 0 : kShape.bytes());
    return Values(**block);
  }
  fs::path FileOf(const FeatureKey& key, int shard = 0) {
    return folder_->path() / absl::StrCat(key.Digest(), "-", shard, ".features");
  }

  FakeClock clock_;
  std::unique_ptr<TempDirectory> folder_;
  int computed_ = 0;
};

TEST_F(FeatureCacheTest, ComputesOnceAndFindsAgainAfterReopening) {
  {
    auto cache = Open();
    EXPECT_EQ(Get(*cache, Key()), kValues);
    EXPECT_EQ(Get(*cache, Key()), kValues);
    EXPECT_EQ(cache->misses(), 3);
    EXPECT_EQ(cache->hits(), 3);
  }
  auto cache = Open();
  EXPECT_EQ(Get(*cache, Key()), kValues);
  EXPECT_EQ(computed_, 1);
  EXPECT_EQ(cache->misses(), 0);
  EXPECT_EQ(cache->hits(), 3);
}

TEST_F(FeatureCacheTest, RowsComeInOrder) {
  auto cache = Open();
  auto block = cache->GetOrCompute(Key(), kShape, Produce());
  ASSERT_TRUE(block.ok());
  EXPECT_THAT((*block)->row(1), ElementsAre(2.f, 3.f));
}

TEST_F(FeatureCacheTest, EveryFieldOfTheKeyCounts) {
  const FeatureKey base = Key();
  FeatureKey other = base;
  other.entries = "part";
  EXPECT_NE(other.Digest(), base.Digest());
  other = base;
  other.backbone_digest = "b2";
  EXPECT_NE(other.Digest(), base.Digest());
  other = base;
  other.transform_digest = "t2";
  EXPECT_NE(other.Digest(), base.Digest());
  other = base;
  other.cut_point = "stage4";
  EXPECT_NE(other.Digest(), base.Digest());
  other = base;
  other.view = 1;
  EXPECT_NE(other.Digest(), base.Digest());
  // Fields do not run into each other.
  FeatureKey left = base;
  FeatureKey right = base;
  left.dataset_digest = "ab";
  left.entries = "c";
  right.dataset_digest = "a";
  right.entries = "bc";
  EXPECT_NE(left.Digest(), right.Digest());
}

TEST_F(FeatureCacheTest, ATruncatedFileIsComputedAgain) {
  auto cache = Open();
  Get(*cache, Key());
  fs::resize_file(FileOf(Key()), fs::file_size(FileOf(Key())) - 5);
  EXPECT_EQ(Get(*cache, Key()), kValues);
  EXPECT_EQ(computed_, 2);
  EXPECT_EQ(Get(*cache, Key()), kValues);
  EXPECT_EQ(computed_, 2);
}

TEST_F(FeatureCacheTest, AFlippedBitAnywhereIsNoticed) {
  auto cache = Open();
  Get(*cache, Key());
  int expected = 1;
  for (const uint64_t offset : {uint64_t{0}, uint64_t{20}, uint64_t{4'096}, uint64_t{4'119}}) {
    {
      std::fstream file(FileOf(Key()), std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(static_cast<std::streamoff>(offset));
      const char byte = static_cast<char>(file.get() ^ 0x10);
      file.seekp(static_cast<std::streamoff>(offset));
      file.put(byte);
    }
    EXPECT_EQ(Get(*cache, Key()), kValues);
    EXPECT_EQ(computed_, ++expected) << "offset " << offset;
  }
}

TEST_F(FeatureCacheTest, AFileOfAnotherKeyIsNotServed) {
  auto cache = Open();
  Get(*cache, Key("d1"));
  fs::copy_file(FileOf(Key("d1")), FileOf(Key("d2")));
  EXPECT_EQ(Get(*cache, Key("d2")), kValues);
  EXPECT_EQ(computed_, 2);
}

TEST_F(FeatureCacheTest, AFailedComputationLeavesNothingBehind) {
  auto cache = Open();
  const auto block = cache->GetOrCompute(Key(), kShape, [](int64_t, int64_t, FeatureSink& sink) {
    EXPECT_TRUE(sink.Append(absl::MakeConstSpan(kValues).subspan(0, 2)).ok());
    return absl::CancelledError("stop");
  });
  EXPECT_EQ(block.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(cache->bytes(), 0u);
  EXPECT_EQ(Get(*cache, Key()), kValues);
}

TEST_F(FeatureCacheTest, AProducerWithTooFewRowsIsAnError) {
  auto cache = Open();
  const auto block = cache->GetOrCompute(Key(), kShape, Produce({1.f, 2.f}));
  EXPECT_EQ(block.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(cache->bytes(), 0u);
}

TEST_F(FeatureCacheTest, TheLeastRecentlyUsedGoFirstAndTheSumStaysBelowTheBound) {
  const uint64_t one = 4'096 + 24;
  auto cache = Open(2 * one);
  const auto age = [&](const FeatureKey& key, int hours) {
    fs::last_write_time(FileOf(key), fs::file_time_type::clock::now() - std::chrono::hours(hours));
  };
  Get(*cache, Key("d1"));
  Get(*cache, Key("d2"));
  age(Key("d1"), 2);
  age(Key("d2"), 1);
  Get(*cache, Key("d1"));  // a use: now d2 is the oldest
  Get(*cache, Key("d3"));
  EXPECT_TRUE(fs::exists(FileOf(Key("d1"))));
  EXPECT_FALSE(fs::exists(FileOf(Key("d2"))));
  EXPECT_TRUE(fs::exists(FileOf(Key("d3"))));
  EXPECT_LE(cache->bytes(), 2 * one);
}

TEST_F(FeatureCacheTest, ABlockInUseOutlivesItsFile) {
  auto cache = Open(4'096 + 24);
  auto first = cache->GetOrCompute(Key("d1"), kShape, Produce());
  ASSERT_TRUE(first.ok());
  Get(*cache, Key("d2"));
  EXPECT_FALSE(fs::exists(FileOf(Key("d1"))));
  EXPECT_THAT((*first)->row(2), ElementsAre(4.f, 5.f));
}

TEST_F(FeatureCacheTest, WhatDoesNotFitIsComputedInMemory) {
  auto cache = Open(1'000);
  EXPECT_FALSE(cache->Fits(kShape));
  EXPECT_EQ(Get(*cache, Key()), kValues);
  EXPECT_EQ(cache->bytes(), 0u);
}

TEST_F(FeatureCacheTest, SeveralThreadsComputeABlockOnce) {
  auto cache = FeatureCache::Open({folder_->path(), 1 << 20, Clock::System()});
  ASSERT_TRUE(cache.ok());
  std::atomic<int> computed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      auto block = (*cache)->GetOrCompute(Key(), kShape, [&](int64_t, int64_t, FeatureSink& sink) {
        ++computed;
        return sink.Append(kValues);
      });
      ASSERT_TRUE(block.ok()) << block.status();
      EXPECT_EQ((*block)->row(2)[1], 5.f);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(computed, 1);
}

TEST_F(FeatureCacheTest, WaitingForAnotherHolderCanBeGivenUp) {
  auto cache = Open();
  const fs::path lock = folder_->path() / absl::StrCat("lock-", Key().Digest().substr(0, 2));
  const int fd = ::open(lock.c_str(), O_CREAT | O_RDWR, 0644);
  ASSERT_EQ(::flock(fd, LOCK_EX), 0);
  int asked = 0;
  absl::StatusOr<std::shared_ptr<const FeatureBlock>> block = absl::InternalError("");
  std::thread waiting([&] {
    block = cache->GetOrCompute(Key(), kShape, Produce(), [&] {
      return ++asked < 3 ? absl::OkStatus() : absl::CancelledError("no longer wanted");
    });
  });
  for (int i = 0; i < 2; ++i) {
    clock_.WaitForWaiters(1);
    clock_.Advance(absl::Milliseconds(200));
  }
  waiting.join();
  ::close(fd);
  EXPECT_EQ(block.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(computed_, 0);
}

TEST_F(FeatureCacheTest, WhatAKilledProcessLeftIsRemovedAtOpen) {
  const fs::path partial = folder_->path() / absl::StrCat(Key().Digest(), "-0.partial");
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto cache = FeatureCache::Open({folder_->path(), 1 << 20, Clock::System()});
    (void)(*cache)->GetOrCompute(Key(), kShape, [](int64_t, int64_t, FeatureSink& sink) {
      (void)sink.Append(absl::MakeConstSpan(kValues).subspan(0, 4));
      ::_exit(9);  // in mid-computation: no destructor runs
      return absl::OkStatus();
    });
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 9);
  ASSERT_TRUE(fs::exists(partial));
  auto cache = Open();
  EXPECT_FALSE(fs::exists(partial));
  EXPECT_EQ(Get(*cache, Key()), kValues);
}

TEST_F(FeatureCacheTest, AFolderThatCannotBeMadeIsAnError) {
  std::ofstream(folder_->path() / "file") << "x";
  EXPECT_FALSE(FeatureCache::Open({folder_->path() / "file", 1 << 20, &clock_}).ok());
}

// Ten rows of two floats in shards of three: 3, 3, 3 and 1.
class ShardedCacheTest : public FeatureCacheTest {
 protected:
  static constexpr int64_t kRows = 10;
  const FeatureShape shape_{kRows, {2}};

  std::unique_ptr<FeatureCache> OpenSharded(uint64_t max_bytes = 1 << 20) {
    auto cache = FeatureCache::Open({folder_->path(), max_bytes, &clock_, 3});
    EXPECT_TRUE(cache.ok()) << cache.status();
    return *std::move(cache);
  }
  static std::vector<float> Rows(int64_t begin, int64_t end) {
    std::vector<float> values;
    for (int64_t i = begin; i < end; ++i) values.insert(values.end(), {1.f * i, -1.f * i});
    return values;
  }
  // Row by row two at a time; ends with CANCELLED before row `last`.
  FeatureProducer Count(int64_t last = kRows) {
    return [this, last](int64_t begin, int64_t end, FeatureSink& sink) -> absl::Status {
      asked_.emplace_back(begin, end);
      for (int64_t i = begin; i < end; i += 2) {
        if (i >= last) return absl::CancelledError("drained");
        const absl::Status status = sink.Append(Rows(i, std::min(i + 2, end)));
        if (!status.ok()) return status;
      }
      return absl::OkStatus();
    };
  }
  void ExpectWhole(const absl::StatusOr<std::shared_ptr<const FeatureBlock>>& block) {
    ASSERT_TRUE(block.ok()) << block.status();
    EXPECT_EQ(Values(**block), Rows(0, kRows));
  }

  std::vector<std::pair<int64_t, int64_t>> asked_;
};

TEST_F(ShardedCacheTest, WhatWasInterruptedGoesOnBehindItsLastWholeShard) {
  {
    auto cache = OpenSharded();
    const auto cut = cache->GetOrCompute(Key(), shape_, Count(/*last=*/8));
    EXPECT_EQ(cut.status().code(), absl::StatusCode::kCancelled);
    EXPECT_FALSE(fs::exists(FileOf(Key(), 2))) << "rows 6 and 7 are lost: their shard is not whole";
  }
  auto cache = OpenSharded();
  ExpectWhole(cache->GetOrCompute(Key(), shape_, Count()));
  ExpectWhole(cache->GetOrCompute(Key(), shape_, Count()));
  EXPECT_THAT(asked_, ElementsAre(std::pair(0, 10), std::pair(6, 10)));
  EXPECT_EQ(cache->misses(), 4);
  EXPECT_EQ(cache->hits(), 6 + 10);
}

TEST_F(ShardedCacheTest, OnlyWhatIsGoneOrTornIsComputedAgain) {
  auto cache = OpenSharded();
  ExpectWhole(cache->GetOrCompute(Key(), shape_, Count()));
  fs::remove(FileOf(Key(), 0));
  fs::resize_file(FileOf(Key(), 3), 4'100);
  ExpectWhole(cache->GetOrCompute(Key(), shape_, Count()));
  EXPECT_THAT(asked_, ElementsAre(std::pair(0, 10), std::pair(0, 3), std::pair(9, 10)));
}

TEST_F(ShardedCacheTest, AShardThatAnotherProcessEvictsMeanwhileStaysWhole) {
  auto cache = OpenSharded();
  const FeatureProducer produce = Count();
  ExpectWhole(cache->GetOrCompute(
      Key(), shape_, [&](int64_t begin, int64_t end, FeatureSink& sink) -> absl::Status {
        const absl::Status status = produce(begin, end, sink);
        for (int shard = 0; shard < 4; ++shard) fs::remove(FileOf(Key(), shard));
        return status;
      }));
}

TEST_F(ShardedCacheTest, MoreOrFewerRowsThanAskedForAreAnError) {
  auto cache = OpenSharded();
  for (const int64_t rows : {kRows - 1, kRows + 1}) {
    const auto block = cache->GetOrCompute(
        Key(absl::StrCat(rows)), shape_,
        [&](int64_t, int64_t, FeatureSink& sink) { return sink.Append(Rows(0, rows)); });
    EXPECT_EQ(block.status().code(), absl::StatusCode::kDataLoss) << rows;
  }
}

// A file that cannot be read now may be a good one.
TEST_F(ShardedCacheTest, WhatCannotBeReadIsLeftAloneAndDoneInMemory) {
  auto cache = OpenSharded();
  fs::create_directory(FileOf(Key(), 1));  // can be opened, but neither mapped nor replaced
  const auto block = cache->GetOrCompute(Key(), shape_, Count());
  ExpectWhole(block);
  EXPECT_TRUE(fs::is_directory(FileOf(Key(), 1)));
  EXPECT_EQ((*block)->bytes_in_memory(), 7 * 2 * sizeof(float));
}

// Files of this process cannot grow beyond `bytes` while this lives: what a full disk looks like.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }

 private:
  void (*const handler_)(int);
  rlimit before_;
};

TEST_F(ShardedCacheTest, AFullDiskIsNoErrorWhileTheRestFitsInMemory) {
  auto cache = OpenSharded();
  const FileSizeLimit limit(4'096 + 4);  // not one row
  const auto block = cache->GetOrCompute(Key(), shape_, Count());
  ExpectWhole(block);
  EXPECT_EQ((*block)->bytes_in_memory(), shape_.bytes());
  EXPECT_EQ(cache->bytes(), 0u) << "nothing torn stays behind";
}

// A disk with so much room beside the files of the cache.
class ReservedCacheTest : public ShardedCacheTest {
 protected:
  std::unique_ptr<FeatureCache> OpenReserved(uint64_t room, uint64_t reserve) {
    FeatureCache::Options options;
    options.folder = folder_->path();
    options.clock = &clock_;
    options.rows_per_shard = 3;
    options.min_free_disk_bytes = reserve;
    options.free_disk = [room](const fs::path& folder) -> absl::StatusOr<uint64_t> {
      uint64_t used = 0;
      for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.is_regular_file()) used += entry.file_size();
      }
      return used < room ? room - used : 0;
    };
    auto cache = FeatureCache::Open(options);
    EXPECT_TRUE(cache.ok()) << cache.status();
    return *std::move(cache);
  }
};

TEST_F(ReservedCacheTest, WhatWouldTouchTheReserveIsHeldInMemory) {
  auto cache = OpenReserved(/*room=*/1 << 20, /*reserve=*/1 << 20);
  const auto block = cache->GetOrCompute(Key(), shape_, Count());
  ExpectWhole(block);
  EXPECT_EQ((*block)->bytes_in_memory(), shape_.bytes());
  EXPECT_EQ(cache->bytes(), 0u);
}

TEST_F(ReservedCacheTest, OldFilesGoBeforeTheReserveIsTouched) {
  const uint64_t block_bytes = shape_.bytes() + 4 * 4'096;
  auto cache = OpenReserved(/*room=*/100'000 + block_bytes + 1'000, /*reserve=*/100'000);
  ExpectWhole(cache->GetOrCompute(Key("old"), shape_, Count()));
  ASSERT_TRUE(fs::exists(FileOf(Key("old"), 0)));
  const auto block = cache->GetOrCompute(Key("new"), shape_, Count());
  ExpectWhole(block);
  EXPECT_EQ((*block)->bytes_in_memory(), 0u) << "there was room once the old one had gone";
  EXPECT_FALSE(fs::exists(FileOf(Key("old"), 0)));
  EXPECT_TRUE(fs::exists(FileOf(Key("new"), 0)));
}

TEST_F(ReservedCacheTest, ADiskThatCannotBeLookedAtCostsTheCacheAndNotTheJob) {
  FeatureCache::Options options;
  options.folder = folder_->path();
  options.free_disk = [](const fs::path&) { return absl::InternalError("no such disk"); };
  const auto cache = FeatureCache::Open(options);
  ASSERT_TRUE(cache.ok());
  ExpectWhole((*cache)->GetOrCompute(Key(), shape_, Count()));
}

TEST_F(ShardedCacheTest, AFullDiskAndTooManyBytesForMemoryIsAnErrorThatSaysSo) {
  auto cache = OpenSharded();
  const FileSizeLimit limit(4'096 + 4);
  const auto block = cache->GetOrCompute(Key(), shape_, Count(), nullptr, shape_.bytes() - 1);
  EXPECT_EQ(block.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(IsTooLargeForMemory(block.status()));
  EXPECT_TRUE(IsTooLargeForMemory(ComputeInMemory(shape_, Count(), shape_.bytes() - 1).status()));
  ExpectWhole(ComputeInMemory(shape_, Count(), shape_.bytes()));
}

}  // namespace
}  // namespace graft::features
