// What an engine's ways of computing a batch cost for one backbone: LibTorch, and OpenVINO compiled
// for one row with all threads, for one row a thread (in bfloat16 and in 8-bit integers, too, where
// the processor has them), and for the whole batch. They take turns, so that a machine that slows
// down slows all; the median of each and its ratio to the first is printed, as milliseconds a row.
//
//   graft_bench_engine_plans --architecture tf_efficientnet_lite0 --threads 2 --rows 8

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <ATen/Parallel.h>

#include "CLI/CLI.hpp"

#include "core/backbones/catalog.h"
#include "core/base/status_macros.h"
#include "core/engine/activation_recorder.h"
#include "core/engine/eager/eager_engine.h"
#include "core/engine/eager/recording_engine.h"
#include "core/engine/openvino/compiled_segment.h"
#include "core/engine/segment_of_network.h"
#include "core/nn/network.h"
#include "core/nn/segment_spec.h"

namespace graft {
namespace {

struct Arguments {
  std::string architecture = "tf_efficientnet_lite0";
  int threads = 2;
  int rows = 8;
  int rounds = 15;
};

struct Way {
  std::string name;
  std::function<absl::Status(absl::Span<const engine::Row>, float*)> run;
  std::vector<double> milliseconds = {};
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

absl::Status Bench(const Arguments& arguments) {
  at::set_num_threads(arguments.threads);
  GRAFT_ASSIGN_OR_RETURN(const nn::NetworkSpec spec,
                         backbones::BuildArchitecture(arguments.architecture));
  GRAFT_ASSIGN_OR_RETURN(const auto network, nn::Network::Create(spec));
  model::InputSpec pixels;
  GRAFT_ASSIGN_OR_RETURN(nn::NetworkSpec features,
                         nn::CutStages(spec, 0, spec.feature_stages,
                                       nn::ImageInputs(spec, pixels.height, pixels.width)));
  GRAFT_ASSIGN_OR_RETURN(std::shared_ptr<const engine::Segment> segment,
                         engine::SegmentOf(std::move(features), {network.get()}, pixels, nullptr));
  std::vector<std::string> pictures;
  std::vector<engine::Row> rows;
  for (int i = 0; i < arguments.rows; ++i) {
    std::string& picture = pictures.emplace_back(segment->input_bytes(0), '\0');
    for (size_t at = 0; at < picture.size(); ++at) {
      picture[at] = static_cast<char>((at * 31 + static_cast<size_t>(i) * 17) % 251);
    }
  }
  for (const std::string& picture : pictures) rows.push_back({{picture.data()}});

  std::vector<Way> ways;
  GRAFT_ASSIGN_OR_RETURN(
      const std::unique_ptr<engine::Engine> eager,
      engine::EagerEngineFactory().Make(segment, {arguments.threads, arguments.rows}));
  ways.push_back({"libtorch", [&](auto batch, float* out) { return eager->Run(batch, out); }});
  std::vector<std::unique_ptr<engine::CompiledSegment>> compiled;
  const auto add = [&](std::string name, engine::CompileOptions options) -> absl::Status {
    const auto begun = std::chrono::steady_clock::now();
    GRAFT_ASSIGN_OR_RETURN(auto made, engine::CompiledSegment::Compile(segment, options));
    std::printf("%s compiled in %.0f ms\n", name.c_str(),
                std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun)
                    .count());
    engine::CompiledSegment* const raw = made.get();
    compiled.push_back(std::move(made));
    ways.push_back(
        {std::move(name), [raw](auto batch, float* out) { return raw->Run(batch, out); }});
    return absl::OkStatus();
  };
  GRAFT_RETURN_IF_ERROR(add("1 row, all threads", {1, 1, arguments.threads}));
  if (arguments.rows > 1) {
    GRAFT_RETURN_IF_ERROR(add("1 row a thread", {1, arguments.threads, arguments.threads}));
    GRAFT_RETURN_IF_ERROR(add("all rows at once", {arguments.rows, 1, arguments.threads}));
    if (arguments.rows > arguments.threads) {
      GRAFT_RETURN_IF_ERROR(
          add("all rows, a part a thread",
              {arguments.rows / arguments.threads, arguments.threads, arguments.threads}));
    }
  }
  if (engine::CompiledSegment::Available(engine::Precision::kBf16).ok()) {
    GRAFT_RETURN_IF_ERROR(add("1 row a thread, bf16",
                              {1, arguments.threads, arguments.threads, engine::Precision::kBf16}));
  }
  if (engine::CompiledSegment::Available(engine::Precision::kInt8).ok()) {
    engine::ActivationRecorder recorder;
    GRAFT_ASSIGN_OR_RETURN(
        const std::unique_ptr<engine::Engine> recording,
        engine::RecordingEngineFactory(&recorder).Make(segment, {arguments.threads, 2}));
    std::vector<float> out(static_cast<size_t>(recording->outputs() * arguments.rows));
    GRAFT_RETURN_IF_ERROR(recording->Run(rows, out.data()));
    auto ranged = std::make_shared<engine::Segment>(*segment);
    GRAFT_ASSIGN_OR_RETURN(ranged->ranges, recorder.Ranges());
    segment = std::move(ranged);
    GRAFT_RETURN_IF_ERROR(add("1 row a thread, int8",
                              {1, arguments.threads, arguments.threads, engine::Precision::kInt8}));
  }
  std::vector<float> first;
  for (Way& way : ways) {
    std::vector<float> out(static_cast<size_t>(eager->outputs() * arguments.rows));
    GRAFT_RETURN_IF_ERROR(way.run(rows, out.data()));
    if (first.empty()) first = out;
    float largest = 0;
    float difference = 0;
    for (size_t i = 0; i < out.size(); ++i) {
      largest = std::max(largest, std::abs(first[i]));
      difference = std::max(difference, std::abs(out[i] - first[i]));
    }
    std::printf("%s differs by %.2g of the largest\n", way.name.c_str(), difference / largest);
  }
  for (int round = 0; round < arguments.rounds; ++round) {
    for (Way& way : ways) {
      std::vector<float> out(static_cast<size_t>(eager->outputs() * arguments.rows));
      const auto begun = std::chrono::steady_clock::now();
      GRAFT_RETURN_IF_ERROR(way.run(rows, out.data()));
      way.milliseconds.push_back(
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun)
              .count() /
          arguments.rows);
    }
  }
  for (const Way& way : ways) {
    std::vector<double> ratios;
    for (size_t i = 0; i < way.milliseconds.size(); ++i) {
      ratios.push_back(ways[0].milliseconds[i] / way.milliseconds[i]);
    }
    std::printf("%-28s %8.2f ms a row, %.2f of libtorch's rate\n", way.name.c_str(),
                Median(way.milliseconds), Median(ratios));
  }
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("What an engine's ways of computing a batch cost");
  app.add_option("--architecture", arguments.architecture, "By torchvision's or timm's name");
  app.add_option("--threads", arguments.threads)->check(CLI::Range(1, 256));
  app.add_option("--rows", arguments.rows)->check(CLI::Range(1, 256));
  app.add_option("--rounds", arguments.rounds)->check(CLI::Range(1, 1000));
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = Bench(arguments);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace graft

int main(int argc, char** argv) { return graft::Main(argc, argv); }
