#include "core/training/framing_search.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

#include "core/base/status_macros.h"

namespace graft::training {

std::vector<model::Framing> FramingsToTry(model::Framing published) {
  std::vector<model::Framing> framings = {published};
  for (const model::Framing each : model::kFramings) {
    if (each != published) framings.push_back(each);
  }
  return framings;
}

model::Framing BestFraming(const std::vector<JudgedFraming>& judged) {
  return std::min_element(judged.begin(), judged.end(),
                          [](const JudgedFraming& a, const JudgedFraming& b) {
                            // NaN compares false with all: it must lose to a number.
                            if (std::isnan(a.loss) || std::isnan(b.loss)) {
                              return !std::isnan(a.loss) && std::isnan(b.loss);
                            }
                            return a.loss < b.loss;
                          })
      ->framing;
}

std::string DescribeFramings(const std::vector<JudgedFraming>& judged) {
  return absl::StrCat(model::FramingName(BestFraming(judged)), ", of ",
                      absl::StrJoin(judged, ", ", [](std::string* out, const JudgedFraming& each) {
                        absl::StrAppendFormat(out, "%s %.4f", model::FramingName(each.framing),
                                              each.loss);
                      }));
}

absl::StatusOr<std::vector<JudgedFraming>> JudgeFramings(
    const std::vector<model::Framing>& framings,
    const std::function<absl::StatusOr<double>(model::Framing)>& judge) {
  std::vector<JudgedFraming> judged;
  for (const model::Framing framing : framings) {
    GRAFT_ASSIGN_OR_RETURN(const double loss, judge(framing));
    judged.push_back({framing, loss});
  }
  return judged;
}

}  // namespace graft::training
