#ifndef GRAFT_SERVER_API_WATCH_STREAM_H_
#define GRAFT_SERVER_API_WATCH_STREAM_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <grpcpp/support/server_callback.h>

#include "absl/status/statusor.h"
#include "graft/v1/finetune.pb.h"

#include "server/api/watch_hub.h"
#include "server/base/executor.h"

namespace graft {

// Some events of a job, in order.
struct EventPage {
  std::vector<v1::JobEvent> events;
  bool ended = false;  // the job is over and these are its last
  // Where there are no events: how the running job gets on.
  std::optional<v1::Progress> progress;
};

// The events after a sequence number, at most a page of them. Blocks; called on the executor.
using ReadEvents = std::function<absl::StatusOr<EventPage>(uint64_t after_sequence)>;

// Starts answering a Watch: what `read` gives after `after_sequence`, then what comes, until the
// job has ended. Between events progress that has changed is told as an event that repeats the
// sequence number before it, so that a client may go on from any event it saw. Costs no thread
// while nothing happens, and never holds more than one page. RESOURCE_EXHAUSTED when the hub is
// full; UNAVAILABLE when the server stops (a client goes on from its last sequence number); the
// error of `read` otherwise. gRPC owns the reactor.
grpc::ServerWriteReactor<v1::WatchResponse>* StartWatch(WatchHub& hub, Executor& executor,
                                                        const std::string& job_id,
                                                        uint64_t after_sequence, ReadEvents read);

}  // namespace graft

#endif  // GRAFT_SERVER_API_WATCH_STREAM_H_
