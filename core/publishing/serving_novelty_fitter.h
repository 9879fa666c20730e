#ifndef GRAFT_CORE_PUBLISHING_SERVING_NOVELTY_FITTER_H_
#define GRAFT_CORE_PUBLISHING_SERVING_NOVELTY_FITTER_H_

#include <cstdint>
#include <optional>

#include "core/publishing/unpublished_models.h"
#include "core/training/novelty_fitter.h"

namespace graft::publishing {

// Embeds training and validation pictures with the model as it will be served.
class ServingNoveltyFitter final : public training::NoveltyFitter {
 public:
  // `models` is borrowed.
  explicit ServingNoveltyFitter(UnpublishedModels* models) : models_(models) {}

  int64_t Forwards(const training::TrainingData& data) const override;
  absl::StatusOr<std::optional<novelty::Fit>> FitTo(const training::TrainedModel& trained,
                                                    training::RunContext* context) const override;

 private:
  UnpublishedModels* const models_;
};

}  // namespace graft::publishing

#endif  // GRAFT_CORE_PUBLISHING_SERVING_NOVELTY_FITTER_H_
