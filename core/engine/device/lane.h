#ifndef GRAFT_CORE_ENGINE_DEVICE_LANE_H_
#define GRAFT_CORE_ENGINE_DEVICE_LANE_H_

#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>
#include <c10/core/Stream.h>

#include "absl/types/span.h"

#include "core/engine/device/pass_recorder.h"
#include "core/engine/eager/segment_network.h"

namespace graft::engine {

// The numbers of rows of which passes are recorded: powers of two below `max_rows`, and that. Pure.
std::vector<int> RecordedSizes(int max_rows);

// One pass at a time over a network that is on a device: a stream of its own, and the memory of
// inputs and results on both sides, the host's pinned so that copying needs no processor. While one
// lane computes another may copy. Not safe for concurrent use; c10::Error passes through.
class Lane {
 public:
  // Of passes of up to `max_rows` rows. `recorder` may be null: then a pass is launched operation
  // by operation. Else passes of RecordedSizes(max_rows) are recorded here, and fewer rows go by
  // the next larger one.
  Lane(std::shared_ptr<const SegmentNetwork> network, int max_rows,
       std::unique_ptr<PassRecorder> recorder);

  // Computes 1 to max_rows rows, waits for them, and writes what they give to `out`.
  void Run(absl::Span<const Row> rows, float* out);

  // Of one lane, on both sides, without what the network computes in between.
  static uint64_t Bytes(const Segment& segment, int64_t outputs, int max_rows);

 private:
  struct Recorded {
    int rows = 0;
    std::unique_ptr<RecordedPass> pass;
    at::Tensor result;  // where it writes to
  };

  // Puts a pass over the first `rows` of the inputs on the stream; [rows or more, outputs].
  at::Tensor Launch(int64_t rows);
  at::Tensor Compute(int64_t rows) const;

  const std::shared_ptr<const SegmentNetwork> network_;
  const c10::Stream stream_;
  std::vector<at::Tensor> brought_;  // inputs on the host, max_rows of each
  std::vector<at::Tensor> inputs_;   // and on the device
  at::Tensor fetched_;               // results on the host
  std::unique_ptr<PassRecorder> recorder_;
  std::vector<Recorded> recorded_;  // fewer rows first
};

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_DEVICE_LANE_H_
