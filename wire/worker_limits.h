#ifndef GRAFT_WIRE_WORKER_LIMITS_H_
#define GRAFT_WIRE_WORKER_LIMITS_H_

#include <cstdint>

namespace graft {

// Largest message between server and worker, both ways, in bytes. A Finish carries the report.
inline constexpr int kMaxWorkerMessage = 64 << 20;

// Most classes of a dataset. On the wire a confusion matrix is its cells, and capped (task.proto);
// the worker still counts it densely, 2,000 classes in 32 MB. What has more is refused before it is
// trained.
inline constexpr int kMaxReportClasses = 2'000;
static_assert(int64_t{kMaxReportClasses} * kMaxReportClasses * 4 < kMaxWorkerMessage / 2);

}  // namespace graft

#endif  // GRAFT_WIRE_WORKER_LIMITS_H_
