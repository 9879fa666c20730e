#include "core/engine/openvino/openvino_engine.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/engine/batch_plan.h"
#include "core/engine/openvino/batch_form.h"
#include "core/engine/openvino/compiled_segment.h"

namespace graft::engine {
namespace {

BatchPlan PlanOf(const CompiledSegment& compiled) {
  return {.rows = compiled.options().rows, .streams = compiled.options().streams};
}

class OpenVinoEngine final : public Engine {
 public:
  OpenVinoEngine(std::unique_ptr<CompiledSegment> one, std::unique_ptr<CompiledSegment> several,
                 int64_t outputs, uint64_t bytes)
      : one_(std::move(one)), several_(std::move(several)), outputs_(outputs), bytes_(bytes) {}

  absl::string_view name() const override { return "openvino"; }
  Precision precision() const override { return one_->options().precision; }
  int64_t outputs() const override { return outputs_; }
  int rows_at_once() const override {
    return several_ == nullptr ? 1 : PlanOf(*several_).rows_at_once();
  }
  uint64_t bytes() const override { return bytes_; }

  absl::Status Run(absl::Span<const Row> rows, float* out) const override {
    if (several_ == nullptr || rows.size() == 1) return one_->Run(rows, out);
    const auto together =
        static_cast<size_t>(RowsByPlan(static_cast<int>(rows.size()), PlanOf(*several_)));
    if (together > 0) GRAFT_RETURN_IF_ERROR(several_->Run(rows.first(together), out));
    if (together == rows.size()) return absl::OkStatus();
    return one_->Run(rows.subspan(together), out + together * static_cast<size_t>(outputs_));
  }

 private:
  const std::unique_ptr<CompiledSegment> one_;
  const std::unique_ptr<CompiledSegment> several_;  // null: as one
  const int64_t outputs_;
  const uint64_t bytes_;
};

// Each has packed its own copy of the weights.
int CompiledForms(const EngineOptions& options) {
  return options.threads > 1 && options.max_rows > 1 ? 2 : 1;
}

// Of the weights of layers that have ranges, in float32.
uint64_t RangedWeightBytes(const Segment& segment) {
  absl::flat_hash_set<std::string> weights;
  for (const model::ActivationRange& range : segment.ranges) {
    weights.insert(absl::StrCat(range.node, ".weight"));
  }
  uint64_t bytes = 0;
  for (const HostTensor& tensor : segment.tensors) {
    if (!weights.contains(tensor.name)) continue;
    bytes += static_cast<uint64_t>(tensor.shape.elements()) * sizeof(float);
  }
  return bytes;
}

}  // namespace

absl::string_view OpenVinoEngineFactory::name() const {
  switch (precision_) {
    case Precision::kF32:
      return "openvino";
    case Precision::kBf16:
      return "openvino bf16";
    case Precision::kInt8:
      return "openvino int8";
  }
  return "openvino";
}

absl::Status OpenVinoEngineFactory::Available() const {
  return CompiledSegment::Available(precision_);
}

uint64_t OpenVinoEngineFactory::MostBytes(uint64_t tensor_bytes,
                                          const EngineOptions& options) const {
  return tensor_bytes * static_cast<uint64_t>(CompiledForms(options));
}

absl::StatusOr<std::unique_ptr<Engine>> OpenVinoEngineFactory::Make(
    std::shared_ptr<const Segment> segment, const EngineOptions& options) const {
  GRAFT_RETURN_IF_ERROR(Available());
  GRAFT_RETURN_IF_ERROR(Validate(*segment));
  const std::vector<nn::Shape> inputs = nn::InputShapes(segment->spec);
  GRAFT_ASSIGN_OR_RETURN(const std::vector<nn::Shape> shapes,
                         nn::InferShapes(segment->spec, inputs));
  GRAFT_ASSIGN_OR_RETURN(const int64_t flops, nn::CountFlops(segment->spec, 0, 1, inputs));
  if (flops < min_flops_) {
    return absl::UnimplementedError("the segment is too small to gain anything");
  }
  if (precision_ == Precision::kInt8 && segment->ranges.empty()) {
    return absl::UnimplementedError(
        "no layer of it has a range for 8-bit integers: they are found before a model is "
        "published, by a worker whose processor computes in them");
  }
  const int threads = std::max(1, options.threads);
  // First the one for which two forms may be in memory for a while, and then the other.
  std::unique_ptr<CompiledSegment> several;
  if (CompiledForms(options) > 1) {
    GRAFT_ASSIGN_OR_RETURN(several, CompileForBatches(segment, precision_, options));
  }
  GRAFT_ASSIGN_OR_RETURN(
      std::unique_ptr<CompiledSegment> one,
      CompiledSegment::Compile(
          segment, {.rows = 1, .streams = 1, .threads = threads, .precision = precision_}));
  uint64_t tensor_bytes = TensorBytes(segment->spec);
  if (precision_ == Precision::kInt8) {
    // A weight of float32 becomes one of 8 bits.
    tensor_bytes -= RangedWeightBytes(*segment) / 4 * 3;
  }
  const uint64_t bytes = MostBytes(tensor_bytes, options);
  return std::make_unique<OpenVinoEngine>(std::move(one), std::move(several),
                                          shapes.back().elements(), bytes);
}

}  // namespace graft::engine
