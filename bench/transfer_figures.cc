// What transfer learning reaches on a folder of class folders: accuracy on held-out images, fold by
// fold, with the time each part took and the backbone's work, for any strategy.
//
//   graft_bench_transfer --dataset DIR --weights DIR/efficientnet_lite0 [--strategy top_layers ...]

#include <cmath>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"

#include "bench/folder_dataset.h"
#include "core/backbones/weights_catalog.h"
#include "core/base/files.h"
#include "core/features/feature_cache.h"
#include "core/recipes/enum_words.h"
#include "core/tasks/classification/task.h"
#include "core/training/fine_tune.h"

namespace graft {
namespace {

double Of(const tasks::Figures& figures, const char* name) {
  return tasks::FindFigure(figures, name).value_or(NAN);
}

class Printer final : public training::TrainingObserver {
 public:
  explicit Printer(bool verbose) : verbose_(verbose) {}
  void OnEpoch(const training::EpochMetrics& metrics) override {
    if (!verbose_) return;
    std::printf("  %s epoch %d: loss %.4f accuracy %.3f validation %.4f %.3f, %.0f images/s\n",
                metrics.phase.c_str(), metrics.epoch, Of(metrics.train, "loss"),
                Of(metrics.train, "accuracy"), Of(metrics.validation, "loss"),
                Of(metrics.validation, "accuracy"), metrics.images_per_second);
    std::fflush(stdout);
  }
  void OnWarning(const tasks::TrainingWarning& warning) override {
    if (verbose_) std::printf("  %s: %s\n", warning.code.c_str(), warning.message.c_str());
  }
  void OnLog(const std::string& line) override {
    if (verbose_) std::printf("  %s\n", line.c_str());
  }

 private:
  const bool verbose_;
};

struct Arguments {
  std::string dataset;
  std::string weights;
  std::string strategy = "feature_extraction";
  std::string head = "linear";
  int folds = 5;
  int run_folds = 0;
  int repeats = 1;
  std::string save_folds;
  std::string cache;
  int threads = 2;
  uint64_t seed = 0;
  bool verbose = false;
  recipes::FineTuneConfig config = {.task = tasks::ClassificationOptions{}};
};

// The part that the report is on.
const char* ReportedPart(const data::DatasetReader& dataset) {
  return dataset.manifest().HasSplit(data::Split::kTest) ? "test" : "validation";
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}

// What an option of this type may be, as its words.
template <typename Enum>
std::vector<std::string> Words(Enum any) {
  std::vector<std::string> words;
  for (const recipes::EnumWord<Enum>& each : recipes::WordsOf(any)) words.emplace_back(each.word);
  return words;
}

int Run(Arguments& arguments) {
  recipes::FineTuneConfig& config = arguments.config;
  config.strategy = recipes::FromName<recipes::Strategy>(arguments.strategy);
  config.head.kind = recipes::FromName<model::HeadKind>(arguments.head);
  const auto backbone = backbones::BackboneWeights::Load(arguments.weights);
  if (!backbone.ok()) return Fail(backbone.status());
  const auto scratch = TempDirectory::Create();
  if (!scratch.ok()) return Fail(scratch.status());
  const auto cache = features::FeatureCache::Open({arguments.cache.empty()
                                                       ? scratch->path() / "features"
                                                       : std::filesystem::path(arguments.cache)});
  if (!cache.ok()) return Fail(cache.status());

  const int run = arguments.run_folds > 0 ? arguments.run_folds : arguments.folds;
  std::vector<double> accuracies;
  std::ofstream folds;
  if (!arguments.save_folds.empty()) folds.open(arguments.save_folds);
  Printer printer(arguments.verbose);
  for (int fold = 0; fold < run; ++fold) {
    const auto dataset =
        OpenFolder(arguments.dataset, scratch->path(), arguments.folds, fold, arguments.seed);
    if (!dataset.ok()) return Fail(dataset.status());
    for (const data::DatasetEntry& entry : (*dataset)->manifest().entries) {
      if (entry.split == data::Split::kTest) folds << fold << '\t' << entry.name << '\n';
    }
    training::FineTuneEnvironment environment;
    environment.dataset = dataset->get();
    environment.backbone = *backbone;
    environment.feature_cache = cache->get();
    environment.observer = &printer;
    environment.threads = arguments.threads;
    for (int repeat = 0; repeat < arguments.repeats; ++repeat) {
      config.training.seed = arguments.seed + static_cast<uint64_t>(repeat);
      const absl::StatusOr<recipes::ResolvedFineTune> job = recipes::ResolveFineTune(config);
      if (!job.ok()) return Fail(job.status());
      const auto task = tasks::ClassificationTask::Create(
          (*dataset)->manifest(), job->config.task.As<tasks::ClassificationOptions>());
      if (!task.ok()) return Fail(task.status());
      environment.task = task->get();
      const absl::Duration start = Clock::System()->Monotonic();
      const auto result = training::RunFineTune(*job, environment);
      if (!result.ok()) return Fail(result.status());
      const double seconds = absl::ToDoubleSeconds(Clock::System()->Monotonic() - start);
      std::printf(
          "fold %d seed %ld: %s accuracy %.2f %% (macro F1 %.3f, ECE %.3f) on %ld images; best "
          "epoch %d; %.1f s, %ld images through the backbone, cache hits %ld misses %ld\n",
          fold + 1, static_cast<long>(*config.training.seed), ReportedPart(**dataset),
          100 * Of(result->report.figures, "accuracy"), Of(result->report.figures, "macro_f1"),
          Of(result->report.figures, "calibration_error"),
          static_cast<long>(result->report.examples), result->best_epoch, seconds,
          static_cast<long>(result->counters.backbone_forward_images),
          static_cast<long>(result->counters.feature_cache_hits),
          static_cast<long>(result->counters.feature_cache_misses));
      std::fflush(stdout);
      accuracies.push_back(Of(result->report.figures, "accuracy"));
    }
  }
  double sum = 0;
  for (const double accuracy : accuracies) sum += accuracy;
  std::printf("mean of %d folds, %d seeds each: %.2f %%\n", run, arguments.repeats,
              100 * sum / static_cast<double>(accuracies.size()));
  return 0;
}

}  // namespace
}  // namespace graft

int main(int argc, char** argv) {
  graft::Arguments arguments;
  graft::recipes::FineTuneConfig& config = arguments.config;
  config.data.validation_fraction = 0;
  CLI::App app("Accuracy of transfer learning on held-out folds of a folder of class folders");
  app.add_option("--dataset", arguments.dataset, "folder of class folders")->required();
  app.add_option("--weights", arguments.weights, "folder of one imported backbone")->required();
  app.add_option("--strategy", arguments.strategy)
      ->check(CLI::IsMember(graft::Words(graft::recipes::Strategy{})));
  app.add_option("--head", arguments.head)
      ->check(CLI::IsMember(graft::Words(graft::model::HeadKind{})));
  app.add_option("--folds", arguments.folds)->check(CLI::Range(2, 100));
  app.add_option("--run-folds", arguments.run_folds, "only the first of them; 0: all");
  app.add_option("--repeats", arguments.repeats,
                 "seeds a fold; those after the first use the cache")
      ->check(CLI::Range(1, 100));
  app.add_option("--save-folds", arguments.save_folds,
                 "write the folds to this file, for reference_article.py");
  app.add_option("--cache", arguments.cache, "keep features here, for the next run too");
  app.add_option("--threads", arguments.threads);
  app.add_option("--seed", arguments.seed);
  app.add_flag("--verbose", arguments.verbose, "every epoch");
  const auto number = [&app](const char* name, auto& field) {
    app.add_option_function<double>(name, [&field](double value) {
      field = static_cast<typename std::decay_t<decltype(field)>::value_type>(value);
    });
  };
  number("--validation", config.data.validation_fraction);
  number("--epochs", config.training.epochs);
  number("--head-epochs", config.training.head_epochs);
  number("--batch", config.training.batch_size);
  number("--lr", config.training.learning_rate);
  number("--backbone-lr", config.training.backbone_learning_rate);
  number("--stages", config.training.trainable_stages);
  number("--clip", config.training.gradient_clip_norm);
  number("--l2", config.training.l2);
  number("--views", config.data.augmented_views);
  number("--augment", config.data.augment);
  CLI11_PARSE(app, argc, argv);
  return graft::Run(arguments);
}
