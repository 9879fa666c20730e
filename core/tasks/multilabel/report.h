#ifndef GRAFT_CORE_TASKS_MULTILABEL_REPORT_H_
#define GRAFT_CORE_TASKS_MULTILABEL_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/evaluation/precision_recall.h"
#include "core/evaluation/ranking.h"
#include "core/tasks/meter.h"

namespace graft::tasks {

// How one label fared. Ratios whose denominator is 0 are 0, as in scikit-learn.
struct MultilabelScore {
  std::string label;
  double threshold = 0;  // given where the probability is this or more
  double precision = 0;
  double recall = 0;
  double f1 = 0;
  double average_precision = 0;  // core/evaluation/ranking.h; needs no threshold
  int64_t images = 0;            // that have it
};

// How a multi-label classifier did on one split.
struct MultilabelReport {
  std::vector<MultilabelScore> labels;  // in the order of the outputs
  // The mean over the labels that at least one image has.
  double mean_average_precision = 0;
  double micro_f1 = 0;  // of all answers together
  // The mean over the labels that some image has or was given.
  double macro_f1 = 0;
  double loss = 0;  // mean binary cross-entropy over images and labels, nats
  int64_t images = 0;
  std::string split;
};

// An object with the fields of graft.v1.MultilabelReport.
std::string MultilabelReportToJson(const MultilabelReport& report);

// Judges logits [rows, labels] against targets [rows, labels] of 0 and 1. Holds 8 bytes an image
// and label: average precision needs all scores.
class MultilabelEvaluation final : public Evaluation {
 public:
  // Borrowed: both must outlive this; `thresholds` has one a label.
  MultilabelEvaluation(const std::vector<std::string>* labels,
                       const std::vector<double>* thresholds);

  void Add(const at::Tensor& outputs, const at::Tensor& targets) override;
  // loss, mean_average_precision, micro_f1, macro_f1.
  Figures Read() const override;
  TaskReport Report(const std::string& split) const override;
  MultilabelReport Full(const std::string& split) const;

 private:
  const std::vector<std::string>* const labels_;
  const std::vector<double>* const thresholds_;
  std::vector<std::vector<evaluation::ScoredAnswer>> answers_;  // by label
  double loss_sum_ = 0;                                         // over images and labels
};

}  // namespace graft::tasks

#endif  // GRAFT_CORE_TASKS_MULTILABEL_REPORT_H_
