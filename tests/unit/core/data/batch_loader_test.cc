#include "core/data/batch_loader.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"

namespace graft::data {
namespace {

using testing::ElementsAre;

absl::Status Fill(int position, float* out) {
  out[0] = static_cast<float>(position);
  out[1] = static_cast<float>(position) * 0.5f;
  return absl::OkStatus();
}

BatchLoader::Options OptionsFor(int count, int batch_size, int threads) {
  BatchLoader::Options options;
  options.count = count;
  options.batch_size = batch_size;
  options.values_per_image = 2;
  options.threads = threads;
  return options;
}

TEST(BatchLoaderTest, WhatComesOutDoesNotDependOnTheThreads) {
  for (const int threads : {1, 2, 7, 100}) {
    for (const int batch_size : {1, 3, 8, 50}) {
      BatchLoader loader(OptionsFor(23, batch_size, threads), Fill);
      int position = 0;
      while (true) {
        const absl::StatusOr<std::optional<ImageBatch>> batch = loader.Next();
        ASSERT_TRUE(batch.ok()) << batch.status();
        if (!batch->has_value()) break;
        const ImageBatch& got = **batch;
        EXPECT_LE(got.positions.size(), static_cast<size_t>(batch_size));
        ASSERT_EQ(got.values.size(), 2 * got.positions.size());
        for (size_t i = 0; i < got.positions.size(); ++i, ++position) {
          EXPECT_EQ(got.positions[i], position);
          EXPECT_EQ(got.values[2 * i], static_cast<float>(position));
          EXPECT_EQ(got.values[2 * i + 1], static_cast<float>(position) * 0.5f);
        }
      }
      EXPECT_EQ(position, 23);
      EXPECT_FALSE(loader.Next()->has_value());  // and goes on saying so
    }
  }
}

TEST(BatchLoaderTest, TheLastBatchMayBeSmaller) {
  BatchLoader loader(OptionsFor(5, 2, 2), Fill);
  std::vector<size_t> sizes;
  for (auto batch = loader.Next().value(); batch.has_value(); batch = loader.Next().value()) {
    sizes.push_back(batch->positions.size());
  }
  EXPECT_THAT(sizes, ElementsAre(2u, 2u, 1u));
}

TEST(BatchLoaderTest, NoImagesGiveNoBatch) {
  BatchLoader loader(OptionsFor(0, 4, 3), [](int, float*) {
    ADD_FAILURE() << "nothing to prepare";
    return absl::OkStatus();
  });
  EXPECT_FALSE(loader.Next()->has_value());
}

TEST(BatchLoaderTest, GivesTheErrorOfTheFirstImageThatFailed) {
  // Position 5 fails only after position 6 has: the order in time must not decide.
  absl::Notification later_failed;
  BatchLoader loader(OptionsFor(12, 4, 4), [&](int position, float* out) -> absl::Status {
    if (position == 5) {
      later_failed.WaitForNotification();
      return absl::InvalidArgumentError("image 5");
    }
    if (position == 6) {
      later_failed.Notify();
      return absl::InvalidArgumentError("image 6");
    }
    return Fill(position, out);
  });
  EXPECT_TRUE(loader.Next().ok());
  EXPECT_EQ(loader.Next().status(), absl::InvalidArgumentError("image 5"));
}

TEST(BatchLoaderTest, PreparesOnlyAFewBatchesAhead) {
  BatchLoader::Options options = OptionsFor(1'000, 4, 3);
  options.batches_ahead = 2;
  std::atomic<int> highest{-1};
  BatchLoader loader(options, [&](int position, float* out) {
    int known = highest.load();
    while (position > known && !highest.compare_exchange_weak(known, position)) {
    }
    return Fill(position, out);
  });
  for (int taken = 0; taken < 100; ++taken) {
    // While batch `taken` is the next, only it and the one behind it may be begun.
    EXPECT_LT(highest.load(), (taken + 2) * 4);
    ASSERT_TRUE(loader.Next().ok());
  }
}

TEST(BatchLoaderTest, MayBeDestroyedInMidRun) {
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> running{0};
    {
      BatchLoader loader(OptionsFor(1'000, 4, 4), [&](int position, float* out) {
        ++running;
        const absl::Status status = Fill(position, out);
        --running;
        return status;
      });
      for (int i = 0; i < round % 5; ++i) ASSERT_TRUE(loader.Next().ok());
    }
    EXPECT_EQ(running, 0);
  }
}

TEST(BatchLoaderTest, MayBeDestroyedAfterAnError) {
  BatchLoader loader(OptionsFor(100, 4, 4), [](int position, float*) {
    return absl::InternalError(absl::StrCat("image ", position));
  });
  EXPECT_EQ(loader.Next().status(), absl::InternalError("image 0"));
}

}  // namespace
}  // namespace graft::data
