#ifndef GRAFT_CORE_SERVING_MODEL_MANAGER_H_
#define GRAFT_CORE_SERVING_MODEL_MANAGER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "core/base/clock.h"
#include "core/serving/model_source.h"
#include "core/serving/servable.h"
#include "core/serving/serving_observer.h"

namespace graft::serving {

// A version and the hold on it: it stays in memory while this lives.
struct AcquiredModel {
  ModelKey key;  // version is never 0
  std::shared_ptr<const Servable> servable;
};

// Called exactly once, from an unspecified thread, with no lock held.
using AcquireCallback = std::function<void(absl::StatusOr<AcquiredModel>)>;

enum class ModelState { kLoading, kReady, kUnloading };

struct ModelStatus {
  ModelKey key;
  ModelState state = ModelState::kLoading;
  bool latest = false;                            // answers for version 0
  uint64_t own_bytes = 0;                         // 0 while loading
  std::string backbone_digest;                    // "" while loading
  EngineUse engine;                               // of one that is ready, as are the next two
  std::shared_ptr<const DriftWatch> drift_watch;  // null where its drift cannot be told
  absl::Duration last_used;                       // on the manager's clock
};

// Which versions are in memory. Loads on demand, once for however many ask; loads ahead what was
// just published, warms it, and only then lets it answer for `latest`; evicts the least recently
// used when over the budget. Safe for concurrent use.
class ModelManager {
 public:
  struct Options {
    // Of heads, changed stages and each backbone once. What running requests still hold of
    // evicted versions is counted until they let go.
    uint64_t memory_budget_bytes = uint64_t{4} << 30;
    int loader_threads = 2;
    std::vector<int> warm_batch_sizes = {1, 8};
    // A load that failed is not tried again for so long, and twice as long after each further
    // failure, up to the maximum; its error is answered meanwhile.
    absl::Duration failure_memory = absl::Seconds(5);
    absl::Duration max_failure_memory = absl::Minutes(5);
    // How many (project, model) pairs' latest version is remembered without asking the source.
    int max_remembered_latest = 10000;
  };

  // Starts the loading threads. All pointers are borrowed and must outlive the manager; `observer`
  // may be null. INVALID_ARGUMENT names an option that makes no sense.
  static absl::StatusOr<std::unique_ptr<ModelManager>> Create(const Options& options,
                                                              ModelSource* source,
                                                              ServableLoader* loader, Clock* clock,
                                                              ServingObserver* observer);
  // Fails with UNAVAILABLE what still waits for a load.
  virtual ~ModelManager() = default;

  // Gives a version, loading it first if need be; `version` 0 is the latest. The callback runs
  // inside this call when the version is in memory, else on a thread of the manager's: this never
  // waits for a load or for the source. NOT_FOUND, DATA_LOSS, FAILED_PRECONDITION as
  // ModelSource and ServableLoader say; RESOURCE_EXHAUSTED: larger than the budget leaves room for.
  virtual void Acquire(const std::string& project, const std::string& model, int64_t version,
                       AcquireCallback callback) = 0;

  // The same for the version that `label` names when this is called; where it is deleted before it
  // is in memory, the one that the label names by then. NOT_FOUND: the label names none.
  virtual void AcquireLabelled(const std::string& project, const std::string& model,
                               const std::string& label, AcquireCallback callback) = 0;

  // From now on `label` names the version; 0: none. To be called at the start for each label there
  // is, and after one was set; whoever holds the version then has it in memory, so that nobody
  // waits.
  virtual void SetLabel(const std::string& project, const std::string& model,
                        const std::string& label, int64_t version) = 0;

  // Whether the latest version of the model and those that have a label stay in memory, whatever
  // idles or wants the room. LoadPinned sees to it that they are there.
  virtual void SetPinned(const std::string& project, const std::string& model, bool pinned) = 0;

  // Asks for what is pinned and not in memory, as a request would: to be called now and then, for a
  // load may have failed, or the latest version have been deleted. `done` is called once all of it
  // is there or has failed, possibly inside this call.
  virtual void LoadPinned(std::function<void()> done) = 0;

  // Takes versions out of memory that nobody has used for so long, or holds, or that are pinned;
  // they are loaded again when they are asked for. How many.
  virtual int UnloadIdle(absl::Duration unused_for) = 0;

  // To be called after a version was published in this process: loads and warms it ahead and then
  // makes it the latest, in one step. Until then the version before goes on answering for 0 if it
  // is in memory; where none is, or it has to go to make room, requests wait for this load, so that
  // nobody gets NOT_FOUND. If the load fails the version before goes on, the observer hears why,
  // and requests for the latest have it tried again in the background until it takes its place.
  virtual void Preload(const std::string& project, const std::string& model, int64_t version) = 0;

  // To be called after a version was deleted: no new request gets it, running ones end well.
  // `version` 0: all versions of the model, with each label they have.
  virtual void Forget(const std::string& project, const std::string& model, int64_t version) = 0;

  // What is in memory now, with evicted and deleted versions that running requests still hold.
  virtual LoadedStats Loaded() const = 0;

  // Takes the versions of a model out of memory; running requests end well, and the next one has
  // its version loaded again. FAILED_PRECONDITION: it is pinned.
  virtual absl::Status Unload(const std::string& project, const std::string& model) = 0;

  // Why the version could not be loaded when it was tried last; OK where that is not so, or it
  // would be tried again by now.
  virtual absl::Status LoadError(const ModelKey& key) const = 0;
  // Nothing of a version that is neither in memory nor being loaded.
  virtual std::optional<ModelState> StateOf(const ModelKey& key) const = 0;
  // The version that answers for 0, where it is in memory.
  virtual std::optional<ModelStatus> FindLatest(const std::string& project,
                                                const std::string& model) const = 0;

  // A snapshot, in no order.
  virtual std::vector<ModelStatus> List() const = 0;

  // Of one version that is ready; nothing of others.
  virtual std::optional<ModelStatus> Find(const ModelKey& key) const = 0;
};

// Acquire for whoever blocks. DEADLINE_EXCEEDED: the version was not in memory within `timeout`; it
// goes on loading.
absl::StatusOr<AcquiredModel> AcquireAndWait(ModelManager& models, const ModelKey& key,
                                             absl::Duration timeout);

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_MODEL_MANAGER_H_
