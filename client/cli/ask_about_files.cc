#include "client/cli/ask_about_files.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "client/cli/output.h"
#include "client/lib/channel.h"
#include "client/lib/local_file.h"
#include "client/lib/status.h"

namespace graft::cli {
namespace {

// Well within the 64 MiB that graft-server takes unless told otherwise.
constexpr uint64_t kMaxBytes = uint64_t{14} << 20;

absl::StatusOr<std::vector<uint64_t>> SizesOf(const std::vector<std::string>& files) {
  std::vector<uint64_t> sizes;
  for (const std::string& file : files) {
    const absl::StatusOr<uint64_t> size = client::FileBytes(file);
    if (!size.ok()) return size.status();
    if (*size == 0) {
      return absl::InvalidArgumentError(absl::StrCat("'", file, "' is empty, not a picture"));
    }
    if (*size > client::kMaxPictureBytes) {
      return absl::InvalidArgumentError(absl::StrCat("'", file, "' (",
                                                     FormatBytes(static_cast<int64_t>(*size)),
                                                     ") is larger than one request can be"));
    }
    sizes.push_back(*size);
  }
  return sizes;
}

absl::StatusOr<std::vector<std::string>> Read(const std::vector<std::string>& files,
                                              const FileRange& range) {
  std::vector<std::string> pictures;
  for (size_t i = 0; i < range.count; ++i) {
    absl::StatusOr<std::string> bytes =
        client::ReadFile(files[range.first + i], client::kMaxPictureBytes);
    if (!bytes.ok()) return bytes.status();
    pictures.push_back(*std::move(bytes));
  }
  return pictures;
}

// gRPC's own refusal, at either end: the server never saw the request.
bool IsTooLargeAMessage(const absl::Status& status) {
  return absl::IsResourceExhausted(status) &&
         absl::StrContains(status.message(), "message larger than max");
}

// The server calls pictures "inputs[3]", counted within the request.
absl::Status NameFiles(const absl::Status& status, const std::vector<std::string>& files,
                       const FileRange& range) {
  std::vector<std::pair<std::string, std::string>> names;
  for (size_t i = 0; i < range.count; ++i) {
    names.emplace_back(absl::StrCat("inputs[", i, "]"),
                       absl::StrCat("'", files[range.first + i], "'"));
  }
  return client::WithMessage(status, absl::StrReplaceAll(status.message(), names));
}

}  // namespace

std::vector<FileRange> PlanRequests(const std::vector<uint64_t>& sizes, size_t max_count,
                                    uint64_t max_bytes) {
  std::vector<FileRange> ranges;
  uint64_t bytes = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (ranges.empty() || ranges.back().count == max_count || bytes + sizes[i] > max_bytes) {
      ranges.push_back({i, 0});
      bytes = 0;
    }
    ++ranges.back().count;
    bytes += sizes[i];
  }
  return ranges;
}

absl::Status AskAboutFiles(
    const std::vector<std::string>& files, size_t answers_each,
    const std::function<absl::Status(const std::vector<std::string>& pictures)>& ask) {
  const absl::StatusOr<std::vector<uint64_t>> sizes = SizesOf(files);
  if (!sizes.ok()) return sizes.status();
  const std::vector<FileRange> plan = PlanRequests(
      *sizes, std::max<size_t>(1, kMaxFiles / std::max<size_t>(1, answers_each)), kMaxBytes);
  std::deque<FileRange> left(plan.begin(), plan.end());
  while (!left.empty()) {
    const FileRange range = left.front();
    left.pop_front();
    const absl::StatusOr<std::vector<std::string>> pictures = Read(files, range);
    if (!pictures.ok()) return pictures.status();
    const absl::Status asked = ask(*pictures);
    if (asked.ok()) continue;
    if (!IsTooLargeAMessage(asked)) return NameFiles(asked, files, range);
    if (range.count == 1) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "'", files[range.first], "' (", FormatBytes(static_cast<int64_t>((*sizes)[range.first])),
          ") is larger than the server takes in one request",
          "\n  hint: send a smaller picture, or start graft-server with a larger "
          "--max-message-bytes"));
    }
    // A server with a smaller limit: halves may fit.
    const size_t half = range.count / 2;
    left.push_front({range.first + half, range.count - half});
    left.push_front({range.first, half});
  }
  return absl::OkStatus();
}

}  // namespace graft::cli
