#ifndef GRAFT_CORE_MODEL_INPUT_SPEC_H_
#define GRAFT_CORE_MODEL_INPUT_SPEC_H_

#include <array>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/model/interpolation.h"

namespace graft::model {

enum class ChannelOrder { kRgb, kBgr };

// How a picture of any shape is made to fit the input.
enum class Framing {
  // The shorter side is resized to floor(size / crop_fraction) and the centre cut out: what most
  // published weights were evaluated with. What lies at the edges is not seen.
  kCentreCrop,
  // The whole picture, its sides resized each for itself: shapes are squeezed.
  kSqueeze,
  // The whole picture in its own shape, in the middle of black bars. crop_fraction is not used by
  // this one and the one before.
  kLetterbox,
};

inline constexpr Framing kFramings[] = {Framing::kCentreCrop, Framing::kSqueeze,
                                        Framing::kLetterbox};

// What a backbone wants to see. Published with its weights; training and serving share it.
// A picture is framed, scaled to [0, value_range], put in channel order, and normalised:
// (x - mean) / std.
struct InputSpec {
  int height = 224;  // pixels, 1 to 4,096
  int width = 224;
  double crop_fraction = 0.875;  // 0.1 to 1
  Interpolation interpolation = Interpolation::kBicubic;
  // In channel order and in the unit of value_range.
  std::array<float, 3> mean = {0.485f, 0.456f, 0.406f};
  std::array<float, 3> std = {0.229f, 0.224f, 0.225f};
  ChannelOrder channel_order = ChannelOrder::kRgb;
  float value_range = 1;  // of a white pixel before mean and std: 1 or 255
  Framing framing = Framing::kCentreCrop;

  friend bool operator==(const InputSpec&, const InputSpec&) = default;
};

// What scaling to [0, value_range] and normalising come to: the byte of a pixel becomes
// byte * scale + shift, a pair for each channel in the spec's order.
struct PixelScale {
  float scale[3];
  float shift[3];
};
PixelScale PixelScaleOf(const InputSpec& spec);

// "centre_crop", "squeeze", "letterbox".
absl::string_view FramingName(Framing framing);

// INVALID_ARGUMENT names the field that makes no sense.
absl::Status Validate(const InputSpec& spec);

// {"height":224,"width":224,"crop_fraction":0.875,"interpolation":"bicubic","mean":[...],
//  "std":[...],"channel_order":"rgb","value_range":1}, and "framing" where it is no centre crop:
// what was made before there were others keeps its digest.
std::string InputSpecToJson(const InputSpec& spec);
// The inverse; validates. INVALID_ARGUMENT names the field.
absl::StatusOr<InputSpec> InputSpecFromJson(absl::string_view json);

// SHA-256 over every field: equal specs prepare equal images.
std::string Digest(const InputSpec& spec);

}  // namespace graft::model

#endif  // GRAFT_CORE_MODEL_INPUT_SPEC_H_
