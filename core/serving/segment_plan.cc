#include "core/serving/segment_plan.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/nn/forward_memory.h"
#include "core/nn/head.h"
#include "core/nn/segment_spec.h"

namespace graft::serving {
namespace {

absl::Status Lost(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("description: ", what));
}
absl::Status Lost(const absl::Status& status) { return Lost(status.message()); }

// Which stages of the backbone run, and whose weights they have.
absl::Status PlanStages(const model::ModelDescription& description, const nn::NetworkSpec& backbone,
                        SegmentPlan& plan) {
  plan.cut = backbone.FindStage(description.cut_point) + 1;
  if (plan.cut < 1 || plan.cut > backbone.feature_stages) {
    return Lost(absl::StrCat("cut point \"", description.cut_point, "\" is not a stage of ",
                             backbone.architecture));
  }
  for (const std::string& name : description.changed_stages) {
    const int stage = backbone.FindStage(name);
    if (stage < 0 || stage >= plan.cut) {
      return Lost(absl::StrCat("changed stage \"", name, "\" is not one of ", backbone.architecture,
                               " up to the cut point"));
    }
    plan.changed.push_back(stage);
  }
  plan.borrowed = plan.cut;
  while (plan.borrowed > 0 && std::find(plan.changed.begin(), plan.changed.end(),
                                        plan.borrowed - 1) != plan.changed.end()) {
    --plan.borrowed;
  }
  return absl::OkStatus();
}

// The stages that the head reads, with what each is read by. Empty where it reads the cut point.
// DATA_LOSS where the backbone gives other features than the head was made for.
absl::StatusOr<std::vector<nn::Reading>> PlanReadings(const model::ModelDescription& description,
                                                      const nn::NetworkSpec& backbone, int cut) {
  std::vector<nn::Reading> readings;
  if (description.head.taps.empty()) return readings;
  const absl::StatusOr<std::vector<int>> nodes = nn::TapNodes(description.head, backbone, cut);
  if (!nodes.ok()) return Lost(nodes.status());
  const absl::StatusOr<std::vector<model::StageFeatures>> stages =
      nn::StageFeaturesOf(backbone, description.input.height, description.input.width);
  if (!stages.ok()) return Lost(stages.status());
  for (size_t i = 0; i < nodes->size(); ++i) {
    const model::StageFeatures& tap = description.head.taps[i];
    if (std::find(stages->begin(), stages->end(), tap) == stages->end()) {
      return Lost(absl::StrCat("the stage \"", tap.stage, "\" of ", backbone.architecture,
                               " does not give the features that the head reads"));
    }
    nn::Reading reading{(*nodes)[i], {nn::PoolingOf(description.head.pooling, tap.features)}};
    if (!tap.features.has_tokens()) reading.ops.push_back(nn::Flatten{});
    readings.push_back(std::move(reading));
  }
  return readings;
}

// Nodes at the head's bottom that make a vector of the features, and need no tensors.
int PoolingNodes(const model::HeadSpec& head) { return head.pools() ? 2 : 0; }

// Of what enters the network. Framing is done before: pictures framed in one way or another are the
// same to it.
std::string PixelsDigest(model::InputSpec pixels) {
  const model::InputSpec usual;
  pixels.framing = usual.framing;
  pixels.crop_fraction = usual.crop_fraction;
  pixels.interpolation = usual.interpolation;
  return model::Digest(pixels);
}

// What tells the features of different models apart, besides what computes them.
std::string CommonId(const model::ModelDescription& description, int stages, bool whole) {
  std::string id =
      absl::StrCat(description.backbone_digest, "/", stages, "/", PixelsDigest(description.input));
  if (!whole || (!description.head.pools() && description.head.taps.empty())) return id;
  absl::StrAppend(&id, "/", model::PoolingName(description.head.pooling));
  for (const model::StageFeatures& tap : description.head.taps) {
    absl::StrAppend(&id, ":", tap.stage);
  }
  return id;
}

absl::StatusOr<nn::Shape> OutputOf(const nn::NetworkSpec& segment) {
  GRAFT_ASSIGN_OR_RETURN(const std::vector<nn::Shape> shapes,
                         nn::InferShapes(segment, nn::InputShapes(segment)));
  return shapes.back();
}

absl::StatusOr<int64_t> PeakOf(const nn::NetworkSpec& segment) {
  return nn::PeakActivationBytes(segment, 0, 1, nn::InputShapes(segment));
}

// The same for all models of one trunk: as if all of the backbone ran, whoever leaves it where.
absl::StatusOr<int64_t> TrunkRowBytes(const model::ModelDescription& description,
                                      const nn::NetworkSpec& backbone, const SegmentPlan& plan) {
  if (!plan.readings.empty()) return PeakOf(*plan.common);
  return nn::PeakActivationBytes(backbone, 0, backbone.feature_stages, description.input.height,
                                 description.input.width);
}

// Lets `own` give the embedding too, where what it reads is not that already. `features`: the node
// of `own` that the head reads.
absl::Status AddEmbedding(const model::HeadSpec& head, int features, SegmentPlan& plan) {
  nn::NetworkSpec& own = plan.own;
  GRAFT_ASSIGN_OR_RETURN(const std::vector<nn::Shape> shapes,
                         nn::InferShapes(own, nn::InputShapes(own)));
  const nn::Shape& read =
      features == nn::kNetworkInput ? own.inputs.front().shape : shapes[features];
  plan.embedding_width = read.rank() == 2 ? read[1] : read[0];
  if (features == nn::kNetworkInput && read.rank() == 1) return absl::OkStatus();
  nn::Reading embedding{features, {}};
  if (read.rank() != 1) embedding.ops.push_back(nn::PoolingOf(head.pooling, head.features));
  if (read.rank() == 3) embedding.ops.push_back(nn::Flatten{});
  nn::AppendJoined({{static_cast<int>(own.nodes.size()) - 1, {}}, std::move(embedding)}, own);
  plan.own_embeds = true;
  return absl::OkStatus();
}

// The backbone's part and the head's, cut where they are the model's own.
absl::Status BuildSegments(const model::ModelDescription& description,
                           const nn::NetworkSpec& backbone, const nn::NetworkSpec& head,
                           std::vector<nn::Reading> readings, SegmentPlan& plan) {
  const std::vector<nn::Shape> image =
      nn::ImageInputs(backbone, description.input.height, description.input.width);
  const bool whole = plan.changed.empty();
  // Stages below `from` are the common part's; what the head reads of them it must read there.
  int from = whole ? plan.cut : *std::min_element(plan.changed.begin(), plan.changed.end());
  if (!whole && !readings.empty() && from > 0 &&
      readings.front().node < backbone.stages[from].begin) {
    from = 0;
  }
  const int head_nodes = static_cast<int>(head.nodes.size());
  int from_head = 0;
  if (from > 0) {
    plan.exit.stages = from;
    plan.common_id = CommonId(description, from, whole);
    plan.trunk_key =
        absl::StrCat(description.backbone_digest, "/", PixelsDigest(description.input));
    if (whole) {
      from_head = PoolingNodes(description.head);
      if (!readings.empty()) {
        plan.readings = readings;
        plan.trunk_key = plan.common_id;
      } else if (description.head.pools()) {
        plan.exit.pooling = description.head.pooling;
      }
    }
    GRAFT_ASSIGN_OR_RETURN(plan.common, PieceSpec(plan, {.end = from, .pooling = plan.exit.pooling},
                                                  backbone, description.input));
  }
  if (whole) {
    GRAFT_ASSIGN_OR_RETURN(const nn::Shape features, OutputOf(*plan.common));
    plan.own.architecture = head.architecture;
    plan.own.inputs = {{.name = "features", .shape = features}};
  } else {
    GRAFT_ASSIGN_OR_RETURN(plan.own, nn::CutStages(backbone, from, plan.cut, image));
    for (nn::Reading& reading : readings) reading.node -= backbone.stages[from].begin;
    if (!readings.empty()) nn::AppendJoined(readings, plan.own);
  }
  const int features = static_cast<int>(plan.own.nodes.size()) - 1;
  nn::AppendNodes(head, from_head, head_nodes, plan.own);
  return AddEmbedding(description.head, features, plan);
}

}  // namespace

absl::StatusOr<nn::NetworkSpec> PieceSpec(const SegmentPlan& plan, const TrunkPiece& piece,
                                          const nn::NetworkSpec& backbone,
                                          const model::InputSpec& input) {
  GRAFT_ASSIGN_OR_RETURN(nn::NetworkSpec spec, SpecOf(piece, backbone, input));
  if (!plan.readings.empty()) nn::AppendJoined(plan.readings, spec);
  return spec;
}

absl::StatusOr<SegmentPlan> PlanSegments(const model::ModelDescription& description,
                                         const nn::NetworkSpec& backbone) {
  SegmentPlan plan;
  GRAFT_RETURN_IF_ERROR(PlanStages(description, backbone, plan));
  GRAFT_ASSIGN_OR_RETURN(std::vector<nn::Reading> readings,
                         PlanReadings(description, backbone, plan.cut));
  const absl::StatusOr<nn::NetworkSpec> head = nn::BuildHead(description.head);
  if (!head.ok()) return Lost(head.status());
  const absl::Status built = BuildSegments(description, backbone, *head, std::move(readings), plan);
  if (!built.ok()) return Lost(built);
  const absl::Status valid = nn::Validate(plan.own);
  if (!valid.ok()) return Lost(valid);
  GRAFT_ASSIGN_OR_RETURN(plan.own_row_bytes, PeakOf(plan.own));
  if (plan.common.has_value()) {
    GRAFT_ASSIGN_OR_RETURN(plan.trunk_row_bytes, TrunkRowBytes(description, backbone, plan));
  }
  return plan;
}

}  // namespace graft::serving
