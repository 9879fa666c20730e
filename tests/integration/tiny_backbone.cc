#include "tests/integration/tiny_backbone.h"

#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "core/artifacts/safetensors/safetensors.h"
#include "core/backbones/catalog.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/model/input_spec.h"
#include "core/nn/network.h"
#include "core/nn/state_dict.h"

namespace graft {
namespace {

constexpr int kSide = 32;

void AppendLittleEndian(std::string* out, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

// 24 bits a pixel, bottom row first; rows of 96 bytes need no padding.
std::string Bmp(int label, std::mt19937& random) {
  constexpr uint32_t kPixels = kSide * kSide * 3;
  std::string bmp = "BM";
  AppendLittleEndian(&bmp, 54 + kPixels, 4);
  AppendLittleEndian(&bmp, 0, 4);
  AppendLittleEndian(&bmp, 54, 4);
  AppendLittleEndian(&bmp, 40, 4);
  AppendLittleEndian(&bmp, kSide, 4);
  AppendLittleEndian(&bmp, kSide, 4);
  AppendLittleEndian(&bmp, 1, 2);
  AppendLittleEndian(&bmp, 24, 2);
  AppendLittleEndian(&bmp, 0, 4);
  AppendLittleEndian(&bmp, kPixels, 4);
  for (int i = 0; i < 4; ++i) AppendLittleEndian(&bmp, 0, 4);
  for (int pixel = 0; pixel < kSide * kSide; ++pixel) {
    for (int channel = 0; channel < 3; ++channel) {
      const unsigned base = channel == label % 3 ? 160 : 40;
      bmp.push_back(static_cast<char>(base + random() % 60));
    }
  }
  return bmp;
}

void AppendTarEntry(std::string* tar, const std::string& name, const std::string& content) {
  char header[512] = {};
  std::snprintf(header, 100, "%s", name.c_str());
  std::snprintf(header + 100, 8, "0000644");
  std::snprintf(header + 124, 12, "%011zo", content.size());
  std::memcpy(header + 136, "00000000000", 11);
  header[156] = '0';
  std::memcpy(header + 257, "ustar\00000", 8);
  std::memset(header + 148, ' ', 8);
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  std::snprintf(header + 148, 8, "%06o", sum);
  tar->append(header, sizeof(header));
  tar->append(content);
  tar->append((512 - content.size() % 512) % 512, '\0');
}

}  // namespace

void WriteTinyBackbone(const std::filesystem::path& weights_dir) {
  const std::filesystem::path folder = weights_dir / "efficientnet_lite0";
  std::filesystem::create_directories(folder);
  const auto network =
      nn::Network::Create(*backbones::BuildArchitecture("tf_efficientnet_lite0"), 1);
  ASSERT_TRUE(network.ok()) << network.status();
  std::vector<at::Tensor> keep;
  const std::vector<nn::NamedTensor> tensors = (*network)->NamedTensors();
  const auto views = nn::ViewTensors(tensors, keep);
  ASSERT_TRUE(artifacts::WriteSafetensors(folder / "model.safetensors", views, {}).ok());
  model::InputSpec input;
  input.height = kSide;
  input.width = kSide;
  const nlohmann::json config = {
      {"format", 1},
      {"id", "efficientnet_lite0"},
      {"architecture", "tf_efficientnet_lite0"},
      {"sha256", *Sha256HexOfFile((folder / "model.safetensors").string())},
      {"licence", "none"},
      {"source", "drawn from a seed"},
      {"input_spec", nlohmann::json::parse(model::InputSpecToJson(input))}};
  ASSERT_TRUE(WriteFileAtomically(folder / "config.json", config.dump()).ok());
}

std::string TinyDatasetTar(int classes, int images) {
  std::mt19937 random(1);
  std::string tar;
  for (int label = 0; label < classes; ++label) {
    for (int i = 0; i < images; ++i) {
      AppendTarEntry(&tar, absl::StrCat("class", label, "/", i, ".bmp"), Bmp(label, random));
    }
  }
  tar.append(1024, '\0');
  return tar;
}

}  // namespace graft
