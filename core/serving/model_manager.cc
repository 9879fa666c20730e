#include "core/serving/model_manager.h"

#include <algorithm>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

#include "core/base/status_macros.h"
#include "core/serving/eviction_policy.h"
#include "core/serving/retry_hint.h"
#include "core/serving/thread_pool.h"

namespace graft {
namespace {

std::string Name(const ModelKey& key) {
  return absl::StrCat("model \"", key.model, "\" version ", key.version);
}

class ModelManagerImpl final : public ModelManager {
 public:
  ModelManagerImpl(const Options& options, ModelSource* source, ServableLoader* loader,
                   Clock* clock, ServingObserver* observer)
      : options_(options),
        source_(source),
        loader_(loader),
        clock_(clock),
        observer_(observer),
        threads_(options.loader_threads) {}

  ~ModelManagerImpl() override {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;  // loads still queued end at once; threads_ joins when it is destroyed
  }

  void Acquire(const std::string& project, const std::string& model, int64_t version,
               AcquireCallback callback) override ABSL_LOCKS_EXCLUDED(mutex_) {
    // Asked again when a version came or went between the source's answer and its use.
    while (true) {
      uint64_t changes;
      bool known;
      ModelKey key{project, model, version};
      {
        absl::MutexLock lock(&mutex_);
        changes = changes_;
        if (version == 0) key.version = RememberedLatest(project, model);
        known = entries_.contains(key);
      }
      if (!known) {
        absl::StatusOr<int64_t> resolved = source_->Resolve(project, model, key.version);
        if (!resolved.ok()) {
          callback(resolved.status());
          return;
        }
        key.version = *resolved;
      }
      absl::StatusOr<AcquiredModel> now;
      {
        absl::MutexLock lock(&mutex_);
        if (changes != changes_) continue;
        if (version == 0) RememberLatest(key);
        if (!TakeOrWait(key, callback, now)) return;
      }
      callback(std::move(now));
      return;
    }
  }

  void Preload(const std::string& project, const std::string& model, int64_t version) override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    const ModelKey key{project, model, version};
    absl::MutexLock lock(&mutex_);
    ++changes_;
    const int64_t before = RememberedLatest(project, model);
    // Without an older version in memory there is nothing to go on with: wait for the new one.
    if (before < version && !IsReady({project, model, before})) RememberLatest(key);
    const auto it = entries_.find(key);
    if (it == entries_.end() || !it->second->error.ok()) {
      StartLoad(key)->make_latest = true;
    } else if (it->second->servable == nullptr) {
      it->second->make_latest = true;
    } else {
      MakeLatest(key);
    }
  }

  void Forget(const std::string& project, const std::string& model, int64_t version) override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    std::vector<std::shared_ptr<Entry>> dropped;  // freed after the lock is gone
    {
      absl::MutexLock lock(&mutex_);
      ++changes_;
      for (auto it = entries_.begin(); it != entries_.end();) {
        const ModelKey& key = it->first;
        if (key.project != project || key.model != model ||
            (version != 0 && key.version != version)) {
          ++it;
          continue;
        }
        Retire(key, *it->second);
        dropped.push_back(std::move(it->second));
        entries_.erase(it++);
      }
      const auto latest = latest_.find({project, model});
      if (latest != latest_.end() && (version == 0 || latest->second == version)) {
        latest_.erase(latest);
      }
    }
    dropped.clear();
    Tell();
  }

  std::vector<ModelStatus> List() const override ABSL_LOCKS_EXCLUDED(mutex_) {
    std::vector<ModelStatus> list;
    absl::MutexLock lock(&mutex_);
    for (const auto& [key, entry] : entries_) {
      if (!entry->error.ok()) continue;
      ModelStatus status{.key = key};
      const auto latest = latest_.find({key.project, key.model});
      status.latest = latest != latest_.end() && latest->second == key.version;
      if (entry->servable != nullptr) {
        status.state = ModelState::kReady;
        status.own_bytes = entry->servable->own_bytes();
        status.backbone_digest = entry->servable->backbone_digest();
      }
      list.push_back(std::move(status));
    }
    for (const Retired& retired : retired_) {
      if (retired.servable.expired()) continue;
      list.push_back({.key = retired.key,
                      .state = ModelState::kUnloading,
                      .own_bytes = retired.item.own_bytes,
                      .backbone_digest = retired.item.backbone_digest});
    }
    return list;
  }

 private:
  // A version being loaded, in memory, or (for a while) known not to load.
  struct Entry {
    std::shared_ptr<const Servable> servable;
    std::vector<AcquireCallback> waiting;
    bool make_latest = false;  // once it is in memory
    uint64_t last_used = 0;
    absl::Status error;
    absl::Duration failed_at;
  };

  // No longer given out, but still held by running requests.
  struct Retired {
    ModelKey key;
    std::weak_ptr<const Servable> servable;
    LoadedItem item;
  };

  static LoadedItem Item(const Servable& servable) {
    return {.own_bytes = servable.own_bytes(),
            .backbone_digest = servable.backbone_digest(),
            .backbone_bytes = servable.backbone_bytes()};
  }

  bool IsReady(const ModelKey& key) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto it = entries_.find(key);
    return it != entries_.end() && it->second->servable != nullptr;
  }

  int64_t RememberedLatest(const std::string& project, const std::string& model) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto it = latest_.find({project, model});
    return it == latest_.end() ? 0 : it->second;
  }

  void RememberLatest(const ModelKey& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    // Forgetting all of them costs a query each, seldom; it needs no bookkeeping of ages.
    if (static_cast<int>(latest_.size()) >= options_.max_remembered_latest) latest_.clear();
    latest_[{key.project, key.model}] = key.version;
  }

  // The version before goes first when memory is short.
  void MakeLatest(const ModelKey& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const int64_t before = RememberedLatest(key.project, key.model);
    if (before > key.version) return;  // published later, and ready earlier
    if (before < key.version) {
      const auto old = entries_.find({key.project, key.model, before});
      if (old != entries_.end()) old->second->last_used = 0;
    }
    RememberLatest(key);
  }

  // Fills `now` and answers true, or keeps `callback` for the end of a load and answers false.
  bool TakeOrWait(const ModelKey& key, AcquireCallback& callback,
                  absl::StatusOr<AcquiredModel>& now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto it = entries_.find(key);
    std::shared_ptr<Entry> entry = it == entries_.end() ? nullptr : it->second;
    if (entry != nullptr && entry->servable != nullptr) {
      entry->last_used = ++uses_;
      now = AcquiredModel{key, entry->servable};
      return true;
    }
    if (entry != nullptr && !entry->error.ok()) {
      if (clock_->Monotonic() - entry->failed_at < options_.failure_memory) {
        now = entry->error;
        return true;
      }
      entry = nullptr;
    }
    if (entry == nullptr) entry = StartLoad(key);
    entry->waiting.push_back(std::move(callback));
    return false;
  }

  std::shared_ptr<Entry> StartLoad(const ModelKey& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    auto entry = std::make_shared<Entry>();
    entries_[key] = entry;
    threads_.Schedule([this, key, entry] { Load(key, entry); });
    return entry;
  }

  void Load(const ModelKey& key, const std::shared_ptr<Entry>& entry) ABSL_LOCKS_EXCLUDED(mutex_) {
    bool stopping;
    {
      absl::MutexLock lock(&mutex_);
      stopping = stopping_;
    }
    const absl::Duration started = clock_->Monotonic();
    absl::StatusOr<std::shared_ptr<const Servable>> loaded =
        stopping ? absl::UnavailableError("the server is stopping")
                 : loader_->Load(key, options_.warm_batch_sizes);
    const absl::Duration seconds = clock_->Monotonic() - started;

    std::vector<AcquireCallback> waiting;
    std::vector<std::shared_ptr<Entry>> evicted;  // freed after the lock is gone
    absl::Status status = loaded.status();
    {
      absl::MutexLock lock(&mutex_);
      const auto it = entries_.find(key);
      const bool forgotten = it == entries_.end() || it->second != entry;
      if (status.ok() && forgotten) {
        status = absl::NotFoundError(absl::StrCat(Name(key), " was deleted"));
      }
      if (status.ok()) status = MakeRoom(**loaded, evicted);
      if (status.ok()) {
        entry->servable = *loaded;
        entry->last_used = ++uses_;
        if (entry->make_latest) MakeLatest(key);
      } else if (!forgotten && status.code() == absl::StatusCode::kNotFound) {
        entries_.erase(it);
        latest_.erase({key.project, key.model});
      } else {
        entry->error = status;
        entry->failed_at = clock_->Monotonic();
        // A version that does not load must not stand in for one that does.
        if (entry->make_latest && RememberedLatest(key.project, key.model) == key.version) {
          latest_.erase({key.project, key.model});
        }
      }
      waiting = std::move(entry->waiting);
    }
    evicted.clear();
    if (observer_ != nullptr && !stopping) {
      observer_->OnLoad({.project = key.project,
                         .model = key.model,
                         .version = key.version,
                         .status = status,
                         .seconds = seconds});
    }
    Tell();
    for (AcquireCallback& callback : waiting) {
      if (status.ok()) {
        callback(AcquiredModel{key, *loaded});
      } else {
        callback(status);
      }
    }
  }

  // Evicts until `servable` fits as well. RESOURCE_EXHAUSTED: it cannot be done.
  absl::Status MakeRoom(const Servable& servable, std::vector<std::shared_ptr<Entry>>& evicted)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::vector<ModelKey> keys;
    std::vector<LoadedItem> items;
    for (const auto& [key, entry] : entries_) {
      if (entry->servable == nullptr) continue;
      LoadedItem item = Item(*entry->servable);
      item.last_used = entry->last_used;
      item.in_use = entry->servable.use_count() > 1;
      keys.push_back(key);
      items.push_back(std::move(item));
    }
    SweepRetired();
    for (const Retired& retired : retired_) items.push_back(retired.item);
    items.push_back(Item(servable));
    items.back().in_use = true;

    const EvictionPlan plan = PlanEviction(items, options_.memory_budget_bytes);
    if (!plan.fits) {
      return WithRetryHint(
          absl::ResourceExhaustedError(absl::StrCat(
              "no memory is left for the model: it takes ",
              servable.own_bytes() + servable.backbone_bytes(), " bytes, and the budget of ",
              options_.memory_budget_bytes, " is held by models in use")),
          options_.failure_memory);
    }
    for (const size_t index : plan.evict) {
      const auto it = entries_.find(keys[index]);
      evicted.push_back(std::move(it->second));
      entries_.erase(it);
    }
    return absl::OkStatus();
  }

  void SweepRetired() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    retired_.erase(std::remove_if(retired_.begin(), retired_.end(),
                                  [](const Retired& r) { return r.servable.expired(); }),
                   retired_.end());
  }

  void Retire(const ModelKey& key, const Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    SweepRetired();
    if (entry.servable == nullptr) return;
    Retired retired{key, entry.servable, Item(*entry.servable)};
    retired.item.in_use = true;
    retired_.push_back(std::move(retired));
  }

  void Tell() ABSL_LOCKS_EXCLUDED(mutex_) {
    if (observer_ == nullptr) return;
    LoadedStats stats;
    {
      absl::MutexLock lock(&mutex_);
      SweepRetired();
      std::vector<LoadedItem> items;
      absl::flat_hash_set<std::string> backbones;
      for (const auto& [key, entry] : entries_) {
        if (entry->servable == nullptr) continue;
        ++stats.models;
        items.push_back(Item(*entry->servable));
      }
      for (const Retired& retired : retired_) items.push_back(retired.item);
      for (const LoadedItem& item : items) backbones.insert(item.backbone_digest);
      stats.backbones = static_cast<int>(backbones.size());
      stats.bytes = TotalBytes(items);
    }
    observer_->OnLoaded(stats);
  }

  // Constant after construction.
  const Options options_;
  ModelSource* const source_;
  ServableLoader* const loader_;
  Clock* const clock_;
  ServingObserver* const observer_;

  mutable absl::Mutex mutex_;
  absl::flat_hash_map<ModelKey, std::shared_ptr<Entry>> entries_ ABSL_GUARDED_BY(mutex_);
  // (project, model) -> the version that answers for 0.
  absl::flat_hash_map<std::pair<std::string, std::string>, int64_t> latest_ ABSL_GUARDED_BY(mutex_);
  std::vector<Retired> retired_ ABSL_GUARDED_BY(mutex_);
  uint64_t uses_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t changes_ ABSL_GUARDED_BY(mutex_) = 0;  // publishings and deletions
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  ThreadPool threads_;  // last: loads use all of the above
};

}  // namespace

absl::StatusOr<std::unique_ptr<ModelManager>> ModelManager::Create(const Options& options,
                                                                   ModelSource* source,
                                                                   ServableLoader* loader,
                                                                   Clock* clock,
                                                                   ServingObserver* observer) {
  if (options.loader_threads < 1 || options.loader_threads > 64) {
    return absl::InvalidArgumentError(
        absl::StrCat("loader_threads must be 1 to 64, not ", options.loader_threads));
  }
  if (options.max_remembered_latest < 1) {
    return absl::InvalidArgumentError("max_remembered_latest must be at least 1");
  }
  for (const int size : options.warm_batch_sizes) {
    if (size < 1 || size > 1024) {
      return absl::InvalidArgumentError(
          absl::StrCat("warm_batch_sizes must be 1 to 1024, not ", size));
    }
  }
  return std::make_unique<ModelManagerImpl>(options, source, loader, clock, observer);
}

}  // namespace graft
