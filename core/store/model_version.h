#ifndef GRAFT_CORE_STORE_MODEL_VERSION_H_
#define GRAFT_CORE_STORE_MODEL_VERSION_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace graft::store {

// What a job published: a delta over a backbone. Immutable. Plain data.
struct ModelVersion {
  std::string project;  // the job's; given by the store
  std::string model;    // the job's model_name; given by the store
  int64_t version = 0;  // 1, 2, 3 ... per (project, model); given by the store, never used again
  std::string job_id;   // given by the store
  std::string artifact_prefix;  // of its blobs
  std::string artifact_sha256;  // of <artifact_prefix>/manifest.json, which hashes the others
  // Of the artefact's manifest: opaque JSON, all that is known of how the model is built.
  std::string description;
  std::string metrics;                            // opaque, small
  std::string dataset_digest;                     // the job's; given by the store
  int64_t bytes = 0;                              // of its blobs
  absl::Time create_time = absl::InfinitePast();  // given by the store
};

// What can be megabytes of a version, and so is read on its own.
struct ModelVersionDetails {
  std::string report;  // opaque; that of the job
  std::string card;    // opaque
};

// A named model: the sum of its versions.
struct Model {
  std::string project;
  std::string name;
  int64_t latest_version = 0;
  int64_t version_count = 0;
  absl::Time update_time = absl::InfinitePast();  // of the latest version
  bool pinned = false;                            // kept in memory where it is served
};

// A name for a version that can be moved to another.
struct ModelLabel {
  std::string project;
  std::string model;
  std::string label;
  int64_t version = 0;

  friend bool operator==(const ModelLabel&, const ModelLabel&) = default;
};

// How many a model may have.
inline constexpr int kMaxModelLabels = 64;

}  // namespace graft::store

#endif  // GRAFT_CORE_STORE_MODEL_VERSION_H_
