#include "core/serving/loaded_segment.h"

#include <array>
#include <utility>

#include "core/base/status_macros.h"
#include "core/serving/batch_policy.h"

namespace graft::serving {
namespace {

// Rows of zeros.
absl::Status Warm(const engine::Segment& segment, const engine::Engine& engine, int rows) {
  std::array<std::string, engine::kMaxInputs> inputs;
  engine::Row row;
  for (size_t i = 0; i < segment.spec.inputs.size(); ++i) {
    inputs[i].resize(segment.input_bytes(i));
    row.inputs[i] = inputs[i].data();
  }
  const std::vector<engine::Row> batch(static_cast<size_t>(rows), row);
  std::vector<float> out(static_cast<size_t>(engine.outputs()) * batch.size());
  return engine.Run(batch, out.data());
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
