#ifndef GRAFT_CORE_TASKS_DECODERS_H_
#define GRAFT_CORE_TASKS_DECODERS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/tasks/decoder.h"

namespace graft::tasks {

// How a task makes the decoder of one of its models from the outputs of the model's description, a
// JSON document of the task's own. INVALID_ARGUMENT names what is missing or wrong in it.
struct DecoderFactory {
  std::string task;
  std::function<absl::StatusOr<std::unique_ptr<const Decoder>>(absl::string_view outputs_json)>
      make;
};

// The tasks whose models a program can serve. The program's composition root lists them, so that
// it links those and no others. Immutable; safe for concurrent use.
class Decoders {
 public:
  // No two of `factories` are of one task.
  explicit Decoders(std::vector<DecoderFactory> factories);

  // UNIMPLEMENTED: `task` is not one of them, and which are. Errors of the factory as they are.
  absl::StatusOr<std::unique_ptr<const Decoder>> Make(absl::string_view task,
                                                      absl::string_view outputs_json) const;

 private:
  const std::vector<DecoderFactory> factories_;
};

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_DECODERS_H_
