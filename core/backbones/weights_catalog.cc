#include "core/backbones/weights_catalog.h"

#include <algorithm>
#include <system_error>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "core/artifacts/safetensors/finite.h"
#include "core/backbones/catalog.h"
#include "core/backbones/weights_scan.h"
#include "core/base/files.h"
#include "core/base/ids.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"

namespace graft::backbones {
namespace {

constexpr uint64_t kMaxConfigBytes = 1 << 20;

absl::Status NotFinite(absl::string_view tensor) {
  return absl::InvalidArgumentError(absl::StrCat("tensor '", tensor, "' holds NaN or infinity"));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const BackboneWeights>> BackboneWeights::Load(
    const std::filesystem::path& folder) {
  absl::StatusOr<std::string> text = ReadFile(folder / "config.json", kMaxConfigBytes);
  if (!text.ok()) return Annotate(text.status(), "config.json");
  const nlohmann::json config = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  std::string id, architecture, sha256, licence, source;
  double top1 = 0;
  model::InputSpec input;
  try {
    if (config.at("format").get<int>() != 1) {
      return absl::InvalidArgumentError("config.json: written by a newer importer");
    }
    config.at("id").get_to(id);
    config.at("architecture").get_to(architecture);
    config.at("sha256").get_to(sha256);
    config.at("licence").get_to(licence);
    config.at("source").get_to(source);
    top1 = config.value("imagenet_top1", 0.0);
    GRAFT_ASSIGN_OR_RETURN(input, model::InputSpecFromJson(config.at("input_spec").dump()));
  } catch (const nlohmann::json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("config.json: ", error.what()));
  }
  if (id != folder.filename().string() || !IsValidResourceName(id)) {
    return absl::InvalidArgumentError("config.json: id is not the folder's name");
  }
  GRAFT_ASSIGN_OR_RETURN(nn::NetworkSpec spec, BuildArchitecture(architecture));

  const std::filesystem::path weights = folder / "model.safetensors";
  const absl::Status changed = absl::DataLossError(
      "model.safetensors is not the file that was imported (its SHA-256 "
      "differs from config.json's); import it again");
  absl::StatusOr<std::unique_ptr<artifacts::SafetensorsFile>> file =
      artifacts::SafetensorsFile::Open(weights);
  if (!file.ok()) {
    // A file that was changed says so, whatever else is wrong with it.
    GRAFT_ASSIGN_OR_RETURN(const std::string actual, Sha256HexOfFile(weights.string()));
    return actual == sha256 ? file.status() : changed;
  }
  GRAFT_ASSIGN_OR_RETURN(const WeightsScan scan, ScanWeights(**file, weights));
  if (scan.sha256 != sha256) return changed;
  if (!scan.not_finite.empty()) return NotFinite(scan.not_finite);
  GRAFT_ASSIGN_OR_RETURN(
      std::shared_ptr<const BackboneWeights> wrapped,
      Make(std::move(id), std::move(spec), input, *std::move(file), std::move(sha256)));
  auto loaded = std::const_pointer_cast<BackboneWeights>(wrapped);
  loaded->licence_ = std::move(licence);
  loaded->source_ = std::move(source);
  loaded->imagenet_top1_ = top1;
  return wrapped;
}

absl::StatusOr<std::shared_ptr<const BackboneWeights>> BackboneWeights::Wrap(
    std::string id, nn::NetworkSpec spec, model::InputSpec input,
    std::unique_ptr<artifacts::SafetensorsFile> file, std::string digest) {
  for (const artifacts::TensorView& tensor : file->tensors()) {
    if (!artifacts::AllFinite(tensor.dtype, tensor.bytes)) return NotFinite(tensor.name);
  }
  return Make(std::move(id), std::move(spec), input, std::move(file), std::move(digest));
}

absl::StatusOr<std::shared_ptr<const BackboneWeights>> BackboneWeights::Make(
    std::string id, nn::NetworkSpec spec, model::InputSpec input,
    std::unique_ptr<artifacts::SafetensorsFile> file, std::string digest) {
  std::shared_ptr<BackboneWeights> weights(new BackboneWeights);
  weights->id_ = std::move(id);
  weights->digest_ = std::move(digest);
  weights->spec_ = std::move(spec);
  weights->input_ = input;
  weights->file_ = std::move(file);
  // A network with learnt positions takes one size.
  GRAFT_RETURN_IF_ERROR(Annotate(
      nn::ShapeAfter(weights->spec_, weights->spec_.feature_stages, input.height, input.width)
          .status(),
      "input_spec"));
  GRAFT_ASSIGN_OR_RETURN(const std::unique_ptr<nn::Network> empty,
                         nn::Network::CreateEmpty(weights->spec_));
  const int features = weights->spec_.feature_stages;
  const std::vector<nn::NamedTensor> behind = empty->NamedTensors(features, empty->num_stages());
  weights->has_classifier_ =
      !behind.empty() && weights->file_->Find(behind.front().name) != nullptr;
  GRAFT_RETURN_IF_ERROR(nn::CheckNoOtherTensors(*weights->file_, *empty));
  GRAFT_RETURN_IF_ERROR(nn::CheckStages(
      *weights->file_, 0, weights->has_classifier_ ? empty->num_stages() : features, *empty));
  return weights;
}

absl::StatusOr<std::unique_ptr<nn::Network>> BackboneWeights::MakeNetwork(nn::LoadMode mode) const {
  return MakeNetwork(
      mode, has_classifier_ ? static_cast<int>(spec_.stages.size()) : spec_.feature_stages);
}

absl::StatusOr<std::unique_ptr<nn::Network>> BackboneWeights::MakeNetwork(
    nn::LoadMode mode, int stages, nn::Placement placement) const {
  GRAFT_ASSIGN_OR_RETURN(std::unique_ptr<nn::Network> network,
                         nn::Network::CreateEmpty(spec_, placement));
  GRAFT_RETURN_IF_ERROR(nn::LoadStages(*file_, 0, stages, mode, *network));
  return network;
}

absl::StatusOr<WeightsCatalog> WeightsCatalog::Open(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::directory_iterator it(folder, error);
  if (error) {
    return absl::NotFoundError(absl::StrCat("cannot read the weights folder: ", error.message(),
                                            "; scripts/import_weights.py fills one"));
  }
  WeightsCatalog catalog({});
  for (const std::filesystem::directory_entry& entry : it) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory() || name.starts_with('.')) continue;
    auto loaded = BackboneWeights::Load(entry.path());
    if (loaded.ok()) {
      catalog.backbones_.push_back(*std::move(loaded));
    } else {
      catalog.problems_.push_back(Annotate(loaded.status(), absl::StrCat("backbone ", name)));
    }
  }
  std::sort(catalog.backbones_.begin(), catalog.backbones_.end(),
            [](const auto& a, const auto& b) { return a->id() < b->id(); });
  return catalog;
}

absl::StatusOr<std::shared_ptr<const BackboneWeights>> WeightsCatalog::Find(
    absl::string_view id) const {
  std::vector<std::string> ids;
  for (const auto& backbone : backbones_) {
    if (backbone->id() == id) return backbone;
    ids.push_back(backbone->id());
  }
  return absl::NotFoundError(
      absl::StrCat("no backbone '", id, "' is installed; there ",
                   ids.empty() ? "are none" : absl::StrCat("are: ", absl::StrJoin(ids, ", "))));
}

std::shared_ptr<const BackboneWeights> WeightsCatalog::FindByDigest(
    absl::string_view digest) const {
  for (const auto& backbone : backbones_) {
    if (backbone->digest() == digest) return backbone;
  }
  return nullptr;
}

}  // namespace graft::backbones
