#ifndef GRAFT_CORE_TASKS_CLASSIFICATION_DECODER_H_
#define GRAFT_CORE_TASKS_CLASSIFICATION_DECODER_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

#include "core/tasks/classification/outputs.h"
#include "core/tasks/decoder.h"
#include "core/tasks/decoders.h"

namespace graft::tasks {

struct LabelScore {
  std::string label;
  float probability = 0;  // softmax over all classes
  int index = 0;          // of the class
};

// Why a classifier gives no answer.
enum class Abstention {
  kNone,            // it gives one
  kBelowThreshold,  // the most probable class is less probable than it has to be
  kUnknown,         // the input is unlike all that it was trained on
};

class ClassificationOutput final : public TaskOutput {
 public:
  struct Parts {
    // The most probable classes of one input, most probable first; of equal ones the lower index.
    std::vector<LabelScore> scores;
    Abstention abstention = Abstention::kNone;
    // Where a coverage was asked for: the classes that the true one is among so often, most
    // probable first. At least one.
    std::vector<std::string> prediction_set;
  };

  explicit ClassificationOutput(Parts parts) : parts_(std::move(parts)) {}
  absl::string_view task() const override { return kClassificationTask; }
  const std::vector<LabelScore>& scores() const { return parts_.scores; }
  Abstention abstention() const { return parts_.abstention; }
  const std::vector<std::string>& prediction_set() const { return parts_.prediction_set; }
  // The most probable class; "" where the model abstains.
  absl::string_view answer() const {
    if (parts_.abstention != Abstention::kNone) return "";
    return parts_.scores.front().label;
  }

 private:
  const Parts parts_;
};

class ClassificationDecodeOptions final : public DecodeOptions {
 public:
  static constexpr int kDefaultTopK = 5;

  struct Values {
    // Classes to answer with: at least 1; more than there are gives all of them.
    int top_k = kDefaultTopK;
    // The probability below which a class is no answer, 0 to 1: of these classes, and of all
    // others; where neither says so, the model's own.
    std::map<std::string, double> thresholds = {};
    std::optional<double> threshold = {};
    bool abstain_if_unknown = false;
    std::optional<double> coverage = {};  // of the prediction set, above 0 and below 1; no set
  };

  explicit ClassificationDecodeOptions(Values values) : values_(std::move(values)) {}
  absl::string_view task() const override { return kClassificationTask; }
  bool needs_unknown() const override { return values_.abstain_if_unknown; }
  const Values& values() const { return values_; }

 private:
  const Values values_;
};

std::unique_ptr<const Decoder> MakeClassificationDecoder(ClassificationOutputs outputs);

// For the list of a program that serves this task.
DecoderFactory ClassificationDecoderFactory();

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_CLASSIFICATION_DECODER_H_
