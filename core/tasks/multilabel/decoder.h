#ifndef GRAFT_CORE_TASKS_MULTILABEL_DECODER_H_
#define GRAFT_CORE_TASKS_MULTILABEL_DECODER_H_

#include <map>
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
  struct Values {
    bool all_labels = false;  // those below their thresholds are answered with too
    std::map<std::string, double> thresholds = {};  // 0 to 1, in place of the model's own
  };

  explicit MultilabelDecodeOptions(Values values) : values_(std::move(values)) {}
  absl::string_view task() const override { return kMultilabelTask; }
  const Values& values() const { return values_; }

 private:
  const Values values_;
};

// From MultilabelOutputs as JSON. INVALID_ARGUMENT names what is missing or wrong.
absl::StatusOr<std::unique_ptr<const Decoder>> MakeMultilabelDecoder(
    absl::string_view outputs_json);

// For the list of a program that serves this task.
DecoderFactory MultilabelDecoderFactory();

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_MULTILABEL_DECODER_H_
