#ifndef GRAFT_WIRE_WORKER_LIMITS_H_
#define GRAFT_WIRE_WORKER_LIMITS_H_

namespace graft {

// Largest message between server and worker, both ways, in bytes. A Finish carries the report,
// which grows with the square of the classes: 4 MB of counts at 1,000 of them.
inline constexpr int kMaxWorkerMessage = 64 << 20;

}  // namespace graft

#endif  // GRAFT_WIRE_WORKER_LIMITS_H_
