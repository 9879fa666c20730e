// The weights that a network of the catalogue begins with when it is trained from nothing, as a
// file that scripts/import_weights.py takes: for networks of which nobody has published weights at
// hand, and which are trained here (own_backbone.py).
//
//   graft_bench_initial_weights --architecture resnet50 --out resnet50.safetensors

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <CLI/CLI.hpp>

#include "core/artifacts/safetensors/safetensors.h"
#include "core/backbones/catalog.h"
#include "core/base/status_macros.h"
#include "core/nn/network.h"
#include "core/nn/state_dict.h"

namespace graft {
namespace {

absl::Status Write(const std::string& architecture, uint64_t seed, const std::string& out) {
  GRAFT_ASSIGN_OR_RETURN(nn::NetworkSpec spec, backbones::BuildArchitecture(architecture));
  GRAFT_ASSIGN_OR_RETURN(const auto network, nn::Network::Create(std::move(spec), seed));
  std::vector<at::Tensor> keep;
  return artifacts::WriteSafetensors(out, nn::ViewTensors(network->NamedTensors(), keep), {});
}

int Main(int argc, char** argv) {
  std::string architecture;
  std::string out;
  uint64_t seed = 0;
  CLI::App app("Weights to begin with");
  app.add_option("--architecture", architecture, "Of the catalogue: resnet50")->required();
  app.add_option("--out", out, "A safetensors file")->required();
  app.add_option("--seed", seed, "Of what is drawn");
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = Write(architecture, seed, out);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace graft

int main(int argc, char** argv) { return graft::Main(argc, argv); }
