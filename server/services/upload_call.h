#ifndef GRAFT_SERVER_SERVICES_UPLOAD_CALL_H_
#define GRAFT_SERVER_SERVICES_UPLOAD_CALL_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "graft/v1/dataset.pb.h"

#include "core/base/clock.h"
#include "core/base/disk_reserve.h"
#include "core/base/thread_pool.h"
#include "core/telemetry/metrics.h"

namespace graft {

// RESOURCE_EXHAUSTED, reason DISK_FULL: what an upload gets that there is no room for.
absl::Status DiskFull();

// An archive that arrived whole. The file is deleted when the call ends.
struct ReceivedArchive {
  v1::UploadHeader header;
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
  Metrics* metrics = nullptr;
  Clock* clock = nullptr;
  // Checks the header alone, before anything is received.
  std::function<absl::Status(const v1::UploadHeader&)> check;
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

// Starts receiving an UploadDataset. Chunks are written to a file and hashed as they come, one at a
// time, so a fast client waits for the disk and memory stays at one chunk. Whatever ends the call,
// the file goes. INVALID_ARGUMENT: parts out of order, nothing in them, or longer or shorter than
// the header said. DATA_LOSS: another sha256. RESOURCE_EXHAUSTED: too large, too many uploads, or
// too little disk. DEADLINE_EXCEEDED: the client fell silent. gRPC owns the reactor;
// `environment` and `slots` must outlive it.
grpc::ServerReadReactor<v1::UploadDatasetRequest>* StartUpload(
    const UploadEnvironment& environment, UploadSlots& slots,
    const grpc::CallbackServerContext* context, v1::UploadDatasetResponse* response);

}  // namespace graft

#endif  // GRAFT_SERVER_SERVICES_UPLOAD_CALL_H_
