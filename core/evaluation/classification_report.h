#ifndef GRAFT_CORE_EVALUATION_CLASSIFICATION_REPORT_H_
#define GRAFT_CORE_EVALUATION_CLASSIFICATION_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace graft {

// How one class fared. A ratio whose denominator is 0 is 0, as in scikit-learn.
struct ClassScore {
  std::string class_name;
  double precision = 0;  // right among those predicted as this class
  double recall = 0;     // right among those of this class
  double f1 = 0;
  int64_t images = 0;  // of this class
};

// How a classifier did on one split.
struct ClassificationReport {
  std::vector<std::string> class_names;  // in the order of the logits
  // Row-major [classes, classes]: rows are the true class, columns the predicted one.
  std::vector<int64_t> confusion;
  std::vector<ClassScore> classes;
  double accuracy = 0;  // fraction of images whose first answer is right
  // Mean F1 of the classes that have images or were predicted, as scikit-learn's
  // f1_score(average="macro") takes it.
  double macro_f1 = 0;
  double loss = 0;  // mean cross-entropy, nats
  // Expected calibration error over 15 equal-width bins (Guo et al. 2017).
  double calibration_error = 0;
  int64_t images = 0;
  std::string split;  // "validation" or "test"
};

// Judges `probabilities`, row-major [images, classes] with rows that sum to 1, against `labels`
// [images], each in [0, classes). The first of equal probabilities is the answer. No images give a
// report of zeros. INVALID_ARGUMENT when sizes disagree, a label is out of range or a probability
// is not in [0, 1].
absl::StatusOr<ClassificationReport> EvaluateClassification(
    absl::Span<const float> probabilities, absl::Span<const int> labels,
    const std::vector<std::string>& class_names, const std::string& split);

// Expected calibration error: sum over bins of (images in bin / images) * |accuracy - confidence|,
// bins (0, 1/bins], (1/bins, 2/bins], ... of the confidence in the answer given.
double ExpectedCalibrationError(absl::Span<const float> confidences, absl::Span<const bool> right,
                                int bins = 15);

}  // namespace graft

#endif  // GRAFT_CORE_EVALUATION_CLASSIFICATION_REPORT_H_
