#include "core/serving/predict_cache.h"

#include <iterator>

#include "absl/strings/str_cat.h"

#include "core/base/sha256.h"

namespace graft::serving {
namespace {

constexpr uint64_t kEntryBytes = 256;  // what keeping track of one takes, about

}  // namespace

std::string PredictCache::Key(absl::string_view project, absl::string_view computation,
                              absl::string_view input) {
  // No part can be taken for another: their lengths are in it.
  Sha256 hash;
  hash.Update(absl::StrCat(project.size(), " ", computation.size(), " ", project, computation));
  hash.Update(input);
  return hash.FinishHex();
}

PredictCache::Features PredictCache::Find(const std::string& key) {
  absl::MutexLock lock(&mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    ++stats_.misses;
    return nullptr;
  }
  ++stats_.hits;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->features;
}

void PredictCache::Put(const std::string& key, std::vector<float> features) {
  const uint64_t bytes = features.size() * sizeof(float) + 2 * key.size() + kEntryBytes;
  if (bytes > max_bytes_) return;
  auto kept = std::make_shared<const std::vector<float>>(std::move(features));
  std::list<Entry> gone;  // freed without the lock
  absl::MutexLock lock(&mutex_);
  if (by_key_.contains(key)) return;  // another request was first
  entries_.push_front({key, std::move(kept), bytes});
  by_key_[key] = entries_.begin();
  stats_.bytes += bytes;
  while (stats_.bytes > max_bytes_) {
    stats_.bytes -= entries_.back().bytes;
    by_key_.erase(entries_.back().key);
    gone.splice(gone.begin(), entries_, std::prev(entries_.end()));
  }
}

PredictCache::Stats PredictCache::stats() const {
  absl::MutexLock lock(&mutex_);
  return stats_;
}

}  // namespace graft::serving
