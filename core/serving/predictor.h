#ifndef GRAFT_CORE_SERVING_PREDICTOR_H_
#define GRAFT_CORE_SERVING_PREDICTOR_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "core/base/clock.h"
#include "core/serving/admission.h"
#include "core/serving/batch_policy.h"
#include "core/serving/cancellation.h"
#include "core/serving/prediction.h"
#include "core/serving/serving_observer.h"

namespace graft::serving {

class AnswerSink;
class ModelManager;

// Answers requests with the models that jobs made. Safe for concurrent use.
class Predictor {
 public:
  virtual ~Predictor() = default;

  // Never blocks on reading, decoding or computing. The request belongs to the predictor from here
  // on, whatever comes of it: on failure too its inputs are freed, and a caller that means to try
  // again keeps its own copy. `deadline` is an instant of the predictor's Clock::Monotonic();
  // InfiniteDuration for none. `cancel` may be null.
  //
  // The callback gets:
  //
  //  - INVALID_ARGUMENT: no input, too many, one too large, one not decodable ("inputs[2]: ..."),
  //    options that the model's task refuses. Other requests in the same batch are not concerned.
  //  - NOT_FOUND: no such project, model or version; says what to ask for instead.
  //  - DATA_LOSS: the version's files are not what was published.
  //  - DEADLINE_EXCEEDED: the deadline passed before its inputs were computed; found at the next
  //    step of its way, so it can come a little late.
  //  - CANCELLED: `cancel` was called before its inputs were computed.
  //  - RESOURCE_EXHAUSTED: the queue is full, the caller has too much in it, answers take longer
  //    than the goal, or no memory is left for the model; a RetryDelay says when to come again.
  //  - UNAVAILABLE: draining; a RetryDelay says when to come again.
  //  - INTERNAL: the network failed.
  virtual void Submit(PredictRequest request, absl::Duration deadline, PredictCallback callback,
                      std::shared_ptr<CancellationToken> cancel = nullptr) = 0;

  // Refuses new requests (UNAVAILABLE) and returns when all accepted ones are answered. May be
  // called again. The destructor drains too.
  virtual void Drain() = 0;

  // What is inside now, and how much may be.
  virtual AdmissionStats admitted() const = 0;

  struct Options {
    BatchOptions batch;
    int decode_threads = 2;
    int max_inputs_per_request = 64;
    uint64_t max_bytes_per_input = 32u << 20;
    // Accepted and not yet answered, over all models.
    int max_pending_inputs = 256;
    uint64_t max_pending_bytes = 256u << 20;               // encoded, and decoded for the network
    absl::Duration retry_after = absl::Milliseconds(500);  // as RetryDelay
    int max_inputs_per_caller = 0;                         // of those pending; 0: any
    // 99 of 100 answered requests are to take no longer, but for a load of their model: what would
    // make them is refused. Zero: no goal.
    absl::Duration p99_goal;
  };

  // Starts the threads. `models` and `clock` are borrowed and must outlive the predictor, as must
  // `observer` and `answers`, which may be null. INVALID_ARGUMENT names an option that makes no
  // sense.
  static absl::StatusOr<std::unique_ptr<Predictor>> Create(const Options& options,
                                                           ModelManager* models, Clock* clock,
                                                           ServingObserver* observer,
                                                           AnswerSink* answers = nullptr);
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_PREDICTOR_H_
