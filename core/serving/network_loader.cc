#include "core/serving/network_loader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <ATen/Parallel.h>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

#include "core/artifacts/blob_layout.h"
#include "core/artifacts/safetensors/finite.h"
#include "core/artifacts/safetensors/safetensors.h"
#include "core/base/error_reasons.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "core/engine/choose_precision.h"
#include "core/engine/quantized_layers.h"
#include "core/engine/segment_of_network.h"
#include "core/nn/head.h"
#include "core/nn/state_dict.h"
#include "core/nn/torch_error.h"
#include "core/serving/batch_policy.h"
#include "core/serving/drift_watch.h"
#include "core/serving/network_servable.h"

namespace graft::serving {

namespace {

constexpr int kMostRows = 1 << 20;  // no bound of its own

// The bytes are the published ones, so what is wrong in them was wrong when they were written.
absl::Status Lost(const absl::Status& status, absl::string_view file) {
  if (status.ok() || status.code() == absl::StatusCode::kResourceExhausted) return status;
  return absl::DataLossError(absl::StrCat(file, ": ", status.message()));
}

uint64_t StageBytes(const nn::Network& network, const std::vector<int>& stages) {
  uint64_t bytes = 0;
  for (const int stage : stages) bytes += TensorBytes(network.NamedTensors(stage, stage + 1));
  return bytes;
}

// The stages that the model has changed, as a network with nothing else.
absl::StatusOr<std::unique_ptr<nn::Network>> ChangedStages(const SegmentPlan& plan,
                                                           const nn::NetworkSpec& spec,
                                                           const artifacts::SafetensorsFile& file) {
  GRAFT_ASSIGN_OR_RETURN(std::unique_ptr<nn::Network> network, nn::Network::CreateEmpty(spec));
  for (const int stage : plan.changed) {
    GRAFT_RETURN_IF_ERROR(nn::LoadStages(file, stage, stage + 1, nn::LoadMode::kBorrow, *network));
  }
  return network;
}

// DATA_LOSS names a tensor that is neither of the head nor of a changed stage.
absl::Status CheckNothingElse(const artifacts::SafetensorsFile& file, const SegmentPlan& plan,
                              const nn::Network& changed, const nn::Network& head) {
  absl::flat_hash_set<std::string> expected;
  for (const nn::NamedTensor& tensor : head.NamedTensors()) expected.insert(tensor.name);
  for (const int stage : plan.changed) {
    for (const nn::NamedTensor& tensor : changed.NamedTensors(stage, stage + 1)) {
      expected.insert(tensor.name);
    }
  }
  for (const char* const name : {model::kNoveltyRows, model::kNoveltyScales}) expected.insert(name);
  for (const artifacts::TensorView& tensor : file.tensors()) {
    if (!expected.contains(tensor.name)) {
      return absl::DataLossError(absl::StrCat(artifacts::kModelFile, ": tensor \"", tensor.name,
                                              "\" belongs to no changed stage or head"));
    }
  }
  return absl::OkStatus();
}

// The training examples by which unknown inputs are told. They point into the file's bytes.
absl::StatusOr<novelty::TrainingFeatures> ReadKnown(const artifacts::SafetensorsFile& file,
                                                    const model::NoveltyRecord& record,
                                                    int64_t width) {
  const artifacts::TensorView* const rows = file.Find(model::kNoveltyRows);
  const artifacts::TensorView* const scales = file.Find(model::kNoveltyScales);
  const int64_t count = record.training_examples;
  if (rows == nullptr || scales == nullptr || record.width != width || count < 2 ||
      rows->dtype != artifacts::DType::kI8 || rows->shape != std::vector<int64_t>{count, width} ||
      scales->dtype != artifacts::DType::kF32 || scales->shape != std::vector<int64_t>{count} ||
      !artifacts::AllFinite(scales->dtype, scales->bytes)) {
    return absl::DataLossError(absl::StrCat(
        artifacts::kModelFile, ": the examples that tell unknown inputs are not as described"));
  }
  return novelty::TrainingFeatures(
      record, {reinterpret_cast<const int8_t*>(rows->bytes.data()), rows->bytes.size()},
      {reinterpret_cast<const float*>(scales->bytes.data()), static_cast<size_t>(count)});
}

uint64_t NoveltyBytes(const model::ModelDescription& description) {
  if (!description.novelty.has_value()) return 0;
  const auto examples = static_cast<uint64_t>(description.novelty->training_examples);
  return examples * (static_cast<uint64_t>(description.novelty->width) + sizeof(float));
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

// The decoder of what the head gives.
absl::StatusOr<std::unique_ptr<const tasks::Decoder>> MakeDecoder(
    const tasks::Decoders& decoders, const model::ModelDescription& description) {
  absl::StatusOr<std::unique_ptr<const tasks::Decoder>> decoder =
      decoders.Make(description.task, description.outputs);
  if (absl::IsUnimplemented(decoder.status())) return decoder.status();
  if (!decoder.ok()) return Lost(decoder.status(), "description");
  if ((*decoder)->outputs() != description.head.outputs) {
    return absl::DataLossError(
        absl::StrCat("description: the head gives ", description.head.outputs,
                     " numbers, and the task reads ", (*decoder)->outputs()));
  }
  return decoder;
}

// What of answers is counted and what was, in the same order.
absl::Status CheckDrift(const model::DriftRecord& record, const tasks::Decoder& decoder) {
  const std::vector<tasks::AnswerPart>& parts = decoder.answer_parts();
  bool same = record.answers.size() == parts.size();
  for (size_t i = 0; same && i < parts.size(); ++i) {
    const model::Distribution& known = record.answers[i];
    same = parts[i].kinds.empty()
               ? !known.edges.empty()
               : known.edges.empty() && known.counts.size() == parts[i].kinds.size();
  }
  if (same) return absl::OkStatus();
  return absl::DataLossError(
      "description: the answers that drift is told by are not those that the task gives");
}

EngineUse UseOf(const LoadedSegment& segment, std::string precision_reason) {
  EngineUse use;
  use.engine = std::string(segment.engine->name());
  use.precision = std::string(model::PrecisionName(segment.engine->precision()));
  use.precision_reason = std::move(precision_reason);
  for (const engine::Declined& declined : segment.declined) {
    use.declined.push_back(absl::StrCat(declined.engine, ": ", declined.why));
  }
  return use;
}

// What a model's own tensors point into.
using OwnMemory =
    std::pair<std::shared_ptr<const ModelArtifact>, std::shared_ptr<const SharedBackbone>>;

using Factory = std::shared_ptr<const engine::EngineFactory>;

// Those of `engines` that may compute a model which is to be served in this precision.
std::vector<Factory> EnginesIn(model::Precision precision, const std::vector<Factory>& engines) {
  std::vector<Factory> chosen;
  for (const Factory& each : engines) {
    if (each->precision() == precision || each->precision() == model::Precision::kF32) {
      chosen.push_back(each);
    }
  }
  return chosen;
}

// What models have in common, they have in one precision, and in 8-bit integers of the same ranges.
std::string FeaturesKey(const SegmentPlan& plan, model::Precision precision,
                        const std::vector<model::ActivationRange>& ranges) {
  return absl::StrCat(plan.common_id, " ", model::PrecisionName(precision), model::Digest(ranges));
}

// The most that any of the engines takes beside the tensors.
uint64_t MostEngineBytes(absl::Span<const Factory> engines, const engine::EngineOptions& options,
                         const nn::NetworkSpec& spec) {
  uint64_t most = 0;
  for (const Factory& each : engines) {
    most = std::max(most, each->MostBytes(engine::TensorBytes(spec), options));
  }
  return most;
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
  at::set_num_threads(options.threads);
}

engine::EngineOptions NetworkLoader::EngineOptionsFor(int rows) const {
  return {.threads = options_.threads,
          .max_rows = std::min(rows, options_.max_batch_size),
          .passes = options_.passes,
          .planner = options_.planner};
}

// The trunks of a key may differ in ranges yet (trunk_table.h).
std::string NetworkLoader::Outline::trunk_key() const {
  return absl::StrCat(plan.trunk_key, " ", model::PrecisionName(served.precision));
}

Trunk::Joining NetworkLoader::Outline::joining() const {
  return {plan.exit, &*plan.common, &common_ranges};
}

absl::StatusOr<NetworkLoader::Outline> NetworkLoader::OutlineOf(
    absl::string_view description_json) const {
  Outline outline;
  GRAFT_ASSIGN_OR_RETURN(outline.description, ReadDescription(description_json));
  const model::ModelDescription& description = outline.description;
  GRAFT_ASSIGN_OR_RETURN(outline.weights, FindWeights(*weights_, description));
  GRAFT_ASSIGN_OR_RETURN(outline.plan, PlanSegments(description, outline.weights->spec()));
  outline.served = engine::ChoosePrecision(description.precision, options_.precision);
  if (!description.precision.has_value()) return outline;
  const std::vector<model::ActivationRange>& all = description.precision->ranges;
  std::vector<model::ActivationRange> common;
  if (outline.plan.common.has_value()) common = engine::RangesIn(*outline.plan.common, all);
  std::vector<model::ActivationRange> own = engine::RangesIn(outline.plan.own, all);
  if (common.size() + own.size() != all.size()) {
    return absl::DataLossError("description: an activation range is of no layer of the model");
  }
  if (outline.served.precision != model::Precision::kInt8) return outline;
  outline.common_ranges = std::move(common);
  outline.own_ranges = std::move(own);
  return outline;
}

absl::StatusOr<std::shared_ptr<const LoadedSegment>> NetworkLoader::MakePiece(
    const Outline& outline, const TrunkPiece& piece,
    const std::vector<model::ActivationRange>& ranges, int rows,
    const std::vector<int>& warm_rows) {
  const model::InputSpec& input = outline.description.input;
  GRAFT_ASSIGN_OR_RETURN(nn::NetworkSpec spec,
                         PieceSpec(outline.plan, piece, outline.weights->spec(), input));
  GRAFT_ASSIGN_OR_RETURN(const std::shared_ptr<const SharedBackbone> backbone,
                         backbones_.Get(outline.weights, piece.end));
  std::optional<model::InputSpec> pixels;
  if (piece.reads < 0) pixels = input;
  std::vector<model::ActivationRange> of_piece = engine::RangesIn(spec, ranges);
  GRAFT_ASSIGN_OR_RETURN(std::shared_ptr<const engine::Segment> segment,
                         engine::SegmentOf(std::move(spec), {backbone->network.get()}, pixels,
                                           backbone, std::move(of_piece)));
  return LoadSegment(std::move(segment), EnginesIn(outline.served.precision, options_.engines),
                     EngineOptionsFor(rows), warm_rows);
}

std::shared_ptr<const void> NetworkLoader::Announce(const ModelKey& key) {
  const absl::StatusOr<ArtifactSummary> summary = source_->Summarise(key);
  if (!summary.ok()) return nullptr;  // Measure says so
  const absl::StatusOr<Outline> outline = OutlineOf(summary->description_json);
  if (!outline.ok() || !outline->plan.common.has_value()) return nullptr;
  return trunks_.Expect(outline->trunk_key(), outline->joining());
}

absl::StatusOr<ModelBytes> NetworkLoader::Measure(const ModelKey& key) {
  const auto measure = [&]() -> absl::StatusOr<ModelBytes> {
    GRAFT_ASSIGN_OR_RETURN(const ArtifactSummary summary, source_->Summarise(key));
    GRAFT_ASSIGN_OR_RETURN(const Outline outline, OutlineOf(summary.description_json));
    const model::ModelDescription& description = outline.description;
    const SegmentPlan& plan = outline.plan;
    GRAFT_ASSIGN_OR_RETURN(nn::NetworkSpec head_spec, nn::BuildHead(description.head));
    // Without weights, but of the sizes that they will have: everything is float32 in the end.
    GRAFT_ASSIGN_OR_RETURN(const auto network, nn::Network::CreateEmpty(outline.weights->spec()));
    GRAFT_ASSIGN_OR_RETURN(const auto head, nn::Network::CreateEmpty(std::move(head_spec)));
    const std::vector<Factory> engines = EnginesIn(outline.served.precision, options_.engines);
    ModelBytes bytes;
    bytes.own_bytes = NoveltyBytes(description) + StageBytes(*network, plan.changed) +
                      TensorBytes(head->NamedTensors()) +
                      MostEngineBytes(engines, EngineOptionsFor(kMostRows), plan.own);
    bytes.backbone_digest = description.backbone_digest;
    bytes.backbone_bytes = TensorBytes(network->NamedTensors(0, plan.borrowed));
    if (plan.common.has_value()) {
      const TrunkTable::Outlook outlook = trunks_.Foresee(outline.trunk_key(), outline.joining());
      bytes.segment_id = outlook.trunk_id;
      bytes.segment_bytes = MostEngineBytes(engines, EngineOptionsFor(kMostRows), *plan.common);
      for (const TrunkPiece& piece : outlook.replacing) {
        GRAFT_ASSIGN_OR_RETURN(const nn::NetworkSpec spec,
                               PieceSpec(plan, piece, outline.weights->spec(), description.input));
        bytes.own_bytes += MostEngineBytes(engines, EngineOptionsFor(kMostRows), spec);
      }
    }
    return bytes;
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
  GRAFT_ASSIGN_OR_RETURN(std::shared_ptr<const ModelArtifact> artifact, source_->Open(key));
  NetworkServable::Parts parts;
  parts.image_limits = options_.images;
  parts.project = key.project;
  parts.cache = options_.cache;
  GRAFT_ASSIGN_OR_RETURN(Outline outline, OutlineOf(artifact->description_json()));
  parts.description = outline.description;
  const model::ModelDescription& description = parts.description;
  SegmentPlan& plan = outline.plan;
  GRAFT_ASSIGN_OR_RETURN(parts.decoder, MakeDecoder(*decoders_, description));
  absl::StatusOr<std::unique_ptr<artifacts::SafetensorsFile>> file =
      artifacts::SafetensorsFile::Parse(artifact->model_bytes());
  if (!file.ok()) return Lost(file.status(), artifacts::kModelFile);

  GRAFT_ASSIGN_OR_RETURN(const std::shared_ptr<const SharedBackbone> backbone,
                         backbones_.Get(outline.weights, plan.borrowed));
  absl::StatusOr<std::unique_ptr<nn::Network>> changed =
      ChangedStages(plan, outline.weights->spec(), **file);
  if (!changed.ok()) return Lost(changed.status(), artifacts::kModelFile);
  GRAFT_ASSIGN_OR_RETURN(nn::NetworkSpec head_spec, nn::BuildHead(description.head));
  GRAFT_ASSIGN_OR_RETURN(std::unique_ptr<nn::Network> head,
                         nn::Network::CreateEmpty(std::move(head_spec)));
  const absl::Status head_loaded =
      nn::LoadStages(**file, 0, head->num_stages(), nn::LoadMode::kBorrow, *head);
  if (!head_loaded.ok()) return Lost(head_loaded, artifacts::kModelFile);
  GRAFT_RETURN_IF_ERROR(CheckNothingElse(**file, plan, **changed, *head));

  const std::vector<Factory> engines = EnginesIn(outline.served.precision, options_.engines);
  const auto rows_within = [&](int64_t row_bytes) {
    return RowsWithin(static_cast<uint64_t>(row_bytes), options_.max_batch_bytes, kMostRows);
  };
  const int own_rows = rows_within(plan.own_row_bytes);
  parts.own_embeds = plan.own_embeds;
  parts.max_rows = own_rows;
  parts.batch_key = absl::StrCat(key.project, "/", key.model, "/", key.version);
  parts.memory = {.own_bytes = NoveltyBytes(description) + StageBytes(**changed, plan.changed) +
                               TensorBytes(head->NamedTensors()),
                  .backbone_digest = description.backbone_digest,
                  .backbone_bytes = backbone->bytes};
  // A version of the same number may come again, after all were deleted.
  parts.answers_key = absl::StrCat(parts.batch_key, " load ", loads_.fetch_add(1));
  if (plan.common.has_value()) {
    parts.max_rows = rows_within(plan.trunk_row_bytes);
    parts.features_key = FeaturesKey(plan, outline.served.precision, outline.common_ranges);
    const std::vector<int> warm_rows = WarmSizesWithin(warm_batch_sizes, parts.max_rows);
    GRAFT_ASSIGN_OR_RETURN(
        parts.place,
        trunks_.Join(outline.trunk_key(), outline.joining(),
                     [&](const TrunkPiece& piece, const std::vector<model::ActivationRange>& all) {
                       return MakePiece(outline, piece, all, parts.max_rows, warm_rows);
                     }));
    parts.batch_key = parts.place->trunk().id();
    parts.memory.segment_id = parts.batch_key;
    parts.memory.segment_bytes = parts.place->bytes();
  }
  if (description.drift.has_value()) {
    GRAFT_RETURN_IF_ERROR(CheckDrift(*description.drift, *parts.decoder));
    if (options_.drift_window > 0) {
      parts.drift_watch =
          std::make_shared<DriftWatch>(*description.drift, parts.decoder, options_.drift_window);
    }
  }
  if (description.novelty.has_value()) {
    GRAFT_ASSIGN_OR_RETURN(const novelty::TrainingFeatures known,
                           ReadKnown(**file, *description.novelty, plan.embedding_width));
    parts.known.emplace(known);
  }
  const std::shared_ptr<const nn::Network> own_stages = *std::move(changed);
  const std::shared_ptr<const nn::Network> own_head = std::move(head);
  parts.mapper = std::make_unique<const GradientMapper>(
      GradientMapper::Networks{
          {backbone, backbone->network.get()}, own_stages, plan.changed, own_head, plan.cut},
      description);
  std::optional<model::InputSpec> pixels;
  if (parts.place == nullptr) pixels = description.input;
  // The model's own tensors before the backbone's of the same names.
  GRAFT_ASSIGN_OR_RETURN(
      std::shared_ptr<const engine::Segment> own,
      engine::SegmentOf(std::move(plan.own),
                        {own_head.get(), own_stages.get(), backbone->network.get()}, pixels,
                        std::make_shared<OwnMemory>(std::move(artifact), backbone),
                        std::move(outline.own_ranges)));
  GRAFT_ASSIGN_OR_RETURN(parts.own, LoadSegment(std::move(own), engines, EngineOptionsFor(own_rows),
                                                WarmSizesWithin(warm_batch_sizes, own_rows)));
  parts.memory.own_bytes += parts.own->engine->bytes();
  const std::shared_ptr<const LoadedSegment> largest =
      parts.place != nullptr ? parts.place->trunk().LargestTo(plan.exit) : parts.own;
  parts.engine_use = UseOf(*largest, outline.served.reason);
  return std::make_shared<const NetworkServable>(std::move(parts));
}

}  // namespace graft::serving
