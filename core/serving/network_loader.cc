#include "core/serving/network_loader.h"

#include <utility>

#include <ATen/Parallel.h>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

#include "core/artifacts/blob_layout.h"
#include "core/artifacts/safetensors/safetensors.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "core/data/transforms.h"
#include "core/nn/forward_memory.h"
#include "core/nn/head.h"
#include "core/nn/state_dict.h"
#include "core/nn/torch_error.h"
#include "core/serving/batch_policy.h"

namespace graft {
namespace {

constexpr int kMostRows = 1 << 20;  // no bound of its own

// The bytes are the published ones, so what is wrong in them was wrong when they were written.
absl::Status Lost(const absl::Status& status, absl::string_view file) {
  if (status.ok() || status.code() == absl::StatusCode::kResourceExhausted) return status;
  return absl::DataLossError(absl::StrCat(file, ": ", status.message()));
}

// A network with the backbone's tensors, but for the changed stages, which come from `file`.
absl::StatusOr<std::unique_ptr<Network>> ChangedNetwork(const ModelDescription& description,
                                                        const SharedBackbone& backbone,
                                                        const SafetensorsFile& file) {
  const NetworkSpec& spec = backbone.weights->spec();
  GRAFT_ASSIGN_OR_RETURN(std::unique_ptr<Network> network, Network::CreateEmpty(spec));
  for (const NamedTensor& shared : backbone.network->NamedTensors(0, spec.feature_stages)) {
    GRAFT_RETURN_IF_ERROR(network->SetTensor(shared.name, shared.tensor));
  }
  for (const std::string& name : description.changed_stages) {
    const int stage = spec.FindStage(name);
    if (stage < 0 || stage >= spec.feature_stages) {
      return absl::InvalidArgumentError(
          absl::StrCat("changed stage \"", name, "\" is not one of ", spec.architecture));
    }
    GRAFT_RETURN_IF_ERROR(LoadStages(file, stage, stage + 1, LoadMode::kBorrow, *network));
  }
  return network;
}

}  // namespace

NetworkLoader::NetworkLoader(const Options& options, ModelSource* source,
                             const WeightsCatalog* weights)
    : options_(options), source_(source), weights_(weights) {
  if (options.intra_op_threads > 0) at::set_num_threads(options.intra_op_threads);
}

absl::StatusOr<std::shared_ptr<const SharedBackbone>> NetworkLoader::Backbone(
    const ModelDescription& description) {
  absl::MutexLock lock(&mutex_);  // held while it is made: two copies would be the waste
  std::weak_ptr<const SharedBackbone>& known = backbones_[description.backbone_digest];
  if (std::shared_ptr<const SharedBackbone> shared = known.lock()) return shared;

  auto made = std::make_shared<SharedBackbone>();
  made->weights = weights_->FindByDigest(description.backbone_digest);
  if (made->weights == nullptr) {
    backbones_.erase(description.backbone_digest);
    return absl::FailedPreconditionError(absl::StrCat(
        "backbone \"", description.backbone, "\" with the weights the model was made on (sha256 ",
        description.backbone_digest, ") is not installed: import those weights again"));
  }
  GRAFT_ASSIGN_OR_RETURN(made->network, made->weights->MakeNetwork(LoadMode::kBorrow));
  made->bytes = TensorBytes(made->network->NamedTensors(0, made->weights->spec().feature_stages));
  known = made;
  return made;
}

absl::Status NetworkLoader::Warm(const NetworkServable& servable,
                                 const std::vector<int>& batch_sizes) {
  const SharedBackbone& backbone = servable.backbone();
  bool features = true;
  if (servable.shares_features()) {
    absl::MutexLock lock(&backbone.mutex);
    features = !backbone.warmed.contains(servable.batch_key());
  }
  for (const int size : WarmSizesWithin(batch_sizes, servable.max_rows())) {
    GRAFT_RETURN_IF_ERROR(servable.Warm(size, features));
  }
  if (servable.shares_features()) {
    absl::MutexLock lock(&backbone.mutex);
    backbone.warmed.insert(servable.batch_key());
  }
  return absl::OkStatus();
}

absl::StatusOr<LoadedItem> NetworkLoader::Measure(const ModelKey& key) {
  GRAFT_ASSIGN_OR_RETURN(const ArtifactSummary summary, source_->Summarise(key));
  GRAFT_ASSIGN_OR_RETURN(const ModelDescription description,
                         ModelDescriptionFromJson(summary.description_json));
  const auto weights = weights_->FindByDigest(description.backbone_digest);
  if (weights == nullptr) return absl::FailedPreconditionError("its backbone is not installed");
  const NetworkSpec& spec = weights->spec();
  const int64_t parameters = CountParameters(spec, 0, spec.feature_stages);
  return LoadedItem{.own_bytes = summary.model_bytes,
                    .backbone_digest = description.backbone_digest,
                    .backbone_bytes = static_cast<uint64_t>(parameters) * sizeof(float)};
}

absl::StatusOr<std::shared_ptr<const Servable>> NetworkLoader::Load(
    const ModelKey& key, const std::vector<int>& warm_batch_sizes) {
  const std::string name = absl::StrCat("model \"", key.model, "\" version ", key.version);
  const auto load = [&]() -> absl::StatusOr<std::shared_ptr<const Servable>> {
    NetworkServable::Parts parts;
    parts.image_limits = options_.images;
    GRAFT_ASSIGN_OR_RETURN(parts.artifact, source_->Open(key));
    absl::StatusOr<ModelDescription> description =
        ModelDescriptionFromJson(parts.artifact->description_json());
    if (!description.ok()) return Lost(description.status(), "description");
    parts.description = *std::move(description);
    absl::StatusOr<ClassificationOutputs> outputs = ClassificationOutputsOf(parts.description);
    if (!outputs.ok()) return Lost(outputs.status(), "description");
    parts.outputs = *std::move(outputs);
    absl::StatusOr<std::unique_ptr<SafetensorsFile>> file =
        SafetensorsFile::Parse(parts.artifact->model_bytes());
    if (!file.ok()) return Lost(file.status(), kModelFile);

    GRAFT_ASSIGN_OR_RETURN(parts.backbone, Backbone(parts.description));
    const NetworkSpec& spec = parts.backbone->weights->spec();
    const int cut = spec.FindStage(parts.description.cut_point);
    if (cut < 0 || cut >= spec.feature_stages) {
      return absl::DataLossError(absl::StrCat("description: cut point \"",
                                              parts.description.cut_point, "\" is not a stage of ",
                                              spec.architecture));
    }
    parts.cut_stage = cut + 1;
    const absl::StatusOr<int64_t> row_bytes = PeakActivationBytes(
        spec, 0, parts.cut_stage, parts.description.input.height, parts.description.input.width);
    if (!row_bytes.ok()) return Lost(row_bytes.status(), "description: input");
    parts.max_rows =
        RowsWithin(static_cast<uint64_t>(*row_bytes), options_.max_batch_bytes, kMostRows);

    absl::flat_hash_set<std::string> expected;
    if (!parts.description.changed_stages.empty()) {
      absl::StatusOr<std::unique_ptr<Network>> changed =
          ChangedNetwork(parts.description, *parts.backbone, **file);
      if (!changed.ok()) return Lost(changed.status(), kModelFile);
      for (const std::string& stage : parts.description.changed_stages) {
        const int index = spec.FindStage(stage);
        const std::vector<NamedTensor> own = (*changed)->NamedTensors(index, index + 1);
        parts.own_bytes += TensorBytes(own);
        for (const NamedTensor& tensor : own) expected.insert(tensor.name);
      }
      parts.changed = *std::move(changed);
    }

    absl::StatusOr<NetworkSpec> head_spec = BuildHead(parts.description.head);
    if (!head_spec.ok()) return Lost(head_spec.status(), "description");
    GRAFT_ASSIGN_OR_RETURN(std::unique_ptr<Network> head,
                           Network::CreateEmpty(*std::move(head_spec)));
    const absl::Status head_loaded =
        LoadStages(**file, 0, head->num_stages(), LoadMode::kBorrow, *head);
    if (!head_loaded.ok()) return Lost(head_loaded, kModelFile);
    const std::vector<NamedTensor> head_tensors = head->NamedTensors();
    parts.own_bytes += TensorBytes(head_tensors);
    for (const NamedTensor& tensor : head_tensors) expected.insert(tensor.name);
    parts.head = std::move(head);
    for (const TensorView& tensor : (*file)->tensors()) {
      if (!expected.contains(tensor.name)) {
        return absl::DataLossError(absl::StrCat(kModelFile, ": tensor \"", tensor.name,
                                                "\" belongs to no changed stage or head"));
      }
    }

    parts.batch_key = absl::StrCat(parts.description.backbone_digest, "/", parts.cut_stage, "/",
                                   Digest(parts.description.input));
    if (parts.changed != nullptr) {
      absl::StrAppend(&parts.batch_key, "/", key.project, "/", key.model, "/", key.version);
    }
    auto servable = std::make_shared<const NetworkServable>(std::move(parts));

    GRAFT_RETURN_IF_ERROR(Warm(*servable, warm_batch_sizes));
    return servable;
  };
  absl::StatusOr<std::shared_ptr<const Servable>> loaded = CatchTorchErrors("loading", load);
  if (loaded.ok()) return loaded;
  switch (loaded.status().code()) {
    case absl::StatusCode::kNotFound:
      return WithReason(loaded.status(), "MODEL_NOT_FOUND");
    case absl::StatusCode::kDataLoss:
      return WithReason(Annotate(loaded.status(), name), "MODEL_DAMAGED");
    case absl::StatusCode::kFailedPrecondition:
      return WithReason(Annotate(loaded.status(), name), "BACKBONE_NOT_INSTALLED");
    default:
      return Annotate(loaded.status(), name);
  }
}

}  // namespace graft
