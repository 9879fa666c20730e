#include "worker/fine_tune_trainer.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "core/artifacts/blob_layout.h"
#include "core/base/release_memory.h"
#include "core/base/status_macros.h"
#include "core/data/dataset_reader.h"
#include "core/nn/head.h"
#include "core/publishing/untried_precision.h"
#include "core/recipes/validate.h"
#include "core/tasks/catalog.h"
#include "wire/status.h"

namespace graft::worker {
namespace {

constexpr uint64_t kMaxDatasetManifestBytes = uint64_t{1} << 30;
constexpr int kAttemptsWithTrials = 2;  // a job fails at its third crash, unless told otherwise

}  // namespace

absl::StatusOr<std::unique_ptr<FineTuneTrainer>> FineTuneTrainer::Create(
    Options options, artifacts::BlobStore* blobs, Clock* clock) {
  features::FeatureCache::Options cache;
  cache.folder = options.features_dir;
  cache.max_bytes = options.feature_cache_bytes;
  cache.min_free_disk_bytes = options.min_free_disk_bytes;
  cache.clock = clock;
  GRAFT_ASSIGN_OR_RETURN(auto features, features::FeatureCache::Open(std::move(cache)));
  GRAFT_ASSIGN_OR_RETURN(engine::EngineFactories engines,
                         engine::EnginesOn(options.serving_device));
  return std::unique_ptr<FineTuneTrainer>(new FineTuneTrainer(
      std::move(options), blobs, clock, std::move(features), std::move(engines)));
}

absl::StatusOr<std::shared_ptr<const backbones::BackboneWeights>> FineTuneTrainer::Backbone(
    const std::string& id, const std::string& digest) {
  if (backbone_ != nullptr && backbone_->digest() == digest) return backbone_;
  backbone_.reset();
  auto loaded = backbones::BackboneWeights::Load(options_.weights_dir / id);
  if (!loaded.ok()) return Annotate(loaded.status(), absl::StrCat("backbone ", id));
  // Features, checkpoints and the model itself belong to the weights that were promised.
  if ((*loaded)->digest() != digest) {
    return absl::FailedPreconditionError(
        absl::StrCat("the weights of backbone ", id, " have changed since the job was started"));
  }
  backbone_ = *std::move(loaded);
  return backbone_;
}

absl::StatusOr<training::FineTuneResult> FineTuneTrainer::Train(const Run& run) {
  // Last of all: what the job held is free then, and a worker that waits needs none of it.
  const absl::Cleanup release = [] { ReleaseFreeMemory(); };
  GRAFT_ASSIGN_OR_RETURN(auto backbone, Backbone(run.lease->spec().fine_tune().backbone(),
                                                 run.lease->backbone_digest()));
  std::vector<FieldError> errors;
  const model::InputSpec& input = backbone->input();
  GRAFT_ASSIGN_OR_RETURN(const std::vector<model::StageFeatures> stages,
                         nn::StageFeaturesOf(backbone->spec(), input.height, input.width));
  // How many outputs the head has is known with the dataset, and judged again then.
  for (const FieldError& error : recipes::FindNetworkViolations(run.job->config, stages, 1)) {
    errors.push_back({absl::StrCat("spec.", error.field), error.description});
  }
  GRAFT_RETURN_IF_ERROR(InvalidFields(errors));
  const std::string& prefix = run.lease->dataset_prefix();
  GRAFT_ASSIGN_OR_RETURN(
      const std::string manifest,
      blobs_->Get(artifacts::BlobIn(prefix, artifacts::kManifestFile), kMaxDatasetManifestBytes));
  GRAFT_ASSIGN_OR_RETURN(const std::optional<std::filesystem::path> images,
                         blobs_->LocalPath(artifacts::BlobIn(prefix, artifacts::kImagesFile)));
  if (!images.has_value()) {
    return absl::UnimplementedError("datasets in a remote blob store cannot be read yet");
  }
  GRAFT_ASSIGN_OR_RETURN(const auto dataset,
                         data::DatasetReader::Open(*images, manifest, run.lease->dataset_digest()));

  GRAFT_ASSIGN_OR_RETURN(const std::unique_ptr<tasks::Task> task,
                         tasks::MakeTask(run.job->config.task, dataset->manifest()));

  training::FineTuneEnvironment environment;
  environment.dataset = dataset.get();
  environment.task = task.get();
  environment.backbone = backbone;
  environment.feature_cache = features_.get();
  environment.checkpoints = run.checkpoints;
  environment.clock = clock_;
  environment.observer = run.observer;
  environment.desired = run.desired;
  // Trials need memory that training does not: a job whose worker the kernel ends for that has all
  // its training behind it, and must not fail for them.
  const publishing::UntriedPrecision untried(absl::StrCat(
      "not tried in attempt ", run.lease->attempt(), ", in case trials ended those before"));
  environment.precision = &precision_;
  environment.novelty = &novelty_;
  environment.drift = &drift_;
  if (run.lease->attempt() > kAttemptsWithTrials) {
    environment.precision = &untried;
    environment.novelty = nullptr;
    environment.drift = nullptr;
  }
  environment.device = options_.device;
  environment.threads = options_.threads;
  return training::RunFineTune(*run.job, environment);
}

bool FineTuneTrainer::IsDrained(const absl::Status& status) const {
  return graft::training::IsDrained(status);
}

}  // namespace graft::worker
