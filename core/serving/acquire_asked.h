#ifndef GRAFT_CORE_SERVING_ACQUIRE_ASKED_H_
#define GRAFT_CORE_SERVING_ACQUIRE_ASKED_H_

#include <string>

#include "core/serving/model_manager.h"
#include "core/serving/prediction.h"

namespace graft::serving {

// Gives the version that `ask` names, by its label where it has one, as ModelManager::Acquire and
// AcquireLabelled do.
void AcquireAsked(ModelManager* models, const std::string& project, const ModelAsk& ask,
                  AcquireCallback callback);

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_ACQUIRE_ASKED_H_
