#ifndef GRAFT_CORE_SERVING_REQUEST_CHECK_H_
#define GRAFT_CORE_SERVING_REQUEST_CHECK_H_

#include <cstdint>

#include "absl/status/status.h"

#include "core/serving/prediction.h"
#include "core/serving/predictor.h"

namespace graft::serving {

// Whether a request can be taken at all, whatever else waits; `bytes`: of its inputs together.
// INVALID_ARGUMENT names the field (InvalidFieldsOf) and the limit. Pure.
absl::Status CheckRequest(const PredictRequest& request, uint64_t bytes,
                          const Predictor::Options& options);

// INVALID_ARGUMENT names the option that makes no sense. Pure.
absl::Status Validate(const Predictor::Options& options);

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_REQUEST_CHECK_H_
