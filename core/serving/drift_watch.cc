#include "core/serving/drift_watch.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace graft::serving {

void DriftWatch::Count(absl::Span<const float> outputs,
                       const std::optional<drift::PictureStatistics>& statistics) {
  window_.CountAnswer(decoder_->ReadParts(outputs));
  if (statistics.has_value()) window_.CountPicture(*statistics);
}

std::vector<NamedDrift> DriftWatch::NamedFigures() const {
  std::vector<NamedDrift> named;
  for (drift::DriftFigure& figure : window_.Figures()) {
    NamedDrift each;
    if (figure.of == drift::kAnswers && figure.index.has_value()) {
      const tasks::AnswerPart& part = decoder_->answer_parts()[figure.part];
      each.what = part.name;
      if (figure.bin.has_value()) {
        absl::StrAppend(&each.what, part.name.empty() ? "" : " ", part.kinds[*figure.bin]);
      }
    }
    each.figure = std::move(figure);
    named.push_back(std::move(each));
  }
  return named;
}

}  // namespace graft::serving
