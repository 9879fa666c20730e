#ifndef GRAFT_CORE_MODEL_MODEL_DESCRIPTION_H_
#define GRAFT_CORE_MODEL_MODEL_DESCRIPTION_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/model/drift.h"
#include "core/model/head_spec.h"
#include "core/model/input_spec.h"
#include "core/model/novelty.h"
#include "core/model/precision.h"

namespace graft::model {

// A trained model as a change to a pretrained network: with the backbone's weights and the model's
// own safetensors file ("head.*" and the tensors of changed stages under their backbone names),
// all there is to know to rebuild it and to read its answers. Training writes it, serving reads it;
// it travels as the description of the artefact's manifest, and that copy is the one that counts.
struct ModelDescription {
  std::string backbone;         // id in the catalog
  std::string backbone_digest;  // sha256 of its weights file
  std::string cut_point;        // stage whose output the head reads: the backbone's last
  std::vector<std::string> changed_stages;  // bottom first; empty: the backbone as published
  HeadSpec head;
  InputSpec input;
  std::string task;  // "classification"
  // What the head's numbers mean: a JSON object that belongs to the task, such as
  // core/tasks/classification/outputs.h.
  std::string outputs;
  // What serving may compute it in. Absent of models that were made before it was asked.
  std::optional<PrecisionRecord> precision = {};
  // By what it is told that an input is unknown. Absent likewise, and where too little was held
  // out.
  std::optional<NoveltyRecord> novelty = {};
  // What inputs and answers are compared with. Absent likewise.
  std::optional<DriftRecord> drift = {};
};

// INVALID_ARGUMENT when a part is missing or of a wrong form. Of `outputs` only that it is a JSON
// object: what is in it, and whether that goes with the head, is for the task to say.
absl::Status ValidateModelDescription(const ModelDescription& description);

// {"format":2,"backbone":...,"backbone_digest":...,"cut_point":...,"changed_stages":[...],
//  "head":{...},"input":{...},"task":"classification","outputs":{...}}, and
//  "precision", "novelty" and "drift" where there are such records.
// `outputs` must be a JSON object, as ValidateModelDescription asks.
std::string ModelDescriptionToJson(const ModelDescription& description);
// The inverse; validates. Reads format 1 as well, which was for classifiers alone: "labels" and
// "temperature" in the place of task and outputs. INVALID_ARGUMENT names what is missing or wrong.
absl::StatusOr<ModelDescription> ModelDescriptionFromJson(absl::string_view json);

}  // namespace graft::model

#endif  // GRAFT_CORE_MODEL_MODEL_DESCRIPTION_H_
