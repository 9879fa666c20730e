#include "core/serving/gradient_map.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/nn/head.h"
#include "core/nn/pixels.h"
#include "core/nn/pooling.h"

namespace graft::serving {
namespace {

bool HasAttention(const nn::NetworkSpec& spec, int stage) {
  return std::any_of(
      spec.nodes.begin() + spec.stages[stage].begin, spec.nodes.begin() + spec.stages[stage].end,
      [](const nn::Node& node) { return std::holds_alternative<nn::Attention>(node.op); });
}

// The stage whose output is the map; -1 for none.
int StageOfMap(const nn::NetworkSpec& spec, const std::vector<model::StageFeatures>& stages,
               int cut) {
  int last = cut - 1;
  if (stages[last].features.has_tokens()) {
    while (last >= 0 && !HasAttention(spec, last)) --last;
    --last;  // what it reads
    return last >= 0 && stages[last].features.has_tokens() ? last : -1;
  }
  while (last >= 0 && stages[last].features.height * stages[last].features.width <= 1) --last;
  return last;
}

// Rows and columns of so many patches of a picture of this shape; 0 where they make no grid.
std::pair<int64_t, int64_t> GridOf(int64_t patches, const model::InputSpec& input) {
  const double aspect = static_cast<double>(input.height) / input.width;
  const auto rows =
      static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(patches) * aspect)));
  if (rows < 1 || patches % rows != 0) return {0, 0};
  return {rows, patches / rows};
}

// [1, 3, height, width].
at::Tensor Normalised(absl::Span<const uint8_t> pixels, const model::InputSpec& input) {
  const at::Tensor bytes = at::from_blob(const_cast<uint8_t*>(pixels.data()),
                                         {1, input.height, input.width, 3}, at::kByte);
  return nn::NormalizePixels(bytes, input);
}

// [height, width]: activations [channels, height, width] weighed by their mean gradients.
at::Tensor Heat(const at::Tensor& activations, const at::Tensor& gradients) {
  const at::Tensor weights = gradients.mean({1, 2}, /*keepdim=*/true);
  const at::Tensor heat = (activations * weights).sum(0).clamp_min(0);
  const at::Tensor most = heat.max();
  return most.item<float>() > 0 ? heat / most : at::zeros_like(heat);
}

}  // namespace

at::Tensor GradientMapper::RunStage(const at::Tensor& x, int stage) const {
  const bool changed = std::find(networks_.changed_stages.begin(), networks_.changed_stages.end(),
                                 stage) != networks_.changed_stages.end();
  return (changed ? networks_.changed : networks_.backbone)->Forward(x, stage, stage + 1);
}

absl::StatusOr<GradientMapper::Mapped> GradientMapper::Map(
    absl::Span<const uint8_t> pixels,
    const std::function<absl::StatusOr<int64_t>(absl::Span<const float>)>& choose) const {
  const nn::NetworkSpec& spec = networks_.backbone->spec();
  const model::InputSpec& input = description_.input;
  GRAFT_ASSIGN_OR_RETURN(const std::vector<model::StageFeatures> stages,
                         nn::StageFeaturesOf(spec, input.height, input.width));
  const int target = StageOfMap(spec, stages, networks_.cut);
  if (target < 0) {
    return absl::UnimplementedError(
        absl::StrCat("no stage of ", spec.architecture, " gives a map that could be shown"));
  }
  // What a head with taps reads besides: stages below the map count as they are.
  std::vector<std::string> taps;
  for (const model::StageFeatures& tap : description_.head.taps) taps.push_back(tap.stage);
  std::vector<at::Tensor> tapped(taps.size());
  const auto run = [&](at::Tensor x, int from, int to) {
    for (int stage = from; stage < to; ++stage) {
      x = RunStage(x, stage);
      const auto tap = std::find(taps.begin(), taps.end(), spec.stages[stage].name);
      if (tap != taps.end()) tapped[tap - taps.begin()] = x;
    }
    return x;
  };
  at::Tensor map;
  {
    const at::NoGradGuard no_grad;
    map = run(Normalised(pixels, input), 0, target + 1);
  }
  const at::AutoGradMode grad(true);
  map = map.detach().requires_grad_(true);
  for (size_t i = 0; i < taps.size(); ++i) {
    if (taps[i] == spec.stages[target].name) tapped[i] = map;
  }
  at::Tensor features = run(map, target + 1, networks_.cut);
  if (!taps.empty()) features = nn::JoinTaps(description_.head, tapped);
  const at::Tensor outputs = networks_.head->Forward(features, 0, 1);

  Mapped mapped;
  const at::Tensor row = outputs.detach().to(at::kFloat).contiguous().view({-1});
  mapped.outputs.assign(row.data_ptr<float>(), row.data_ptr<float>() + row.numel());
  GRAFT_ASSIGN_OR_RETURN(mapped.of, choose(mapped.outputs));
  const at::Tensor gradient =
      torch::autograd::grad({outputs.view({-1})[mapped.of]}, {map}, {}, std::nullopt, false,
                            /*allow_unused=*/true)
          .front();
  const at::NoGradGuard no_grad;
  at::Tensor activations = map.detach()[0];
  at::Tensor gradients = gradient.defined() ? gradient[0] : at::zeros_like(activations);
  if (stages[target].features.has_tokens()) {
    const int64_t skip = stages[target].features.prefix_tokens;
    const auto [rows, columns] = GridOf(activations.size(0) - skip, input);
    if (rows == 0) return absl::UnimplementedError("the tokens of the network make no grid");
    const auto as_map = [skip, rows = rows, columns = columns](const at::Tensor& tokens) {
      return tokens.slice(0, skip).t().reshape({-1, rows, columns});
    };
    activations = as_map(activations);
    gradients = as_map(gradients);
  }
  const at::Tensor heat = Heat(activations, gradients).contiguous();
  mapped.map.height = static_cast<int>(heat.size(0));
  mapped.map.width = static_cast<int>(heat.size(1));
  mapped.map.values.assign(heat.data_ptr<float>(), heat.data_ptr<float>() + heat.numel());
  return mapped;
}

}  // namespace graft::serving
