#include "core/engine/engine.h"

#include <utility>

namespace graft::engine {

absl::StatusOr<ChosenEngine> ChooseEngine(absl::Span<const EngineFactory* const> factories,
                                          const std::shared_ptr<const Segment>& segment,
                                          const EngineOptions& options) {
  ChosenEngine chosen;
  absl::Status last = absl::InternalError("no engine is built in");
  for (const EngineFactory* const factory : factories) {
    absl::StatusOr<std::unique_ptr<Engine>> made = factory->Make(segment, options);
    if (made.ok()) {
      chosen.engine = *std::move(made);
      return chosen;
    }
    last = made.status();
    chosen.declined.push_back({std::string(factory->name()), std::string(last.message())});
  }
  return last;
}

}  // namespace graft::engine
