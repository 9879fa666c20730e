// What a linear head reaches on few pictures of each class, by how pictures are framed: seeds draw
// the pictures to learn from, all others judge. The backbone runs over each picture once a framing.
//
//   graft_bench_few --dataset DIR --weights DIR/efficientnet_lite0 --per-class 5 --framing auto

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "bench/folder_dataset.h"
#include "core/backbones/weights_catalog.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/data/sampler.h"
#include "core/features/feature_cache.h"
#include "core/inputs/input.h"
#include "core/recipes/resolve.h"
#include "core/tasks/classification/task.h"
#include "core/training/convex/linear_head.h"
#include "core/training/data/activations.h"
#include "core/training/data/dataset_examples.h"
#include "core/training/framing_search.h"
#include "core/training/network/network_under_training.h"

namespace graft {
namespace {

struct Arguments {
  std::string dataset;
  std::string weights;
  std::string framing = "centre_crop";  // or "squeeze", "letterbox", "auto"
  std::vector<int> per_class = {5};     // 0: all but every fifth
  int draws = 10;
  int threads = 1;
  std::string cache;
};

// Entries of one draw. Of all pictures every fifth of a class judges, another fifth with each draw.
struct Draw {
  std::vector<int64_t> learn;
  std::vector<int64_t> judge;
};

Draw DrawPictures(const data::DatasetManifest& manifest, int per_class, int seed) {
  std::map<int, std::vector<int64_t>> of_class;
  for (size_t i = 0; i < manifest.entries.size(); ++i) {
    of_class[manifest.entries[i].class_index].push_back(static_cast<int64_t>(i));
  }
  Draw draw;
  for (const auto& [label, entries] : of_class) {
    // The folds of all pictures are those of seed 0, as graft_bench_transfer deals them.
    const std::vector<int> order = data::EpochOrder(static_cast<int>(entries.size()),
                                                    per_class > 0 ? static_cast<uint64_t>(seed) : 0,
                                                    /*epoch=*/label);
    for (size_t i = 0; i < entries.size(); ++i) {
      const bool learn = per_class > 0 ? order[i] < per_class : order[i] % 5 != seed % 5;
      (learn ? draw.learn : draw.judge).push_back(entries[i]);
    }
  }
  std::sort(draw.learn.begin(), draw.learn.end());
  std::sort(draw.judge.begin(), draw.judge.end());
  return draw;
}

class FewPictures {
 public:
  explicit FewPictures(const Arguments& arguments) : arguments_(arguments) {}

  absl::Status Run() {
    GRAFT_ASSIGN_OR_RETURN(backbone_, backbones::BackboneWeights::Load(arguments_.weights));
    GRAFT_ASSIGN_OR_RETURN(TempDirectory scratch, TempDirectory::Create());
    GRAFT_ASSIGN_OR_RETURN(dataset_, OpenFolder(arguments_.dataset, scratch.path(), 2, 0, 0));
    GRAFT_ASSIGN_OR_RETURN(
        cache_, features::FeatureCache::Open({arguments_.cache.empty()
                                                  ? scratch.path() / "features"
                                                  : std::filesystem::path(arguments_.cache)}));
    GRAFT_ASSIGN_OR_RETURN(task_, tasks::ClassificationTask::Create(dataset_->manifest(), {}));
    for (const int per_class : arguments_.per_class) GRAFT_RETURN_IF_ERROR(RunSize(per_class));
    return absl::OkStatus();
  }

 private:
  absl::Status RunSize(int per_class) {
    const int draws = per_class > 0 ? arguments_.draws : 5;
    double sum = 0;
    for (int seed = 0; seed < draws; ++seed) {
      const Draw draw = DrawPictures(dataset_->manifest(), per_class, seed);
      GRAFT_RETURN_IF_ERROR(task_->LearnFrom(draw.learn));
      GRAFT_ASSIGN_OR_RETURN(const model::Framing framing, FramingFor(draw));
      GRAFT_ASSIGN_OR_RETURN(const at::Tensor features, Features(framing));
      GRAFT_ASSIGN_OR_RETURN(const training::LinearHeadFit fit,
                             training::FitLinearHead(ProblemOf(draw, features), {}, nullptr));
      const at::Tensor judge = at::tensor(draw.judge);
      const at::Tensor answers = fit.model.Outputs(features.index_select(0, judge)).argmax(1);
      const double accuracy =
          100 * answers.eq(task_->TargetsOf(draw.judge)).to(at::kDouble).mean().item<double>();
      std::printf("  seed %d: %.2f %% of %zu, %s, l2 %.3g, %s\n", seed, accuracy, draw.judge.size(),
                  std::string(model::FramingName(framing)).c_str(), fit.l2,
                  std::string(training::FeatureScalingName(fit.scaling)).c_str());
      std::fflush(stdout);
      sum += accuracy;
    }
    std::printf("%s a class, %s, %d draws: %.2f %%\n",
                per_class > 0 ? std::to_string(per_class).c_str() : "four fifths of all",
                arguments_.framing.c_str(), draws, sum / draws);
    std::fflush(stdout);
    return absl::OkStatus();
  }

  training::LinearHeadProblem ProblemOf(const Draw& draw, const at::Tensor& features) const {
    training::LinearHeadProblem problem;
    problem.features = features.index_select(0, at::tensor(draw.learn));
    problem.targets = task_->TargetsOf(draw.learn);
    problem.plain_rows = static_cast<int64_t>(draw.learn.size());
    problem.strata = task_->Strata(problem.targets);
    problem.validation_features = features.slice(0, 0, 0);
    problem.validation_targets = task_->targets().slice(0, 0, 0);
    problem.loss = task_->convex_loss();
    problem.search =
        training::PlanPenaltySearch(problem.plain_rows, features.size(1), task_->outputs(), 0);
    return problem;
  }

  absl::StatusOr<model::Framing> FramingFor(const Draw& draw) {
    for (const model::Framing each :
         {model::Framing::kCentreCrop, model::Framing::kSqueeze, model::Framing::kLetterbox}) {
      if (arguments_.framing == model::FramingName(each)) return each;
    }
    GRAFT_ASSIGN_OR_RETURN(
        const std::vector<training::JudgedFraming> judged,
        training::JudgeFramings(training::FramingsToTry(backbone_->input().framing),
                                [&](model::Framing framing) -> absl::StatusOr<double> {
                                  GRAFT_ASSIGN_OR_RETURN(const at::Tensor features,
                                                         Features(framing));
                                  return training::JudgeLinearHead(ProblemOf(draw, features), {});
                                }));
    return training::BestFraming(judged);
  }

  // Of all pictures.
  absl::StatusOr<at::Tensor> Features(model::Framing framing) {
    const auto found = features_.find(framing);
    if (found != features_.end()) return found->second;
    model::InputSpec input = backbone_->input();
    input.framing = framing;
    training::DatasetExamples examples(dataset_.get(), inputs::InputFor(input), arguments_.threads);
    GRAFT_ASSIGN_OR_RETURN(const training::TrainingData data,
                           training::MakeTrainingData(&examples, {}));
    recipes::FineTuneConfig config;
    GRAFT_ASSIGN_OR_RETURN(const model::HeadSpec head,
                           training::HeadFor(config, *backbone_, task_->outputs()));
    GRAFT_ASSIGN_OR_RETURN(const auto network,
                           training::NetworkUnderTraining::Create(*backbone_, head, 0));
    training::TrainingObserver nobody;
    training::RunContext context(Clock::System(), &nobody, nullptr);
    training::Activations activations(network.get(), &data, cache_.get(), backbone_->digest(), 0,
                                      &context);
    const int stage = network->stages();
    for (const recipes::CutPlan& plan : activations.Plan({stage}, 0)) {
      GRAFT_RETURN_IF_ERROR(activations.Prepare(plan));
    }
    std::vector<int64_t> all(static_cast<size_t>(data.entries));
    std::iota(all.begin(), all.end(), int64_t{0});
    return features_[framing] = activations.Rows(stage, 0, all);
  }

  const Arguments& arguments_;
  std::shared_ptr<const backbones::BackboneWeights> backbone_;
  std::unique_ptr<data::DatasetReader> dataset_;
  std::unique_ptr<features::FeatureCache> cache_;
  std::unique_ptr<tasks::ClassificationTask> task_;
  std::map<model::Framing, at::Tensor> features_;
};

}  // namespace
}  // namespace graft

int main(int argc, char** argv) {
  graft::Arguments arguments;
  CLI::App app("Accuracy of a linear head on few pictures of each class");
  app.add_option("--dataset", arguments.dataset, "folder of class folders")->required();
  app.add_option("--weights", arguments.weights, "folder of one imported backbone")->required();
  app.add_option("--framing", arguments.framing)
      ->check(CLI::IsMember({"centre_crop", "squeeze", "letterbox", "auto"}));
  app.add_option("--per-class", arguments.per_class,
                 "pictures of each class to learn from; several sizes are run in turn; 0: four "
                 "fifths of all, the rest judges")
      ->delimiter(',')
      ->check(CLI::Range(0, 100'000));
  app.add_option("--draws", arguments.draws, "seeds 0, 1, ...")->check(CLI::Range(1, 1'000));
  app.add_option("--threads", arguments.threads)->check(CLI::Range(1, 256));
  app.add_option("--cache", arguments.cache, "keep features here, for the next run too");
  CLI11_PARSE(app, argc, argv);
  at::set_num_threads(arguments.threads);
  const absl::Status status = graft::FewPictures(arguments).Run();
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}
