#ifndef GRAFT_CORE_PUBLISHING_SERVING_DRIFT_FITTER_H_
#define GRAFT_CORE_PUBLISHING_SERVING_DRIFT_FITTER_H_

#include <cstdint>
#include <optional>

#include "core/publishing/unpublished_models.h"
#include "core/training/drift_fitter.h"

namespace graft::publishing {

// Looks at the pixels of training and validation pictures as the network sees them, and asks the
// model about the held-out ones as it will be served; about those it was trained on where too few
// are held out.
class ServingDriftFitter final : public training::DriftFitter {
 public:
  // `models` is borrowed.
  explicit ServingDriftFitter(UnpublishedModels* models) : models_(models) {}

  int64_t Forwards(const training::TrainingData& data) const override;
  absl::StatusOr<std::optional<model::DriftRecord>> FitTo(
      const training::TrainedModel& trained, training::RunContext* context) const override;

 private:
  UnpublishedModels* const models_;
};

}  // namespace graft::publishing

#endif  // GRAFT_CORE_PUBLISHING_SERVING_DRIFT_FITTER_H_
