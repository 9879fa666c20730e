#ifndef GRAFT_CORE_SERVING_STORED_MODEL_SOURCE_H_
#define GRAFT_CORE_SERVING_STORED_MODEL_SOURCE_H_

#include <memory>
#include <string>

#include "core/artifacts/blob/blob_store.h"
#include "core/serving/model_source.h"
#include "core/store/metadata_store.h"

namespace graft::serving {

// Models as the server keeps them: rows in the metadata store, files in the blob store.
// Safe for concurrent use.
class StoredModelSource final : public ModelSource {
 public:
  // Both are borrowed and must outlive this.
  StoredModelSource(store::MetadataStore* store, artifacts::BlobStore* blobs)
      : store_(store), blobs_(blobs) {}

  absl::StatusOr<int64_t> Resolve(const std::string& project, const std::string& model,
                                  int64_t version) override;
  absl::StatusOr<ArtifactSummary> Summarise(const ModelKey& key) override;
  // Reads every file once to check its hash; the model's own is memory-mapped where it is local.
  absl::StatusOr<std::unique_ptr<ModelArtifact>> Open(const ModelKey& key) override;

 private:
  store::MetadataStore* const store_;
  artifacts::BlobStore* const blobs_;
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_STORED_MODEL_SOURCE_H_
