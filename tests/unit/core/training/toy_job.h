#ifndef GRAFT_TESTS_UNIT_CORE_TRAINING_TOY_JOB_H_
#define GRAFT_TESTS_UNIT_CORE_TRAINING_TOY_JOB_H_

#include <memory>
#include <utility>

#include <ATen/Parallel.h>

#include "gtest/gtest.h"

#include "core/base/files.h"
#include "core/tasks/classification/task.h"
#include "tests/unit/core/training/toy_run.h"

namespace graft::training {

// Of three classes; what few epochs on few noisy images come to.
inline constexpr double kBetterThanChance = 0.55;

// A run that tells the three classes apart.
struct Attempt : ToyRun {
  Attempt() {
    task_options = tasks::ClassificationOptions{};
    make_task = [](const recipes::FineTuneConfig& resolved)
        -> absl::StatusOr<std::unique_ptr<tasks::Task>> {
      auto made = tasks::ClassificationTask::Create(
          {"ant", "bee", "cat"}, ToyLabels(120), resolved.task.As<tasks::ClassificationOptions>());
      if (!made.ok()) return made.status();
      return std::unique_ptr<tasks::Task>(*std::move(made));
    };
  }
  double ValidationAccuracy() { return ValidationFigure("accuracy"); }
};

inline void ExpectSameWeights(const ToyNetwork& a, const ToyNetwork& b) {
  for (const auto& [name, tensor] : a.All()) {
    EXPECT_TRUE(at::equal(tensor, b.All().at(name))) << name;
  }
}

// A folder and a feature cache in it.
class ToyTrainerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    at::set_num_threads(1);
    auto folder = TempDirectory::Create();
    ASSERT_TRUE(folder.ok());
    folder_ = std::make_unique<TempDirectory>(*std::move(folder));
    auto cache = features::FeatureCache::Open({folder_->path()});
    ASSERT_TRUE(cache.ok());
    cache_ = *std::move(cache);
  }
  std::unique_ptr<TempDirectory> folder_;
  std::unique_ptr<features::FeatureCache> cache_;
};

}  // namespace graft::training

#endif  // GRAFT_TESTS_UNIT_CORE_TRAINING_TOY_JOB_H_
