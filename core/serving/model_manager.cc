#include "core/serving/model_manager.h"

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "core/serving/load_backoff.h"
#include "core/serving/thread_pool.h"
#include "core/serving/version_table.h"

namespace graft {
namespace {

using Entry = VersionTable::Entry;
using EntryPtr = VersionTable::EntryPtr;
using Waiter = VersionTable::Waiter;

// How often the latest version is looked up for one request while versions are being deleted.
constexpr int kAttempts = 5;

absl::Status Deleted(const ModelKey& key) {
  return WithReason(absl::NotFoundError(absl::StrCat("model \"", key.model, "\" version ",
                                                     key.version, " was deleted")),
                    "MODEL_NOT_FOUND");
}

absl::Status Stopping() {
  return WithRetryDelay(WithReason(absl::UnavailableError("the server is stopping"), "DRAINING"),
                        absl::Seconds(5));
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
        table_(options.max_remembered_latest),
        threads_(options.loader_threads),
        resolver_(1) {}

  ~ModelManagerImpl() override {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;  // what is still queued ends at once; the pools join when they are destroyed
  }

  void Acquire(const std::string& project, const std::string& model, int64_t version,
               AcquireCallback callback) override ABSL_LOCKS_EXCLUDED(mutex_) {
    Waiter waiter{std::move(callback), version};
    absl::StatusOr<AcquiredModel> now;
    {
      absl::MutexLock lock(&mutex_);
      ModelKey key{project, model, version};
      if (version == 0) key.version = table_.Latest(project, model);
      if (table_.Find(key) == nullptr) {
        ScheduleResolve(project, model, std::move(waiter));
        return;
      }
      if (!TakeOrWait(key, waiter, now)) return;
    }
    waiter.callback(std::move(now));
  }

  void Preload(const std::string& project, const std::string& model, int64_t version) override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    const ModelKey key{project, model, version};
    absl::MutexLock lock(&mutex_);
    ++changes_;
    const int64_t before = table_.Latest(project, model);
    const EntryPtr old = table_.Find({project, model, before});
    // Without an older version in memory there is nothing to go on with: wait for the new one.
    if (before < version && (old == nullptr || old->servable == nullptr)) {
      table_.RememberLatest(key);
    }
    EntryPtr entry = table_.Find(key);
    if (entry == nullptr || !entry->error.ok()) entry = StartLoad(key);
    entry->make_latest = true;
    if (entry->servable != nullptr) table_.MakeLatest(key);
  }

  void Forget(const std::string& project, const std::string& model, int64_t version) override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    std::vector<EntryPtr> dropped;  // freed after the lock is gone
    {
      absl::MutexLock lock(&mutex_);
      ++changes_;
      dropped = table_.Forget(project, model, version);
    }
    dropped.clear();
    Tell();
  }

  LoadedStats Loaded() const override ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return table_.Stats();
  }

  std::vector<ModelStatus> List() const override ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return table_.List();
  }

 private:
  void ScheduleResolve(const std::string& project, const std::string& model, Waiter waiter)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    // std::function wants what it holds to be copyable, and a waiter's callback is.
    resolver_.Schedule([this, project, model, waiter = std::move(waiter)]() mutable {
      Resolve(project, model, std::move(waiter));
    });
  }

  // Asks the source which version is meant, and starts or joins its load.
  void Resolve(const std::string& project, const std::string& model, Waiter waiter)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::StatusOr<AcquiredModel> now;
    // Asked again when a version came or went between the source's answer and its use.
    while (true) {
      ModelKey key{project, model, waiter.asked};
      uint64_t changes;
      {
        absl::MutexLock lock(&mutex_);
        if (stopping_) {
          now = Stopping();
          break;
        }
        changes = changes_;
        if (waiter.asked == 0) key.version = table_.Latest(project, model);
      }
      const absl::StatusOr<int64_t> resolved = source_->Resolve(project, model, key.version);
      if (!resolved.ok()) {
        now = resolved.status();
        break;
      }
      key.version = *resolved;
      absl::MutexLock lock(&mutex_);
      if (changes != changes_) continue;
      if (waiter.asked == 0) table_.RememberLatest(key);
      if (!TakeOrWait(key, waiter, now)) return;
      break;
    }
    waiter.callback(std::move(now));
  }

  // Fills `now` and answers true, or keeps `waiter` for the end of a load and answers false.
  bool TakeOrWait(const ModelKey& key, Waiter& waiter, absl::StatusOr<AcquiredModel>& now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (waiter.asked == 0) RetryOverdue(key.project, key.model);
    EntryPtr entry = table_.Find(key);
    if (entry != nullptr && entry->servable != nullptr) {
      now = table_.Use(key, *entry);
      return true;
    }
    if (entry == nullptr || MayRetry(*entry)) entry = StartLoad(key);
    if (!entry->error.ok()) {
      now = RetryDelay(entry->error).has_value()
                ? WithRetryDelay(entry->error, entry->retry_at - clock_->Monotonic())
                : entry->error;
      return true;
    }
    entry->waiting.push_back(std::move(waiter));
    return false;
  }

  bool MayRetry(const Entry& entry) const {
    return !entry.error.ok() && clock_->Monotonic() >= entry.retry_at;
  }

  // A published version that failed to load takes its place as soon as it does load: whoever asks
  // for the latest has it tried again in the background, and is answered by the one before.
  void RetryOverdue(const std::string& project, const std::string& model)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const int64_t overdue = table_.Overdue(project, model);
    if (overdue == 0) return;
    const ModelKey key{project, model, overdue};
    const EntryPtr entry = table_.Find(key);
    if (entry != nullptr && MayRetry(*entry)) StartLoad(key);
  }

  EntryPtr StartLoad(const ModelKey& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    EntryPtr entry = table_.Begin(key);
    threads_.Schedule([this, key, entry] { Load(key, entry); });
    return entry;
  }

  void Load(const ModelKey& key, const EntryPtr& entry) ABSL_LOCKS_EXCLUDED(mutex_) {
    bool stopping;
    {
      absl::MutexLock lock(&mutex_);
      stopping = stopping_;
    }
    const absl::Duration started = clock_->Monotonic();
    const absl::Status before = stopping ? Stopping() : CheckSize(key);
    const bool costly = before.ok();
    absl::StatusOr<std::shared_ptr<const Servable>> loaded = nullptr;
    if (costly) {
      loaded = loader_->Load(key, options_.warm_batch_sizes);
    } else {
      loaded = before;
    }
    const absl::Duration seconds = clock_->Monotonic() - started;

    std::vector<Waiter> waiting;
    std::vector<EntryPtr> evicted;  // freed after the lock is gone
    absl::Status status = loaded.status();
    {
      absl::MutexLock lock(&mutex_);
      const bool forgotten = table_.Find(key) != entry;
      // Whatever went wrong: its files went with it.
      if (forgotten && !stopping) status = Deleted(key);
      if (status.ok()) status = MakeRoom(**loaded, evicted);
      if (status.ok()) {
        table_.Finish(key, *entry, *loaded);
      } else if (!forgotten && absl::IsNotFound(status)) {
        table_.Drop(key);
      } else if (!forgotten) {
        // Seeing that memory is short costs nothing, and the memory may soon be there.
        if (costly) ++entry->failures;
        const absl::Duration delay = LoadBackoff(
            costly ? entry->failures : 1, options_.failure_memory, options_.max_failure_memory);
        table_.Fail(key, *entry, status, clock_->Monotonic() + delay);
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
    for (Waiter& waiter : waiting) {
      if (status.ok()) {
        waiter.callback(AcquiredModel{key, *loaded});
      } else if (!AskAgain(key, waiter, status)) {
        waiter.callback(status);
      }
    }
  }

  // Whoever waited for the latest, which turned out deleted, may have an older version.
  bool AskAgain(const ModelKey& key, Waiter& waiter, const absl::Status& status)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    if (!absl::IsNotFound(status) || waiter.asked != 0) return false;
    if (++waiter.attempts >= kAttempts) return false;
    absl::MutexLock lock(&mutex_);
    if (stopping_) return false;  // the resolver may be gone
    ScheduleResolve(key.project, key.model, std::move(waiter));
    return true;
  }

  // Evicts until `servable` fits as well. RESOURCE_EXHAUSTED: it cannot be done.
  absl::Status MakeRoom(const Servable& servable, std::vector<EntryPtr>& evicted)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const LoadedItem item{.own_bytes = servable.own_bytes(),
                          .backbone_digest = servable.backbone_digest(),
                          .backbone_bytes = servable.backbone_bytes()};
    return table_.MakeRoom(item, options_.memory_budget_bytes, evicted) ? absl::OkStatus()
                                                                        : MemoryFull(item);
  }

  // Whether a version has a chance to fit, before it is read and warmed. What is wrong with it
  // otherwise Load finds out.
  absl::Status CheckSize(const ModelKey& key) ABSL_LOCKS_EXCLUDED(mutex_) {
    const absl::StatusOr<LoadedItem> item = loader_->Measure(key);
    if (!item.ok()) return absl::OkStatus();
    absl::MutexLock lock(&mutex_);
    return table_.HasRoom(*item, options_.memory_budget_bytes) ? absl::OkStatus()
                                                               : MemoryFull(*item);
  }

  absl::Status MemoryFull(const LoadedItem& item) const {
    absl::Status full = absl::ResourceExhaustedError(absl::StrCat(
        "no memory is left for the model: it takes ", item.own_bytes + item.backbone_bytes,
        " bytes, and the budget of ", options_.memory_budget_bytes, " is held by models in use"));
    return WithRetryDelay(WithReason(std::move(full), "MODEL_MEMORY_FULL"),
                          options_.failure_memory);
  }

  void Tell() ABSL_LOCKS_EXCLUDED(mutex_) {
    if (observer_ != nullptr) observer_->OnLoadedChanged();
  }

  // Constant after construction.
  const Options options_;
  ModelSource* const source_;
  ServableLoader* const loader_;
  Clock* const clock_;
  ServingObserver* const observer_;

  mutable absl::Mutex mutex_;
  VersionTable table_ ABSL_GUARDED_BY(mutex_);
  uint64_t changes_ ABSL_GUARDED_BY(mutex_) = 0;  // publishings and deletions
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  ThreadPool threads_;   // loads use all of the above
  ThreadPool resolver_;  // last: starts loads. Apart, so that a question waits for no load.
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
