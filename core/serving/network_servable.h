#ifndef GRAFT_CORE_SERVING_NETWORK_SERVABLE_H_
#define GRAFT_CORE_SERVING_NETWORK_SERVABLE_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"

#include "core/image/image.h"
#include "core/image/probe.h"
#include "core/model/model_description.h"
#include "core/novelty/training_features.h"
#include "core/serving/drift_watch.h"
#include "core/serving/gradient_map.h"
#include "core/serving/loaded_segment.h"
#include "core/serving/predict_cache.h"
#include "core/serving/prediction.h"
#include "core/serving/servable.h"
#include "core/serving/trunk.h"
#include "core/tasks/decoder.h"

namespace graft::serving {

// A model as a chain of segments: what it has in common with others over the same backbone, a trunk
// that is run for the rows of all of them at once, and what is its own.
class NetworkServable final : public Servable {
 public:
  struct Parts {
    model::ModelDescription description;
    std::unique_ptr<const Trunk::Place> place;  // null: it has nothing in common with others
    std::shared_ptr<const LoadedSegment> own;
    std::shared_ptr<const tasks::Decoder> decoder;   // of what `own` gives
    std::optional<novelty::TrainingFeatures> known;  // of embeddings; points into what `own` keeps
    bool own_embeds = false;                         // SegmentPlan::own_embeds
    std::unique_ptr<const GradientMapper> mapper;
    std::string batch_key;
    std::string features_key;
    // Without a place: names this network among all that were ever loaded, for what is remembered.
    std::string answers_key;
    std::string project;            // whose model it is
    PredictCache* cache = nullptr;  // of what the trunk gives, or `own` without one; may be null
    EngineUse engine_use;
    std::shared_ptr<DriftWatch> drift_watch;  // may be null
    ModelBytes memory;
    image::ImageLimits image_limits;
    int max_rows = 1;  // that memory allows
  };
  explicit NetworkServable(Parts parts);

  const tasks::Decoder& decoder() const override { return *parts_.decoder; }
  const std::string& batch_key() const override { return parts_.batch_key; }
  const std::string& input_key() const override { return input_key_; }
  const std::string& features_key() const override { return parts_.features_key; }
  bool tells_unknown() const override { return parts_.known.has_value(); }
  const EngineUse& engine_use() const override { return parts_.engine_use; }
  const std::shared_ptr<DriftWatch>& drift_watch() const override { return parts_.drift_watch; }
  const ModelBytes& memory() const override { return parts_.memory; }

  int max_rows() const override;
  uint64_t prepared_bytes() const override;

  absl::StatusOr<PreparedInput> PrepareFor(const PredictInput& input,
                                           absl::Span<const Servable* const> models) const override;
  absl::StatusOr<std::vector<std::vector<RowNumbers>>> Run(
      const std::vector<ServableRow>& rows) const override;
  absl::StatusOr<Explanation> Explain(const PredictInput& input, const ChooseOutput& choose,
                                      bool overlay) const override;

  // May be null.
  const Trunk::Place* place() const { return parts_.place.get(); }
  const LoadedSegment& own() const { return *parts_.own; }

  // Numbers that a segment gave, row after row.
  struct Outputs {
    std::vector<float> values;
    size_t width = 0;

    absl::Span<const float> row(size_t i) const { return {values.data() + i * width, width}; }
  };

 private:
  // A JPEG no larger than it takes to frame it, and others as they are.
  absl::StatusOr<image::Image> Decode(const std::string& encoded) const;
  // What the network takes, of a picture and of numbers.
  absl::StatusOr<std::vector<uint8_t>> Framed(const std::string& encoded) const;
  absl::StatusOr<std::vector<uint8_t>> FromTensor(const PixelTensor& given) const;
  // INTERNAL where the row was not prepared for this network.
  absl::StatusOr<engine::Row> PixelsOf(const ServableRow& row) const;
  // Numbers that its own part reads of a row.
  size_t FeaturesRead() const {
    return static_cast<size_t>(parts_.own->segment->spec.inputs.front().shape.elements());
  }
  // Looks up what is remembered of an input, and notes where to keep what is not.
  void Recall(const PredictInput& given, absl::Span<const Servable* const> models,
              PreparedInput& prepared) const;
  // What its own part has computed of a row, but for an embedding that it does not give.
  RowNumbers NumbersOf(absl::Span<const float> outputs) const;
  // What each row of this model computes of its own, from what enters its own part.
  absl::StatusOr<std::vector<RowNumbers>> RunOwn(const std::vector<engine::Row>& inputs) const;
  // Run, of a model that has nothing in common with others: all rows are its own. What it gave of
  // an input that is known is not computed again.
  absl::StatusOr<std::vector<std::vector<RowNumbers>>> RunAlone(
      const std::vector<ServableRow>& rows) const;
  // Run, of models with a trunk.
  absl::StatusOr<std::vector<std::vector<RowNumbers>>> RunTogether(
      const std::vector<ServableRow>& rows) const;
  // What the own part of each row's models reads, in their order: points into the rows' inputs and
  // into `computed`, by which what was not known has been computed, and is kept.
  using Reads = std::vector<std::vector<absl::Span<const float>>>;
  absl::StatusOr<Reads> RunTrunk(const std::vector<ServableRow>& rows,
                                 TrunkFeatures* computed) const;

  const Parts parts_;
  const std::string input_digest_;
  const std::string input_key_;
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_NETWORK_SERVABLE_H_
