#ifndef GRAFT_CORE_SERVING_SERVING_OBSERVER_H_
#define GRAFT_CORE_SERVING_SERVING_OBSERVER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "core/serving/servable.h"

namespace graft::serving {

// One answered request. Durations that do not apply (it failed earlier) are zero.
struct RequestStats {
  std::string project;
  std::string model;
  int64_t version = 0;  // the one that answered; 0 if it was never found
  absl::StatusCode code = absl::StatusCode::kOk;
  std::string reason;  // of an error (core/base/error_reasons.h); "" where it has none
  int inputs = 0;
  int judged_inputs = 0;   // of those answered, whose unknown score the model can tell; and ...
  int unknown_inputs = 0;  // ... those of them for which it is 1 or more
  absl::Duration queue;    // waiting for a decoding thread, then, decoded, for a batch
  absl::Duration decode;   // of its inputs, on the decoding threads
  absl::Duration compute;  // the network
  absl::Duration total;    // from Submit to the callback
};

// One pass of a network.
struct BatchStats {
  int rows = 0;
  int models = 0;         // whose rows rode in it
  absl::Duration gather;  // from its first row's arrival to its start
  absl::Duration compute;
};

// A version was read, verified and warmed, or could not be.
struct LoadStats {
  std::string project;
  std::string model;
  int64_t version = 0;
  absl::Status status;  // DATA_LOSS: its files are not what was published
  absl::Duration seconds;
  EngineUse engine;  // of one that was loaded
};

// What is in memory now.
struct LoadedStats {
  int models = 0;      // ready to serve
  int backbones = 0;   // distinct sets of backbone weights under them
  uint64_t bytes = 0;  // of all of them, each shared backbone once
};

// Hears what serving does: the program maps it to metrics and logs. Methods are called from several
// threads, with no lock of serving's held, and must return soon. Safe for concurrent use.
class ServingObserver {
 public:
  virtual ~ServingObserver() = default;
  virtual void OnRequest(const RequestStats&) {}
  virtual void OnBatch(const BatchStats&) {}
  virtual void OnLoad(const LoadStats&) {}
  // What is in memory may have changed: ModelManager::Loaded says to what. Not a number of its own,
  // which could arrive after a newer one.
  virtual void OnLoadedChanged() {}
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_SERVING_OBSERVER_H_
