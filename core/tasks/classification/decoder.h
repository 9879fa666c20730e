#ifndef GRAFT_CORE_TASKS_CLASSIFICATION_DECODER_H_
#define GRAFT_CORE_TASKS_CLASSIFICATION_DECODER_H_

#include <memory>
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

// The most probable classes of one input, most probable first; of equal ones the lower index.
class ClassificationOutput final : public TaskOutput {
 public:
  explicit ClassificationOutput(std::vector<LabelScore> scores) : scores_(std::move(scores)) {}
  absl::string_view task() const override { return kClassificationTask; }
  const std::vector<LabelScore>& scores() const { return scores_; }

 private:
  const std::vector<LabelScore> scores_;
};

class ClassificationDecodeOptions final : public DecodeOptions {
 public:
  static constexpr int kDefaultTopK = 5;

  // Classes to answer with: at least 1; more than there are gives all of them.
  explicit ClassificationDecodeOptions(int top_k) : top_k_(top_k) {}
  absl::string_view task() const override { return kClassificationTask; }
  int top_k() const { return top_k_; }

 private:
  const int top_k_;
};

std::unique_ptr<const Decoder> MakeClassificationDecoder(ClassificationOutputs outputs);

// For the list of a program that serves this task.
DecoderFactory ClassificationDecoderFactory();

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_CLASSIFICATION_DECODER_H_
