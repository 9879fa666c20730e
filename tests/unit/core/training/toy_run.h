#ifndef GRAFT_TESTS_UNIT_CORE_TRAINING_TOY_RUN_H_
#define GRAFT_TESTS_UNIT_CORE_TRAINING_TOY_RUN_H_

#include <functional>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"

#include "core/recipes/strategies.h"
#include "core/tasks/task.h"
#include "core/training/loop/trainer.h"
#include "tests/unit/core/training/toy.h"

namespace graft::training {

// One attempt at a job on the toy network, with what outlives attempts passed in. Of any task.
struct ToyRun {
  recipes::FineTuneConfig config;
  recipes::TaskOptions task_options;  // for a configuration that has none
  TrainingData data = ToyData(40);
  features::FeatureCache* cache = nullptr;
  MemoryCheckpoints* checkpoints = nullptr;
  std::function<RunSignal()> desired;
  double dropout = 0;
  int forward_batch = 32;
  int64_t memory = std::numeric_limits<int64_t>::max();
  uint64_t max_in_memory = features::kMaxFeaturesInMemory;
  Clock* clock = Clock::System();
  double forward_gflops = 1;
  double tuning_budget_gflops = 1e9;
  // For the toy images and the configuration as it was resolved.
  std::function<absl::StatusOr<std::unique_ptr<tasks::Task>>(const recipes::FineTuneConfig& config)>
      make_task;

  RecordingObserver observer;
  std::unique_ptr<tasks::Task> task;
  std::unique_ptr<ToyImages> images;
  std::unique_ptr<ToyNetwork> network;
  std::unique_ptr<RunContext> context;
  std::unique_ptr<Activations> activations;
  std::unique_ptr<Trainer> trainer;
  recipes::ResolvedFineTune job;

  absl::Status Run() {
    if (config.task.group() == nullptr) config.task = task_options;
    if (!config.strategy.has_value()) config.strategy = recipes::Strategy::kFeatureExtraction;
    auto resolved = recipes::ResolveFineTune(config);
    if (!resolved.ok()) return resolved.status();
    job = *resolved;
    auto made = make_task(job.config);
    if (!made.ok()) return made.status();
    task = *std::move(made);
    const absl::Status learnt = task->LearnFrom(data.train);
    if (!learnt.ok()) return learnt;
    images = std::make_unique<ToyImages>(ToyLabels(data.entries));
    data.source = images.get();
    network = std::make_unique<ToyNetwork>(static_cast<int>(task->outputs()), dropout);
    network->batch = forward_batch;
    network->memory = memory;
    context = std::make_unique<RunContext>(clock, &observer, desired);
    activations =
        std::make_unique<Activations>(network.get(), &data, cache, "weights",
                                      *job.config.training.seed, context.get(), max_in_memory);
    trainer = std::make_unique<Trainer>(
        Trainer::Inputs{&job, network.get(), task.get(), &data, activations.get(), checkpoints,
                        "job", context.get(), forward_gflops, tuning_budget_gflops});
    return trainer->Run();
  }

  // Of the trained network on the validation part; -1 where that failed.
  double ValidationFigure(absl::string_view name) {
    const auto report = trainer->Evaluate(data.validation, "validation");
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? tasks::FindFigure(report->figures, name).value_or(-1) : -1;
  }
};

inline recipes::FineTuneConfig ToyConfig(recipes::Strategy strategy) {
  recipes::FineTuneConfig config;
  config.strategy = strategy;
  if (!recipes::StrategyOf(strategy).features_stay) {
    config.training.epochs = 8;
    if (strategy != recipes::Strategy::kAuto && strategy != recipes::Strategy::kLpFt &&
        strategy != recipes::Strategy::kFromScratch) {
      config.training.head_epochs = 3;
    }
    config.training.learning_rate = 0.05;
    config.training.batch_size = 16;
    config.training.optimizer = recipes::OptimizerKind::kAdamW;
  }
  return config;
}

}  // namespace graft::training

#endif  // GRAFT_TESTS_UNIT_CORE_TRAINING_TOY_RUN_H_
