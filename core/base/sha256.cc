#include "core/base/sha256.h"

#include <cstdio>
#include <memory>

namespace graft {

std::string Sha256Hex(absl::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.FinishHex();
}

absl::StatusOr<std::string> Sha256HexOfFile(const std::string& path) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                       &std::fclose);
  if (file == nullptr) return absl::NotFoundError("cannot open file to hash it");
  Sha256 hash;
  std::string buffer(1 << 20, '\0');
  while (size_t read = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    hash.Update(absl::string_view(buffer.data(), read));
  }
  if (std::ferror(file.get()) != 0) return absl::DataLossError("read error while hashing a file");
  return hash.FinishHex();
}

bool IsSha256Hex(absl::string_view text) {
  if (text.size() != 64) return false;
  for (char c : text) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

}  // namespace graft
