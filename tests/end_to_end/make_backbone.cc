// Writes a weights folder whose EfficientNet-Lite0 has values from a formula: what
// scripts/import_weights.py makes, without a download. make_backbone OUT_FOLDER

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/artifacts/safetensors/safetensors.h"
#include "core/backbones/catalog.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/model/input_spec.h"
#include "core/nn/network.h"
#include "core/nn/state_dict.h"
#include "tests/parity/formula_weights.h"

namespace graft {
namespace {

absl::Status Write(const std::filesystem::path& out) {
  const std::string id = "efficientnet_lite0";
  const std::filesystem::path folder = out / id;
  std::filesystem::create_directories(folder);
  auto network = nn::Network::Create(backbones::BuildArchitecture("tf_efficientnet_lite0").value());
  if (!network.ok()) return network.status();
  FillByFormula(**network);
  std::vector<at::Tensor> keep;
  auto bytes =
      artifacts::SerializeSafetensors(nn::ViewTensors((*network)->NamedTensors(), keep), {});
  if (!bytes.ok()) return bytes.status();
  absl::Status status = WriteFileAtomically(folder / "model.safetensors", *bytes);
  if (!status.ok()) return status;
  const nlohmann::json config = {
      {"format", 1},
      {"id", id},
      {"architecture", "tf_efficientnet_lite0"},
      {"sha256", Sha256Hex(*bytes)},
      {"licence", "CC0-1.0"},
      {"source", "a formula"},
      {"imagenet_top1", 0},
      {"input_spec", nlohmann::json::parse(model::InputSpecToJson(model::InputSpec{}))}};
  return WriteFileAtomically(folder / "config.json", config.dump());
}

}  // namespace
}  // namespace graft

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const absl::Status status = graft::Write(argv[1]);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
