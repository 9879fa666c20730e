#ifndef GRAFT_SERVER_API_WATCH_STREAM_H_
#define GRAFT_SERVER_API_WATCH_STREAM_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "graft/v1/finetune.pb.h"

#include "server/api/watch_hub.h"

namespace graft::server {

// The transport's side of a Watch. Called by one thread at a time.
class WatchSink {
 public:
  virtual ~WatchSink() = default;
  // Sends a message, which stays as it is until WatchStream::Written is called. Does not block.
  virtual void Write(const v1::WatchResponse* response) = 0;
  // Ends the call. Once; the sink is not called any more.
  virtual void Finish(const absl::Status& status) = 0;
};

// The events of a job: what there is after a sequence number, then what comes, until the job has
// ended. Between events progress that has changed is told as an event that repeats the sequence
// number before it, so that a client may go on from any event it saw. Costs no thread while nothing
// happens, and never holds more than one page, which it shares with the job's other streams.
// RESOURCE_EXHAUSTED when the hub is full; UNAVAILABLE when the server stops (a client goes on from
// its last sequence number); the error of the read otherwise. Safe for concurrent use.
class WatchStream {
 public:
  virtual ~WatchStream() = default;

  // `sink` must live until it is told to finish. Once.
  virtual void Begin(WatchSink* sink) = 0;
  // The message has gone out; false: it could not.
  virtual void Written(bool ok) = 0;
  // The client went away: the sink is told to finish, unless it was.
  virtual void Cancel() = 0;
  // The transport has done with the call: its place is free.
  virtual void Done() = 0;
};

// `read` is called on the hub's threads, once for all streams of the job.
std::shared_ptr<WatchStream> MakeWatchStream(WatchHub& hub, const WatchedJob& job,
                                             uint64_t after_sequence, ReadEvents read);

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_WATCH_STREAM_H_
