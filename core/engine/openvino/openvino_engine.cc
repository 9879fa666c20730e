#include "core/engine/openvino/openvino_engine.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/status_macros.h"
#include "core/engine/openvino/compiled_segment.h"

namespace graft::engine {
namespace {

class OpenVinoEngine final : public Engine {
 public:
  OpenVinoEngine(std::unique_ptr<CompiledSegment> one, std::unique_ptr<CompiledSegment> several,
                 int64_t outputs, uint64_t bytes)
      : one_(std::move(one)), several_(std::move(several)), outputs_(outputs), bytes_(bytes) {}

  absl::string_view name() const override { return "openvino"; }
  absl::string_view precision() const override { return "f32"; }
  int64_t outputs() const override { return outputs_; }
  uint64_t bytes() const override { return bytes_; }

  absl::Status Run(absl::Span<const Row> rows, float* out) const override {
    CompiledSegment& compiled = rows.size() > 1 && several_ != nullptr ? *several_ : *one_;
    return compiled.Run(rows, out);
  }

 private:
  const std::unique_ptr<CompiledSegment> one_;
  const std::unique_ptr<CompiledSegment> several_;  // null: as one
  const int64_t outputs_;
  const uint64_t bytes_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> OpenVinoEngineFactory::Make(
    std::shared_ptr<const Segment> segment, const EngineOptions& options) const {
  GRAFT_RETURN_IF_ERROR(CompiledSegment::Available());
  std::vector<nn::Shape> inputs;
  for (const nn::NetworkInput& input : segment->spec.inputs) inputs.push_back(input.shape);
  GRAFT_ASSIGN_OR_RETURN(const std::vector<nn::Shape> shapes,
                         nn::InferShapes(segment->spec, inputs));
  const int threads = std::max(1, options.threads);
  GRAFT_ASSIGN_OR_RETURN(
      std::unique_ptr<CompiledSegment> one,
      CompiledSegment::Compile(segment, {.rows = 1, .streams = 1, .threads = threads}));
  std::unique_ptr<CompiledSegment> several;
  const int streams = std::min(threads, options.max_rows);
  if (streams > 1) {
    GRAFT_ASSIGN_OR_RETURN(several, CompiledSegment::Compile(
                                        segment, {.rows = 1, .streams = streams, .threads = threads}));
  }
  // Each compiled form has packed its own copy of the weights.
  const uint64_t bytes = segment->tensor_bytes() * (several == nullptr ? 1 : 2);
  return std::make_unique<OpenVinoEngine>(std::move(one), std::move(several),
                                          shapes.back().elements(), bytes);
}

}  // namespace graft::engine
