#include "core/image/jpeg_warnings.h"

#include <algorithm>
#include <cstdio>

// After <cstdio>, which it forgets to include.
#include <jpeglib.h>

// After jpeglib.h, on whose settings the numbers of the messages depend.
#include <jerror.h>

namespace graft::image {
namespace {

struct Rule {
  int code;
  JpegWarning what;
};

// Where libjpeg-turbo 2.1 warns, and what it does then.
constexpr Rule kRules[] = {
    // jdapimin.c: an Adobe marker with a colour transform it does not know; taken as YCbCr or YCCK,
    // as all who write such markers mean it.
    {JWRN_ADOBE_XFORM, JpegWarning::kHarmless},
    // jdarith.c: a code that cannot be; the rest of the scan is left as it was.
    {JWRN_ARITH_BAD_CODE, JpegWarning::kDamage},
    // jdphuff.c: a scan refines what no scan before it sent: one is missing, or there twice.
    {JWRN_BOGUS_PROGRESSION, JpegWarning::kDamage},
    // jdmarker.c: bytes between two markers, or behind the data of a scan.
    {JWRN_EXTRANEOUS_DATA, JpegWarning::kLeftOver},
    // jdhuff.c: more bits are needed, but a marker is there; the rest of the scan is grey.
    {JWRN_HIT_MARKER, JpegWarning::kDamage},
    // jdhuff.c: no symbol has this code; it reads a zero, and all that follows is shifted.
    {JWRN_HUFF_BAD_CODE, JpegWarning::kDamage},
    // jdmarker.c: a JFIF marker of a version other than 1.x; nothing depends on it.
    {JWRN_JFIF_MAJOR, JpegWarning::kHarmless},
    // jdatasrc.c: the bytes are at their end; an end marker is made up. Where rows are missing,
    // JWRN_HIT_MARKER follows.
    {JWRN_JPEG_EOF, JpegWarning::kEndsEarly},
    // jdmarker.c: another marker than the restart that was due; the rows between are lost.
    {JWRN_MUST_RESYNC, JpegWarning::kDamage},
    // jdhuff.c: a baseline scan whose spectral selection is not 0 to 63, which it ignores.
    {JWRN_NOT_SEQUENTIAL, JpegWarning::kHarmless},
    // jdapistd.c: rows asked for beyond the last one.
    {JWRN_TOO_MUCH_DATA, JpegWarning::kHarmless},
#ifdef JWRN_BOGUS_ICC
    {JWRN_BOGUS_ICC, JpegWarning::kHarmless},
#endif
};

bool IsPadding(absl::string_view bytes) {
  if (bytes.empty()) return true;
  const bool one_value =
      std::all_of(bytes.begin(), bytes.end(), [&](char byte) { return byte == bytes.front(); });
  // A camera that streams puts line ends between its pictures.
  constexpr absl::string_view kFill("\0\xFF\r\n ", 5);
  return one_value || std::all_of(bytes.begin(), bytes.end(), [&](char byte) {
           return kFill.find(byte) != absl::string_view::npos;
         });
}

}  // namespace

JpegWarning ClassifyJpegWarning(int code) {
  for (const Rule& rule : kRules) {
    if (rule.code == code) return rule.what;
  }
  return JpegWarning::kDamage;
}

bool IsHarmlessSkip(const SkippedJpegBytes& skipped) {
  if (skipped.before_first_scan || IsPadding(skipped.bytes)) return true;
  // Of a picture whose data was cut out or overwritten, far more than this is usually left.
  return skipped.before_end && skipped.bytes.size() <= skipped.file_bytes / 8;
}

}  // namespace graft::image
