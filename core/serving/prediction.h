#ifndef GRAFT_CORE_SERVING_PREDICTION_H_
#define GRAFT_CORE_SERVING_PREDICTION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "core/tasks/decoder.h"

namespace graft::serving {

// A JPEG, PNG, WebP or BMP, as the client sent it.
struct EncodedImage {
  std::string bytes;
};

// One thing to predict from, by the kind of thing it is.
using PredictInput = std::variant<EncodedImage>;

// Bytes that an input holds.
inline size_t InputBytes(const PredictInput& input) {
  return std::visit([](const EncodedImage& image) { return image.bytes.size(); }, input);
}

struct PredictRequest {
  std::string project;
  std::string model;
  int64_t version = 0;  // 0: the latest
  std::string label;    // in its place; "": none
  std::vector<PredictInput> inputs;
  std::shared_ptr<const tasks::DecodeOptions> options;  // of the model's task; null: its defaults
  bool whole_answers = false;  // in place of options: with nothing left out (Decoder::whole_answer)
};

// Where a request's time went. Its inputs may be decoded and computed side by side: the parts are
// wall time (first begun to last done), and need not add up to the total.
struct PredictTiming {
  absl::Duration queue;    // waiting for a decoding thread, then, decoded, for a batch
  absl::Duration decode;   // reading its inputs and making them ready for the network
  absl::Duration compute;  // the network, with the rest of the batch
  absl::Duration total;    // from Submit to the answer; with a load of the model, if one was needed
};

struct PredictResponse {
  std::string model;
  int64_t version = 0;  // the one that answered
  std::vector<std::unique_ptr<tasks::TaskOutput>>
      outputs;  // one an input, in order; of the model's task
  PredictTiming timing;
};

// Called exactly once for each Submit, from an unspecified thread: possibly the one that called
// Submit or CancellationToken::Cancel, before that returns. It should return soon, may submit
// again, and must not destroy the predictor.
using PredictCallback = std::function<void(absl::StatusOr<PredictResponse>)>;

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_PREDICTION_H_
