#include "bench/engine_experiment/plan.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <utility>

namespace graft::engine_experiment {
namespace {

[[noreturn]] void Die(const std::string& message) {
  std::cerr << message << "\n";
  std::exit(2);
}

Act ParseAct(const std::string& name) {
  if (name == "none") return Act::kNone;
  if (name == "relu") return Act::kRelu;
  if (name == "relu6") return Act::kRelu6;
  Die("unknown activation " + name);
}

}  // namespace

Plan ReadPlan(const std::string& folder, const std::string& name) {
  std::ifstream text(folder + "/" + name + ".plan");
  std::ifstream weights(folder + "/" + name + ".weights", std::ios::binary);
  if (!text || !weights) Die("no network " + name + ": run make_networks.py first");
  const auto floats = [&](size_t count) {
    std::vector<float> values(count);
    weights.read(reinterpret_cast<char*>(values.data()),
                 static_cast<std::streamsize>(count * sizeof(float)));
    if (!weights) Die("the weights end too early");
    return values;
  };

  Plan plan;
  std::string line;
  while (std::getline(text, line)) {
    std::istringstream words(line);
    std::string kind;
    std::string act = "none";
    words >> kind;
    if (kind == "input") {
      words >> plan.size;
      continue;
    }
    Step step;
    words >> step.a;
    const auto channels = [&](int n) { return n < 0 ? 3 : plan.steps[n].out_channels; };
    step.in_channels = step.out_channels = channels(step.a);
    step.in_size = step.a < 0 ? plan.size : plan.steps[step.a].out_size;
    step.out_size = step.in_size;
    if (kind == "conv") {
      words >> step.out_channels >> step.kernel >> step.stride >> step.pad >> step.groups >> act;
      step.out_size = (step.in_size + 2 * step.pad - step.kernel) / step.stride + 1;
      step.weight = floats(static_cast<size_t>(step.out_channels) * step.in_channels / step.groups *
                           step.kernel * step.kernel);
      step.gamma = floats(step.out_channels);
      step.beta = floats(step.out_channels);
      step.mean = floats(step.out_channels);
      step.variance = floats(step.out_channels);
    } else if (kind == "add") {
      step.kind = Kind::kAdd;
      words >> step.b >> act;
    } else if (kind == "maxpool") {
      step.kind = Kind::kMaxPool;
      words >> step.kernel >> step.stride >> step.pad;
      step.out_size = (step.in_size + 2 * step.pad - step.kernel) / step.stride + 1;
    } else if (kind == "gap") {
      step.kind = Kind::kGlobalPool;
      step.out_size = 1;
    } else if (kind == "linear") {
      step.kind = Kind::kLinear;
      words >> step.out_channels;
      step.weight = floats(static_cast<size_t>(step.out_channels) * step.in_channels);
      step.bias = floats(step.out_channels);
    } else {
      Die("unknown node " + kind);
    }
    if (!words) Die("bad line: " + line);
    step.act = ParseAct(act);
    plan.steps.push_back(std::move(step));
  }
  return plan;
}

Plan Lower(Plan plan) {
  const int count = static_cast<int>(plan.steps.size());
  std::vector<int> users(count, 0);
  for (Step& step : plan.steps) {
    if (step.a >= 0) ++users[step.a];
    if (step.b >= 0) ++users[step.b];
    if (step.kind != Kind::kConv) continue;
    const size_t per_channel = step.weight.size() / step.out_channels;
    step.bias.resize(step.out_channels);
    for (int c = 0; c < step.out_channels; ++c) {
      const float scale = step.gamma[c] / std::sqrt(step.variance[c] + kEpsilon);
      for (size_t i = 0; i < per_channel; ++i) step.weight[c * per_channel + i] *= scale;
      step.bias[c] = step.beta[c] - step.mean[c] * scale;
    }
    step.gamma.clear();
    step.beta.clear();
    step.mean.clear();
    step.variance.clear();
  }
  Plan lowered;
  lowered.size = plan.size;
  std::map<int, int> renamed = {{-1, -1}};
  for (int i = 0; i < count; ++i) {
    Step step = std::move(plan.steps[i]);
    if (step.kind == Kind::kAdd) {
      // make_networks.py puts the convolution right before its addition, the shortcut earlier.
      Step& conv = lowered.steps.back();
      if (step.a != i - 1 || conv.kind != Kind::kConv || conv.act != Act::kNone ||
          users[step.a] != 1) {
        Die("an addition that cannot be merged");
      }
      conv.b = renamed[step.b];
      conv.act = step.act;
      renamed[i] = static_cast<int>(lowered.steps.size()) - 1;
      continue;
    }
    step.a = renamed[step.a];
    lowered.steps.push_back(std::move(step));
    renamed[i] = static_cast<int>(lowered.steps.size()) - 1;
  }
  return lowered;
}

}  // namespace graft::engine_experiment
