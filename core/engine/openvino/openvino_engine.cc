#include "core/engine/openvino/openvino_engine.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/engine/batch_plan.h"
#include "core/engine/min_flops.h"
#include "core/engine/openvino/batch_form.h"
#include "core/engine/openvino/compiled_segment.h"

namespace graft::engine {
namespace {

BatchPlan PlanOf(const CompiledSegment& compiled) {
  return {.rows = compiled.options().rows, .streams = compiled.options().streams};
}

// The forms of one segment, each with buffers and packed weights of its own.
struct Forms {
  std::unique_ptr<CompiledSegment> one;      // a row alone, by all threads
  std::unique_ptr<CompiledSegment> several;  // by the usual plan; null: as one
  std::unique_ptr<CompiledSegment> full;     // by another plan, full batches of that; may be null

  uint64_t count() const {
    return uint64_t{one != nullptr} + uint64_t{several != nullptr} + uint64_t{full != nullptr};
  }
};

class OpenVinoEngine final : public Engine {
 public:
  OpenVinoEngine(Forms forms, int64_t outputs, uint64_t bytes)
      : forms_(std::move(forms)), outputs_(outputs), bytes_(bytes) {}

  absl::string_view name() const override { return "openvino"; }
  Precision precision() const override { return forms_.one->options().precision; }
  int64_t outputs() const override { return outputs_; }
  int rows_at_once() const override {
    if (forms_.full != nullptr) return PlanOf(*forms_.full).rows_at_once();
    return forms_.several == nullptr ? 1 : PlanOf(*forms_.several).rows_at_once();
  }
  uint64_t bytes() const override { return bytes_; }

  absl::Status Run(absl::Span<const Row> rows, float* out) const override {
    if (forms_.full != nullptr) {
      const auto full =
          static_cast<size_t>(RowsByPlan(static_cast<int>(rows.size()), PlanOf(*forms_.full)));
      if (full > 0) GRAFT_RETURN_IF_ERROR(forms_.full->Run(rows.first(full), out));
      if (full == rows.size()) return absl::OkStatus();
      rows.remove_prefix(full);
      out += full * static_cast<size_t>(outputs_);
    }
    const bool alone = forms_.several == nullptr || rows.size() == 1;
    return (alone ? *forms_.one : *forms_.several).Run(rows, out);
  }

 private:
  const Forms forms_;
  const int64_t outputs_;
  const uint64_t bytes_;
};

bool IsBatched(const EngineOptions& options) { return options.threads > 1 && options.max_rows > 1; }

// Of a large network a third copy of the weights would cost more than it gains.
constexpr uint64_t kMostPlannedBytes = uint64_t{256} << 20;
bool IsPlanned(uint64_t tensor_bytes, const EngineOptions& options) {
  return IsBatched(options) && options.planner != nullptr && tensor_bytes <= kMostPlannedBytes;
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
  return tensor_bytes *
         (1 + uint64_t{IsBatched(options)} + uint64_t{IsPlanned(tensor_bytes, options)});
}

absl::StatusOr<std::unique_ptr<Engine>> OpenVinoEngineFactory::Make(
    std::shared_ptr<const Segment> segment, const EngineOptions& options) const {
  GRAFT_RETURN_IF_ERROR(Available());
  GRAFT_RETURN_IF_ERROR(Validate(*segment));
  const std::vector<nn::Shape> inputs = nn::InputShapes(segment->spec);
  GRAFT_ASSIGN_OR_RETURN(const std::vector<nn::Shape> shapes,
                         nn::InferShapes(segment->spec, inputs));
  GRAFT_RETURN_IF_ERROR(CheckMinFlops(*segment, min_flops_));
  if (precision_ == Precision::kInt8 && segment->ranges.empty()) {
    return absl::UnimplementedError(
        "no layer of it has a range for 8-bit integers: they are found before a model is "
        "published, by a worker whose processor computes in them");
  }
  const int threads = std::max(1, options.threads);
  uint64_t tensor_bytes = TensorBytes(segment->spec);
  if (precision_ == Precision::kInt8) {
    // A weight of float32 becomes one of 8 bits.
    tensor_bytes -= RangedWeightBytes(*segment) / 4 * 3;
  }
  const auto compile = [&](const BatchPlan& plan) {
    return CompiledSegment::Compile(
        segment,
        {.rows = plan.rows, .streams = plan.streams, .threads = threads, .precision = precision_});
  };
  Forms forms;
  // First the one for which two may be in memory for a while.
  if (IsPlanned(tensor_bytes, options)) {
    GRAFT_ASSIGN_OR_RETURN(forms.full, CompileForFullBatches(segment, precision_, options));
  }
  if (IsBatched(options)) {
    GRAFT_ASSIGN_OR_RETURN(forms.several, compile(UsualBatchPlan(threads, options.max_rows)));
  }
  GRAFT_ASSIGN_OR_RETURN(forms.one, compile({.rows = 1, .streams = 1}));
  const uint64_t bytes = tensor_bytes * forms.count();
  return std::make_unique<OpenVinoEngine>(std::move(forms), shapes.back().elements(), bytes);
}

}  // namespace graft::engine
