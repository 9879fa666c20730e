#include "core/artifacts/blob/blob_store.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "core/base/status_macros.h"

namespace graft::artifacts {

absl::Status BlobStore::DeletePrefix(const std::string& prefix) {
  constexpr size_t kPage = 1000;
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const std::vector<std::string> keys, List(prefix, "", kPage));
    for (const std::string& key : keys) GRAFT_RETURN_IF_ERROR(Delete(key));
    if (keys.size() < kPage) return absl::OkStatus();
  }
}

absl::Status ValidateBlobKey(absl::string_view key) {
  if (key.empty() || key.size() > 512) {
    return absl::InvalidArgumentError("a blob's key has 1 to 512 bytes");
  }
  for (const absl::string_view segment : absl::StrSplit(key, '/')) {
    if (segment.empty() || segment[0] == '.') {
      return absl::InvalidArgumentError(
          "a blob's key has no empty segment and none that begins with '.'");
    }
    for (const char c : segment) {
      if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_' && c != '.') {
        return absl::InvalidArgumentError(
            "a blob's key is made of letters, digits, '-', '_', '.' and '/'");
      }
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateBlobPrefix(absl::string_view prefix) {
  if (prefix.empty()) return absl::OkStatus();
  return ValidateBlobKey(prefix.back() == '/' ? absl::StrCat(prefix, "x") : std::string(prefix));
}

}  // namespace graft::artifacts
