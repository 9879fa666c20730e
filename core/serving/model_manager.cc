#include "core/serving/model_manager.h"

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"

#include "core/base/error_reasons.h"
#include "core/base/refusals.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "core/base/thread_pool.h"
#include "core/serving/load_backoff.h"
#include "core/serving/memory_ledger.h"
#include "core/serving/version_table.h"

namespace graft::serving {
namespace {

using Entry = VersionTable::Entry;
using EntryPtr = VersionTable::EntryPtr;
using Waiter = VersionTable::Waiter;

// How often the latest version is looked up for one request while versions are being deleted.
constexpr int kAttempts = 5;

absl::Status Deleted(const ModelKey& key) {
  return WithReason(absl::NotFoundError(absl::StrCat("model \"", key.model, "\" version ",
                                                     key.version, " was deleted")),
                    reasons::kModelNotFound);
}

// The servable with its account: memory is given back once it is gone, and not before.
std::shared_ptr<const Servable> WithAccount(std::shared_ptr<const Servable> servable,
                                            std::unique_ptr<MemoryLedger::Account> account) {
  struct Both {
    std::unique_ptr<MemoryLedger::Account> account;
    std::shared_ptr<const Servable> servable;  // last: destroyed first
  };
  auto both = std::make_shared<Both>(Both{std::move(account), std::move(servable)});
  const Servable* const inside = both->servable.get();
  return {std::move(both), inside};
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
        ledger_(std::make_shared<MemoryLedger>(options.memory_budget_bytes)),
        table_(options.max_remembered_latest),
        threads_("graft-load", options.loader_threads),
        resolver_("graft-resolve", 1) {}

  ~ModelManagerImpl() override {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;  // what is still queued ends at once; the pools join when they are destroyed
  }

  void Acquire(const std::string& project, const std::string& model, int64_t version,
               AcquireCallback callback) override ABSL_LOCKS_EXCLUDED(mutex_) {
    Ask(project, model, {std::move(callback), version, ""});
  }

  void AcquireLabelled(const std::string& project, const std::string& model,
                       const std::string& label, AcquireCallback callback) override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    Ask(project, model, {std::move(callback), 0, label});
  }

  void SetLabel(const std::string& project, const std::string& model, const std::string& label,
                int64_t version) override ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    table_.SetLabel(project, model, label, version);
  }

  void SetPinned(const std::string& project, const std::string& model, bool pinned) override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    table_.SetPinned(project, model, pinned);
  }

  void LoadPinned(std::function<void()> done) override ABSL_LOCKS_EXCLUDED(mutex_) {
    // Calls `done` once the last waiter is gone.
    const std::shared_ptr<void> all(nullptr, [done = std::move(done)](void*) { done(); });
    const AcquireCallback ask = [all](const absl::StatusOr<AcquiredModel>&) {};
    std::vector<std::pair<std::string, std::string>> models;
    {
      absl::MutexLock lock(&mutex_);
      models = table_.Pinned();
    }
    for (const auto& [project, model] : models) {
      Acquire(project, model, 0, ask);
      std::vector<std::string> named;
      {
        absl::MutexLock lock(&mutex_);
        named = table_.LabelNames(project, model);
      }
      for (const std::string& label : named) AcquireLabelled(project, model, label, ask);
    }
  }

  int UnloadIdle(absl::Duration unused_for) override ABSL_LOCKS_EXCLUDED(mutex_) {
    return DropFromMemory([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return table_.TakeIdle(clock_->Monotonic() - unused_for);
    });
  }

  void Preload(const std::string& project, const std::string& model, int64_t version) override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    const ModelKey key{project, model, version};
    absl::MutexLock lock(&mutex_);
    ++changes_;
    const int64_t before = table_.Latest(project, model);
    const EntryPtr old = table_.Find({project, model, before});
    // Without an older version in memory there is nothing to go on with: wait for the new one.
    const bool wait = before < version && (old == nullptr || old->servable == nullptr);
    if (wait) table_.RememberLatest(key);
    EntryPtr entry = table_.Find(key);
    if (entry == nullptr || !entry->error.ok()) entry = StartLoad(key);
    entry->make_latest = true;
    // Unloaded it may be, but it goes on where this one fails.
    if (wait) entry->replaces = before;
    if (entry->servable != nullptr) table_.MakeLatest(key);
  }

  void Forget(const std::string& project, const std::string& model, int64_t version) override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    DropFromMemory([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      ++changes_;
      return table_.Forget(project, model, version);
    });
  }

  absl::Status Unload(const std::string& project, const std::string& model) override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      absl::MutexLock lock(&mutex_);
      if (table_.IsPinned(project, model)) {
        return absl::FailedPreconditionError(
            absl::StrCat("model \"", model, "\" is pinned: take its pin away first (SetModelPin)"));
      }
    }
    DropFromMemory(
        [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return table_.Unload(project, model); });
    return absl::OkStatus();
  }

  absl::Status LoadError(const ModelKey& key) const override ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    const EntryPtr entry = table_.Find(key);
    return entry == nullptr || MayRetry(*entry) ? absl::OkStatus() : entry->error;
  }

  std::optional<ModelState> StateOf(const ModelKey& key) const override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    const EntryPtr entry = table_.Find(key);
    if (entry == nullptr || !entry->error.ok()) return std::nullopt;
    return entry->servable == nullptr ? ModelState::kLoading : ModelState::kReady;
  }

  std::optional<ModelStatus> FindLatest(const std::string& project,
                                        const std::string& model) const override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return table_.StatusOf({project, model, table_.Latest(project, model)});
  }

  LoadedStats Loaded() const override ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return table_.Stats(*ledger_);
  }

  std::vector<ModelStatus> List() const override ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return table_.List();
  }

  std::optional<ModelStatus> Find(const ModelKey& key) const override ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return table_.StatusOf(key);
  }

 private:
  void Ask(const std::string& project, const std::string& model, Waiter waiter)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::StatusOr<AcquiredModel> now;
    {
      absl::MutexLock lock(&mutex_);
      if (!waiter.label.empty()) waiter.asked = table_.Labelled(project, model, waiter.label);
      ModelKey key{project, model, waiter.asked};
      if (waiter.asked == 0) key.version = table_.Latest(project, model);
      if (!waiter.label.empty() && waiter.asked == 0) {
        now = NoSuchLabel(project, model, waiter.label);
      } else if (table_.Find(key) == nullptr) {
        ScheduleResolve(project, model, std::move(waiter));
        return;
      } else if (!TakeOrWait(key, waiter, now)) {
        return;
      }
    }
    waiter.callback(std::move(now));
  }

  // Frees what `take` takes out of the table under the lock; how many. As when room is made for a
  // load, no load looks for room until it is free: it would find it taken, and fail.
  int DropFromMemory(absl::FunctionRef<std::vector<EntryPtr>()> take) ABSL_LOCKS_EXCLUDED(mutex_) {
    std::vector<EntryPtr> dropped;
    {
      absl::MutexLock lock(&mutex_);
      const auto alone = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !making_room_; };
      mutex_.Await(absl::Condition(&alone));
      dropped = take();
      if (dropped.empty()) return 0;
      making_room_ = true;
    }
    const auto count = static_cast<int>(dropped.size());
    dropped.clear();
    {
      absl::MutexLock lock(&mutex_);
      making_room_ = false;
    }
    ReportLoadedChanged();
    return count;
  }

  void ScheduleResolve(const std::string& project, const std::string& model, Waiter waiter)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    // std::function wants what it holds to be copyable, and a waiter's callback is.
    resolver_.Submit([this, project, model, waiter = std::move(waiter)]() mutable {
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
          now = Draining();
          break;
        }
        changes = changes_;
        if (waiter.asked == 0) key.version = table_.Latest(project, model);
      }
      const absl::StatusOr<int64_t> resolved = source_->Resolve(project, model, key.version);
      if (!resolved.ok()) {
        if (absl::IsNotFound(resolved.status()) && LabelMoved(project, model, waiter)) continue;
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

  // Whether the label that was asked for names another version by now; that one is then asked for.
  bool LabelMoved(const std::string& project, const std::string& model, Waiter& waiter)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    if (waiter.label.empty() || ++waiter.attempts >= kAttempts) return false;
    absl::MutexLock lock(&mutex_);
    const int64_t named = table_.Labelled(project, model, waiter.label);
    if (named == 0 || named == waiter.asked) return false;
    waiter.asked = named;
    return true;
  }

  absl::Status NoSuchLabel(const std::string& project, const std::string& model,
                           const std::string& label) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::vector<std::string> others = table_.LabelNames(project, model);
    return WithReason(absl::NotFoundError(absl::StrCat(
                          "model \"", model, "\" has no label \"", label, "\"",
                          others.empty() ? " and no other"
                                         : absl::StrCat("; it has ", absl::StrJoin(others, ", ")),
                          ": set it (SetModelLabel), or ask for a version")),
                      reasons::kModelNotFound);
  }

  // Fills `now` and answers true, or keeps `waiter` for the end of a load and answers false.
  bool TakeOrWait(const ModelKey& key, Waiter& waiter, absl::StatusOr<AcquiredModel>& now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (waiter.asked == 0) RetryOverdue(key.project, key.model);
    EntryPtr entry = table_.Find(key);
    if (entry != nullptr && entry->servable != nullptr) {
      now = table_.Use(key, *entry, clock_->Monotonic());
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
    threads_.Submit([this, key, entry] { Load(key, entry); });
    return entry;
  }

  void Load(const ModelKey& key, const EntryPtr& entry) ABSL_LOCKS_EXCLUDED(mutex_) {
    const absl::Duration started = clock_->Monotonic();
    const std::shared_ptr<const void> announced = loader_->Announce(key);
    absl::StatusOr<std::shared_ptr<const Servable>> loaded = nullptr;
    absl::StatusOr<std::unique_ptr<MemoryLedger::Account>> account = MakeRoom(key, *entry);
    const uint64_t account_id = account.ok() ? (*account)->id() : 0;
    if (account.ok()) {
      loaded = loader_->Load(key, options_.warm_batch_sizes);
    } else {
      loaded = account.status();
    }
    const absl::Duration seconds = clock_->Monotonic() - started;

    std::vector<Waiter> waiting;
    absl::Status status = loaded.status();
    bool stopping;
    {
      absl::MutexLock lock(&mutex_);
      stopping = stopping_;
      const bool forgotten = table_.Find(key) != entry;
      // Whatever went wrong: its files went with it.
      if (forgotten && !stopping) status = Deleted(key);
      if (status.ok() && !(*account)->Commit((*loaded)->memory())) {
        status = MemoryFull((*loaded)->memory());
      }
      if (status.ok()) {
        loaded = WithAccount(*std::move(loaded), *std::move(account));
        table_.Finish(key, *entry, *loaded, account_id, clock_->Monotonic());
      } else if (!forgotten && absl::IsNotFound(status)) {
        table_.Drop(key);
      } else if (!forgotten) {
        // Seeing that memory is short costs nothing, and the memory may soon be there.
        const bool costly = !absl::IsResourceExhausted(account.status());
        if (costly) ++entry->failures;
        const absl::Duration delay = LoadBackoff(
            costly ? entry->failures : 1, options_.failure_memory, options_.max_failure_memory);
        table_.Fail(key, *entry, status, clock_->Monotonic() + delay);
      }
      waiting = std::move(entry->waiting);
    }
    if (!status.ok()) {
      loaded = status;  // first what takes the memory, then its account
      account = status;
    }
    if (observer_ != nullptr && !stopping) {
      observer_->OnLoad({.project = key.project,
                         .model = key.model,
                         .version = key.version,
                         .status = status,
                         .seconds = seconds,
                         .engine = status.ok() ? (*loaded)->engine_use() : EngineUse{}});
    }
    ReportLoadedChanged();
    for (Waiter& waiter : waiting) {
      if (status.ok()) {
        waiter.callback(AcquiredModel{key, *loaded});
      } else if (!AskAgain(key, waiter, status)) {
        waiter.callback(status);
      }
    }
    loaded = nullptr;  // nobody's now, unless a waiter still has it
    absl::MutexLock lock(&mutex_);
    loading_.erase(account_id);
    ++ended_loads_;
  }

  // Sets aside what the version takes at most, evicting what must go for it first. Waits for other
  // loads where they may make room. RESOURCE_EXHAUSTED: it does not fit besides what is in use;
  // UNAVAILABLE: stopping; else what is wrong with the version.
  absl::StatusOr<std::unique_ptr<MemoryLedger::Account>> MakeRoom(const ModelKey& key, Entry& entry)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) return Draining();
    }
    GRAFT_ASSIGN_OR_RETURN(const ModelBytes most, loader_->Measure(key));
    std::vector<std::shared_ptr<const Servable>> evicted;
    {
      absl::MutexLock lock(&mutex_);
      VersionTable::RoomPlan plan;
      while (true) {
        // One at a time: nobody else takes the room that is being made.
        const auto alone = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !making_room_; };
        mutex_.Await(absl::Condition(&alone));
        if (stopping_) return Draining();
        const uint64_t seen = ended_loads_;
        plan = table_.PlanRoom(most, *ledger_, loading_);
        if (plan.when != VersionTable::RoomPlan::When::kAfterAnotherLoad) break;
        const auto ended = [this, seen]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
          return stopping_ || ended_loads_ != seen;
        };
        mutex_.Await(absl::Condition(&ended));
      }
      if (plan.when == VersionTable::RoomPlan::When::kNo) return MemoryFull(most);
      evicted = table_.Evict(plan.evict, key, entry);
      making_room_ = true;
    }
    evicted.clear();
    std::unique_ptr<MemoryLedger::Account> account = MemoryLedger::Reserve(ledger_, most);
    absl::MutexLock lock(&mutex_);
    making_room_ = false;
    if (account == nullptr) return MemoryFull(most);
    loading_.insert(account->id());
    return account;
  }

  // Whoever waited for the latest, which turned out deleted, or failed after the one before had to
  // go for it, may have an older version.
  bool AskAgain(const ModelKey& key, Waiter& waiter, const absl::Status& status)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    const bool deleted = absl::IsNotFound(status);
    const bool moved = deleted && LabelMoved(key.project, key.model, waiter);
    if (!moved && (waiter.asked != 0 || ++waiter.attempts >= kAttempts)) return false;
    absl::MutexLock lock(&mutex_);
    const int64_t latest = table_.Latest(key.project, key.model);
    if (!deleted && (latest == 0 || latest >= key.version)) return false;
    if (stopping_) return false;  // the resolver may be gone
    ScheduleResolve(key.project, key.model, std::move(waiter));
    return true;
  }

  absl::Status MemoryFull(const ModelBytes& bytes) const {
    absl::Status full = absl::ResourceExhaustedError(absl::StrCat(
        "no memory is left for the model: it takes ", TotalBytes({bytes}),
        " bytes, and the budget of ", options_.memory_budget_bytes, " is held by models in use"));
    return WithRetryDelay(WithReason(std::move(full), reasons::kModelMemoryFull),
                          options_.failure_memory);
  }

  void ReportLoadedChanged() ABSL_LOCKS_EXCLUDED(mutex_) {
    if (observer_ != nullptr) observer_->OnLoadedChanged();
  }

  // Constant after construction.
  const Options options_;
  ModelSource* const source_;
  ServableLoader* const loader_;
  Clock* const clock_;
  ServingObserver* const observer_;
  const std::shared_ptr<MemoryLedger> ledger_;  // shared with what is loaded

  mutable absl::Mutex mutex_;
  VersionTable table_ ABSL_GUARDED_BY(mutex_);
  uint64_t changes_ ABSL_GUARDED_BY(mutex_) = 0;                   // publishings and deletions
  absl::flat_hash_set<uint64_t> loading_ ABSL_GUARDED_BY(mutex_);  // accounts of loads under way
  uint64_t ended_loads_ ABSL_GUARDED_BY(mutex_) = 0;
  bool making_room_ ABSL_GUARDED_BY(mutex_) = false;  // what was evicted is being destroyed
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  ThreadPool threads_;   // loads use all of the above
  ThreadPool resolver_;  // last: starts loads. Apart, so that a question waits for no load.
};

}  // namespace

absl::StatusOr<AcquiredModel> AcquireAndWait(ModelManager& models, const ModelKey& key,
                                             absl::Duration timeout) {
  struct Answer {
    absl::Notification there;
    absl::StatusOr<AcquiredModel> model;
  };
  const auto answer = std::make_shared<Answer>();  // which may come when nobody waits any more
  models.Acquire(key.project, key.model, key.version,
                 [answer](absl::StatusOr<AcquiredModel> model) {
                   answer->model = std::move(model);
                   answer->there.Notify();
                 });
  if (!answer->there.WaitForNotificationWithTimeout(timeout)) {
    return absl::DeadlineExceededError(absl::StrCat(
        "model \"", key.model, "\" version ", key.version, " is still being loaded: try again"));
  }
  return std::move(answer->model);
}

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

}  // namespace graft::serving
