#ifndef GRAFT_CORE_SERVING_PENDING_PREDICT_H_
#define GRAFT_CORE_SERVING_PENDING_PREDICT_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "core/serving/cancellation.h"
#include "core/serving/model_manager.h"
#include "core/serving/prediction.h"
#include "core/serving/servable.h"

namespace graft::serving {

// A request on its way through a Predictor. Shared by whoever works on it; answered once. What it
// holds of the request's inputs is freed when it is answered, whoever still shares it.
struct PendingPredict {
  // Constant once submitted.
  ModelKey asked;     // version 0: the latest, or the label's
  ModelKey waits_as;  // the same with the label: by what those who wait for a load are counted
  std::shared_ptr<const tasks::DecodeOptions> options;
  bool whole_answers = false;
  int inputs = 0;
  absl::Duration deadline;
  absl::Duration submitted;
  PredictCallback callback;
  std::shared_ptr<CancellationToken> cancel;

  absl::Mutex mutex;
  bool answered ABSL_GUARDED_BY(mutex) = false;
  uint64_t held_bytes ABSL_GUARDED_BY(mutex) = 0;            // as Admission counts them
  std::vector<PredictInput> encoded ABSL_GUARDED_BY(mutex);  // each until it is decoded
  bool waits_for_model ABSL_GUARDED_BY(mutex) = false;
  AcquiredModel model ABSL_GUARDED_BY(mutex);
  int chunk ABSL_GUARDED_BY(mutex) = 0;        // inputs that go to the network together
  int tasks_given ABSL_GUARDED_BY(mutex) = 0;  // to the decoding threads, one an input
  int tasks_begun ABSL_GUARDED_BY(mutex) = 0;  // inputs are decoded in order
  std::vector<PreparedInput> prepared ABSL_GUARDED_BY(mutex);
  std::vector<int> chunk_left ABSL_GUARDED_BY(mutex);  // inputs of a chunk to be decoded
  std::vector<std::unique_ptr<tasks::TaskOutput>> outputs ABSL_GUARDED_BY(mutex);
  int rows_left ABSL_GUARDED_BY(mutex) = 0;

  PredictTiming timing ABSL_GUARDED_BY(mutex);
  absl::Duration acquired ABSL_GUARDED_BY(mutex);
  absl::Duration decoder_wait ABSL_GUARDED_BY(mutex);  // from acquired to the first decode
  absl::Duration batch_wait ABSL_GUARDED_BY(mutex);    // the longest of its inputs
  absl::Duration decode_begun ABSL_GUARDED_BY(mutex) = absl::InfiniteDuration();
  absl::Duration compute_begun ABSL_GUARDED_BY(mutex) = absl::InfiniteDuration();
};
using PendingPredictPtr = std::shared_ptr<PendingPredict>;

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_PENDING_PREDICT_H_
