#include "server/request_log/log_files.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <system_error>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

#include "core/base/status_macros.h"

namespace graft::server {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kBeginning = "requests-";
constexpr absl::string_view kEnding = ".jsonl";
constexpr uint64_t kParts = 8;
constexpr uint64_t kLongestLine = 64 << 10;

absl::Status CannotWrite(int error) {
  const std::string why = std::generic_category().message(error);
  if (error == ENOSPC || error == EDQUOT) return absl::ResourceExhaustedError(why);
  return absl::InternalError(absl::StrCat("the request log cannot be written: ", why));
}

// 0 for a name that is not ours.
uint64_t NumberOf(absl::string_view name) {
  uint64_t number = 0;
  if (!absl::ConsumePrefix(&name, kBeginning) || !absl::ConsumeSuffix(&name, kEnding) ||
      !absl::SimpleAtoi(name, &number)) {
    return 0;
  }
  return number;
}

// Bytes that follow the last end of a line, of a file of `bytes`: lines are short, so that its end
// tells.
absl::StatusOr<uint64_t> BytesBehindLastLine(const fs::path& path, uint64_t bytes) {
  std::string end(std::min(bytes, kLongestLine), '\0');
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return CannotWrite(errno);
  const ssize_t got = ::pread(fd, end.data(), end.size(), static_cast<off_t>(bytes - end.size()));
  ::close(fd);
  if (got != static_cast<ssize_t>(end.size())) return CannotWrite(EIO);
  const size_t newline = end.rfind('\n');
  return newline == std::string::npos ? end.size() : end.size() - newline - 1;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LogFiles>> LogFiles::Open(Options options) {
  std::unique_ptr<LogFiles> files(new LogFiles(std::move(options)));
  GRAFT_RETURN_IF_ERROR(files->FindFiles());
  GRAFT_RETURN_IF_ERROR(files->DropPartOfALine());
  return files;
}

LogFiles::~LogFiles() { Close(); }

void LogFiles::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

fs::path LogFiles::PathOf(uint64_t number) const {
  return options_.folder / absl::StrFormat("%s%08d%s", kBeginning, number, kEnding);
}

absl::Status LogFiles::FindFiles() {
  std::error_code error;
  fs::create_directories(options_.folder, error);
  for (fs::directory_iterator it(options_.folder, error), end; !error && it != end;
       it.increment(error)) {
    const uint64_t number = NumberOf(it->path().filename().string());
    if (number == 0) continue;
    const uint64_t bytes = it->file_size(error);
    if (error) break;
    files_.push_back({number, bytes});
  }
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat("the folder of the request log cannot be used: ", error.message()));
  }
  std::sort(files_.begin(), files_.end(),
            [](const File& a, const File& b) { return a.number < b.number; });
  return absl::OkStatus();
}

absl::Status LogFiles::DropPartOfALine() {
  if (files_.empty()) return absl::OkStatus();
  File& last = files_.back();
  GRAFT_ASSIGN_OR_RETURN(const uint64_t part, BytesBehindLastLine(PathOf(last.number), last.bytes));
  if (part == 0) return absl::OkStatus();
  std::error_code error;
  fs::resize_file(PathOf(last.number), last.bytes - part, error);
  if (error) return CannotWrite(error.value());
  last.bytes -= part;
  return absl::OkStatus();
}

uint64_t LogFiles::bytes() const {
  uint64_t sum = 0;
  for (const File& file : files_) sum += file.bytes;
  return sum;
}

absl::Status LogFiles::DeleteOldest() {
  std::error_code error;
  fs::remove(PathOf(files_.front().number), error);
  if (error) return CannotWrite(error.value());
  if (files_.size() == 1) Close();
  files_.pop_front();
  return absl::OkStatus();
}

absl::Status LogFiles::OpenLast() {
  if (fd_ >= 0) return absl::OkStatus();
  fd_ =
      ::open(PathOf(files_.back().number).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  return fd_ >= 0 ? absl::OkStatus() : CannotWrite(errno);
}

absl::Status LogFiles::Append(absl::string_view line) {
  GRAFT_RETURN_IF_ERROR(reserve_.Spend(line.size()));
  const uint64_t most = options_.max_bytes / kParts;
  if (line.size() > most) return absl::InternalError("a line is too long for the request log");
  if (files_.empty() || files_.back().bytes + line.size() > most) {
    Close();
    files_.push_back({files_.empty() ? 1 : files_.back().number + 1, 0});
  }
  while (files_.size() > 1 && bytes() + line.size() > options_.max_bytes) {
    GRAFT_RETURN_IF_ERROR(DeleteOldest());
  }
  GRAFT_RETURN_IF_ERROR(OpenLast());
  File& last = files_.back();
  for (absl::string_view left = line; !left.empty();) {
    const ssize_t written = ::write(fd_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      // Best effort: what stays of it is dropped at the next start.
      static_cast<void>(::ftruncate(fd_, static_cast<off_t>(last.bytes)) == 0);
      return CannotWrite(error);
    }
    left.remove_prefix(static_cast<size_t>(written));
  }
  last.bytes += line.size();
  return absl::OkStatus();
}

}  // namespace graft::server
