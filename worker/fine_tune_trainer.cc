#include "worker/fine_tune_trainer.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

#include "core/base/release_memory.h"
#include "core/base/status_macros.h"
#include "core/data/dataset_reader.h"
#include "core/tasks/catalog.h"
#include "wire/status.h"

namespace graft {
namespace {

constexpr uint64_t kMaxDatasetManifestBytes = uint64_t{1} << 30;

// What the job learns, with its options resolved.
absl::StatusOr<TaskSettings> SettingsOf(const v1::Task& task, const FineTuneConfig& config) {
  switch (task.task_case()) {
    case v1::Task::kClassification: {
      ClassificationSettings settings;
      settings.label_smoothing = config.label_smoothing.value_or(0);
      settings.balanced = config.class_weighting == ClassWeighting::kBalanced;
      return settings;
    }
    case v1::Task::kMultilabel: {
      MultilabelSettings settings;
      settings.balanced = task.multilabel().class_weighting() == v1::CLASS_WEIGHTING_BALANCED;
      return settings;
    }
    case v1::Task::kRegression: {
      RegressionSettings settings;
      if (task.regression().loss() == v1::REGRESSION_LOSS_SQUARED) {
        settings.loss = RegressionLossKind::kSquared;
      }
      if (task.regression().has_huber_delta()) {
        settings.huber_delta = task.regression().huber_delta();
      }
      return settings;
    }
    case v1::Task::TASK_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError(
      "the job has no task, or one that this worker does not know: is it older than the server?");
}

}  // namespace

absl::StatusOr<std::unique_ptr<FineTuneTrainer>> FineTuneTrainer::Create(Options options,
                                                                         BlobStore* blobs,
                                                                         Clock* clock) {
  FeatureCache::Options cache;
  cache.folder = options.features_dir;
  cache.max_bytes = options.feature_cache_bytes;
  cache.clock = clock;
  GRAFT_ASSIGN_OR_RETURN(auto features, FeatureCache::Open(std::move(cache)));
  return std::unique_ptr<FineTuneTrainer>(
      new FineTuneTrainer(std::move(options), blobs, clock, std::move(features)));
}

absl::StatusOr<std::shared_ptr<const BackboneWeights>> FineTuneTrainer::Backbone(
    const std::string& id, const std::string& digest) {
  if (backbone_ != nullptr && backbone_->digest() == digest) return backbone_;
  backbone_.reset();
  auto loaded = BackboneWeights::Load(options_.weights_dir / id);
  if (!loaded.ok()) return Annotate(loaded.status(), absl::StrCat("backbone ", id));
  // Features, checkpoints and the model itself belong to the weights that were promised.
  if ((*loaded)->digest() != digest) {
    return absl::FailedPreconditionError(
        absl::StrCat("the weights of backbone ", id, " have changed since the job was started"));
  }
  backbone_ = *std::move(loaded);
  return backbone_;
}

absl::StatusOr<FineTuneResult> FineTuneTrainer::Train(const Run& run) {
  // Last of all: what the job held is free then, and a worker that waits needs none of it.
  const absl::Cleanup release = [] { ReleaseFreeMemory(); };
  GRAFT_ASSIGN_OR_RETURN(auto backbone, Backbone(run.lease->spec().fine_tune().backbone(),
                                                 run.lease->backbone_digest()));
  std::vector<FieldError> errors;
  for (const FieldViolation& violation :
       FindNetworkViolations(run.job->config, backbone->spec().feature_stages)) {
    errors.push_back({absl::StrCat("spec.", violation.field), violation.message});
  }
  GRAFT_RETURN_IF_ERROR(InvalidFields(errors));
  const std::string& prefix = run.lease->dataset_prefix();
  GRAFT_ASSIGN_OR_RETURN(
      const std::string manifest,
      blobs_->Get(absl::StrCat(prefix, "/manifest.json"), kMaxDatasetManifestBytes));
  GRAFT_ASSIGN_OR_RETURN(const std::optional<std::filesystem::path> images,
                         blobs_->LocalPath(absl::StrCat(prefix, "/images.bin")));
  if (!images.has_value()) {
    return absl::UnimplementedError("datasets in a remote blob store cannot be read yet");
  }
  GRAFT_ASSIGN_OR_RETURN(const auto dataset,
                         DatasetReader::Open(*images, manifest, run.lease->dataset_digest()));

  GRAFT_ASSIGN_OR_RETURN(const TaskSettings settings,
                         SettingsOf(run.lease->spec().fine_tune().task(), run.job->config));
  GRAFT_ASSIGN_OR_RETURN(const std::unique_ptr<Task> task, MakeTask(settings, dataset->manifest()));

  FineTuneEnvironment environment;
  environment.dataset = dataset.get();
  environment.task = task.get();
  environment.backbone = backbone;
  environment.feature_cache = features_.get();
  environment.checkpoints = run.checkpoints;
  environment.clock = clock_;
  environment.observer = run.observer;
  environment.desired = run.desired;
  environment.threads = options_.threads;
  return RunFineTune(*run.job, environment);
}

bool FineTuneTrainer::IsDrained(const absl::Status& status) const {
  return graft::IsDrained(status);
}

}  // namespace graft
