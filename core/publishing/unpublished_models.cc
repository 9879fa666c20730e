#include "core/publishing/unpublished_models.h"

#include <optional>
#include <string>
#include <utility>

#include "core/backbones/weights_catalog.h"
#include "core/serving/model_source.h"
#include "core/serving/network_loader.h"

namespace graft::publishing {
namespace {

constexpr int64_t kUnpublished = 1;

// The one model that is not published yet.
class UnpublishedSource final : public serving::ModelSource {
 public:
  UnpublishedSource(absl::string_view file, std::string description)
      : file_(file), description_(std::move(description)) {}

  absl::StatusOr<int64_t> Resolve(const std::string&, const std::string&, int64_t) override {
    return kUnpublished;
  }
  absl::StatusOr<serving::ArtifactSummary> Summarise(const serving::ModelKey&) override {
    return serving::ArtifactSummary{file_.size(), description_};
  }
  absl::StatusOr<std::unique_ptr<serving::ModelArtifact>> Open(const serving::ModelKey&) override {
    return std::make_unique<Artifact>(file_, description_);
  }

 private:
  class Artifact final : public serving::ModelArtifact {
   public:
    Artifact(absl::string_view file, absl::string_view description)
        : file_(file), description_(description) {}
    absl::string_view model_bytes() const override { return file_; }
    absl::string_view description_json() const override { return description_; }

   private:
    const absl::string_view file_;
    const absl::string_view description_;
  };

  const absl::string_view file_;
  const std::string description_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const serving::Servable>> UnpublishedModels::Load(
    const training::TrainedModel& trained, model::Precision precision) {
  return LoadWith(trained, precision, options_.engines, &cache_);
}

absl::StatusOr<std::shared_ptr<const serving::Servable>> UnpublishedModels::LoadAsServed(
    const training::TrainedModel& trained) {
  const std::optional<model::PrecisionRecord>& record = trained.description->precision;
  return Load(trained, record.has_value() ? record->chosen : model::Precision::kF32);
}

absl::StatusOr<std::shared_ptr<const serving::Servable>> UnpublishedModels::LoadOn(
    std::vector<std::shared_ptr<const engine::EngineFactory>> engines,
    const training::TrainedModel& trained, serving::PredictCache* cache) const {
  return LoadWith(trained, model::Precision::kF32, std::move(engines), cache);
}

absl::StatusOr<std::shared_ptr<const serving::Servable>> UnpublishedModels::LoadWith(
    const training::TrainedModel& trained, model::Precision precision,
    std::vector<std::shared_ptr<const engine::EngineFactory>> engines,
    serving::PredictCache* cache) const {
  UnpublishedSource source(trained.file, model::ModelDescriptionToJson(*trained.description));
  const backbones::WeightsCatalog weights({trained.backbone});
  serving::NetworkLoader::Options loading;
  loading.engines = std::move(engines);
  loading.precision = precision;
  loading.threads = options_.threads;
  loading.cache = cache;
  serving::NetworkLoader loader(loading, &source, &weights, decoders_);
  return loader.Load({"", "unpublished", kUnpublished}, {});
}

}  // namespace graft::publishing
