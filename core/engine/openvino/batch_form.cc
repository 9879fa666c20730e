#include "core/engine/openvino/batch_form.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/engine/batch_plan.h"
#include "core/engine/batch_planner.h"
#include "core/engine/zero_rows.h"

namespace graft::engine {
namespace {

// What the time of a pass depends on besides the machine: networks of one make with other weights
// are the same.
absl::StatusOr<std::string> KeyOf(const Segment& segment, Precision precision) {
  const std::vector<nn::Shape> inputs = nn::InputShapes(segment.spec);
  GRAFT_ASSIGN_OR_RETURN(const int64_t flops, nn::CountFlops(segment.spec, 0, 1, inputs));
  return absl::StrCat(CompiledSegment::Version(), ", ", segment.spec.architecture, ", ",
                      segment.spec.nodes.size(), " nodes, ", flops, " operations, ",
                      TensorBytes(segment.spec), " bytes, ", model::PrecisionName(precision));
}

}  // namespace

absl::StatusOr<std::unique_ptr<CompiledSegment>> CompileForFullBatches(
    const std::shared_ptr<const Segment>& segment, Precision precision,
    const EngineOptions& options) {
  const auto compile = [&](const BatchPlan& plan) {
    return CompiledSegment::Compile(segment, {.rows = plan.rows,
                                              .streams = plan.streams,
                                              .threads = options.threads,
                                              .precision = precision});
  };
  if (options.planner == nullptr) return nullptr;
  GRAFT_ASSIGN_OR_RETURN(const std::string key, KeyOf(*segment, precision));
  const auto prepare = [&](const BatchPlan& plan) -> absl::StatusOr<BatchPlanner::Run> {
    GRAFT_ASSIGN_OR_RETURN(std::shared_ptr<CompiledSegment> form, compile(plan));
    return [form, segment](int rows) {
      const ZeroRows zeros(*segment, rows);
      std::vector<float> out(zeros.rows().size() * form->outputs());
      return form->Run(zeros.rows(), out.data());
    };
  };
  GRAFT_ASSIGN_OR_RETURN(const BatchPlan plan,
                         options.planner->Plan(key, options.threads, options.max_rows, prepare));
  if (plan == UsualBatchPlan(options.threads, options.max_rows)) return nullptr;
  return compile(plan);
}

}  // namespace graft::engine
