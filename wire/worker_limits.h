#ifndef GRAFT_WIRE_WORKER_LIMITS_H_
#define GRAFT_WIRE_WORKER_LIMITS_H_

#include <cstdint>

namespace graft::wire {

// Largest message between server and worker, both ways, in bytes. A Finish carries the report.
inline constexpr int kMaxWorkerMessage = 64 << 20;

// Most outputs of a head: classes, labels or numbers. A report has a row for each, with a name of
// up to 255 bytes; ImageNet-21k has 21,841 classes. What has more is refused before it is trained.
inline constexpr int kMaxReportClasses = 25'000;
static_assert(int64_t{kMaxReportClasses} * 512 < kMaxWorkerMessage / 2);

}  // namespace graft::wire

#endif  // GRAFT_WIRE_WORKER_LIMITS_H_
