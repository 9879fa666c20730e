#ifndef GRAFT_CORE_SERVING_MODEL_SOURCE_H_
#define GRAFT_CORE_SERVING_MODEL_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/serving/servable.h"

namespace graft::serving {

// The published files of one version, verified against its manifest. The bytes live as long as
// this object, which may be a memory map. Safe for concurrent reads.
class ModelArtifact {
 public:
  virtual ~ModelArtifact() = default;
  // model.safetensors: "head.*" and the tensors of changed stages, under their backbone names.
  virtual absl::string_view model_bytes() const = 0;
  // JSON of the ModelDescription: backbone, digest, cut, head, input, outputs.
  virtual absl::string_view description_json() const = 0;
};

// What is known of a version without reading its tensors.
struct ArtifactSummary {
  uint64_t model_bytes = 0;  // of model.safetensors
  std::string description_json;
};

// Where published models are found. Safe for concurrent use.
class ModelSource {
 public:
  virtual ~ModelSource() = default;

  // The number of a version of a model; `version` 0 asks for the latest. NOT_FOUND says whether the
  // model or the version is missing, and which version is the latest.
  virtual absl::StatusOr<int64_t> Resolve(const std::string& project, const std::string& model,
                                          int64_t version) = 0;

  // Cheap: for a first look. The description is verified, the tensors are not. NOT_FOUND;
  // DATA_LOSS.
  virtual absl::StatusOr<ArtifactSummary> Summarise(const ModelKey& key) = 0;

  // NOT_FOUND; DATA_LOSS names the file that is not what was published.
  virtual absl::StatusOr<std::unique_ptr<ModelArtifact>> Open(const ModelKey& key) = 0;
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_MODEL_SOURCE_H_
