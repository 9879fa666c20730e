#ifndef GRAFT_SERVER_CAPTURE_CAPTURED_PICTURES_H_
#define GRAFT_SERVER_CAPTURE_CAPTURED_PICTURES_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "core/artifacts/blob/blob_store.h"
#include "core/store/capture_store.h"
#include "core/telemetry/metrics.h"
#include "server/base/logging.h"

namespace graft::server {

// The pictures that are kept, rows and blobs together. A picture's blob is there before its row,
// and goes after it: what a crash leaves between the two is a blob without a row, which the sweep
// at the next start deletes. Everything is borrowed. Safe for concurrent use; calls block.
class CapturedPictures {
 public:
  struct Options {
    uint64_t max_bytes = uint64_t{4} << 30;    // of all projects
    uint64_t max_picture_bytes = 32 << 20;     // of one that is read
    std::function<absl::Status()> check_disk;  // RESOURCE_EXHAUSTED: too little is free
  };
  // Counts what is there.
  static absl::StatusOr<std::unique_ptr<CapturedPictures>> Open(Options options,
                                                                store::CaptureStore* store,
                                                                artifacts::BlobStore* blobs,
                                                                telemetry::Metrics* metrics,
                                                                const wire::Logger* logger);

  enum class Outcome { kKept, kKnown };  // kKnown: the project has this picture already
  // Keeps a picture by `policy`; `picture` has its digest and what was said of it. The oldest make
  // room: of the same policy beyond its max_pictures, of all beyond max_bytes. OUT_OF_RANGE: it is
  // larger than max_bytes. RESOURCE_EXHAUSTED: the disk is nearly full.
  absl::StatusOr<Outcome> Keep(store::CapturedPicture picture, absl::string_view bytes,
                               const store::CapturePolicy& policy) ABSL_LOCKS_EXCLUDED(mutex_);

  // NOT_FOUND; DATA_LOSS where its bytes are not what was kept.
  absl::StatusOr<std::string> Read(const store::CapturedPicture& picture);

  // What is deleted is found by nobody once this returns, nor after a crash; with the number of
  // pictures. Those that are not there are no error.
  absl::StatusOr<int64_t> Delete(const std::string& project,
                                 const std::vector<std::string>& digests)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<int64_t> Delete(const store::CaptureFilter& filter) ABSL_LOCKS_EXCLUDED(mutex_);

  // Those whose time is over at `now`.
  absl::StatusOr<int64_t> DeleteExpired(absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  CapturedPictures(Options options, store::CaptureStore* store, artifacts::BlobStore* blobs,
                   telemetry::Metrics* metrics, const wire::Logger* logger, int64_t bytes)
      : options_(std::move(options)),
        store_(store),
        blobs_(blobs),
        metrics_(metrics),
        logger_(logger),
        bytes_(bytes) {}

  absl::Status MakeRoom(const store::CapturedPicture& picture, const store::CapturePolicy& policy)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Of rows that are deleted.
  void DropBlobs(const std::vector<store::CapturedPicture>& pictures)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetBytes(int64_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  store::CaptureStore* const store_;
  artifacts::BlobStore* const blobs_;
  telemetry::Metrics* const metrics_;
  const wire::Logger* const logger_;
  // Held from a blob to its row and from a row to its blob: or the blob of a picture that comes
  // just as it is deleted could go behind its new row.
  absl::Mutex mutex_;
  int64_t bytes_ ABSL_GUARDED_BY(mutex_);  // of all pictures
  // Pictures of the policies (project and model) that have kept one since the start: nobody else
  // adds or deletes rows, so that they need be counted once.
  absl::flat_hash_map<std::pair<std::string, std::string>, int64_t> counts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_CAPTURE_CAPTURED_PICTURES_H_
