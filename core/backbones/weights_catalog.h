#ifndef GRAFT_CORE_BACKBONES_WEIGHTS_CATALOG_H_
#define GRAFT_CORE_BACKBONES_WEIGHTS_CATALOG_H_

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "core/artifacts/safetensors/safetensors.h"
#include "core/model/input_spec.h"
#include "core/nn/network.h"
#include "core/nn/network_spec.h"
#include "core/nn/state_dict.h"

namespace graft::backbones {

// A pretrained network: its structure and its weights, memory-mapped. Immutable; safe for
// concurrent use.
class BackboneWeights {
 public:
  // Reads `folder`/config.json and model.safetensors as scripts/import_weights.py writes them, and
  // checks the weights' hash, names, shapes and values: one pass over the file, nothing of which
  // stays in memory. DATA_LOSS: not the bytes that were
  // imported. INVALID_ARGUMENT names what is wrong.
  static absl::StatusOr<std::shared_ptr<const BackboneWeights>> Load(
      const std::filesystem::path& folder);

  // Wraps weights made elsewhere, as tests do, with the same checks but for the hash; `file` need
  // not be a file.
  static absl::StatusOr<std::shared_ptr<const BackboneWeights>> Wrap(
      std::string id, nn::NetworkSpec spec, model::InputSpec input,
      std::unique_ptr<artifacts::SafetensorsFile> file, std::string digest);

  const std::string& id() const { return id_; }
  const std::string& digest() const { return digest_; }  // sha256 of the weights file
  const nn::NetworkSpec& spec() const { return spec_; }
  const model::InputSpec& input() const { return input_; }
  const artifacts::SafetensorsFile& file() const { return *file_; }
  const std::string& licence() const { return licence_; }
  const std::string& source() const { return source_; }
  double imagenet_top1() const { return imagenet_top1_; }  // 0: unknown
  // Whether the weights include the published classifier behind the features.
  bool has_classifier() const { return has_classifier_; }

  // A network with these weights in its feature stages, and in the classifier where there is one;
  // stages without weights stay empty, and nothing is trainable. With kBorrow this object must
  // outlive it.
  absl::StatusOr<std::unique_ptr<nn::Network>> MakeNetwork(nn::LoadMode mode) const;
  // The same with weights in stages [0, stages) alone; the others stay empty. Away from the CPU, or
  // in another type than float32, kBorrow borrows nothing.
  absl::StatusOr<std::unique_ptr<nn::Network>> MakeNetwork(nn::LoadMode mode, int stages,
                                                           nn::Placement placement = {}) const;

 private:
  BackboneWeights() = default;
  // Checks names and shapes: what can be seen without reading a value.
  static absl::StatusOr<std::shared_ptr<const BackboneWeights>> Make(
      std::string id, nn::NetworkSpec spec, model::InputSpec input,
      std::unique_ptr<artifacts::SafetensorsFile> file, std::string digest);

  std::string id_;
  std::string digest_;
  nn::NetworkSpec spec_;
  model::InputSpec input_;
  std::string licence_;
  std::string source_;
  double imagenet_top1_ = 0;
  bool has_classifier_ = false;
  std::unique_ptr<artifacts::SafetensorsFile> file_;
};

// The weights installed in a folder, one folder a backbone. Immutable; safe for concurrent use.
class WeightsCatalog {
 public:
  // Loads every <folder>/<id>/. A backbone that does not load is left out and named in problems():
  // one bad file must not stop the others. NOT_FOUND where there is no such folder.
  static absl::StatusOr<WeightsCatalog> Open(const std::filesystem::path& folder);

  // Of those given; for tests.
  explicit WeightsCatalog(std::vector<std::shared_ptr<const BackboneWeights>> backbones)
      : backbones_(std::move(backbones)) {}

  // Sorted by id.
  const std::vector<std::shared_ptr<const BackboneWeights>>& backbones() const {
    return backbones_;
  }
  // NOT_FOUND names those there are.
  absl::StatusOr<std::shared_ptr<const BackboneWeights>> Find(absl::string_view id) const;
  // Null where none has this digest.
  std::shared_ptr<const BackboneWeights> FindByDigest(absl::string_view digest) const;
  // What is wrong with those left out, each with its id.
  const std::vector<absl::Status>& problems() const { return problems_; }

 private:
  std::vector<std::shared_ptr<const BackboneWeights>> backbones_;
  std::vector<absl::Status> problems_;
};

}  // namespace graft::backbones

#endif  // GRAFT_CORE_BACKBONES_WEIGHTS_CATALOG_H_
