#include "core/image/jpeg.h"

#include <csetjmp>
#include <cstdio>
#include <string>

// After <cstdio>, which they forget to include.
#include <jerror.h>
#include <jpeglib.h>

#include "absl/strings/str_cat.h"

#include "core/image/exif.h"

namespace graft {
namespace {

// A progressive file can repeat scans without end at a few bytes each.
constexpr int kMaxScans = 500;

// libjpeg reports errors by a callback that must not return; this one jumps out. Between setjmp and
// the jump no object with a destructor may come to life.
struct ErrorManager {
  jpeg_error_mgr base;
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void OnError(j_common_ptr info) {
  auto* manager = reinterpret_cast<ErrorManager*>(info->err);
  (*info->err->format_message)(info, manager->message);
  std::longjmp(manager->jump, 1);
}

void OnMessage(j_common_ptr info, int level) {
  if (level < 0) OnError(info);  // a warning: the data is damaged
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
  Decompressor() {
    info.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = &OnError;
    errors.base.emit_message = &OnMessage;
    errors.message[0] = '\0';
    jpeg_create_decompress(&info);
    progress.progress_monitor = &OnProgress;
    info.progress = &progress;
  }
  ~Decompressor() { jpeg_destroy_decompress(&info); }

  absl::Status Error() const {
    if (errors.base.msg_code == JERR_OUT_OF_MEMORY) {
      return absl::ResourceExhaustedError("not enough memory to decode the image");
    }
    const std::string message = errors.message;
    if (message.find("Premature end") != std::string::npos) {
      return absl::InvalidArgumentError("truncated JPEG");
    }
    return absl::InvalidArgumentError(absl::StrCat("damaged JPEG (", message, ")"));
  }

  jpeg_decompress_struct info{};
  jpeg_progress_mgr progress{};
  ErrorManager errors{};
};

void Attach(Decompressor& decompressor, absl::string_view bytes) {
  jpeg_mem_src(&decompressor.info, reinterpret_cast<const unsigned char*>(bytes.data()),
               bytes.size());
}

int Orientation(const jpeg_decompress_struct& info) {
  constexpr absl::string_view kExif("Exif\0\0", 6);
  for (const jpeg_marker_struct* marker = info.marker_list; marker != nullptr;
       marker = marker->next) {
    const absl::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
    if (marker->marker == JPEG_APP0 + 1 && data.substr(0, kExif.size()) == kExif) {
      return ExifOrientation(data.substr(kExif.size()));
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

}  // namespace

absl::StatusOr<ImageInfo> ReadJpegHeader(absl::string_view bytes) {
  Decompressor decompressor;
  if (setjmp(decompressor.errors.jump) != 0) return decompressor.Error();
  Attach(decompressor, bytes);
  jpeg_save_markers(&decompressor.info, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(&decompressor.info, TRUE);
  ImageInfo info;
  info.format = ImageFormat::kJpeg;
  info.width = static_cast<int>(decompressor.info.image_width);
  info.height = static_cast<int>(decompressor.info.image_height);
  info.orientation = Orientation(decompressor.info);
  return info;
}

absl::StatusOr<Image> DecodeJpeg(absl::string_view bytes) {
  Decompressor decompressor;
  jpeg_decompress_struct& info = decompressor.info;
  // Declared before setjmp, so that a jump leaves them whole.
  Image image;
  std::vector<uint8_t> cmyk_row;
  if (setjmp(decompressor.errors.jump) != 0) return decompressor.Error();
  Attach(decompressor, bytes);
  jpeg_read_header(&info, TRUE);
  const bool cmyk = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
  info.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
  info.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&info);
  image = MakeImage(static_cast<int>(info.output_width), static_cast<int>(info.output_height));
  if (cmyk) cmyk_row.resize(static_cast<size_t>(info.output_width) * 4);
  while (info.output_scanline < info.output_height) {
    uint8_t* const target = image.row(static_cast<int>(info.output_scanline));
    JSAMPROW row = cmyk ? cmyk_row.data() : target;
    jpeg_read_scanlines(&info, &row, 1);
    if (cmyk) {
      ConvertCmykRow(cmyk_row.data(), image.width, info.saw_Adobe_marker != FALSE, target);
    }
  }
  jpeg_finish_decompress(&info);
  return image;
}

}  // namespace graft
