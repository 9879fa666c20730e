#ifndef GRAFT_WIRE_TASKS_TASK_WIRE_H_
#define GRAFT_WIRE_TASKS_TASK_WIRE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "graft/v1/task.pb.h"

#include "core/data/dataset_manifest.h"
#include "core/tasks/decoder.h"
#include "wire/tasks/first_answer.h"

namespace graft::wire {

// Images that a dataset's own folders hold back from training.
struct HeldOut {
  int64_t validation_images = 0;
  int64_t test_images = 0;
};

// An answer as numbers, for clients that speak in tensors.
struct AnswerTensor {
  std::string name;                 // "probabilities"
  std::vector<float> values;        // of all outputs of the model, in their order
  std::vector<std::string> labels;  // what each is of; may be left out
};

// What only a task knows of the messages of graft/v1/task.proto. One object a task, without state:
// safe for concurrent use. Callers get at it through wire/tasks/catalog.h and never name a task.
class TaskWire {
 public:
  virtual ~TaskWire() = default;

  // The name of its field in the oneofs of task.proto, of ModelDescription.task and of Job.task.
  virtual absl::string_view name() const = 0;

  // `outputs_json`: ModelDescription.outputs. INVALID_ARGUMENT where it is not of this task's form.
  virtual absl::StatusOr<v1::ModelOutputs> Outputs(absl::string_view outputs_json) const = 0;

  // --- Predictions ---

  // `output`: one of this task's.
  virtual v1::TaskOutput Output(const tasks::TaskOutput& output) const = 0;
  virtual FirstAnswer First(const tasks::TaskOutput& output) const = 0;
  // `options`: with this task's field set. INVALID_ARGUMENT with the field's name.
  virtual absl::StatusOr<std::shared_ptr<const tasks::DecodeOptions>> PredictOptions(
      const v1::PredictOptions& options) const = 0;

  // `whole`: decoded with Decoder::whole_answer().
  virtual AnswerTensor Tensor(const tasks::TaskOutput& whole, bool with_labels) const = 0;
  // The same of no answer: the name, and what each value will be of. INVALID_ARGUMENT as Outputs.
  virtual absl::StatusOr<AnswerTensor> TensorOf(absl::string_view outputs_json) const = 0;

  // --- Datasets. A `summary` is one that this task made. ---

  // False where the examples are not labelled for this task.
  virtual bool Summarise(const data::DatasetManifest& manifest,
                         v1::DatasetSummary* summary) const = 0;
  // In a few words: "8 classes".
  virtual std::string Headline(const v1::DatasetSummary& summary) const = 0;
  // Whether there is anything to learn. INVALID_ARGUMENT says what is missing.
  virtual absl::Status CheckTrainable(const v1::DatasetSummary& summary) const = 0;
  // Outputs of a head that learns it.
  virtual int64_t OutputsOf(const v1::DatasetSummary& summary) const = 0;
  virtual HeldOut HeldOutOf(const v1::DatasetSummary& summary) const = 0;
};

}  // namespace graft::wire

#endif  // GRAFT_WIRE_TASKS_TASK_WIRE_H_
