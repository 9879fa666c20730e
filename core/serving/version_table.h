#ifndef GRAFT_CORE_SERVING_VERSION_TABLE_H_
#define GRAFT_CORE_SERVING_VERSION_TABLE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"

#include "core/serving/memory_ledger.h"
#include "core/serving/model_manager.h"
#include "core/serving/servable.h"
#include "core/serving/serving_observer.h"

namespace graft::serving {

// What a ModelManager keeps track of: which versions load, are in memory or failed, which one
// answers for version 0, and which may go when memory is short. Decides nothing about time, threads
// or sources. Not safe for concurrent use: its owner locks.
class VersionTable {
 public:
  // Somebody who asked while the version was not in memory.
  struct Waiter {
    AcquireCallback callback;
    int64_t asked = 0;  // the version, 0 for the latest
    std::string label;  // in its place; "": none
    int attempts = 0;   // how often the latest that was found for it turned out deleted
  };

  // A version being loaded, in memory, or (for a while) known not to load.
  struct Entry {
    std::shared_ptr<const Servable> servable;
    uint64_t account = 0;  // of the servable, in the memory ledger
    std::vector<Waiter> waiting;
    bool make_latest = false;     // once it is in memory
    int64_t replaces = 0;         // the latest that had to go for it: so that answers if this fails
    uint64_t last_used = 0;       // in the order of uses
    absl::Duration last_used_at;  // on the owner's clock
    absl::Status error;
    int failures = 0;         // in a row, up to now
    absl::Duration retry_at;  // when a failed load may be tried again
  };
  using EntryPtr = std::shared_ptr<Entry>;

  explicit VersionTable(int max_remembered_latest)
      : max_remembered_latest_(max_remembered_latest) {}

  // Null where nothing is known of it.
  EntryPtr Find(const ModelKey& key) const;

  // An entry that loads, in place of one that failed if there is one: what that one was wanted for
  // and how often it failed goes on.
  EntryPtr Begin(const ModelKey& key);

  // Loaded: in memory from now on, and the latest if it was wanted for that.
  void Finish(const ModelKey& key, Entry& entry, std::shared_ptr<const Servable> servable,
              uint64_t account, absl::Duration now);

  // Could not be loaded. Where it was wanted as the latest the version before goes on, loaded again
  // if it had to go, and Overdue names this one.
  void Fail(const ModelKey& key, Entry& entry, const absl::Status& error, absl::Duration retry_at);

  // Was deleted before it was loaded.
  void Drop(const ModelKey& key);

  // Deleted: versions of the model, all for 0. To be destroyed without the owner's lock.
  std::vector<EntryPtr> Forget(const std::string& project, const std::string& model,
                               int64_t version);

  // Takes out the versions of a model that are in memory. To be destroyed without the owner's lock.
  std::vector<EntryPtr> Unload(const std::string& project, const std::string& model);

  // An answer with this version, which is in memory.
  AcquiredModel Use(const ModelKey& key, Entry& entry, absl::Duration now);

  // The version that answers for 0; 0 where it is not known.
  int64_t Latest(const std::string& project, const std::string& model) const;
  // A version newer than Latest that was to take its place and failed to load; 0: none.
  int64_t Overdue(const std::string& project, const std::string& model) const;
  void RememberLatest(const ModelKey& key);
  // From now on `key` answers for 0, unless a newer one does. The version before goes first when
  // memory is short.
  void MakeLatest(const ModelKey& key);

  // The version that a label names; 0: none.
  int64_t Labelled(const std::string& project, const std::string& model,
                   const std::string& label) const;
  // `version` 0: it names none any more.
  void SetLabel(const std::string& project, const std::string& model, const std::string& label,
                int64_t version);
  // Of one model, by name.
  std::vector<std::string> LabelNames(const std::string& project, const std::string& model) const;

  // Whether the latest version of the model and those that have a label are to stay in memory.
  void SetPinned(const std::string& project, const std::string& model, bool pinned);
  bool IsPinned(const std::string& project, const std::string& model) const;
  std::vector<std::pair<std::string, std::string>> Pinned() const;  // (project, model)

  // Takes out those that nobody has used since `before` or holds, or that are to stay. To be
  // destroyed without the owner's lock.
  std::vector<EntryPtr> TakeIdle(absl::Duration before);

  // When a load that takes up to `most` may begin, and what must go for it. `loading` are the
  // accounts of the loads under way.
  struct RoomPlan {
    enum class When {
      kNow,
      kAfterAnotherLoad,  // one of those under way stands in the way
      kNo,                // what is in use does
    };
    When when = When::kNo;
    std::vector<ModelKey> evict;  // in the order they go
  };
  RoomPlan PlanRoom(const ModelBytes& most, const MemoryLedger& ledger,
                    const absl::flat_hash_set<uint64_t>& loading) const;
  // Takes versions out of the table for one that loads; where its latest is among them, whoever
  // asks for 0 waits for it. To be destroyed without the owner's lock.
  std::vector<std::shared_ptr<const Servable>> Evict(const std::vector<ModelKey>& keys,
                                                     const ModelKey& for_key, Entry& for_entry);

  LoadedStats Stats(const MemoryLedger& ledger) const;
  std::vector<ModelStatus> List() const;
  // Of one that is in memory.
  std::optional<ModelStatus> StatusOf(const ModelKey& key) const;

 private:
  struct Latests {
    int64_t version = 0;
    int64_t overdue = 0;
  };
  // No longer given out, but still held by running requests.
  struct Retired {
    ModelKey key;
    std::weak_ptr<const Servable> servable;
    ModelBytes bytes;
  };

  // Takes out those of which `which` holds; whoever uses them keeps them.
  std::vector<EntryPtr> Take(absl::FunctionRef<bool(const ModelKey&, const Entry&)> which);
  void Retire(const ModelKey& key, const Entry& entry);
  // Its model is pinned, and this version answers for it.
  bool Stays(const ModelKey& key) const;

  const int max_remembered_latest_;
  absl::flat_hash_map<ModelKey, EntryPtr> entries_;
  absl::flat_hash_map<std::pair<std::string, std::string>, Latests> latest_;  // (project, model)
  absl::flat_hash_map<std::pair<std::string, std::string>, std::map<std::string, int64_t>>
      named_;                                                        // (project, model)
  absl::flat_hash_set<std::pair<std::string, std::string>> pinned_;  // (project, model)
  std::vector<Retired> retired_;
  uint64_t uses_ = 0;
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_VERSION_TABLE_H_
