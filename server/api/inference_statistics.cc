#include "server/api/inference_statistics.h"

#include <algorithm>
#include <string>
#include <tuple>

namespace graft::server {

void InferenceStatistics::OnRequest(const serving::RequestStats& stats) {
  next_->OnRequest(stats);
  if (stats.version == 0) return;  // it never came to a version
  const serving::ModelKey key{stats.project, stats.model, stats.version};
  const absl::Time now = clock_->Now();
  absl::MutexLock lock(&mutex_);
  if (versions_.size() >= most_ && !versions_.contains(key)) {
    versions_.erase(
        std::min_element(versions_.begin(), versions_.end(), [](const auto& a, const auto& b) {
          return a.second.last_inference < b.second.last_inference;
        }));
  }
  Version& version = versions_[key];
  version.key = key;
  version.last_inference = now;
  if (stats.code != absl::StatusCode::kOk) {
    version.fail.Add(stats.total);
    return;
  }
  version.inputs += static_cast<uint64_t>(stats.inputs);
  version.success.Add(stats.total);
  version.queue.Add(stats.queue);
  version.decode.Add(stats.decode);
  version.compute.Add(stats.compute);
}

std::vector<InferenceStatistics::Version> InferenceStatistics::Of(
    const std::string& project) const {
  std::vector<Version> found;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [key, version] : versions_) {
      if (key.project == project) found.push_back(version);
    }
  }
  std::sort(found.begin(), found.end(), [](const Version& a, const Version& b) {
    return std::tie(a.key.model, a.key.version) < std::tie(b.key.model, b.key.version);
  });
  return found;
}

}  // namespace graft::server
