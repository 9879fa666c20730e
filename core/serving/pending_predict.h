#ifndef GRAFT_CORE_SERVING_PENDING_PREDICT_H_
#define GRAFT_CORE_SERVING_PENDING_PREDICT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "core/serving/cancellation.h"
#include "core/serving/model_manager.h"
#include "core/serving/prediction.h"
#include "core/serving/request_parts.h"
#include "core/serving/servable.h"

namespace graft::serving {

// One of the models that a request is for.
struct AskedModel {
  ModelAsk ask;
  ModelKey key;       // as it is asked for; version 0: the latest, or the label's
  ModelKey waits_as;  // the same with the label: by what those who wait for a load are counted
};

// A request on its way through a Predictor. Shared by whoever works on it; answered once. What it
// holds of the request's inputs is freed when it is answered, whoever still shares it.
struct PendingPredict {
  // Constant once submitted.
  std::string project;
  std::string caller;
  std::vector<AskedModel> asked;
  int inputs = 0;
  Priority priority = Priority::kInteractive;
  absl::Duration deadline;
  absl::Duration submitted;
  PredictCallback callback;
  std::shared_ptr<CancellationToken> cancel;
  bool keeps_inputs = false;  // the sink wants them with the answers

  // Answers that it asks for: as Admission counts it.
  int rows() const { return static_cast<int>(asked.size()) * inputs; }

  absl::Mutex mutex;
  bool answered ABSL_GUARDED_BY(mutex) = false;
  uint64_t held_bytes ABSL_GUARDED_BY(mutex) = 0;  // as Admission counts them
  // Each until the last part has decoded it; with keeps_inputs until the call is answered.
  std::vector<std::shared_ptr<const PredictInput>> encoded ABSL_GUARDED_BY(mutex);
  std::vector<AcquiredModel> models ABSL_GUARDED_BY(mutex);  // of `asked`
  std::vector<bool> waits_for_model ABSL_GUARDED_BY(mutex);  // likewise
  bool idle ABSL_GUARDED_BY(mutex) = false;                  // it waits for one of them
  int models_left ABSL_GUARDED_BY(mutex) = 0;                // to be acquired
  std::vector<RequestPart> parts ABSL_GUARDED_BY(mutex);
  int tasks_given ABSL_GUARDED_BY(mutex) = 0;  // to the decoding threads, one an input of a part
  int tasks_begun ABSL_GUARDED_BY(mutex) = 0;  // part after part, inputs in order
  std::vector<ModelAnswer> answers ABSL_GUARDED_BY(mutex);
  int rows_left ABSL_GUARDED_BY(mutex) = 0;  // inputs of parts

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
