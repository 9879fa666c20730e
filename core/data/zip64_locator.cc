#include "core/data/zip64_locator.h"

#include <algorithm>
#include <string>

#include "absl/strings/string_view.h"

namespace graft::data {
namespace {

constexpr absl::string_view kEndSign("PK\5\6", 4);
constexpr absl::string_view kLocatorSign("PK\6\7", 4);
constexpr uint64_t kEndBytes = 22;
constexpr uint64_t kLongestComment = 65535;
constexpr size_t kLocatorBytes = 20;
constexpr size_t kDisks = 16;  // in the locator: four bytes, its last

}  // namespace

std::optional<uint64_t> FindZeroDisks(std::FILE* file, uint64_t bytes) {
  const uint64_t tail_bytes =
      std::min<uint64_t>(bytes, kLocatorBytes + kEndBytes + kLongestComment);
  std::string tail(tail_bytes, '\0');
  const bool read = ::fseeko(file, static_cast<off_t>(bytes - tail_bytes), SEEK_SET) == 0 &&
                    std::fread(tail.data(), 1, tail.size(), file) == tail.size();
  std::rewind(file);
  const size_t end = read ? absl::string_view(tail).rfind(kEndSign) : std::string::npos;
  if (end == std::string::npos || end < kLocatorBytes) return std::nullopt;
  const absl::string_view locator = absl::string_view(tail).substr(end - kLocatorBytes);
  if (locator.substr(0, kLocatorSign.size()) != kLocatorSign) return std::nullopt;
  if (locator.substr(kDisks, 4) != absl::string_view("\0\0\0\0", 4)) return std::nullopt;
  return bytes - tail_bytes + end - kLocatorBytes + kDisks;
}

}  // namespace graft::data
