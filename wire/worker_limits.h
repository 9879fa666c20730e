#ifndef GRAFT_WIRE_WORKER_LIMITS_H_
#define GRAFT_WIRE_WORKER_LIMITS_H_

#include <cstdint>

namespace graft {

// Largest message between server and worker, both ways, in bytes. A Finish carries the report,
// which grows with the square of the classes.
inline constexpr int kMaxWorkerMessage = 64 << 20;

// Most classes whose report a Finish can carry, the store can keep and a client can read: 2,000
// have a confusion matrix of 4 million counts, of a byte or a few each on the wire, and 32 MB of
// memory. What has more is refused before it is trained.
inline constexpr int kMaxReportClasses = 2'000;
static_assert(int64_t{kMaxReportClasses} * kMaxReportClasses * 4 < kMaxWorkerMessage / 2);

}  // namespace graft

#endif  // GRAFT_WIRE_WORKER_LIMITS_H_
