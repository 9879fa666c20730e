#include "core/image/encode.h"

#include <cstdint>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

namespace graft::image {
namespace {

absl::StatusOr<std::string> Encode(const Image& image, const char* extension,
                                   const std::vector<int>& parameters) {
  if (image.width < 1 || image.height < 1) {
    return absl::InvalidArgumentError("an image without pixels cannot be encoded");
  }
  try {
    const cv::Mat rgb(image.height, image.width, CV_8UC3, const_cast<uint8_t*>(image.rgb.data()));
    cv::Mat bgr;
    cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
    std::vector<uint8_t> bytes;
    if (!cv::imencode(extension, bgr, bytes, parameters)) {
      return absl::InternalError("the image could not be encoded");
    }
    return std::string(bytes.begin(), bytes.end());
  } catch (const cv::Exception&) {
    return absl::InternalError("the image could not be encoded");
  }
}

}  // namespace

absl::StatusOr<std::string> EncodePng(const Image& image) { return Encode(image, ".png", {}); }

absl::StatusOr<std::string> EncodeJpeg(const Image& image, int quality) {
  return Encode(image, ".jpg", {cv::IMWRITE_JPEG_QUALITY, quality});
}

}  // namespace graft::image
