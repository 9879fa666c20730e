#ifndef GRAFT_CORE_TASKS_MULTILABEL_DECODER_H_
#define GRAFT_CORE_TASKS_MULTILABEL_DECODER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "core/tasks/decoder.h"
#include "core/tasks/decoders.h"
#include "core/tasks/multilabel/outputs.h"

namespace graft::tasks {

struct GivenLabel {
  std::string label;
  float probability = 0;  // sigmoid of its logit
  int index = 0;          // of the label
  bool given = false;     // whether the probability is the label's threshold or more
};

// Labels of one input, most probable first; of equal ones the lower index.
class MultilabelOutput final : public TaskOutput {
 public:
  explicit MultilabelOutput(std::vector<GivenLabel> labels) : labels_(std::move(labels)) {}
  absl::string_view task() const override { return kMultilabelTask; }
  const std::vector<GivenLabel>& labels() const { return labels_; }

 private:
  const std::vector<GivenLabel> labels_;
};

class MultilabelDecodeOptions final : public DecodeOptions {
 public:
  // Whether labels below their thresholds are answered with too; else those given alone.
  explicit MultilabelDecodeOptions(bool all_labels) : all_labels_(all_labels) {}
  absl::string_view task() const override { return kMultilabelTask; }
  bool all_labels() const { return all_labels_; }

 private:
  const bool all_labels_;
};

// From MultilabelOutputs as JSON. INVALID_ARGUMENT names what is missing or wrong.
absl::StatusOr<std::unique_ptr<const Decoder>> MakeMultilabelDecoder(
    absl::string_view outputs_json);

// For the list of a program that serves this task.
DecoderFactory MultilabelDecoderFactory();

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_MULTILABEL_DECODER_H_
