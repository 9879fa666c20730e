#include "core/image/jpeg.h"

#include <algorithm>
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

// After <cstdio>, which it forgets to include.
#include <jpeglib.h>

// After jpeglib.h, on whose settings the numbers of the messages depend.
#include <jerror.h>

#include "absl/strings/str_cat.h"

#include "core/image/exif.h"
#include "core/image/jpeg_warnings.h"

namespace graft::image {
namespace {

// A progressive file can repeat scans without end at a few bytes each.
constexpr int kMaxScans = 500;

// libjpeg reports errors by a callback that must not return; this one jumps out. Between setjmp and
// the jump no object with a destructor may come to life.
struct ErrorManager {
  jpeg_error_mgr base;
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
  absl::string_view bytes;  // the file
  bool ends_early;          // without its end marker
  bool damaged;             // by a warning, not an error
};

[[noreturn]] void OnError(j_common_ptr info) {
  auto* manager = reinterpret_cast<ErrorManager*>(info->err);
  (*info->err->format_message)(info, manager->message);
  std::longjmp(manager->jump, 1);
}

// What was passed over before the marker that libjpeg has just found.
SkippedJpegBytes SkippedBytes(const jpeg_decompress_struct& info, const ErrorManager& manager) {
  const size_t count = static_cast<size_t>(std::max(manager.base.msg_parm.i[0], 0));
  const char* const begin = manager.bytes.data();
  const char* const next = reinterpret_cast<const char*>(info.src->next_input_byte);
  // Behind the end of the file libjpeg reads an end marker of its own.
  const bool inside = next >= begin && next <= begin + manager.bytes.size();
  const size_t end = inside ? static_cast<size_t>(next - begin) : manager.bytes.size();
  SkippedJpegBytes skipped;
  skipped.bytes = manager.bytes.substr(end - std::min(count, end), std::min(count, end));
  skipped.before_first_scan = info.input_scan_number == 0;
  skipped.before_end = manager.base.msg_parm.i[1] == JPEG_EOI;
  skipped.file_bytes = manager.bytes.size();
  return skipped;
}

void OnMessage(j_common_ptr info, int level) {
  if (level >= 0) return;  // a trace
  auto* manager = reinterpret_cast<ErrorManager*>(info->err);
  switch (ClassifyJpegWarning(manager->base.msg_code)) {
    case JpegWarning::kHarmless:
      return;
    case JpegWarning::kEndsEarly:
      manager->ends_early = true;
      return;
    case JpegWarning::kLeftOver:
      if (IsHarmlessSkip(SkippedBytes(*reinterpret_cast<j_decompress_ptr>(info), *manager))) return;
      break;
    case JpegWarning::kDamage:
      break;
  }
  manager->damaged = true;
  OnError(info);
}

void OnProgress(j_common_ptr info) {
  auto* decompress = reinterpret_cast<j_decompress_ptr>(info);
  if (decompress->input_scan_number > kMaxScans) {
    auto* manager = reinterpret_cast<ErrorManager*>(info->err);
    std::snprintf(manager->message, sizeof(manager->message), "more than %d scans", kMaxScans);
    std::longjmp(manager->jump, 1);
  }
}

// Owns a decompressor.
class Decompressor {
 public:
  explicit Decompressor(absl::string_view bytes) {
    info.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = &OnError;
    errors.base.emit_message = &OnMessage;
    errors.bytes = bytes;
    jpeg_create_decompress(&info);
    progress.progress_monitor = &OnProgress;
    info.progress = &progress;
  }
  ~Decompressor() { jpeg_destroy_decompress(&info); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  // Calls `steps`, which may call libjpeg; false where libjpeg gave up on the way. What `steps`
  // changes must live outside it: a jump forgets what a function with setjmp, or one called from
  // it, holds in registers.
  template <typename F>
  bool Try(const F& steps) {
    if (setjmp(errors.jump) != 0) return false;
    steps();
    return true;
  }

  absl::Status Error() const {
    switch (errors.damaged ? 0 : errors.base.msg_code) {
      case JERR_OUT_OF_MEMORY:
        return absl::ResourceExhaustedError("not enough memory to decode the image");
      case JERR_BAD_PRECISION:
      case JERR_SOF_UNSUPPORTED:
      case JERR_CONVERSION_NOTIMPL:
      case JERR_CCIR601_NOTIMPL:
      case JERR_ARITH_NOTIMPL:
        return absl::InvalidArgumentError(absl::StrCat("a JPEG of a kind that is not supported (",
                                                       errors.message,
                                                       "): save it as a usual JPEG, or as PNG"));
      default:
        break;
    }
    if (errors.ends_early) return Truncated();
    return absl::InvalidArgumentError(absl::StrCat("damaged JPEG (", errors.message, ")"));
  }

  // Whether something of the picture was in none of the scans that came. Of a file that is whole
  // that is its encoder's choice; a file that was cut between two scans shows by nothing else.
  bool LacksScans() const {
    for (int c = 0; c < info.num_components; ++c) {
      if (info.comp_info[c].component_needed && info.comp_info[c].quant_table == nullptr) {
        return true;
      }
      if (!errors.ends_early || info.coef_bits == nullptr) continue;
      const int* const missing_bits = info.coef_bits[c];
      if (std::any_of(missing_bits, missing_bits + DCTSIZE2, [](int bits) { return bits != 0; })) {
        return true;
      }
    }
    return false;
  }

  static absl::Status Truncated() { return absl::InvalidArgumentError("truncated JPEG"); }

  jpeg_decompress_struct info{};
  jpeg_progress_mgr progress{};
  ErrorManager errors{};
};

void ReadHeader(Decompressor& decompressor) {
  const absl::string_view bytes = decompressor.errors.bytes;
  jpeg_mem_src(&decompressor.info, reinterpret_cast<const unsigned char*>(bytes.data()),
               bytes.size());
  jpeg_save_markers(&decompressor.info, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(&decompressor.info, TRUE);
}

int Orientation(const jpeg_decompress_struct& info) {
  // Behind the name two bytes, of which some cameras leave one as it was.
  constexpr absl::string_view kExif("Exif\0", 5);
  for (const jpeg_marker_struct* marker = info.marker_list; marker != nullptr;
       marker = marker->next) {
    const absl::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
    if (marker->marker == JPEG_APP0 + 1 && data.size() > kExif.size() &&
        data.substr(0, kExif.size()) == kExif) {
      return ExifOrientation(data.substr(kExif.size() + 1));
    }
  }
  return 1;
}

// One row of CMYK to RGB. Adobe's files hold the inks inverted: 255 is no ink.
void ConvertCmykRow(const uint8_t* cmyk, int width, bool inverted, uint8_t* rgb) {
  for (int x = 0; x < width; ++x) {
    const int key = inverted ? cmyk[4 * x + 3] : 255 - cmyk[4 * x + 3];
    for (int c = 0; c < 3; ++c) {
      const int ink = inverted ? cmyk[4 * x + c] : 255 - cmyk[4 * x + c];
      rgb[3 * x + c] = static_cast<uint8_t>((ink * key + 127) / 255);
    }
  }
}

void ReadRows(Decompressor& decompressor, bool cmyk, std::vector<uint8_t>& cmyk_row, Image& image) {
  jpeg_decompress_struct& info = decompressor.info;
  while (info.output_scanline < info.output_height) {
    uint8_t* const target = image.row(static_cast<int>(info.output_scanline));
    JSAMPROW row = cmyk ? cmyk_row.data() : target;
    jpeg_read_scanlines(&info, &row, 1);
    if (cmyk) {
      ConvertCmykRow(cmyk_row.data(), image.width, info.saw_Adobe_marker != FALSE, target);
    }
  }
}

}  // namespace

absl::StatusOr<ImageInfo> ReadJpegHeader(absl::string_view bytes) {
  Decompressor decompressor(bytes);
  if (!decompressor.Try([&] { ReadHeader(decompressor); })) return decompressor.Error();
  ImageInfo info;
  info.format = ImageFormat::kJpeg;
  info.width = static_cast<int>(decompressor.info.image_width);
  info.height = static_cast<int>(decompressor.info.image_height);
  info.orientation = Orientation(decompressor.info);
  // Of several scans libjpeg keeps all coefficients in memory, at whatever size it is to give.
  info.reducible = jpeg_has_multiple_scans(&decompressor.info) == FALSE;
  return info;
}

absl::StatusOr<Image> DecodeJpeg(absl::string_view bytes, int reduction) {
  Decompressor decompressor(bytes);
  jpeg_decompress_struct& info = decompressor.info;
  if (!decompressor.Try([&] { ReadHeader(decompressor); })) return decompressor.Error();
  const bool cmyk = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
  info.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
  info.dct_method = JDCT_ISLOW;
  info.scale_num = 1;
  info.scale_denom = static_cast<unsigned>(reduction);
  if (!decompressor.Try([&] { jpeg_start_decompress(&info); })) return decompressor.Error();
  Image image =
      MakeImage(static_cast<int>(info.output_width), static_cast<int>(info.output_height));
  std::vector<uint8_t> cmyk_row;
  if (cmyk) cmyk_row.resize(static_cast<size_t>(info.output_width) * 4);
  if (!decompressor.Try([&] { ReadRows(decompressor, cmyk, cmyk_row, image); })) {
    return decompressor.Error();
  }
  if (decompressor.LacksScans()) return Decompressor::Truncated();
  // All pixels are there. What is left over may still say that they are not right; but an error in
  // what comes behind them is none of theirs.
  if (!decompressor.Try([&] { jpeg_finish_decompress(&info); }) && decompressor.errors.damaged) {
    return decompressor.Error();
  }
  return image;
}

}  // namespace graft::image
