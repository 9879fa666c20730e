#ifndef GRAFT_CORE_TASKS_CLASSIFICATION_REPORT_H_
#define GRAFT_CORE_TASKS_CLASSIFICATION_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/evaluation/calibration.h"
#include "core/evaluation/confusion.h"
#include "core/tasks/meter.h"

namespace graft::tasks {

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
  std::vector<ClassScore> classes;       // in the order of the logits
  evaluation::ConfusionCells confusion;  // at most kMaxReportCells
  double accuracy = 0;                   // fraction of images whose first answer is right
  // Mean F1 of the classes that have images or were predicted, as scikit-learn's
  // f1_score(average="macro") takes it.
  double macro_f1 = 0;
  double loss = 0;               // mean cross-entropy, nats
  double calibration_error = 0;  // expected, over 15 bins (core/evaluation/calibration.h)
  int64_t images = 0;
  std::string split;  // "validation" or "test"
};

// An object with the fields of graft.v1.ClassificationReport.
std::string ClassificationReportToJson(const ClassificationReport& report);
// The same for a model card: without the confusion matrix.
std::string ClassificationReportToCardJson(const ClassificationReport& report);

// Judges logits [rows, classes] against labels [rows] int64, each in [0, classes). The first of
// equal probabilities is the answer. Nothing added gives a report of zeros.
class ClassificationEvaluation final : public Evaluation {
 public:
  // Borrowed: the names must outlive this.
  explicit ClassificationEvaluation(const std::vector<std::string>* class_names)
      : class_names_(class_names) {}

  void Add(const at::Tensor& outputs, const at::Tensor& targets) override;
  // loss, accuracy, macro_f1.
  Figures Read() const override;
  TaskReport Report(const std::string& split) const override;
  ClassificationReport Full(const std::string& split) const;

 private:
  // All but the cells of the confusion matrix: what each epoch reads.
  ClassificationReport Scores() const;

  const std::vector<std::string>* const class_names_;
  evaluation::Confusion confusion_;
  evaluation::CalibrationBins calibration_;
  double loss_sum_ = 0;
  int64_t images_ = 0;
};

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_CLASSIFICATION_REPORT_H_
