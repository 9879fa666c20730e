#include "core/publishing/shared_ranges.h"

#include <cstdint>
#include <system_error>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

#include "core/base/files.h"
#include "core/base/sha256.h"

namespace graft::publishing {
namespace {

constexpr uint64_t kMostBytes = uint64_t{4} << 20;

}  // namespace

std::filesystem::path SharedRanges::FileOf(absl::string_view trunk) const {
  return folder_ / absl::StrCat(Sha256Hex(trunk), ".json");
}

std::optional<std::vector<model::ActivationRange>> SharedRanges::Find(
    absl::string_view trunk) const {
  const absl::StatusOr<std::string> text = ReadFile(FileOf(trunk), kMostBytes);
  if (!text.ok()) return std::nullopt;
  absl::StatusOr<std::vector<model::ActivationRange>> ranges =
      model::ActivationRangesFromJson(*text);
  if (!ranges.ok() || ranges->empty()) return std::nullopt;
  return *std::move(ranges);
}

void SharedRanges::Keep(absl::string_view trunk,
                        const std::vector<model::ActivationRange>& ranges) const {
  std::error_code ignored;
  std::filesystem::create_directories(folder_, ignored);
  WriteFileAtomically(FileOf(trunk), model::ActivationRangesToJson(ranges)).IgnoreError();
}

}  // namespace graft::publishing
