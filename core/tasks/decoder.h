#ifndef GRAFT_CORE_TASKS_DECODER_H_
#define GRAFT_CORE_TASKS_DECODER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "core/tasks/answer_part.h"

namespace graft::tasks {

// What a model answers for one input, in the terms of its task: each task derives its own.
// Immutable once made.
class TaskOutput {
 public:
  virtual ~TaskOutput() = default;
  // The name of the task that made it: a reader compares it before it casts.
  virtual absl::string_view task() const = 0;
};

// What a request may ask of the decoding, in the terms of one task: each task derives its own.
// Immutable once made.
class DecodeOptions {
 public:
  virtual ~DecodeOptions() = default;
  virtual absl::string_view task() const = 0;
  // Whether they mean anything only where it is known if an input is unknown (InputContext).
  virtual bool needs_unknown() const { return false; }
};

// What is known of an input beside the numbers that the network gives for it.
struct InputContext {
  bool unknown = false;  // it is unlike all that the model was trained on (core/novelty)
};

// Turns what the network of one model computes into answers. Made from the outputs that the
// model's description carries. Immutable; safe for concurrent use.
class Decoder {
 public:
  virtual ~Decoder() = default;

  virtual absl::string_view task() const = 0;

  // Numbers in a row: what the network's last layer must give.
  virtual int64_t outputs() const = 0;

  // `options` may be null everywhere: the task's defaults. INVALID_ARGUMENT names the option that
  // is wrong, or says that they are another task's.
  virtual absl::Status CheckOptions(const DecodeOptions* options) const = 0;

  // One row, outputs() raw numbers of the network's last layer. `options` have passed
  // CheckOptions. INTERNAL: the row has another length, or numbers that are not finite.
  virtual absl::StatusOr<std::unique_ptr<TaskOutput>> Decode(absl::Span<const float> row,
                                                             const DecodeOptions* options,
                                                             const InputContext& context) const = 0;

  // The output that `name` means: a label, a number. "": the one that `row`, outputs() finite
  // numbers, says most of. INVALID_ARGUMENT where there is no such name.
  virtual absl::StatusOr<int64_t> FindOutput(absl::string_view name,
                                             absl::Span<const float> row) const = 0;
  // Its name; `output` is one of outputs().
  virtual std::string OutputName(int64_t output) const = 0;

  // With which Decode leaves nothing of an answer out; null: it never does. Lives as long as the
  // decoder.
  virtual const DecodeOptions* whole_answer() const = 0;

  // Whether two rows, of one input computed in two ways, come to the same answer with default
  // options, as far as a user cares; false where one is not finite. Both have outputs() numbers.
  virtual bool SameAnswer(absl::Span<const float> a, absl::Span<const float> b) const = 0;

  // What is counted of answers, to see whether they have changed. Lives as long as the decoder.
  virtual const std::vector<AnswerPart>& answer_parts() const = 0;
  // Of each part the kind (0, 1, 2 ...), or the number, that default options make of a row of
  // outputs() finite numbers.
  virtual std::vector<double> ReadParts(absl::Span<const float> row) const = 0;
};

// FindOutput by these names, of which "" is the one with the largest number.
absl::StatusOr<int64_t> FindNamedOutput(absl::string_view name,
                                        const std::vector<std::string>& names,
                                        absl::Span<const float> row);

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_DECODER_H_
