#ifndef GRAFT_SERVER_API_API_H_
#define GRAFT_SERVER_API_API_H_

#include "server/api/backbone_service.h"
#include "server/api/capture_service.h"
#include "server/api/dataset_service.h"
#include "server/api/explanation_service.h"
#include "server/api/fine_tune_service.h"
#include "server/api/gate.h"
#include "server/api/inference_service.h"
#include "server/api/model_service.h"
#include "server/api/prediction_service.h"

namespace graft::server {

// All that a transport needs: it reads a request, asks the gate for a Caller and hands both to a
// handler (Call of run_handler.h does the two for those that block). Everything is borrowed.
struct Api {
  const Gate* gate = nullptr;
  FineTuneService* jobs = nullptr;
  DatasetService* datasets = nullptr;
  ModelService* models = nullptr;
  BackboneService* backbones = nullptr;
  PredictionService* predictions = nullptr;
  ExplanationService* explanations = nullptr;  // of the same service as `predictions`
  InferenceService* inference = nullptr;
  CaptureService* captures = nullptr;
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_API_H_
