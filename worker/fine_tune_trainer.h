#ifndef GRAFT_WORKER_FINE_TUNE_TRAINER_H_
#define GRAFT_WORKER_FINE_TUNE_TRAINER_H_

#include <filesystem>
#include <memory>
#include <string>

#include "core/artifacts/blob/blob_store.h"
#include "core/backbones/weights_catalog.h"
#include "core/base/clock.h"
#include "core/engine/engine_list.h"
#include "core/features/feature_cache.h"
#include "core/publishing/serving_drift_fitter.h"
#include "core/publishing/serving_novelty_fitter.h"
#include "core/publishing/serving_precision_prover.h"
#include "core/publishing/shared_ranges.h"
#include "core/publishing/unpublished_models.h"
#include "core/tasks/decoder_catalog.h"
#include "worker/trainer.h"

namespace graft::worker {

// Trains for real: the dataset from the blobs, the backbone from the weights folder, features
// through the cache that all workers share. Not safe for concurrent use.
class FineTuneTrainer final : public Trainer {
 public:
  struct Options {
    std::filesystem::path weights_dir;
    std::filesystem::path features_dir;
    std::filesystem::path ranges_dir;  // publishing::SharedRanges
    uint64_t feature_cache_bytes = uint64_t{4} << 30;
    uint64_t min_free_disk_bytes = 0;  // that features leave
    int threads = 1;
    // As nn::ResolveDevice gives them: where networks are trained, and where models will answer,
    // which is where they are tried before they are published.
    std::string device = "cpu";
    std::string serving_device = "cpu";
  };

  // Borrowed: `blobs` and `clock` must outlive the trainer. FAILED_PRECONDITION: no such device.
  static absl::StatusOr<std::unique_ptr<FineTuneTrainer>> Create(Options options,
                                                                 artifacts::BlobStore* blobs,
                                                                 Clock* clock);

  absl::StatusOr<training::FineTuneResult> Train(const Run& run) override;
  bool IsDrained(const absl::Status& status) const override;

 private:
  FineTuneTrainer(Options options, artifacts::BlobStore* blobs, Clock* clock,
                  std::unique_ptr<features::FeatureCache> features, engine::EngineFactories engines)
      : options_(std::move(options)),
        blobs_(blobs),
        clock_(clock),
        features_(std::move(features)),
        models_({.engines = std::move(engines), .threads = options_.threads},
                &tasks::AllDecoders()) {}

  absl::StatusOr<std::shared_ptr<const backbones::BackboneWeights>> Backbone(
      const std::string& id, const std::string& digest);

  const Options options_;
  artifacts::BlobStore* const blobs_;
  Clock* const clock_;
  const std::unique_ptr<features::FeatureCache> features_;
  publishing::UnpublishedModels models_;
  const publishing::SharedRanges ranges_{options_.ranges_dir};
  const publishing::ServingPrecisionProver precision_{&models_, &ranges_};
  const publishing::ServingNoveltyFitter novelty_{&models_};
  const publishing::ServingDriftFitter drift_{&models_};
  // Of the job before: the next one mostly has the same.
  std::shared_ptr<const backbones::BackboneWeights> backbone_;
};

}  // namespace graft::worker

#endif  // GRAFT_WORKER_FINE_TUNE_TRAINER_H_
