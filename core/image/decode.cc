#include "core/image/decode.h"

#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/image/bmp.h"
#include "core/image/jpeg.h"
#include "core/image/png.h"

namespace graft::image {
namespace {

// One value of any depth OpenCV gives, as 8 bits.
inline int To8Bit(uint16_t value) { return (value + 128) / 257; }
inline int To8Bit(uint8_t value) { return value; }

// What the header says of a picture besides its colours.
struct Transparency {
  bool opaque = false;            // a fourth channel is there and means nothing
  std::optional<uint16_t> clear;  // the one shade of grey that is transparent, in the file's depth
};

// From OpenCV's BGR(A) or grey, on white.
template <typename T>
Image FlattenOnWhite(const cv::Mat& mat, const Transparency& transparency) {
  Image image = MakeImage(mat.cols, mat.rows);
  const int channels = mat.channels();
  for (int y = 0; y < mat.rows; ++y) {
    const T* in = mat.ptr<T>(y);
    uint8_t* out = image.row(y);
    for (int x = 0; x < mat.cols; ++x, in += channels, out += 3) {
      int alpha = 255;
      if (channels == 4 && !transparency.opaque) alpha = To8Bit(in[3]);
      if (channels == 1 && transparency.clear == in[0]) alpha = 0;
      for (int c = 0; c < 3; ++c) {
        const int value = To8Bit(channels >= 3 ? in[2 - c] : in[0]);
        out[c] = static_cast<uint8_t>((value * alpha + 255 * (255 - alpha) + 127) / 255);
      }
    }
  }
  return image;
}

absl::StatusOr<Image> DecodeWithOpenCv(absl::string_view bytes, const ImageInfo& info,
                                       const Transparency& transparency = {}) {
  const absl::string_view format = ImageFormatName(info.format);
  cv::Mat mat;
  try {
    const cv::Mat encoded(1, static_cast<int>(bytes.size()), CV_8UC1,
                          const_cast<char*>(bytes.data()));
    mat = cv::imdecode(encoded, cv::IMREAD_UNCHANGED);
  } catch (const cv::Exception& error) {  // its text names source files
    if (error.code == cv::Error::StsNoMem) throw std::bad_alloc();
    mat.release();
  }
  if (mat.empty()) return absl::InvalidArgumentError(absl::StrCat("damaged ", format));
  if (mat.cols != info.width || mat.rows != info.height) {
    return absl::InvalidArgumentError(
        absl::StrCat("damaged ", format, " (its size is not the header's)"));
  }
  if (mat.depth() == CV_8U) return FlattenOnWhite<uint8_t>(mat, transparency);
  if (mat.depth() == CV_16U) return FlattenOnWhite<uint16_t>(mat, transparency);
  return absl::InvalidArgumentError(absl::StrCat(format, " of an unsupported depth"));
}

// EXIF orientations 2 to 8: where the pixel at (x, y) of the upright picture is stored.
Image Upright(const Image& stored, int orientation) {
  const bool transposed = orientation >= 5;
  Image image =
      transposed ? MakeImage(stored.height, stored.width) : MakeImage(stored.width, stored.height);
  const int right = stored.width - 1;
  const int bottom = stored.height - 1;
  for (int y = 0; y < image.height; ++y) {
    uint8_t* out = image.row(y);
    for (int x = 0; x < image.width; ++x, out += 3) {
      int from_x = transposed ? y : x;
      int from_y = transposed ? x : y;
      // 2: mirrored; 3: half a turn; 4: upside down; 5: transposed; 6: a quarter turn clockwise
      // puts it upright; 7: transverse; 8: a quarter turn the other way.
      if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) {
        from_x = right - from_x;
      }
      if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) {
        from_y = bottom - from_y;
      }
      const uint8_t* in = stored.row(from_y) + 3 * from_x;
      out[0] = in[0];
      out[1] = in[1];
      out[2] = in[2];
    }
  }
  return image;
}

absl::StatusOr<Image> DecodeStored(absl::string_view bytes, const ImageInfo& info) {
  switch (info.format) {
    case ImageFormat::kJpeg:
      return DecodeJpeg(bytes, info.reduction);
    case ImageFormat::kPng: {
      GRAFT_ASSIGN_OR_RETURN(const std::string essential, EssentialPng(bytes));
      Transparency transparency;
      transparency.clear = TransparentGrey(essential);
      return DecodeWithOpenCv(essential, info, transparency);
    }
    case ImageFormat::kBmp: {
      GRAFT_RETURN_IF_ERROR(CheckBmp(bytes, info));
      Transparency transparency;
      transparency.opaque = !HasAlpha(bytes);
      return DecodeWithOpenCv(bytes, info, transparency);
    }
    case ImageFormat::kWebp:
      break;
  }
  return DecodeWithOpenCv(bytes, info);
}

}  // namespace

absl::StatusOr<Image> DecodeImage(absl::string_view bytes, const ImageLimits& limits) {
  GRAFT_ASSIGN_OR_RETURN(const ImageInfo info, ProbeImage(bytes, limits));
  return DecodeProbed(bytes, info);
}

absl::StatusOr<Image> DecodeProbed(absl::string_view bytes, const ImageInfo& info) {
  try {
    GRAFT_ASSIGN_OR_RETURN(Image image, DecodeStored(bytes, info));
    if (info.orientation == 1) return image;
    return Upright(image, info.orientation);
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("not enough memory to decode the image");
  }
}

}  // namespace graft::image
