#include "core/evaluation/calibration.h"

#include <algorithm>
#include <cmath>

namespace graft::evaluation {

CalibrationBins::CalibrationBins(int bins) : bins_(static_cast<size_t>(bins)) {}

void CalibrationBins::Add(float confidence, bool right) {
  const int bins = static_cast<int>(bins_.size());
  // Bins are open below and closed above, so a confidence of 1 is in the last one.
  const int at = std::clamp(static_cast<int>(std::ceil(static_cast<double>(confidence) * bins)) - 1,
                            0, bins - 1);
  Bin& bin = bins_[at];
  bin.confidence_sum += confidence;
  bin.hits += right ? 1 : 0;
  ++bin.count;
  ++answers_;
}

double CalibrationBins::Error() const {
  if (answers_ == 0) return 0;
  double error = 0;
  for (const Bin& bin : bins_) {
    // count / n * |hits / count - confidence / count|, with the counts cancelled.
    if (bin.count > 0) error += std::abs(static_cast<double>(bin.hits) - bin.confidence_sum);
  }
  return error / static_cast<double>(answers_);
}

}  // namespace graft::evaluation
