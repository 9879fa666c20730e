#ifndef GRAFT_CORE_NN_MODEL_DESCRIPTION_H_
#define GRAFT_CORE_NN_MODEL_DESCRIPTION_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/data/input_spec.h"
#include "core/nn/head_spec.h"

namespace graft {

// A trained model as a change to a pretrained network: with the backbone's weights and the model's
// own safetensors file ("head.*" and the tensors of changed stages under their backbone names),
// all there is to know to rebuild it. Training writes it, serving reads it; it travels as the
// description of the artefact's manifest.
struct ModelDescription {
  std::string backbone;         // id in the catalog
  std::string backbone_digest;  // sha256 of its weights file
  std::string cut_point;        // stage whose output the head reads: the backbone's last
  std::vector<std::string> changed_stages;  // bottom first; empty: the backbone as published
  HeadSpec head;
  InputSpec input;
  std::vector<std::string> labels;  // class names, in the order of the logits
  // Divides the logits before softmax (Guo et al. 2017); absent: 1.
  std::optional<double> temperature;
};

// INVALID_ARGUMENT when a part is missing, labels and head.classes disagree, or a label comes
// twice.
absl::Status ValidateModelDescription(const ModelDescription& description);

// {"format":1,"backbone":...,"backbone_digest":...,"cut_point":...,"changed_stages":[...],
//  "head":{...},"input":{...},"labels":[...],"temperature":...}
std::string ModelDescriptionToJson(const ModelDescription& description);
// The inverse; validates. INVALID_ARGUMENT names what is missing or wrong.
absl::StatusOr<ModelDescription> ModelDescriptionFromJson(absl::string_view json);

}  // namespace graft

#endif  // GRAFT_CORE_NN_MODEL_DESCRIPTION_H_
