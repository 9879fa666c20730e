#include "core/serving/loaded_segment.h"

#include <utility>

#include "core/base/status_macros.h"
#include "core/engine/zero_rows.h"
#include "core/serving/batch_policy.h"

namespace graft::serving {
namespace {

absl::Status Warm(const engine::Segment& segment, const engine::Engine& engine, int rows) {
  const engine::ZeroRows zeros(segment, rows);
  std::vector<float> out(static_cast<size_t>(engine.outputs()) * zeros.rows().size());
  return engine.Run(zeros.rows(), out.data());
}

}  // namespace

absl::StatusOr<std::shared_ptr<const LoadedSegment>> LoadSegment(
    std::shared_ptr<const engine::Segment> segment,
    absl::Span<const std::shared_ptr<const engine::EngineFactory>> engines,
    const engine::EngineOptions& options, const std::vector<int>& warm_rows) {
  std::vector<const engine::EngineFactory*> factories;
  for (const auto& factory : engines) factories.push_back(factory.get());
  GRAFT_ASSIGN_OR_RETURN(engine::ChosenEngine chosen,
                         engine::ChooseEngine(factories, segment, options));
  // More rows than it takes at once are so many times the same to it.
  for (const int rows : WarmSizesWithin(warm_rows, chosen.engine->rows_at_once())) {
    GRAFT_RETURN_IF_ERROR(Warm(*segment, *chosen.engine, rows));
  }
  return std::make_shared<const LoadedSegment>(
      LoadedSegment{std::move(segment), std::move(chosen.engine), std::move(chosen.declined)});
}

}  // namespace graft::serving
