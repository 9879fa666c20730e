#ifndef GRAFT_CORE_SERVING_SERVABLE_H_
#define GRAFT_CORE_SERVING_SERVABLE_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include "core/drift/picture_statistics.h"
#include "core/model/heat_map.h"
#include "core/serving/memory_ledger.h"
#include "core/serving/prediction.h"
#include "core/tasks/decoder.h"

namespace graft::serving {

// Names one immutable version of a model.
struct ModelKey {
  std::string project;
  std::string model;
  int64_t version = 0;

  friend bool operator==(const ModelKey&, const ModelKey&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const ModelKey& key) {
    return H::combine(std::move(h), key.project, key.model, key.version);
  }
};

// What models have in common, computed of one input: as far as some of them go.
struct SharedFeatures {
  std::string of;         // Servable::features_key
  std::string cache_key;  // under which to keep them; "": not to be kept
  // Null where they are still to be computed.
  std::shared_ptr<const std::vector<float>> values = nullptr;
};

// One input as a network takes it; of an image its pixels, [height, width, 3] in the order of the
// model's channels.
struct PreparedInput {
  // Empty where all models that it was prepared for have their features.
  std::vector<uint8_t> bytes;
  // One for each features_key of those models; none where nothing is looked up or kept.
  std::vector<SharedFeatures> features = {};
  // Of `bytes`, where there are any.
  std::optional<drift::PictureStatistics> statistics = {};

  // Whether nothing that models have in common is left to be computed. False where nothing was
  // looked up.
  bool known() const {
    return !features.empty() &&
           std::all_of(features.begin(), features.end(),
                       [](const SharedFeatures& each) { return each.values != nullptr; });
  }
};

// What runs a version: the engine of its largest part, as it was when the version was loaded.
struct EngineUse {
  std::string engine;                 // "openvino", "libtorch"
  std::string precision;              // "f32", "bf16", "int8"
  std::vector<std::string> declined;  // engines that would have come before: "openvino: too small"
  std::string precision_reason;       // why it was to be computed in that precision, or another

  friend bool operator==(const EngineUse&, const EngineUse&) = default;
};

class DriftWatch;
class Servable;

// One input, and the models that are asked about it: at least one, all of the batch_key and the
// input_key of the first.
struct ServableRow {
  const PreparedInput* input;
  std::vector<const Servable*> models;
};

// What a model computes for one input.
struct RowNumbers {
  std::vector<float> outputs;  // of its last layer: what its decoder takes
  // The features that its head reads, as a vector: of a map or of tokens that the head reads as
  // they are, their mean over the places.
  std::vector<float> embedding;
  // 1 or more: it is unlike what the model was trained on (core/novelty); where the model can tell.
  std::optional<float> unknown_score = {};

  friend bool operator==(const RowNumbers&, const RowNumbers&) = default;
};

// Which of a model's outputs is meant, once they are known.
using ChooseOutput = std::function<absl::StatusOr<int64_t>(absl::Span<const float> outputs)>;

// Why a model says what it says of an input.
struct Explanation {
  model::HeatMap map;  // what of the picture speaks for the output
  int64_t of = 0;      // the output
  RowNumbers numbers;  // without the embedding
  std::string overlay_png;
};

// A version in memory, ready to answer. Immutable, but for what its watch counts; safe for
// concurrent use. Held by shared_ptr: whoever computes with it keeps it alive, whatever is evicted
// or forgotten meanwhile.
class Servable {
 public:
  virtual ~Servable() = default;

  // Makes answers of the rows that Run gives.
  virtual const tasks::Decoder& decoder() const = 0;

  // Servables of equal keys may ride in one batch: one pass of what they have in common serves them
  // all, though some may go further in it than others.
  virtual const std::string& batch_key() const = 0;

  // Servables of equal keys make the same of an input, and any of them may prepare it for all.
  virtual const std::string& input_key() const = 0;

  // Names what the model takes of an input from what it has in common with others: features of
  // equal keys are the same. "" where it has nothing in common with any.
  virtual const std::string& features_key() const = 0;

  virtual const EngineUse& engine_use() const = 0;

  // Whether its rows have an unknown score.
  virtual bool tells_unknown() const = 0;

  // Is told of each answer, and says how they have changed; null where that cannot be told.
  virtual const std::shared_ptr<DriftWatch>& drift_watch() const = 0;

  // What it takes, and shares with all of the same backbone digest.
  virtual const ModelBytes& memory() const = 0;

  // Most rows that Run may be given: what its activations take is bounded, and an engine that
  // computes few side by side answers those before it takes others. The same for all of one
  // batch_key.
  virtual int max_rows() const = 0;

  // Memory of one PreparedInput.
  virtual uint64_t prepared_bytes() const = 0;

  // Decodes and transforms one input for `models`, which are as those of a ServableRow and of this
  // one's keys. INVALID_ARGUMENT says what is wrong with it; RESOURCE_EXHAUSTED: no memory for it
  // now.
  virtual absl::StatusOr<PreparedInput> PrepareFor(
      const PredictInput& input, absl::Span<const Servable* const> models) const = 0;
  // The same for this model alone.
  absl::StatusOr<PreparedInput> Prepare(const PredictInput& input) const {
    const Servable* const self = this;
    return PrepareFor(input, {&self, 1});
  }

  // Computes `rows`, at most max_rows(), all of this batch_key (the models may differ) and prepared
  // for their models, as one batch: for each row what each of its models computes, in their order.
  // What the models of a row have in common is computed once.
  virtual absl::StatusOr<std::vector<std::vector<RowNumbers>>> Run(
      const std::vector<ServableRow>& rows) const = 0;

  // Computes one input by itself, in float32 and without what is remembered of it, and looks for
  // what speaks for the output that `choose` names (core/serving/gradient_map.h). With `overlay`
  // draws it on the picture, too. UNIMPLEMENTED: the network gives nothing that could be shown.
  // Errors of Prepare and of `choose`.
  virtual absl::StatusOr<Explanation> Explain(const PredictInput& input, const ChooseOutput& choose,
                                              bool overlay) const = 0;
};

// Reads versions into memory. Safe for concurrent use.
class ServableLoader {
 public:
  virtual ~ServableLoader() = default;

  // Says that Measure and Load of this version follow: what others have made meanwhile is made for
  // it, too. To be held until Load has ended; may be null.
  virtual std::shared_ptr<const void> Announce(const ModelKey& /*key*/) { return nullptr; }

  // The most that a version takes once it is loaded, and while it is: found without reading its
  // tensors. Errors as those of Load.
  virtual absl::StatusOr<ModelBytes> Measure(const ModelKey& key) = 0;

  // Reads, verifies and warms (a forward at each batch size of `warm_batch_sizes`, as far as
  // max_rows allows) one version.
  // NOT_FOUND: not published, or deleted meanwhile. DATA_LOSS: its files are not what was
  // published. FAILED_PRECONDITION: its backbone is not installed, or is not the one it was made
  // on.
  virtual absl::StatusOr<std::shared_ptr<const Servable>> Load(
      const ModelKey& key, const std::vector<int>& warm_batch_sizes) = 0;
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_SERVABLE_H_
