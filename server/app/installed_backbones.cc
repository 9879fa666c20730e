#include "server/app/installed_backbones.h"

#include "core/backbones/weights_catalog.h"
#include "core/base/status_macros.h"
#include "core/nn/head.h"
#include "wire/input_spec.h"

namespace graft::server {

absl::StatusOr<std::vector<InstalledBackbone>> DescribeBackbones(
    const backbones::WeightsCatalog& catalog) {
  std::vector<InstalledBackbone> described;
  for (const auto& backbone : catalog.backbones()) {
    const nn::NetworkSpec& spec = backbone->spec();
    const model::InputSpec& input = backbone->input();
    const int stages = spec.feature_stages;
    InstalledBackbone& made = described.emplace_back();
    v1::Backbone& description = made.description;
    description.set_id(backbone->id());
    description.set_architecture(spec.architecture);
    description.set_digest(backbone->digest());
    *description.mutable_input_spec() = wire::ToProto(input);
    description.set_parameters(nn::CountParameters(spec, 0, stages));
    GRAFT_ASSIGN_OR_RETURN(const int64_t flops,
                           nn::CountFlops(spec, 0, stages, input.height, input.width));
    description.set_forward_gflops(static_cast<double>(flops) / 1e9);
    GRAFT_ASSIGN_OR_RETURN(made.stages, nn::StageFeaturesOf(spec, input.height, input.width));
    description.set_feature_channels(static_cast<int>(made.stages.back().features.channels));
    for (int i = 0; i < stages; ++i) {
      description.add_stages(spec.stages[static_cast<size_t>(i)].name);
      made.stage_parameters.push_back(nn::CountParameters(spec, i, i + 1));
    }
    description.set_licence(backbone->licence());
    description.set_source(backbone->source());
    description.set_imagenet_top1(backbone->imagenet_top1());
  }
  return described;
}

}  // namespace graft::server
