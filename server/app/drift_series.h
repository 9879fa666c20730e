#ifndef GRAFT_SERVER_APP_DRIFT_SERIES_H_
#define GRAFT_SERVER_APP_DRIFT_SERIES_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "core/serving/model_manager.h"

namespace graft::server {

// Gauges by the values of their labels: model, project, version, of.
struct DriftSeries {
  std::map<std::vector<std::string>, double> index;   // where there is one
  std::map<std::vector<std::string>, double> inputs;  // that are counted

  friend bool operator==(const DriftSeries&, const DriftSeries&) = default;
};

// Versions that nobody has used for longer say nothing of what is asked now: of one that another
// has replaced the alert is to end.
inline constexpr absl::Duration kDriftShownFor = absl::Hours(1);

// Of the versions that are ready and count, and were used within kDriftShownFor before `now`, an
// instant of the manager's clock; of those that would make more than `most` series each, those that
// were used last. Pure.
DriftSeries DriftSeriesOf(std::vector<serving::ModelStatus> models, absl::Duration now,
                          size_t most);

}  // namespace graft::server

#endif  // GRAFT_SERVER_APP_DRIFT_SERIES_H_
