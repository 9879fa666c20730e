#ifndef GRAFT_SERVER_REQUEST_LOG_LOG_FILES_H_
#define GRAFT_SERVER_REQUEST_LOG_LOG_FILES_H_

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/base/disk_reserve.h"

namespace graft::server {

// Lines in files requests-00000001.jsonl, requests-00000002.jsonl ... of one folder, the last of
// which is written to. Together they never hold more than `max_bytes`: the oldest is deleted before
// there would be more, and each has an eighth of that at most. For one thread.
class LogFiles {
 public:
  struct Options {
    std::filesystem::path folder;    // made where it is missing
    uint64_t max_bytes = 256 << 20;  // 1 KiB at least
    uint64_t min_free_bytes = 0;     // of the disk, which are left alone
    FreeDiskFunction free = FreeDiskBytes;
  };

  // Goes on behind what is there; a line that a crash cut off is dropped.
  static absl::StatusOr<std::unique_ptr<LogFiles>> Open(Options options);
  ~LogFiles();
  LogFiles(const LogFiles&) = delete;
  LogFiles& operator=(const LogFiles&) = delete;

  // `line` with its end, at most an eighth of max_bytes. Not durable: the last ones may be lost
  // with the power. RESOURCE_EXHAUSTED where too little of the disk is free; nothing is written
  // then, nor is a part where writing fails. Messages name no path.
  absl::Status Append(absl::string_view line);

 private:
  struct File {
    uint64_t number = 0;
    uint64_t bytes = 0;
  };
  explicit LogFiles(Options options)
      : options_(std::move(options)),
        reserve_(options_.folder, options_.min_free_bytes, options_.free) {}

  std::filesystem::path PathOf(uint64_t number) const;
  absl::Status FindFiles();
  // Cuts off what follows the last end of a line in the last file.
  absl::Status DropPartOfALine();
  absl::Status OpenLast();
  absl::Status DeleteOldest();
  uint64_t bytes() const;
  void Close();

  const Options options_;
  DiskReserve reserve_;
  std::deque<File> files_;  // by number
  int fd_ = -1;             // of the last; -1: it is to be opened
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_REQUEST_LOG_LOG_FILES_H_
