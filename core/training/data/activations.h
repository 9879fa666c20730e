#ifndef GRAFT_CORE_TRAINING_DATA_ACTIVATIONS_H_
#define GRAFT_CORE_TRAINING_DATA_ACTIVATIONS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "core/features/feature_cache.h"
#include "core/recipes/feature_plan.h"
#include "core/training/data/training_data.h"
#include "core/training/loop/run_context.h"
#include "core/training/network/trainable_network.h"

namespace graft::training {

// One image as training sees it: view 0 is plain, each other view an augmentation of its own.
struct Sample {
  int64_t entry = 0;
  int view = 0;
};

// Hands out batches in order.
class SampleStream {
 public:
  virtual ~SampleStream() = default;
  // What enters the stage asked for, [batch, ...]. No gradients flow into it.
  virtual absl::StatusOr<at::Tensor> Next() = 0;
};

// What enters a stage of the network for given images: from the feature cache or from memory where
// Prepare kept it, else by running the stages below on the images each time. The stages below must
// have their pretrained weights whenever it is used. Not safe for concurrent use.
class Activations {
 public:
  // All borrowed; `cache` may be null. `seed` is of the augmentations. What the cache cannot take
  // is held in memory, up to `max_in_memory` bytes in all.
  Activations(TrainableNetwork* network, const TrainingData* data, features::FeatureCache* cache,
              std::string backbone_digest, uint64_t seed, RunContext* context,
              uint64_t max_in_memory = features::kMaxFeaturesInMemory);

  bool has_cache() const { return cache_ != nullptr; }

  // What of `views` views of what enters each of `stages` can be kept, and where.
  std::vector<recipes::CutPlan> Plan(const std::set<int>& stages, int views) const;

  // Makes what enters the plan's stage ready for all images (view 0) and for its views of the
  // training images. Should cache and memory both fail it, only the first of them are kept.
  // Prepare lower stages first: higher ones are computed from them.
  absl::Status Prepare(const recipes::CutPlan& plan);

  // Whether view `view` at `stage` is there.
  bool Has(int stage, int view) const { return blocks_.count({stage, view}) > 0; }
  // How many augmented views at `stage` are there.
  int views(int stage) const;

  std::unique_ptr<SampleStream> Open(int stage, std::vector<std::vector<Sample>> batches);

  // How many plain images to ask of a stream at `stage` at a time, if they then go on to the end of
  // the network.
  int evaluation_batch(int stage) const;

  // All rows of the given entries in one tensor [entries, ...]; Has(stage, view) must hold.
  at::Tensor Rows(int stage, int view, const std::vector<int64_t>& entries) const;

 private:
  friend class BlockStream;
  friend class ComputingStream;

  features::FeatureShape ShapeOf(int stage, int view) const;
  // False where neither the cache nor the memory that is left takes it.
  absl::StatusOr<bool> PrepareBlock(int stage, int view, recipes::FeaturePlace place);
  // Rows [begin, end) of the block of a view.
  absl::Status Compute(int stage, int view, int64_t begin, int64_t end,
                       features::FeatureSink& sink);
  std::string CutName(int stage) const;
  uint64_t AugmentationSeed(const Sample& sample) const;
  int64_t RowOf(const Sample& sample) const;
  // From the output of stages below `from` to what enters `stage`, without gradients, as many
  // images at a time as the network likes.
  absl::StatusOr<at::Tensor> Run(const at::Tensor& x, int from, int stage);

  TrainableNetwork* const network_;
  const TrainingData* const data_;
  features::FeatureCache* const cache_;
  const std::string backbone_digest_;
  const uint64_t seed_;
  RunContext* const context_;
  uint64_t memory_left_;
  std::vector<int64_t> train_row_;  // of each entry among the training images; -1: is none
  std::string train_digest_;
  std::map<std::pair<int, int>, std::shared_ptr<const features::FeatureBlock>>
      blocks_;  // by stage, view
};

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_DATA_ACTIVATIONS_H_
