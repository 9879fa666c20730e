#ifndef GRAFT_CORE_ENGINE_OPENVINO_COMPILED_SEGMENT_H_
#define GRAFT_CORE_ENGINE_OPENVINO_COMPILED_SEGMENT_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/engine/engine.h"
#include "core/engine/segment.h"

namespace graft::engine {

// For what a segment is compiled.
struct CompileOptions {
  int rows = 1;     // of one pass
  int streams = 1;  // passes at one time
  int threads = 1;  // of all passes together
  Precision precision = Precision::kF32;
};

// A segment as OpenVINO has compiled it, with the buffers of its passes. Safe for concurrent use:
// whoever finds all streams taken waits.
class CompiledSegment {
 public:
  virtual ~CompiledSegment() = default;

  // Whether OpenVINO can compute in this precision here, and not in another's name. UNIMPLEMENTED
  // says why not.
  static absl::Status Available(Precision precision);

  // INTERNAL where OpenVINO fails. The segment is kept.
  static absl::StatusOr<std::unique_ptr<CompiledSegment>> Compile(
      std::shared_ptr<const Segment> segment, const CompileOptions& options);

  // OpenVINO's, as its makers number it.
  static std::string Version();

  virtual const CompileOptions& options() const = 0;

  // Numbers that a row gives.
  virtual size_t outputs() const = 0;

  // How many of its convolutions and matrix products OpenVINO has put into 8-bit integers.
  virtual int CountLayersInEightBits() const = 0;

  // Engine::Run. Passes go side by side as far as there are streams; the last one computes rows for
  // nothing where they do not come out even.
  virtual absl::Status Run(absl::Span<const Row> rows, float* out) = 0;
};

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_OPENVINO_COMPILED_SEGMENT_H_
