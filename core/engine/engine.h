#ifndef GRAFT_CORE_ENGINE_ENGINE_H_
#define GRAFT_CORE_ENGINE_ENGINE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "core/engine/segment.h"
#include "core/model/precision.h"

namespace graft::engine {

using model::Precision;

// Where the inputs of one row are, each in its own memory (Segment::input_bytes); all of them,
// those too that the network could do without.
struct Row {
  std::array<const void*, kMaxInputs> inputs = {};
};

// Runs one segment. Immutable but for buffers of its own; safe for concurrent use.
class Engine {
 public:
  virtual ~Engine() = default;

  // "openvino", "libtorch".
  virtual absl::string_view name() const = 0;
  virtual Precision precision() const = 0;

  // Numbers that a row gives.
  virtual int64_t outputs() const = 0;

  // How many rows one Run had best be given where more are waiting: they are computed side by side,
  // and further ones after them.
  virtual int rows_at_once() const = 0;

  // Memory that it takes beside the segment's tensors: an estimate, and no less than it is by more
  // than buffers of a few rows.
  virtual uint64_t bytes() const = 0;

  // Computes any number of rows, dividing them as suits it, and writes outputs() float32 for each
  // to `out`, one after the other.
  // INTERNAL where the vendor's library fails; RESOURCE_EXHAUSTED: no memory.
  virtual absl::Status Run(absl::Span<const Row> rows, float* out) const = 0;
};

class BatchPlanner;

struct EngineOptions {
  int threads = 1;   // that Run may use at one time
  int max_rows = 8;  // what Run is given at most as a rule: what it is prepared for
  int passes = 1;    // how many Runs may be under way where one does not take the whole device
  // What finds out how several rows are best divided here; null: as usual. Borrowed for Make.
  BatchPlanner* planner = nullptr;
};

// A kind of engine.
class EngineFactory {
 public:
  virtual ~EngineFactory() = default;

  virtual absl::string_view name() const = 0;
  virtual Precision precision() const { return Precision::kF32; }

  // Whether this machine can run it at all. UNIMPLEMENTED says why not.
  virtual absl::Status Available() const { return absl::OkStatus(); }

  // The most that an engine of its kind takes (Engine::bytes) for a segment whose tensors take
  // `tensor_bytes`.
  virtual uint64_t MostBytes(uint64_t tensor_bytes, const EngineOptions& options) const = 0;

  // UNIMPLEMENTED: it does not run such a segment, or not on this machine; the message says why, as
  // the owner of a model is told. INTERNAL: it failed to. Then another kind may do.
  virtual absl::StatusOr<std::unique_ptr<Engine>> Make(std::shared_ptr<const Segment> segment,
                                                       const EngineOptions& options) const = 0;
};

// Why a kind of engine does not run a segment.
struct Declined {
  std::string engine;
  std::string why;
};

struct ChosenEngine {
  std::shared_ptr<const Engine> engine;
  std::vector<Declined> declined;  // those asked before, in their order
};

// The first of `factories` that takes the segment. The last one's status where none does.
absl::StatusOr<ChosenEngine> ChooseEngine(absl::Span<const EngineFactory* const> factories,
                                          const std::shared_ptr<const Segment>& segment,
                                          const EngineOptions& options);

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_ENGINE_H_
