#ifndef GRAFT_CORE_SERVING_PREDICTION_H_
#define GRAFT_CORE_SERVING_PREDICTION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
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

// A picture that the client has made ready by itself: framed and normalised as the model's
// InputSpec says, float32 [3, height, width] in the order of its channels. Computed from its
// nearest bytes: numbers that were made from bytes lose nothing, others half of the 255th part of
// the range.
struct PixelTensor {
  std::vector<int64_t> shape;  // three sizes; that the model takes them is seen when it is prepared
  std::vector<float> values;   // as many as the sizes say
};

// One thing to predict from, by the kind of thing it is.
using PredictInput = std::variant<EncodedImage, PixelTensor>;

// Bytes that an input holds.
inline size_t InputBytes(const PredictInput& input) {
  if (const auto* const image = std::get_if<EncodedImage>(&input)) return image->bytes.size();
  return std::get<PixelTensor>(input).values.size() * sizeof(float);
}

// What is wanted of a model.
enum class Want {
  kAnswers,       // as its options say
  kWholeAnswers,  // with nothing left out (Decoder::whole_answer), whatever the options
  kEmbeddings,    // in place of answers
};

// A model that a request is for.
struct ModelAsk {
  std::string model;
  int64_t version = 0;                                  // 0: the latest
  std::string label;                                    // in its place; "": none
  std::shared_ptr<const tasks::DecodeOptions> options;  // of the model's task; null: its defaults
  Want want = Want::kAnswers;
  std::string field;  // before the names of its fields in errors: "models[2]."; "": nothing
};

// Who goes first where requests wait.
enum class Priority {
  kInteractive,  // somebody waits for the answer
  kBulk,         // computed when nobody of the others waits, or when it has waited long enough
};

struct PredictRequest {
  std::string project;
  std::vector<ModelAsk> models;  // asked about the same inputs: at least one
  std::vector<PredictInput> inputs;
  Priority priority = Priority::kInteractive;
  std::string caller;  // who asks, for what one caller may have inside; "" is one like any other

  // Answers that it asks for.
  size_t rows() const { return models.size() * inputs.size(); }
};

// Where a request's time went. Its inputs may be decoded and computed side by side: the parts are
// wall time (first begun to last done), and need not add up to the total.
struct PredictTiming {
  absl::Duration queue;    // waiting for a decoding thread, then, decoded, for a batch
  absl::Duration decode;   // reading its inputs and making them ready for the network
  absl::Duration compute;  // the network, with the rest of the batch
  absl::Duration total;    // from Submit to the answer; with a load of the model, if one was needed
};

// What one model says: something of each input, in order.
struct ModelAnswer {
  std::string model;
  int64_t version = 0;                                      // the one that answered
  std::vector<std::unique_ptr<tasks::TaskOutput>> outputs;  // of the model's task
  std::vector<std::vector<float>> embeddings;               // in their place, where wanted
  // With the outputs (RowNumbers::unknown_score).
  std::vector<std::optional<float>> unknown_scores;
};

struct PredictResponse {
  std::vector<ModelAnswer> answers;  // one for each model that was asked, in order
  PredictTiming timing;
};

// Called exactly once for each Submit, from an unspecified thread: possibly the one that called
// Submit or CancellationToken::Cancel, before that returns. It should return soon, may submit
// again, and must not destroy the predictor.
using PredictCallback = std::function<void(absl::StatusOr<PredictResponse>)>;

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_PREDICTION_H_
