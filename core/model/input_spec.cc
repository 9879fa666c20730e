#include "core/model/input_spec.h"

#include <cmath>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

#include "core/base/sha256.h"
#include "core/base/status_macros.h"

namespace graft::model {
namespace {

absl::Status Bad(absl::string_view field, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("input_spec.", field, " ", what));
}

// nlohmann's own get() would round 224.5, and take four values for three.
absl::Status GetPixels(const nlohmann::json& json, const char* key, int& pixels) {
  const nlohmann::json& value = json.at(key);
  if (!value.is_number_unsigned() || value.get<uint64_t>() > INT32_MAX) {
    return Bad(key, "must be a whole number of pixels");
  }
  value.get_to(pixels);
  return absl::OkStatus();
}

absl::Status GetChannels(const nlohmann::json& json, const char* key, std::array<float, 3>& of) {
  const nlohmann::json& values = json.at(key);
  if (!values.is_array() || values.size() != of.size()) return Bad(key, "must be three numbers");
  values.get_to(of);
  return absl::OkStatus();
}

absl::Status GetFraming(const nlohmann::json& json, Framing& framing) {
  const std::string name = json.at("framing").get<std::string>();
  for (const Framing each : kFramings) {
    if (name != FramingName(each)) continue;
    framing = each;
    return absl::OkStatus();
  }
  return Bad("framing", "must be centre_crop, squeeze or letterbox");
}

}  // namespace

PixelScale PixelScaleOf(const InputSpec& spec) {
  PixelScale pixels{};
  for (size_t c = 0; c < 3; ++c) {
    pixels.scale[c] = spec.value_range / 255.0f / spec.std[c];
    pixels.shift[c] = -spec.mean[c] / spec.std[c];
  }
  return pixels;
}

absl::string_view FramingName(Framing framing) {
  switch (framing) {
    case Framing::kCentreCrop:
      return "centre_crop";
    case Framing::kSqueeze:
      return "squeeze";
    case Framing::kLetterbox:
      return "letterbox";
  }
  return "";
}

absl::Status Validate(const InputSpec& spec) {
  if (spec.height < 1 || spec.height > 4096) return Bad("height", "must be 1 to 4096");
  if (spec.width < 1 || spec.width > 4096) return Bad("width", "must be 1 to 4096");
  if (!(spec.crop_fraction >= 0.1 && spec.crop_fraction <= 1)) {
    return Bad("crop_fraction", "must be 0.1 to 1");
  }
  for (int c = 0; c < 3; ++c) {
    if (!std::isfinite(spec.mean[c])) return Bad("mean", "must be finite");
    if (!std::isfinite(spec.std[c]) || spec.std[c] <= 0) return Bad("std", "must be above 0");
  }
  if (spec.value_range != 1 && spec.value_range != 255) {
    return Bad("value_range", "must be 1 or 255");
  }
  return absl::OkStatus();
}

std::string InputSpecToJson(const InputSpec& spec) {
  nlohmann::json json = {
      {"height", spec.height},
      {"width", spec.width},
      {"crop_fraction", spec.crop_fraction},
      {"interpolation", spec.interpolation == Interpolation::kBicubic ? "bicubic" : "bilinear"},
      {"mean", spec.mean},
      {"std", spec.std},
      {"channel_order", spec.channel_order == ChannelOrder::kRgb ? "rgb" : "bgr"},
      {"value_range", spec.value_range}};
  if (spec.framing != Framing::kCentreCrop)
    json["framing"] = std::string(FramingName(spec.framing));
  return json.dump();
}

absl::StatusOr<InputSpec> InputSpecFromJson(absl::string_view text) {
  const nlohmann::json json =
      nlohmann::json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("input_spec is not a JSON object");
  InputSpec spec;
  try {
    GRAFT_RETURN_IF_ERROR(GetPixels(json, "height", spec.height));
    GRAFT_RETURN_IF_ERROR(GetPixels(json, "width", spec.width));
    json.at("crop_fraction").get_to(spec.crop_fraction);
    GRAFT_RETURN_IF_ERROR(GetChannels(json, "mean", spec.mean));
    GRAFT_RETURN_IF_ERROR(GetChannels(json, "std", spec.std));
    json.at("value_range").get_to(spec.value_range);
    const std::string interpolation = json.at("interpolation").get<std::string>();
    if (interpolation != "bicubic" && interpolation != "bilinear") {
      return Bad("interpolation", "must be bilinear or bicubic");
    }
    spec.interpolation =
        interpolation == "bicubic" ? Interpolation::kBicubic : Interpolation::kBilinear;
    const std::string order = json.at("channel_order").get<std::string>();
    if (order != "rgb" && order != "bgr") return Bad("channel_order", "must be rgb or bgr");
    spec.channel_order = order == "rgb" ? ChannelOrder::kRgb : ChannelOrder::kBgr;
    if (json.contains("framing")) GRAFT_RETURN_IF_ERROR(GetFraming(json, spec.framing));
  } catch (const nlohmann::json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("input_spec: ", error.what()));
  }
  GRAFT_RETURN_IF_ERROR(Validate(spec));
  return spec;
}

std::string Digest(const InputSpec& spec) { return Sha256Hex(InputSpecToJson(spec)); }

}  // namespace graft::model
