// The features of each architecture as OpenVINO computes them against LibTorch, with weights from a
// formula.

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/backbones/catalog.h"
#include "core/engine/eager/eager_engine.h"
#include "core/engine/openvino/openvino_engine.h"
#include "core/engine/segment_of_network.h"
#include "core/nn/segment_spec.h"
#include "tests/parity/formula_weights.h"
#include "tests/parity/golden.h"
#include "tests/unit/core/engine/random_segment.h"

namespace graft {
namespace {

// Those above are of families whose smaller members have every operation and kind of block in them.
constexpr int64_t kMostParameters = 70'000'000;

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const backbones::Architecture& architecture : backbones::Architectures()) {
    const nn::NetworkSpec spec = backbones::BuildArchitecture(architecture.name).value();
    const bool vgg = architecture.name.starts_with("vgg");  // nearly all of it the classifier
    if (vgg || nn::CountParameters(spec, 0, spec.feature_stages) <= kMostParameters) {
      names.push_back(architecture.name);
    }
  }
  return names;
}

// How far LibTorch's first row is in float32 from that in float64, as a part of the largest value.
// Leaves the network in float64.
float DistanceFromDouble(const engine::Segment& segment, const engine::Engine& eager,
                         nn::Network& network, const engine::RandomRows& images) {
  const at::NoGradGuard no_grad;
  const model::InputSpec& pixels = *segment.pixels;
  const model::PixelScale scale = model::PixelScaleOf(pixels);
  const auto channels = [](const float* values) {
    return at::tensor(at::ArrayRef<float>(values, 3)).to(at::kDouble);
  };
  at::Tensor x = at::empty({1, pixels.height, pixels.width, 3}, at::kByte);
  std::memcpy(x.mutable_data_ptr(), images.inputs[0][0].data(), x.nbytes());
  x = (x.to(at::kDouble) * channels(scale.scale) + channels(scale.shift)).permute({0, 3, 1, 2});
  network.To({.dtype = at::kDouble});
  const at::Tensor exact =
      network.Forward(x.contiguous(), 0, network.spec().feature_stages).flatten();
  const at::Tensor ours = at::empty({eager.outputs()}, at::kFloat);
  EXPECT_TRUE(eager.Run(images.rows(1), ours.mutable_data_ptr<float>()).ok());
  return ((ours.to(at::kDouble) - exact).abs().max() / exact.abs().max().clamp_min(1))
      .item<float>();
}

class LoweringTest : public testing::TestWithParam<std::string> {};

TEST_P(LoweringTest, OpenVinoGivesWhatLibTorchGives) {
  static const nlohmann::json goldens = ReadGoldens(GRAFT_GOLDENS);
  const nlohmann::json& golden = goldens[GetParam()];
  const int size = golden["size"].get<int>();
  const nn::NetworkSpec spec = backbones::BuildArchitecture(GetParam()).value();
  const std::unique_ptr<nn::Network> network = nn::Network::CreateEmpty(spec).value();
  FillByFormula(*network);
  model::InputSpec pixels;
  pixels.height = pixels.width = size;
  // As large as the golden's input: under weights from a formula the deepest networks make noise of
  // what is larger, in LibTorch too.
  const float scale = golden.value("input_scale", 1.0f);
  pixels.mean = {0.5f, 0.5f, 0.5f};
  pixels.std = {0.5f / scale, 0.5f / scale, 0.5f / scale};
  const auto segment = engine::SegmentOf(
      nn::CutStages(spec, 0, spec.feature_stages, nn::ImageInputs(spec, size, size)).value(),
      {network.get()}, pixels, nullptr);
  ASSERT_TRUE(segment.ok()) << segment.status();
  const auto eager = engine::EagerEngineFactory().Make(*segment, {.max_rows = 32});
  ASSERT_TRUE(eager.ok()) << eager.status();
  const auto lowered = engine::OpenVinoEngineFactory().Make(*segment, {.threads = 2});
  ASSERT_TRUE(lowered.ok()) << lowered.status();
  // Small ones at every size of batch.
  const bool small = spec.nodes.size() < 80 && size < 100;
  const engine::RandomRows images = engine::MakeRandomRows(**segment, 32, 3);
  // Where weights from a formula make much of rounding, LibTorch itself is as far from float64.
  const float tolerance =
      std::max(1e-4f, 2 * DistanceFromDouble(**segment, **eager, *network, images));
  for (const size_t rows : small ? std::vector<size_t>{1, 2, 7, 32} : std::vector<size_t>{1, 3}) {
    engine::ExpectSameAnswers(**eager, **lowered, images, rows, tolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(All, LoweringTest, testing::ValuesIn(Names()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace graft
