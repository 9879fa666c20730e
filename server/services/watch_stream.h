#ifndef GRAFT_SERVER_SERVICES_WATCH_STREAM_H_
#define GRAFT_SERVER_SERVICES_WATCH_STREAM_H_

#include <cstdint>

#include <grpcpp/support/server_callback.h>

#include "graft/v1/finetune.pb.h"

#include "server/services/watch_hub.h"

namespace graft {

// Starts answering a Watch: what `read` gives after `after_sequence`, then what comes, until the
// job has ended. Between events progress that has changed is told as an event that repeats the
// sequence number before it, so that a client may go on from any event it saw. Costs no thread
// while nothing happens, and never holds more than one page, which it shares with the job's other
// streams. RESOURCE_EXHAUSTED when the hub is full; UNAVAILABLE when the server stops (a client
// goes on from its last sequence number); the error of `read` otherwise. gRPC owns the reactor.
grpc::ServerWriteReactor<v1::WatchResponse>* StartWatch(WatchHub& hub, const WatchedJob& job,
                                                        uint64_t after_sequence, ReadEvents read);

// One that is answered with an error at once.
grpc::ServerWriteReactor<v1::WatchResponse>* RefuseWatch(const absl::Status& status);

}  // namespace graft

#endif  // GRAFT_SERVER_SERVICES_WATCH_STREAM_H_
