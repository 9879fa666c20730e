#ifndef GRAFT_SERVER_API_UPLOAD_SESSION_H_
#define GRAFT_SERVER_API_UPLOAD_SESSION_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "graft/v1/dataset.pb.h"

#include "core/base/clock.h"
#include "core/base/disk_reserve.h"
#include "core/base/thread_pool.h"
#include "core/telemetry/metrics.h"
#include "server/api/caller.h"

namespace graft::server {

// RESOURCE_EXHAUSTED, reason DISK_FULL: what an upload gets that there is no room for.
absl::Status DiskFull();

// An archive that arrived whole. The file is deleted when the call ends.
struct ReceivedArchive {
  v1::UploadHeader header;  // with the project that the gate let in
  std::filesystem::path file;
  uint64_t bytes = 0;
  std::string sha256;
  std::function<bool()> abandoned;  // whether the client went away: keep nothing
};

// What an upload needs to know of the server.
struct UploadEnvironment {
  std::filesystem::path tmp_dir;
  uint64_t max_bytes = 0;
  uint64_t min_free_disk_bytes = 0;  // kept free while chunks are written
  FreeDiskFunction free_disk_bytes = FreeDiskBytes;
  ThreadPool* io = nullptr;      // writes chunks
  ThreadPool* ingest = nullptr;  // runs `accept`, a few at a time
  telemetry::Metrics* metrics = nullptr;
  Clock* clock = nullptr;
  // Lets the caller in and checks the header, before anything is received. Answers the project.
  std::function<absl::StatusOr<std::string>(const CallContext&, const v1::UploadHeader&)> admit;
  // The answer where the header alone tells that this archive is here already, else nothing.
  std::function<absl::StatusOr<std::optional<v1::UploadDatasetResponse>>(const std::string& project,
                                                                         const v1::UploadHeader&)>
      find_repeated;
  // Makes a dataset of the archive and fills in the answer. Blocks; on error it leaves nothing.
  std::function<absl::Status(const ReceivedArchive&, v1::UploadDatasetResponse*)> accept;
};

// Limits the uploads at one time and drops those whose client fell silent. Safe for concurrent use.
class UploadSlots {
 public:
  // Something that can be asked to give up.
  class Upload {
   public:
    virtual ~Upload() = default;
    virtual void DropIfIdleSince(absl::Duration monotonic) = 0;
  };

  explicit UploadSlots(size_t limit) : limit_(limit) {}

  bool Add(const std::shared_ptr<Upload>& upload);
  void Remove(const Upload* upload);
  // Ends those that heard nothing after `monotonic`. To be called every now and then.
  void DropIdle(absl::Duration monotonic);

 private:
  const size_t limit_;
  absl::Mutex mutex_;
  std::vector<std::shared_ptr<Upload>> uploads_ ABSL_GUARDED_BY(mutex_);
};

// The transport's side of an upload. Called by one thread at a time.
class UploadSink {
 public:
  virtual ~UploadSink() = default;
  // Reads the next message into `message`, then calls UploadSession::Received. Does not block.
  virtual void Read(v1::UploadDatasetRequest* message) = 0;
  // Ends the call; OK with the response. Once; the sink is not called any more.
  virtual void Finish(const absl::Status& status, v1::UploadDatasetResponse response) = 0;
};

// Receives an UploadDataset. Chunks are written to a file and hashed as they come, one at a time,
// so a fast client waits for the disk and memory stays at one chunk. Whatever ends the call, the
// file goes. INVALID_ARGUMENT: parts out of order, nothing in them, or longer or shorter than the
// header said. DATA_LOSS: another sha256. RESOURCE_EXHAUSTED: too large, too many uploads, or too
// little disk. DEADLINE_EXCEEDED: the client fell silent.
//
// An archive that is here already is answered from its header's sha256, without being received and
// without disk. Safe for concurrent use.
class UploadSession {
 public:
  virtual ~UploadSession() = default;

  // Asks for the first message. `sink` must live until it is told to finish. Once.
  virtual void Begin(UploadSink* sink) = 0;
  // The message that Read asked for is there; false: there are no more.
  virtual void Received(bool ok) = 0;
  // The client went away: the sink is told to finish, unless it was.
  virtual void Cancel() = 0;
  // The transport has done with the call: its place is free.
  virtual void Done() = 0;
};

// `environment` and `slots` must outlive the session.
std::shared_ptr<UploadSession> MakeUploadSession(const UploadEnvironment& environment,
                                                 UploadSlots& slots, CallContext context);

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_UPLOAD_SESSION_H_
