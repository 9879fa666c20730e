#include "server/app/drift_series.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "core/serving/drift_watch.h"

namespace graft::server {

DriftSeries DriftSeriesOf(std::vector<serving::ModelStatus> models, absl::Duration now,
                          size_t most) {
  std::erase_if(models, [now](const serving::ModelStatus& model) {
    return model.state != serving::ModelState::kReady || model.drift_watch == nullptr ||
           now - model.last_used > kDriftShownFor;
  });
  std::stable_sort(models.begin(), models.end(),
                   [](const auto& a, const auto& b) { return a.last_used > b.last_used; });
  DriftSeries series;
  for (const serving::ModelStatus& model : models) {
    const std::vector<drift::DriftFigure> figures = model.drift_watch->Figures();
    if (series.inputs.size() + figures.size() > most) break;
    for (const drift::DriftFigure& figure : figures) {
      const std::vector<std::string> values = {model.key.model, model.key.project,
                                               absl::StrCat(model.key.version), figure.of};
      series.inputs[values] = static_cast<double>(figure.inputs);
      if (figure.index.has_value()) series.index[values] = *figure.index;
    }
  }
  return series;
}

}  // namespace graft::server
