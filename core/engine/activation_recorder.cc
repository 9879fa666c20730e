#include "core/engine/activation_recorder.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace graft::engine {

void ActivationRecorder::Add(const std::string& node, absl::Span<const float> values) {
  absl::MutexLock lock(&mutex_);
  const auto [it, is_new] = by_node_.try_emplace(node);
  if (is_new) order_.push_back(node);
  it->second.Add(values);
}

absl::StatusOr<std::vector<model::ActivationRange>> ActivationRecorder::Ranges() const {
  absl::MutexLock lock(&mutex_);
  std::vector<model::ActivationRange> ranges;
  for (const std::string& node : order_) {
    const ActivationHistogram& histogram = by_node_.at(node);
    if (!histogram.finite()) {
      return absl::FailedPreconditionError(
          absl::StrCat("layer \"", node, "\" reads numbers that are not finite"));
    }
    if (const auto range = histogram.BestRange(); range.has_value()) {
      ranges.push_back({node, range->first, range->second});
    }
  }
  return ranges;
}

}  // namespace graft::engine
