#ifndef GRAFT_CORE_SERVING_NETWORK_LOADER_H_
#define GRAFT_CORE_SERVING_NETWORK_LOADER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/backbones/weights_catalog.h"
#include "core/engine/choose_precision.h"
#include "core/engine/engine.h"
#include "core/image/probe.h"
#include "core/model/activation_range.h"
#include "core/model/model_description.h"
#include "core/nn/network.h"
#include "core/serving/loaded_segment.h"
#include "core/serving/model_source.h"
#include "core/serving/predict_cache.h"
#include "core/serving/segment_plan.h"
#include "core/serving/servable.h"
#include "core/serving/shared_backbone.h"
#include "core/serving/trunk.h"
#include "core/serving/trunk_table.h"
#include "core/tasks/decoders.h"

namespace graft::serving {

// Rebuilds networks from published deltas over the installed backbones, and gives their parts to
// engines. All models of one backbone digest share one copy of its tensors and a trunk, as far as
// each goes in it; both go with the last of them. Stages that none of them runs (a published
// classifier, what a model has changed) are not read. Safe for concurrent use.
class NetworkLoader final : public ServableLoader {
 public:
  struct Options {
    // Asked in this order for each part of a model, those in the precision that it is served in and
    // those in float32. Not empty; the last one should take all.
    std::vector<std::shared_ptr<const engine::EngineFactory>> engines;
    // Of all models, whatever was found out about them; empty: each in its own.
    std::optional<model::Precision> precision;
    int threads = 1;            // of a pass
    int passes = 1;             // under way at one time
    image::ImageLimits images;  // of what Servable::Prepare decodes
    // Of the activations of one pass: bounds its rows (Servable::max_rows), though not below one.
    uint64_t max_batch_bytes = uint64_t{1} << 30;
    // What models have in common, of inputs seen before. Borrowed, and must outlive what is loaded;
    // may be null.
    PredictCache* cache = nullptr;
    // Finds out how a batch of what models have in common is best divided here; null: as usual.
    // Borrowed.
    engine::BatchPlanner* planner = nullptr;
    int max_batch_size = 1 << 20;  // rows that are ever given to one pass; memory may allow fewer
    // Inputs of a model that its watch remembers, at least 2; 0: nothing is watched.
    int64_t drift_window = 0;
  };

  // `source`, `weights` and `decoders` are borrowed and must outlive the loader; what it loads
  // keeps the backbone's weights alive by itself.
  NetworkLoader(const Options& options, ModelSource* source,
                const backbones::WeightsCatalog* weights, const tasks::Decoders* decoders);

  std::shared_ptr<const void> Announce(const ModelKey& key) override;
  absl::StatusOr<ModelBytes> Measure(const ModelKey& key) override;
  absl::StatusOr<std::shared_ptr<const Servable>> Load(
      const ModelKey& key, const std::vector<int>& warm_batch_sizes) override;

 private:
  using Factory = std::shared_ptr<const engine::EngineFactory>;

  // A version as far as its description tells.
  struct Outline {
    model::ModelDescription description;
    std::shared_ptr<const backbones::BackboneWeights> weights;
    SegmentPlan plan;
    engine::ServedPrecision served;
    // Of its layers for 8-bit integers; none where it is not served in them.
    std::vector<model::ActivationRange> common_ranges;
    std::vector<model::ActivationRange> own_ranges;

    std::string trunk_key() const;
    Trunk::Joining joining() const;  // where there is a common part; borrows from this
  };
  absl::StatusOr<Outline> OutlineOf(absl::string_view description_json) const;

  // For a part of which memory allows so many rows a pass.
  engine::EngineOptions EngineOptionsFor(int rows) const;

  absl::StatusOr<std::shared_ptr<const Servable>> Build(const ModelKey& key,
                                                        const std::vector<int>& warm_batch_sizes);
  // A piece of the model's trunk, for passes of so many rows.
  absl::StatusOr<std::shared_ptr<const LoadedSegment>> MakePiece(
      const Outline& outline, const TrunkPiece& piece,
      const std::vector<model::ActivationRange>& ranges, int rows,
      const std::vector<int>& warm_rows);

  const Options options_;
  std::atomic<uint64_t> loads_{0};
  ModelSource* const source_;
  const backbones::WeightsCatalog* const weights_;
  const tasks::Decoders* const decoders_;

  SharedBackbones backbones_;
  TrunkTable trunks_;  // by SegmentPlan::trunk_key and precision
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_NETWORK_LOADER_H_
