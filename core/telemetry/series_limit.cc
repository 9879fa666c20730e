#include "core/telemetry/series_limit.h"

#include <algorithm>
#include <utility>

namespace graft::telemetry {

std::vector<std::string> SeriesLimit::Admit(const std::vector<std::string>& values) {
  absl::MutexLock lock(&mutex_);
  if (admitted_.contains(values)) return values;
  if (admitted_.size() < limit_) {
    admitted_.insert(values);
    return values;
  }
  return std::vector<std::string>(values.size(), std::string(kOtherLabel));
}

void SeriesLimit::Forget(absl::string_view value) {
  absl::MutexLock lock(&mutex_);
  absl::erase_if(admitted_, [&](const std::vector<std::string>& values) {
    return !values.empty() && values.front() == value;
  });
}

void SeriesLimit::Release(const std::vector<std::string>& values) {
  absl::MutexLock lock(&mutex_);
  admitted_.erase(values);
}

std::vector<std::string> ModelLabel::SetLoaded(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (names.size() > limit_) names.resize(limit_);
  absl::flat_hash_set<std::string> next(names.begin(), names.end());
  absl::MutexLock lock(&mutex_);
  std::vector<std::string> gone;
  for (const std::string& name : allowed_) {
    if (!next.contains(name)) gone.push_back(name);
  }
  allowed_ = std::move(next);
  std::sort(gone.begin(), gone.end());
  return gone;
}

std::string ModelLabel::For(absl::string_view name) const {
  absl::MutexLock lock(&mutex_);
  return allowed_.contains(name) ? std::string(name) : std::string(kOtherLabel);
}

}  // namespace graft::telemetry
