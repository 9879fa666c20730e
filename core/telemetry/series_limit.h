#ifndef GRAFT_CORE_TELEMETRY_SERIES_LIMIT_H_
#define GRAFT_CORE_TELEMETRY_SERIES_LIMIT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace graft::telemetry {

// What a label says in place of a value that may not have a series of its own.
inline constexpr absl::string_view kOtherLabel = "other";

// Decides which combinations of label values get a series: the first `limit` that are seen, and
// none after them. Prometheus keeps a series for ever, so whatever a caller puts into a label (a
// job, a user's text) can make at most `limit` of them. Safe for concurrent use.
class SeriesLimit {
 public:
  explicit SeriesLimit(size_t limit) : limit_(limit) {}

  // `values` if they have a series or may have one, else as many times kOtherLabel.
  std::vector<std::string> Admit(const std::vector<std::string>& values);

  // Frees the places of all combinations whose first value is `value`.
  void Forget(absl::string_view value);
  // Frees the place of one.
  void Release(const std::vector<std::string>& values);

  size_t limit() const { return limit_; }

 private:
  const size_t limit_;
  absl::Mutex mutex_;
  absl::flat_hash_set<std::vector<std::string>> admitted_ ABSL_GUARDED_BY(mutex_);
};

// The names that may stand in a `model` label: those that are loaded now, up to a limit. Safe for
// concurrent use.
class ModelLabel {
 public:
  explicit ModelLabel(size_t limit) : limit_(limit) {}

  // Replaces the set; names beyond the limit are left out in alphabetical order. Returns the names
  // that were allowed and are not any more: their series should be removed.
  std::vector<std::string> SetLoaded(std::vector<std::string> names);

  // `name` if it is loaded, else kOtherLabel.
  std::string For(absl::string_view name) const;

 private:
  const size_t limit_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_set<std::string> allowed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace graft::telemetry

#endif  // GRAFT_CORE_TELEMETRY_SERIES_LIMIT_H_
