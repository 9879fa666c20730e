#include "core/serving/acquire_asked.h"

#include <utility>

namespace graft::serving {

void AcquireAsked(ModelManager* models, const std::string& project, const ModelAsk& ask,
                  AcquireCallback callback) {
  if (ask.label.empty()) {
    models->Acquire(project, ask.model, ask.version, std::move(callback));
  } else {
    models->AcquireLabelled(project, ask.model, ask.label, std::move(callback));
  }
}

}  // namespace graft::serving
