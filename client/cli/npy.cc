#include "client/cli/npy.h"

#include <bit>
#include <cstdint>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace graft::cli {
namespace {

static_assert(std::endian::native == std::endian::little, "the header says '<f4'");

constexpr char kMagic[] = "\x93NUMPY\x01";  // and the minor version, 0
constexpr size_t kAlignment = 64;           // of where the numbers begin

}  // namespace

std::string ToNpy(const std::vector<std::vector<float>>& rows, size_t width) {
  std::string header = absl::StrCat("{'descr': '<f4', 'fortran_order': False, 'shape': (",
                                    rows.size(), ", ", width, "), }");
  std::string file(kMagic, sizeof kMagic);
  const size_t prefix = file.size() + sizeof(uint16_t);
  const size_t unpadded = prefix + header.size() + 1;
  header.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  header.push_back('\n');
  file.push_back(static_cast<char>(header.size() & 0xff));
  file.push_back(static_cast<char>(header.size() >> 8));
  file += header;
  for (const std::vector<float>& row : rows) {
    file.append(reinterpret_cast<const char*>(row.data()), width * sizeof(float));
  }
  return file;
}

}  // namespace graft::cli
