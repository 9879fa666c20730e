// Any bytes as an image: no crash, no leak, a picture of the size that was probed or an error; and
// whatever decodes can be prepared for a network.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"

#include "core/data/transforms.h"
#include "core/image/decode.h"
#include "tests/fuzz/require.h"

using graft::Require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  graft::image::ImageLimits limits;
  limits.max_pixels = 1 << 18;  // keeps a run fast
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<graft::image::ImageInfo> info = graft::image::ProbeImage(bytes, limits);
  const absl::StatusOr<graft::image::Image> image = graft::image::DecodeImage(bytes, limits);
  if (!image.ok()) {
    Require(!image.status().message().empty(), "an error without a cause");
    return 0;
  }
  Require(info.ok(), "decoded what was not to be probed");
  const bool turned = info->orientation >= 5;
  Require(image->width == (turned ? info->decoded_height() : info->decoded_width()),
          "another width");
  Require(image->height == (turned ? info->decoded_width() : info->decoded_height()),
          "another height");
  Require(image->rgb.size() == size_t{3} * image->width * image->height, "another size");

  graft::model::InputSpec spec;
  spec.height = spec.width = 32;
  std::vector<float> values(graft::data::PreparedValues(spec));
  graft::data::PrepareForEvaluation(*image, spec, values.data());
  graft::data::Random random(size);
  graft::data::PrepareForTraining(*image, spec, {}, random, values.data());
  return 0;
}
