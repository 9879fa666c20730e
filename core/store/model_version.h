#ifndef GRAFT_CORE_STORE_MODEL_VERSION_H_
#define GRAFT_CORE_STORE_MODEL_VERSION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace graft {

// What a job published: a delta over a backbone. Immutable. Plain data.
struct ModelVersion {
  std::string project;  // the job's; given by the store
  std::string model;    // the job's model_name; given by the store
  int64_t version = 0;  // 1, 2, 3 ... per (project, model); given by the store, never used again
  std::string job_id;   // given by the store
  std::string backbone_id;      // the job's; given by the store
  std::string backbone_digest;  // sha256 of its weights; the job's, given by the store
  std::string cut_point;        // stage of the backbone whose output the head reads
  std::vector<std::string> changed_stages;
  std::string head;                 // "linear", "mlp", "article"
  std::string artifact_prefix;      // of its blobs
  std::string artifact_sha256;      // of <artifact_prefix>/manifest.json, which hashes the others
  std::vector<std::string> labels;  // class names, in the order of the logits
  std::string input_spec;           // opaque (JSON)
  std::string metrics;              // opaque (JSON)
  std::string card;                 // opaque
  std::string dataset_digest;       // the job's; given by the store
  int64_t bytes = 0;                // of its blobs
  absl::Time create_time = absl::InfinitePast();  // given by the store
};

// A named model: the sum of its versions.
struct Model {
  std::string project;
  std::string name;
  int64_t latest_version = 0;
  int64_t version_count = 0;
  absl::Time update_time = absl::InfinitePast();  // of the latest version
};

}  // namespace graft

#endif  // GRAFT_CORE_STORE_MODEL_VERSION_H_
