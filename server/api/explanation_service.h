#ifndef GRAFT_SERVER_API_EXPLANATION_SERVICE_H_
#define GRAFT_SERVER_API_EXPLANATION_SERVICE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "graft/v1/prediction.pb.h"

#include "core/base/clock.h"
#include "core/serving/model_manager.h"
#include "core/store/metadata_store.h"
#include "server/api/caller.h"

namespace graft::server {

// Explain of PredictionService. Blocks while the model loads and computes. Everything is borrowed.
// Safe for concurrent use.
class ExplanationService {
 public:
  ExplanationService(serving::ModelManager* models, store::MetadataStore* store, Clock* clock,
                     uint64_t max_image_bytes)
      : models_(models), store_(store), clock_(clock), max_image_bytes_(max_image_bytes) {}

  absl::StatusOr<v1::ExplainResponse> Explain(const Caller& caller,
                                              const v1::ExplainRequest& request);

 private:
  serving::ModelManager* const models_;
  store::MetadataStore* const store_;
  Clock* const clock_;
  const uint64_t max_image_bytes_;
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_EXPLANATION_SERVICE_H_
