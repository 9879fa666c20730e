#include "core/serving/network_loader.h"

#include <algorithm>
#include <utility>

#include <ATen/Parallel.h>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

#include "core/artifacts/blob_layout.h"
#include "core/artifacts/safetensors/safetensors.h"
#include "core/base/error_reasons.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "core/data/transforms.h"
#include "core/nn/forward_memory.h"
#include "core/nn/head.h"
#include "core/nn/state_dict.h"
#include "core/nn/torch_error.h"
#include "core/serving/batch_policy.h"

namespace graft::serving {
namespace {

constexpr int kMostRows = 1 << 20;  // no bound of its own

// The bytes are the published ones, so what is wrong in them was wrong when they were written.
absl::Status Lost(const absl::Status& status, absl::string_view file) {
  if (status.ok() || status.code() == absl::StatusCode::kResourceExhausted) return status;
  return absl::DataLossError(absl::StrCat(file, ": ", status.message()));
}

// Which stages of a backbone a model runs, and whose weights they have.
struct StagePlan {
  int shared = 0;            // [0, shared) are the backbone's as they are
  int cut = 0;               // [0, cut) make the features
  std::vector<int> changed;  // those of [0, cut) that are the model's own, bottom first
};

// DATA_LOSS where the description does not go with the backbone.
absl::StatusOr<StagePlan> PlanStages(const model::ModelDescription& description,
                                     const nn::NetworkSpec& spec) {
  StagePlan plan;
  plan.cut = spec.FindStage(description.cut_point) + 1;
  if (plan.cut < 1 || plan.cut > spec.feature_stages) {
    return absl::DataLossError(absl::StrCat("description: cut point \"", description.cut_point,
                                            "\" is not a stage of ", spec.architecture));
  }
  plan.shared = plan.cut;
  for (const std::string& name : description.changed_stages) {
    const int stage = spec.FindStage(name);
    if (stage < 0 || stage >= plan.cut) {
      return absl::DataLossError(absl::StrCat("description: changed stage \"", name,
                                              "\" is not one of ", spec.architecture,
                                              " up to the cut point"));
    }
    plan.changed.push_back(stage);
  }
  // Unchanged stages at the top are the backbone's too; there are none in what training writes.
  while (plan.shared > 0 && std::find(plan.changed.begin(), plan.changed.end(), plan.shared - 1) !=
                                plan.changed.end()) {
    --plan.shared;
  }
  return plan;
}

// What a pass holds to its end of the stages that a head reads, for one input. DATA_LOSS where the
// backbone gives other features than the head was made for.
absl::StatusOr<uint64_t> TapBytes(const model::ModelDescription& description,
                                  const nn::NetworkSpec& spec) {
  if (description.head.taps.empty()) return 0;
  GRAFT_ASSIGN_OR_RETURN(
      const std::vector<model::StageFeatures> stages,
      nn::StageFeaturesOf(spec, description.input.height, description.input.width));
  uint64_t bytes = 0;
  for (const model::StageFeatures& tap : description.head.taps) {
    if (std::find(stages.begin(), stages.end(), tap) == stages.end()) {
      return absl::DataLossError(absl::StrCat("the stage \"", tap.stage, "\" of ",
                                              spec.architecture,
                                              " does not give the features that the head reads"));
    }
    bytes += static_cast<uint64_t>(tap.features.channels * tap.features.places()) * sizeof(float);
  }
  return bytes;
}

uint64_t StageBytes(const nn::Network& network, const std::vector<int>& stages) {
  uint64_t bytes = 0;
  for (const int stage : stages) bytes += TensorBytes(network.NamedTensors(stage, stage + 1));
  return bytes;
}

// A network with the backbone's tensors, but for the changed stages, which come from `file`.
absl::StatusOr<std::unique_ptr<nn::Network>> ChangedNetwork(
    const StagePlan& plan, const SharedBackbone& backbone, const artifacts::SafetensorsFile& file) {
  GRAFT_ASSIGN_OR_RETURN(std::unique_ptr<nn::Network> network,
                         nn::Network::CreateEmpty(backbone.weights->spec()));
  for (const nn::NamedTensor& shared : backbone.network->NamedTensors(0, plan.shared)) {
    GRAFT_RETURN_IF_ERROR(network->SetTensor(shared.name, shared.tensor));
  }
  for (const int stage : plan.changed) {
    GRAFT_RETURN_IF_ERROR(nn::LoadStages(file, stage, stage + 1, nn::LoadMode::kBorrow, *network));
  }
  return network;
}

// DATA_LOSS names a tensor that is neither of the head nor of a changed stage.
absl::Status CheckNothingElse(const artifacts::SafetensorsFile& file, const StagePlan& plan,
                              const nn::Network* changed, const nn::Network& head) {
  absl::flat_hash_set<std::string> expected;
  for (const nn::NamedTensor& tensor : head.NamedTensors()) expected.insert(tensor.name);
  for (const int stage : plan.changed) {
    for (const nn::NamedTensor& tensor : changed->NamedTensors(stage, stage + 1)) {
      expected.insert(tensor.name);
    }
  }
  for (const artifacts::TensorView& tensor : file.tensors()) {
    if (!expected.contains(tensor.name)) {
      return absl::DataLossError(absl::StrCat(artifacts::kModelFile, ": tensor \"", tensor.name,
                                              "\" belongs to no changed stage or head"));
    }
  }
  return absl::OkStatus();
}

// What went wrong with a version, as whoever asked for it is told.
absl::Status Explained(const absl::Status& status, const ModelKey& key) {
  const std::string name = absl::StrCat("model \"", key.model, "\" version ", key.version);
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return WithReason(status, reasons::kModelNotFound);
    case absl::StatusCode::kDataLoss:
      return WithReason(Annotate(status, name), reasons::kModelDamaged);
    case absl::StatusCode::kFailedPrecondition:
      return WithReason(Annotate(status, name), reasons::kBackboneNotInstalled);
    default:
      return Annotate(status, name);
  }
}

absl::StatusOr<std::shared_ptr<const backbones::BackboneWeights>> FindWeights(
    const backbones::WeightsCatalog& weights, const model::ModelDescription& description) {
  std::shared_ptr<const backbones::BackboneWeights> found =
      weights.FindByDigest(description.backbone_digest);
  if (found != nullptr) return found;
  return absl::FailedPreconditionError(absl::StrCat(
      "backbone \"", description.backbone, "\" with the weights the model was made on (sha256 ",
      description.backbone_digest, ") is not installed: import those weights again"));
}

absl::StatusOr<model::ModelDescription> ReadDescription(absl::string_view json) {
  absl::StatusOr<model::ModelDescription> description = model::ModelDescriptionFromJson(json);
  if (!description.ok()) return Lost(description.status(), "description");
  return description;
}

}  // namespace

NetworkLoader::NetworkLoader(const Options& options, ModelSource* source,
                             const backbones::WeightsCatalog* weights,
                             const tasks::Decoders* decoders)
    : options_(options), source_(source), weights_(weights), decoders_(decoders) {
  if (options.intra_op_threads > 0) at::set_num_threads(options.intra_op_threads);
}

absl::StatusOr<std::shared_ptr<const SharedBackbone>> NetworkLoader::Backbone(
    std::shared_ptr<const backbones::BackboneWeights> weights, int stages) {
  absl::MutexLock lock(&mutex_);  // held while it is made: two copies would be the waste
  auto& known = backbones_[weights->digest()];
  std::erase_if(known, [](const auto& pair) { return pair.second.expired(); });
  if (const auto it = known.find(stages); it != known.end()) {
    if (std::shared_ptr<const SharedBackbone> shared = it->second.lock()) return shared;
  }
  // What another model has of it is not read again: the deepest has all that any has.
  std::shared_ptr<const SharedBackbone> deepest;
  if (!known.empty()) deepest = known.rbegin()->second.lock();
  const int there = deepest == nullptr ? 0 : std::min(deepest->stages, stages);

  auto made = std::make_shared<SharedBackbone>();
  GRAFT_ASSIGN_OR_RETURN(std::unique_ptr<nn::Network> network,
                         nn::Network::CreateEmpty(weights->spec()));
  if (there > 0) {
    for (const nn::NamedTensor& shared : deepest->network->NamedTensors(0, there)) {
      GRAFT_RETURN_IF_ERROR(network->SetTensor(shared.name, shared.tensor));
    }
  }
  GRAFT_RETURN_IF_ERROR(
      nn::LoadStages(weights->file(), there, stages, nn::LoadMode::kBorrow, *network));
  made->stages = stages;
  made->bytes = TensorBytes(network->NamedTensors(0, stages));
  made->network = std::move(network);
  made->weights = std::move(weights);
  known[stages] = made;
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

absl::StatusOr<ModelBytes> NetworkLoader::Measure(const ModelKey& key) {
  const auto measure = [&]() -> absl::StatusOr<ModelBytes> {
    GRAFT_ASSIGN_OR_RETURN(const ArtifactSummary summary, source_->Summarise(key));
    GRAFT_ASSIGN_OR_RETURN(const model::ModelDescription description,
                           ReadDescription(summary.description_json));
    GRAFT_ASSIGN_OR_RETURN(const auto weights, FindWeights(*weights_, description));
    GRAFT_ASSIGN_OR_RETURN(const StagePlan plan, PlanStages(description, weights->spec()));
    absl::StatusOr<nn::NetworkSpec> head_spec = nn::BuildHead(description.head);
    if (!head_spec.ok()) return Lost(head_spec.status(), "description");
    // Without weights, but of the sizes that they will have: everything is float32 in the end.
    GRAFT_ASSIGN_OR_RETURN(const auto network, nn::Network::CreateEmpty(weights->spec()));
    GRAFT_ASSIGN_OR_RETURN(const auto head, nn::Network::CreateEmpty(*std::move(head_spec)));
    return ModelBytes{
        .own_bytes = StageBytes(*network, plan.changed) + TensorBytes(head->NamedTensors()),
        .backbone_digest = description.backbone_digest,
        .backbone_bytes = TensorBytes(network->NamedTensors(0, plan.shared))};
  };
  absl::StatusOr<ModelBytes> measured = nn::CatchTorchErrors("measuring", measure);
  return measured.ok() ? std::move(measured) : Explained(measured.status(), key);
}

absl::StatusOr<std::shared_ptr<const Servable>> NetworkLoader::Load(
    const ModelKey& key, const std::vector<int>& warm_batch_sizes) {
  absl::StatusOr<std::shared_ptr<const Servable>> loaded =
      nn::CatchTorchErrors("loading", [&] { return Build(key, warm_batch_sizes); });
  return loaded.ok() ? std::move(loaded) : Explained(loaded.status(), key);
}

absl::StatusOr<std::shared_ptr<const Servable>> NetworkLoader::Build(
    const ModelKey& key, const std::vector<int>& warm_batch_sizes) {
  NetworkServable::Parts parts;
  parts.image_limits = options_.images;
  GRAFT_ASSIGN_OR_RETURN(parts.artifact, source_->Open(key));
  GRAFT_ASSIGN_OR_RETURN(parts.description, ReadDescription(parts.artifact->description_json()));
  const model::ModelDescription& description = parts.description;
  absl::StatusOr<std::unique_ptr<const tasks::Decoder>> decoder =
      decoders_->Make(description.task, description.outputs);
  if (absl::IsUnimplemented(decoder.status())) return decoder.status();
  if (!decoder.ok()) return Lost(decoder.status(), "description");
  parts.decoder = *std::move(decoder);
  if (parts.decoder->outputs() != description.head.outputs) {
    return absl::DataLossError(
        absl::StrCat("description: the head gives ", description.head.outputs,
                     " numbers, and the task reads ", parts.decoder->outputs()));
  }
  absl::StatusOr<std::unique_ptr<artifacts::SafetensorsFile>> file =
      artifacts::SafetensorsFile::Parse(parts.artifact->model_bytes());
  if (!file.ok()) return Lost(file.status(), artifacts::kModelFile);

  GRAFT_ASSIGN_OR_RETURN(const auto weights, FindWeights(*weights_, description));
  const nn::NetworkSpec& spec = weights->spec();
  GRAFT_ASSIGN_OR_RETURN(const StagePlan plan, PlanStages(description, spec));
  parts.cut_stage = plan.cut;
  GRAFT_ASSIGN_OR_RETURN(parts.backbone, Backbone(weights, plan.shared));
  const absl::StatusOr<int64_t> row_bytes =
      nn::PeakActivationBytes(spec, 0, plan.cut, description.input.height, description.input.width);
  if (!row_bytes.ok()) return Lost(row_bytes.status(), "description: input");
  absl::StatusOr<std::vector<int>> taps = nn::TapNodes(description.head, spec, plan.cut);
  if (!taps.ok()) return Lost(taps.status(), "description");
  parts.taps = *std::move(taps);
  const absl::StatusOr<uint64_t> tap_bytes = TapBytes(description, spec);
  if (!tap_bytes.ok()) return Lost(tap_bytes.status(), "description");
  parts.max_rows = RowsWithin(static_cast<uint64_t>(*row_bytes) + *tap_bytes,
                              options_.max_batch_bytes, kMostRows);

  parts.memory = {.backbone_digest = description.backbone_digest,
                  .backbone_bytes = parts.backbone->bytes};
  if (!plan.changed.empty()) {
    absl::StatusOr<std::unique_ptr<nn::Network>> changed =
        ChangedNetwork(plan, *parts.backbone, **file);
    if (!changed.ok()) return Lost(changed.status(), artifacts::kModelFile);
    parts.memory.own_bytes += StageBytes(**changed, plan.changed);
    parts.changed = *std::move(changed);
  }
  absl::StatusOr<nn::NetworkSpec> head_spec = nn::BuildHead(description.head);
  if (!head_spec.ok()) return Lost(head_spec.status(), "description");
  GRAFT_ASSIGN_OR_RETURN(std::unique_ptr<nn::Network> head,
                         nn::Network::CreateEmpty(*std::move(head_spec)));
  const absl::Status head_loaded =
      nn::LoadStages(**file, 0, head->num_stages(), nn::LoadMode::kBorrow, *head);
  if (!head_loaded.ok()) return Lost(head_loaded, artifacts::kModelFile);
  parts.memory.own_bytes += TensorBytes(head->NamedTensors());
  parts.head = std::move(head);
  GRAFT_RETURN_IF_ERROR(CheckNothingElse(**file, plan, parts.changed.get(), *parts.head));

  parts.batch_key = absl::StrCat(description.backbone_digest, "/", parts.cut_stage, "/",
                                 model::Digest(description.input));
  // Rows of one batch are read at the same stages and pooled alike.
  for (const model::StageFeatures& tap : description.head.taps) {
    absl::StrAppend(&parts.batch_key, "/", model::PoolingName(description.head.pooling), ":",
                    tap.stage);
  }
  if (parts.changed != nullptr) {
    absl::StrAppend(&parts.batch_key, "/", key.project, "/", key.model, "/", key.version);
  }
  auto servable = std::make_shared<const NetworkServable>(std::move(parts));
  GRAFT_RETURN_IF_ERROR(Warm(*servable, warm_batch_sizes));
  return servable;
}

}  // namespace graft::serving
