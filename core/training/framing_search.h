#ifndef GRAFT_CORE_TRAINING_FRAMING_SEARCH_H_
#define GRAFT_CORE_TRAINING_FRAMING_SEARCH_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "core/model/input_spec.h"

namespace graft::training {

// What one framing came to.
struct JudgedFraming {
  model::Framing framing = model::Framing::kCentreCrop;
  double loss = 0;  // on held-out rows, at the best penalty; smaller is better
};

// What is tried where the framing is to be chosen: the backbone's own first, which is what stays
// where another is no better.
std::vector<model::Framing> FramingsToTry(model::Framing published);

// The one with the smallest loss; the first of equals. A loss that is no number is never the
// smallest. `judged` must not be empty. Pure.
model::Framing BestFraming(const std::vector<JudgedFraming>& judged);

// "squeeze, of centre_crop 0.3120, squeeze 0.2514, letterbox 0.2601". Pure.
std::string DescribeFramings(const std::vector<JudgedFraming>& judged);

// Judges each in turn. An error of `judge` ends it.
absl::StatusOr<std::vector<JudgedFraming>> JudgeFramings(
    const std::vector<model::Framing>& framings,
    const std::function<absl::StatusOr<double>(model::Framing)>& judge);

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_FRAMING_SEARCH_H_
