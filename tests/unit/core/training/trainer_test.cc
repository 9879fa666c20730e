#include "core/training/trainer.h"

#include <set>

#include <ATen/Parallel.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/base/files.h"
#include "core/recipes/enum_words.h"
#include "core/tasks/classification/options.h"
#include "core/training/tensor_file.h"
#include "tests/fakes/fake_clock.h"
#include "tests/unit/core/training/toy.h"

namespace graft {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Of three classes; what few epochs on few noisy images come to.
constexpr double kBetterThanChance = 0.55;

// One attempt at a job on the toy network, with what outlives attempts passed in.
struct Attempt {
  FineTuneConfig config = {.task = ClassificationOptions{}};
  TrainingData data = ToyData(40);
  FeatureCache* cache = nullptr;
  MemoryCheckpoints* checkpoints = nullptr;
  std::function<RunSignal()> desired;
  double dropout = 0;
  int forward_batch = 32;
  uint64_t max_in_memory = kMaxFeaturesInMemory;
  Clock* clock = Clock::System();

  RecordingObserver observer;
  std::unique_ptr<ToyImages> images;
  std::unique_ptr<ToyNetwork> network;
  std::unique_ptr<RunContext> context;
  std::unique_ptr<Activations> activations;
  std::unique_ptr<Trainer> trainer;
  ResolvedFineTune job;

  absl::Status Run() {
    auto resolved = ResolveFineTune(config);
    if (!resolved.ok()) return resolved.status();
    job = *resolved;
    images = std::make_unique<ToyImages>(data.labels);
    data.images = images.get();
    network = std::make_unique<ToyNetwork>(3, dropout);
    network->batch = forward_batch;
    context = std::make_unique<RunContext>(clock, &observer, desired);
    activations =
        std::make_unique<Activations>(network.get(), &data, cache, "weights",
                                      *job.config.training.seed, context.get(), max_in_memory);
    trainer = std::make_unique<Trainer>(Trainer::Inputs{
        &job, network.get(), &data, activations.get(), checkpoints, "job", context.get()});
    return trainer->Run();
  }
  double ValidationAccuracy() {
    const auto report = trainer->Evaluate(data.validation, "validation");
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? report->accuracy : 0;
  }
};

void ExpectSameWeights(const ToyNetwork& a, const ToyNetwork& b) {
  for (const auto& [name, tensor] : a.All()) {
    EXPECT_TRUE(at::equal(tensor, b.All().at(name))) << name;
  }
}

class TrainerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    at::set_num_threads(1);
    auto folder = TempDirectory::Create();
    ASSERT_TRUE(folder.ok());
    folder_ = std::make_unique<TempDirectory>(*std::move(folder));
    auto cache = FeatureCache::Open({folder_->path()});
    ASSERT_TRUE(cache.ok());
    cache_ = *std::move(cache);
  }
  std::unique_ptr<TempDirectory> folder_;
  std::unique_ptr<FeatureCache> cache_;
};

FineTuneConfig Config(Strategy strategy) {
  FineTuneConfig config = {.task = ClassificationOptions{}};
  config.strategy = strategy;
  if (strategy != Strategy::kFeatureExtraction) {
    config.training.epochs = 8;
    config.training.head_epochs = 3;
    config.training.learning_rate = 0.05;
    config.training.batch_size = 16;
    config.training.optimizer = OptimizerKind::kAdamW;
  }
  return config;
}

TEST_F(TrainerTest, FeatureExtractionLearnsAndLeavesTheBackboneAlone) {
  Attempt attempt;
  attempt.config = Config(Strategy::kFeatureExtraction);
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_GE(attempt.ValidationAccuracy(), 0.8);
  const ToyNetwork untouched(3);
  for (const auto& [name, tensor] : untouched.All()) {
    if (name.rfind("head", 0) == 0) continue;
    EXPECT_TRUE(at::equal(tensor, attempt.network->All().at(name))) << name;
  }
  EXPECT_EQ(attempt.trainer->first_changed_stage(), 3);
  EXPECT_GT(attempt.trainer->l2(), 0);
  EXPECT_THAT(attempt.observer.epochs, Not(IsEmpty()));
}

TEST_F(TrainerTest, ASecondJobOnTheSameDataRunsNoBackboneForward) {
  Attempt first;
  first.cache = cache_.get();
  ASSERT_TRUE(first.Run().ok());
  EXPECT_EQ(first.context->counters.backbone_forward_images, 120);
  EXPECT_EQ(first.context->counters.feature_cache_misses, 120);

  Attempt second;
  second.cache = cache_.get();
  second.config.head.kind = HeadKind::kLinear;
  second.config.training.optimizer = OptimizerKind::kAdamW;  // another recipe, the same features
  ASSERT_TRUE(second.Run().ok());
  EXPECT_EQ(second.context->counters.backbone_forward_images, 0);
  EXPECT_EQ(second.network->forwards[0], 0);
  EXPECT_EQ(second.images->loaded, 0);
  EXPECT_EQ(second.context->counters.feature_cache_hits, 120);
  EXPECT_EQ(second.context->counters.feature_cache_misses, 0);
}

TEST_F(TrainerTest, AugmentedViewsAreComputedForTrainingImagesOnly) {
  Attempt attempt;
  attempt.cache = cache_.get();
  attempt.config.data.augment = true;
  attempt.config.data.augmented_views = 2;
  ASSERT_TRUE(attempt.Run().ok());
  const auto train = static_cast<int64_t>(attempt.data.train.size());
  EXPECT_EQ(attempt.network->forwards[0], 120 + 2 * train);
  EXPECT_GE(attempt.ValidationAccuracy(), kBetterThanChance);
}

TEST_F(TrainerTest, TopLayersTrainsTheLastStageOnActivationsThatAreKept) {
  Attempt attempt;
  attempt.cache = cache_.get();
  attempt.config = Config(Strategy::kTopLayers);
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_GE(attempt.ValidationAccuracy(), kBetterThanChance);
  // Stages below the cut saw each image once; no epoch ran them again.
  EXPECT_EQ(attempt.network->forwards[0], 120);
  EXPECT_EQ(attempt.network->forwards[1], 120);
  EXPECT_GT(attempt.network->forwards[2], 120);
  ASSERT_EQ(attempt.trainer->first_changed_stage(), 2);
  const auto after = attempt.network->All();
  const auto before = ToyNetwork(3).All();
  EXPECT_TRUE(at::equal(after.at("stage1.conv.weight"), before.at("stage1.conv.weight")));
  EXPECT_FALSE(at::equal(after.at("stage2.conv.weight"), before.at("stage2.conv.weight")));
  ASSERT_THAT(attempt.observer.phases, SizeIs(3));
  EXPECT_EQ(attempt.observer.phases[0].phase, "features");
  EXPECT_EQ(attempt.observer.phases[1].phase, "head");
  EXPECT_EQ(attempt.observer.phases[2].phase, "fine-tune");
}

TEST_F(TrainerTest, PassesWithoutGradientsTakeAsManyImagesAtATimeAsTheNetworkLikes) {
  for (Strategy strategy : {Strategy::kFeatureExtraction, Strategy::kTopLayers, Strategy::kFull}) {
    for (FeatureCache* cache : {static_cast<FeatureCache*>(nullptr), cache_.get()}) {
      Attempt attempt;
      attempt.config = Config(strategy);
      attempt.cache = cache;
      attempt.forward_batch = 4;
      ASSERT_TRUE(attempt.Run().ok());
      EXPECT_EQ(attempt.network->largest, 4) << NameOf(strategy);
    }
  }
}

TEST_F(TrainerTest, BatchNormStatisticsStayWhereTheyAre) {
  for (Strategy strategy : {Strategy::kTopLayers, Strategy::kFull}) {
    Attempt attempt;
    attempt.config = Config(strategy);
    ASSERT_TRUE(attempt.Run().ok());
    const auto before = ToyNetwork(3).All();
    for (const auto& [name, tensor] : attempt.network->All()) {
      if (name.find("running") == std::string::npos) continue;
      EXPECT_TRUE(at::equal(tensor, before.at(name))) << name;
    }
  }
}

TEST_F(TrainerTest, FullTrainsEveryStageOnNewAugmentationsEachEpoch) {
  Attempt attempt;
  attempt.config = Config(Strategy::kFull);
  attempt.config.training.head_epochs = 0;
  attempt.config.training.epochs = 6;
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_GE(attempt.ValidationAccuracy(), kBetterThanChance);
  EXPECT_EQ(attempt.trainer->first_changed_stage(), 0);
  const auto before = ToyNetwork(3).All();
  EXPECT_FALSE(
      at::equal(attempt.network->All().at("stage0.conv.weight"), before.at("stage0.conv.weight")));
  EXPECT_THAT(attempt.observer.epochs, SizeIs(6));
  for (int64_t entry : attempt.data.train) {
    EXPECT_THAT(attempt.images->augmentations[entry], SizeIs(6)) << "another in each epoch";
  }
  EXPECT_EQ(attempt.images->augmentations.size(), attempt.data.train.size())
      << "validation is on plain images";
}

TEST_F(TrainerTest, TheSameSeedGivesTheSameBitsAndAnotherSeedOthers) {
  for (Strategy strategy : {Strategy::kFeatureExtraction, Strategy::kTopLayers, Strategy::kFull}) {
    Attempt once, twice, other;
    once.config = twice.config = other.config = Config(strategy);
    once.dropout = twice.dropout = other.dropout = 0.3;
    other.config.training.seed = 1;
    ASSERT_TRUE(once.Run().ok());
    ASSERT_TRUE(twice.Run().ok());
    ASSERT_TRUE(other.Run().ok());
    ExpectSameWeights(*once.network, *twice.network);
    if (strategy == Strategy::kFeatureExtraction) continue;  // has nothing to draw
    EXPECT_FALSE(
        at::equal(once.network->All().at("head.weight"), other.network->All().at("head.weight")));
  }
}

// Ends the run, as a drain or a crash would, in the middle of epoch `epoch` + 1.
class InterruptedTest
    : public TrainerTest,
      public ::testing::WithParamInterface<std::tuple<Strategy, OptimizerKind, int>> {};

TEST_P(InterruptedTest, ARunThatIsTakenUpAgainEndsWithTheSameWeights) {
  const auto [strategy, optimizer, epoch] = GetParam();
  FineTuneConfig config = Config(strategy);
  config.training.optimizer = optimizer;
  config.training.early_stopping_patience = 0;

  Attempt whole;
  whole.config = config;
  whole.dropout = 0.3;
  ASSERT_TRUE(whole.Run().ok());

  MemoryCheckpoints checkpoints;
  Attempt cut;
  cut.config = config;
  cut.dropout = 0.3;
  cut.checkpoints = &checkpoints;
  int steps_left = 2;
  cut.desired = [&, last = epoch] {
    if (static_cast<int>(checkpoints.saved.size()) < last) return RunSignal::kRun;
    return --steps_left >= 0 ? RunSignal::kRun : RunSignal::kDrain;
  };
  const absl::Status status = cut.Run();
  ASSERT_TRUE(IsDrained(status)) << status;
  ASSERT_THAT(checkpoints.saved, SizeIs(epoch));

  Attempt rest;
  rest.config = config;
  rest.dropout = 0.3;
  rest.checkpoints = &checkpoints;
  ASSERT_TRUE(rest.Run().ok());
  EXPECT_EQ(rest.observer.epochs.front().epoch, epoch + 1);
  ExpectSameWeights(*whole.network, *rest.network);
  EXPECT_EQ(rest.trainer->state().best.epoch, whole.trainer->state().best.epoch);
}

INSTANTIATE_TEST_SUITE_P(
    Everywhere, InterruptedTest,
    ::testing::Combine(::testing::Values(Strategy::kTopLayers, Strategy::kFull),
                       ::testing::Values(OptimizerKind::kAdamW, OptimizerKind::kSgd),
                       // In the head phase, at its end, and in the next.
                       ::testing::Values(1, 3, 5)));

TEST_F(TrainerTest, ATornCheckpointIsPassedOverForTheOneBefore) {
  Attempt whole;
  whole.config = Config(Strategy::kTopLayers);
  ASSERT_TRUE(whole.Run().ok());

  MemoryCheckpoints checkpoints;
  Attempt cut;
  cut.config = whole.config;
  cut.checkpoints = &checkpoints;
  cut.desired = [&] { return checkpoints.saved.size() < 5 ? RunSignal::kRun : RunSignal::kDrain; };
  ASSERT_TRUE(IsDrained(cut.Run()));
  std::string& newest = checkpoints.saved.rbegin()->second;
  newest.resize(newest.size() - 100);

  Attempt rest;
  rest.config = whole.config;
  rest.checkpoints = &checkpoints;
  ASSERT_TRUE(rest.Run().ok());
  EXPECT_EQ(rest.observer.epochs.front().epoch, 5);
  EXPECT_THAT(rest.observer.logs, Contains(HasSubstr("passed over")));
  ExpectSameWeights(*whole.network, *rest.network);
}

TEST_F(TrainerTest, CancellingEndsTheRunAtTheNextStep) {
  Attempt attempt;
  attempt.config = Config(Strategy::kFull);
  int polls = 0;
  attempt.desired = [&] { return ++polls < 10 ? RunSignal::kRun : RunSignal::kCancel; };
  const absl::Status status = attempt.Run();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_FALSE(IsDrained(status));
  EXPECT_EQ(polls, 10);
}

TEST_F(TrainerTest, StoppingTrainsNoFurtherAndKeepsTheBestSoFar) {
  MemoryCheckpoints checkpoints;
  Attempt attempt;
  attempt.config = Config(Strategy::kFull);
  attempt.checkpoints = &checkpoints;
  int steps_left = 2;  // in the middle of the sixth epoch
  attempt.desired = [&] {
    if (checkpoints.saved.size() < 5) return RunSignal::kRun;
    return --steps_left >= 0 ? RunSignal::kRun : RunSignal::kStop;
  };
  const absl::Status status = attempt.Run();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(attempt.trainer->stopped());
  EXPECT_THAT(attempt.observer.epochs, SizeIs(5));
  EXPECT_GT(attempt.trainer->state().best.epoch, 0);
  // The stop is still wanted, and the best is judged all the same.
  const auto report = attempt.trainer->Evaluate(attempt.data.validation, "validation");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_DOUBLE_EQ(report->loss, attempt.trainer->state().best.loss);

  // One that was given back before it could end goes on from its checkpoint to the same end.
  Attempt next;
  next.config = attempt.config;
  next.checkpoints = &checkpoints;
  next.desired = [] { return RunSignal::kStop; };
  ASSERT_TRUE(next.Run().ok());
  EXPECT_THAT(next.observer.epochs, IsEmpty());
  EXPECT_EQ(next.images->loaded, 0) << "features were computed for nothing";
  ExpectSameWeights(*attempt.network, *next.network);
}

TEST_F(TrainerTest, StoppingBeforeTheFirstEpochEndsAsACancelThatSaysWhy) {
  for (const Strategy strategy : {Strategy::kFull, Strategy::kFeatureExtraction}) {
    Attempt attempt;
    attempt.config = Config(strategy);
    attempt.desired = [] { return RunSignal::kStop; };
    const absl::Status status = attempt.Run();
    EXPECT_TRUE(absl::IsCancelled(status)) << status;
    EXPECT_FALSE(IsDrained(status));
    EXPECT_THAT(attempt.observer.logs, Contains(HasSubstr("nothing to keep")));
  }
}

TEST_F(TrainerTest, AHeadThatIsBeingSolvedIsSolvedBeforeTheStop) {
  Attempt attempt;
  attempt.config = Config(Strategy::kFeatureExtraction);
  attempt.desired = [&] {
    const auto& phases = attempt.observer.phases;
    return !phases.empty() && phases.back().phase == "head" ? RunSignal::kStop : RunSignal::kRun;
  };
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_GE(attempt.ValidationAccuracy(), 0.8);
}

TEST_F(TrainerTest, WithoutRoomForCheckpointsARunGoesOnAndSaysSoOnce) {
  MemoryCheckpoints checkpoints;
  checkpoints.refuse = absl::ResourceExhaustedError("the disk is full");
  Attempt attempt;
  attempt.config = Config(Strategy::kFull);
  attempt.checkpoints = &checkpoints;
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_THAT(attempt.observer.checkpoints, IsEmpty());
  EXPECT_EQ(std::count(attempt.observer.warnings.begin(), attempt.observer.warnings.end(),
                       "CHECKPOINT_LEFT_OUT"),
            1);
  checkpoints.refuse = absl::InternalError("a broken disk");
  Attempt broken;
  broken.config = attempt.config;
  broken.checkpoints = &checkpoints;
  EXPECT_TRUE(absl::IsInternal(broken.Run()));
}

TEST_F(TrainerTest, DivergenceNamesThePhaseAndTheEpoch) {
  Attempt attempt;
  attempt.config = Config(Strategy::kFull);
  attempt.config.training.head_epochs = 0;
  attempt.config.training.optimizer = OptimizerKind::kSgd;
  attempt.config.training.learning_rate = 100;
  attempt.config.training.backbone_learning_rate = 100;
  attempt.config.training.gradient_clip_norm = 0;
  const absl::Status status = attempt.Run();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("diverged"));
  EXPECT_THAT(status.message(), HasSubstr("epoch"));
}

TEST_F(TrainerTest, TheBestEpochIsTheOneThatIsKept) {
  Attempt attempt;
  attempt.config = Config(Strategy::kFull);
  attempt.config.training.early_stopping_patience = 0;
  ASSERT_TRUE(attempt.Run().ok());
  double best = 1e9;
  int epoch = 0;
  for (const EpochMetrics& metrics : attempt.observer.epochs) {
    if (*metrics.validation_loss < best) {
      best = *metrics.validation_loss;
      epoch = metrics.epoch;
    }
  }
  EXPECT_EQ(attempt.trainer->state().best.epoch, epoch);
  const auto report = attempt.trainer->Evaluate(attempt.data.validation, "validation");
  ASSERT_TRUE(report.ok());
  EXPECT_NEAR(report->loss, best, 1e-6);
}

TEST_F(TrainerTest, EarlyStoppingEndsAPhaseThatNoLongerGains) {
  Attempt attempt;
  attempt.config = Config(Strategy::kTopLayers);
  attempt.config.training.epochs = 200;
  attempt.config.training.head_epochs = 100;
  attempt.config.training.early_stopping_patience = 2;
  attempt.config.training.schedule = ScheduleKind::kConstant;
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_LT(attempt.observer.epochs.size(), 200u);
  EXPECT_TRUE(attempt.trainer->early_stopped());
}

TEST_F(TrainerTest, WithoutValidationTheLastEpochIsKept) {
  Attempt attempt;
  attempt.config = Config(Strategy::kTopLayers);
  attempt.data.train.insert(attempt.data.train.end(), attempt.data.validation.begin(),
                            attempt.data.validation.end());
  std::sort(attempt.data.train.begin(), attempt.data.train.end());
  attempt.data.validation.clear();
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_EQ(attempt.trainer->state().best.epoch, 8);
  EXPECT_FALSE(attempt.observer.epochs.back().validation_loss.has_value());
}

TEST_F(TrainerTest, ActivationsThatDoNotFitAreComputedInEveryEpoch) {
  auto tiny = FeatureCache::Open({folder_->path() / "tiny", 40'000});  // features fit, maps do not
  ASSERT_TRUE(tiny.ok());
  Attempt kept, computed;
  kept.config = computed.config = Config(Strategy::kTopLayers);
  kept.cache = cache_.get();
  computed.cache = tiny->get();
  computed.max_in_memory = 0;
  ASSERT_TRUE(kept.Run().ok());
  ASSERT_TRUE(computed.Run().ok());
  EXPECT_GT(computed.network->forwards[0], kept.network->forwards[0]);
  EXPECT_THAT(computed.observer.logs, Contains(HasSubstr("too large")));
  EXPECT_GE(computed.ValidationAccuracy(), kBetterThanChance);
}

TEST_F(TrainerTest, ProgressRisesToTheEnd) {
  for (uint64_t max_in_memory : {kMaxFeaturesInMemory, uint64_t{10'000}}) {  // kept, and not
    Attempt attempt;
    attempt.config = Config(Strategy::kTopLayers);
    attempt.max_in_memory = max_in_memory;
    const absl::Status status = attempt.Run();
    ASSERT_TRUE(status.ok()) << status;
    double last = 0;
    for (const TrainingProgress& at : attempt.observer.progress) {
      EXPECT_GE(at.fraction, last);
      last = at.fraction;
    }
    EXPECT_NEAR(last, 1.0, 1e-6);
  }
}

TEST_F(TrainerTest, TheSearchForThePenaltyTellsHowFarItIs) {
  FakeClock clock;
  Attempt attempt;
  attempt.clock = &clock;
  attempt.desired = [&] {
    clock.Advance(absl::Seconds(1));
    return RunSignal::kRun;
  };
  ASSERT_TRUE(attempt.Run().ok());
  int64_t last = 0;
  for (const TrainingProgress& at : attempt.observer.progress) {
    if (at.stage != "head" || at.steps_total == 0) continue;
    EXPECT_EQ(at.steps_total, 65) << "13 penalties in 5 folds: 24 images are held out";
    EXPECT_GT(at.steps_done, last);
    last = at.steps_done;
  }
  EXPECT_GE(last, 60);
}

TEST_F(TrainerTest, AHeadThatHasNotConvergedIsWarnedOf) {
  Attempt attempt;
  attempt.config.training.epochs = 2;
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_THAT(attempt.observer.warnings, Contains("NOT_CONVERGED"));
  Attempt enough;
  ASSERT_TRUE(enough.Run().ok());
  EXPECT_THAT(enough.observer.warnings, ::testing::Not(Contains("NOT_CONVERGED")));
}

TEST_F(TrainerTest, ACheckpointHoldsTheBestEpochOnlyOnce) {
  MemoryCheckpoints checkpoints;
  Attempt attempt;
  attempt.config = Config(Strategy::kTopLayers);
  attempt.config.training.early_stopping_patience = 0;
  attempt.checkpoints = &checkpoints;
  ASSERT_TRUE(attempt.Run().ok());
  std::set<bool> seen;
  for (const CheckpointSaved& saved : attempt.observer.checkpoints) {
    const auto file = ParseTensorFile(checkpoints.saved.at(saved.epoch));
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(file->tensors.count("best/head.weight"), saved.best ? 0 : 1) << saved.epoch;
    const auto state = ParseCheckpoint(checkpoints.saved.at(saved.epoch), "job");
    ASSERT_TRUE(state.ok()) << state.status();
    EXPECT_EQ(state->best.tensors.count("head.weight"), 1) << saved.epoch;
    seen.insert(saved.best);
  }
  EXPECT_THAT(seen, SizeIs(2)) << "some epochs are the best so far and some are not";
}

// A second a poll: the time of a phase is what both attempts spent in epochs that were kept.
TEST_F(TrainerTest, ATakenUpRunKeepsTheSecondsOfItsPhases) {
  const auto seconds_of = [](const Attempt& attempt, const std::string& phase) {
    for (const auto& [name, seconds] : attempt.trainer->state().phase_seconds) {
      if (name == phase) return seconds;
    }
    return -1.0;
  };
  FakeClock clock;
  MemoryCheckpoints checkpoints;
  Attempt whole, cut, rest;
  for (Attempt* each : {&whole, &cut, &rest}) {
    each->config = Config(Strategy::kTopLayers);
    each->config.training.early_stopping_patience = 0;
    each->clock = &clock;
    each->cache = cache_.get();
    each->desired = [&, each] {
      clock.Advance(absl::Seconds(1));
      return each == &cut && checkpoints.saved.size() == 2 ? RunSignal::kDrain : RunSignal::kRun;
    };
  }
  cut.checkpoints = rest.checkpoints = &checkpoints;
  ASSERT_TRUE(whole.Run().ok());
  ASSERT_TRUE(IsDrained(cut.Run()));
  ASSERT_TRUE(rest.Run().ok());
  EXPECT_GT(seconds_of(whole, "head"), 0);
  EXPECT_DOUBLE_EQ(seconds_of(rest, "head"), seconds_of(whole, "head"));
  EXPECT_DOUBLE_EQ(seconds_of(rest, "fine-tune"), seconds_of(whole, "fine-tune"));
}

TEST_F(TrainerTest, AnInterruptedFeaturePassGoesOnWhereItWas) {
  auto cache = FeatureCache::Open({folder_->path() / "sharded", 1 << 20, Clock::System(), 32});
  ASSERT_TRUE(cache.ok());
  Attempt cut;
  cut.cache = cache->get();
  int polls = 0;
  cut.desired = [&] { return ++polls <= 3 ? RunSignal::kRun : RunSignal::kDrain; };
  EXPECT_TRUE(IsDrained(cut.Run()));
  EXPECT_EQ(cut.network->forwards[0], 96) << "three batches of 32";

  Attempt rest;
  rest.cache = cache->get();
  ASSERT_TRUE(rest.Run().ok());
  EXPECT_EQ(rest.network->forwards[0], 120 - 96);
  EXPECT_EQ(rest.images->loaded, 120 - 96);
  EXPECT_EQ(rest.context->counters.feature_cache_hits, 96);
  EXPECT_EQ(rest.context->counters.feature_cache_misses, 24);

  Attempt whole;
  ASSERT_TRUE(whole.Run().ok());
  ExpectSameWeights(*whole.network, *rest.network);
}

TEST_F(TrainerTest, ACacheThatIsTooSmallLeavesTheFeaturesInMemory) {
  auto none = FeatureCache::Open({folder_->path() / "none", 0});
  ASSERT_TRUE(none.ok());
  Attempt attempt;
  attempt.cache = none->get();
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_EQ(attempt.network->forwards[0], 120);
  EXPECT_THAT(attempt.observer.logs, Contains(HasSubstr("held in memory")));

  Attempt neither;
  neither.cache = none->get();
  neither.max_in_memory = 0;
  EXPECT_EQ(neither.Run().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(TrainerTest, OnlyAsManyViewsAsTheCacheHasRoomForAreUsedAndTheNextJobFindsThem) {
  const uint64_t plain = 4'096 + 120 * 6 * 4;
  const uint64_t view = 4'096 + ToyData(40).train.size() * 6 * 4;
  auto cache = FeatureCache::Open({folder_->path() / "two", plain + 2 * view});
  ASSERT_TRUE(cache.ok());
  const auto run = [&](Attempt& attempt) {
    attempt.cache = cache->get();
    attempt.max_in_memory = 0;
    attempt.config.data.augment = true;
    attempt.config.data.augmented_views = 4;
    ASSERT_TRUE(attempt.Run().ok());
    EXPECT_THAT(attempt.observer.logs, Contains(HasSubstr("room for 2 of 4 augmented views")));
  };
  Attempt first, second;
  run(first);
  run(second);
  EXPECT_GT(first.network->forwards[0], 120);
  EXPECT_EQ(second.context->counters.backbone_forward_images, 0);
  EXPECT_EQ(second.images->loaded, 0);
}

// The plain images validate from what is kept; views are made anew in each epoch.
TEST_F(TrainerTest, WithoutRoomForAnyViewEveryEpochMakesItsOwn) {
  auto cache = FeatureCache::Open({folder_->path() / "plain", 4'096 + 120 * 6 * 4});
  ASSERT_TRUE(cache.ok());
  Attempt attempt;
  attempt.cache = cache->get();
  attempt.max_in_memory = 0;
  attempt.config.data.augment = true;
  attempt.config.training.optimizer = OptimizerKind::kAdamW;
  attempt.config.training.epochs = 3;
  ASSERT_TRUE(attempt.Run().ok());
  EXPECT_THAT(attempt.observer.logs, Contains(HasSubstr("computed in every epoch")));
  EXPECT_EQ(attempt.network->forwards[0],
            120 + 3 * static_cast<int64_t>(attempt.data.train.size()));
}

}  // namespace
}  // namespace graft
