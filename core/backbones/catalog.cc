#include "core/backbones/catalog.h"

#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "core/backbones/efficientnet.h"
#include "core/backbones/vgg.h"

namespace graft {
namespace {

struct Row {
  Architecture architecture;
  std::function<NetworkSpec()> build;
};

InputSpec VggInput() {
  InputSpec input;
  input.interpolation = Interpolation::kBilinear;
  return input;
}

InputSpec EfficientNetInput(int size, double crop_fraction) {
  InputSpec input;
  input.height = input.width = size;
  input.crop_fraction = crop_fraction;
  return input;
}

// Lite networks were trained on (x - 127) / 128.
InputSpec LiteInput(int size, double crop_fraction) {
  InputSpec input = EfficientNetInput(size, crop_fraction);
  input.mean.fill(127.0f / 255.0f);
  input.std.fill(128.0f / 255.0f);
  return input;
}

std::vector<Row> Rows() {
  std::vector<Row> rows;
  const auto vgg = [&](int layers, bool batch_norm, double top1) {
    rows.push_back({{absl::StrCat("vgg", layers, batch_norm ? "_bn" : ""), VggInput(), top1},
                    [=] { return BuildVgg(layers, batch_norm); }});
  };
  // Accuracies: torchvision's documentation of its IMAGENET1K_V1 weights.
  vgg(11, false, 0.69020);
  vgg(11, true, 0.70370);
  vgg(13, false, 0.69928);
  vgg(13, true, 0.71586);
  vgg(16, false, 0.71592);
  vgg(16, true, 0.73360);
  vgg(19, false, 0.72376);
  vgg(19, true, 0.74218);

  const auto lite = [&](int variant, int size, double crop_fraction, double top1) {
    rows.push_back(
        {{absl::StrCat("tf_efficientnet_lite", variant), LiteInput(size, crop_fraction), top1},
         [=] { return BuildEfficientNetLite(variant); }});
  };
  // Accuracies: the EfficientNet-Lite release notes, float models.
  lite(0, 224, 0.875, 0.751);
  lite(1, 240, 0.882, 0.767);
  lite(2, 260, 0.890, 0.776);
  lite(3, 280, 0.904, 0.798);
  lite(4, 300, 0.920, 0.815);

  const auto full = [&](int variant, int size, double crop_fraction, double top1) {
    rows.push_back(
        {{absl::StrCat("tf_efficientnet_b", variant), EfficientNetInput(size, crop_fraction), top1},
         [=] { return BuildEfficientNet(variant); }});
  };
  // Accuracies: Tan & Le 2019, table 2.
  full(0, 224, 0.875, 0.771);
  full(1, 240, 0.882, 0.791);
  full(2, 260, 0.890, 0.801);
  full(3, 300, 0.904, 0.816);
  full(4, 380, 0.922, 0.829);
  full(5, 456, 0.934, 0.836);
  full(6, 528, 0.942, 0.840);
  full(7, 600, 0.949, 0.843);
  return rows;
}

}  // namespace

std::vector<Architecture> Architectures() {
  std::vector<Architecture> architectures;
  for (Row& row : Rows()) architectures.push_back(std::move(row.architecture));
  return architectures;
}

absl::StatusOr<NetworkSpec> BuildArchitecture(absl::string_view name) {
  std::vector<std::string> names;
  for (const Row& row : Rows()) {
    if (row.architecture.name == name) return row.build();
    names.push_back(row.architecture.name);
  }
  return absl::NotFoundError(
      absl::StrCat("no architecture '", name, "'; there are ", absl::StrJoin(names, ", ")));
}

}  // namespace graft
