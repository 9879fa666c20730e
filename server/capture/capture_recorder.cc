#include "server/capture/capture_recorder.h"

#include <utility>
#include <variant>

#include "core/base/sha256.h"
#include "server/capture/capture_rule.h"
#include "wire/tasks/catalog.h"

namespace graft::server {
namespace {

const char* DropReason(const absl::Status& status) {
  if (absl::IsResourceExhausted(status)) return "disk";
  if (absl::IsOutOfRange(status)) return "size";
  return "error";
}

}  // namespace

CaptureRecorder::CaptureRecorder(const Options& options, const CapturePolicies* policies,
                                 CapturedPictures* pictures, telemetry::Metrics* metrics,
                                 const wire::Logger* logger)
    : policies_(policies),
      pictures_(pictures),
      metrics_(metrics),
      logger_(logger),
      queue_(
          {options.max_waiting, options.max_waiting_bytes},
          [this](const Waiting& waiting) { Keep(waiting); }, options.thread) {}

bool CaptureRecorder::Wants(const std::string& project, const std::string& model) {
  const auto policy = policies_->Find(project, model);
  return policy != nullptr && policy->share > 0;
}

void CaptureRecorder::OnAnswered(
    const std::string& project, const serving::ModelAnswer& answer,
    const std::vector<std::shared_ptr<const serving::PredictInput>>& inputs) {
  const auto policy = policies_->Find(project, answer.model);
  if (policy == nullptr || policy->share <= 0) return;
  for (size_t i = 0; i < answer.outputs.size() && i < inputs.size(); ++i) {
    // Pixels that a client has prepared are no picture that a person could label.
    const auto* const image =
        inputs[i] == nullptr ? nullptr : std::get_if<serving::EncodedImage>(inputs[i].get());
    if (image == nullptr) continue;
    absl::StatusOr<wire::FirstAnswer> first = wire::FirstAnswerOf(*answer.outputs[i]);
    if (!first.ok()) continue;  // of a task that has no words
    std::optional<double> unknown_score;
    if (answer.unknown_scores[i].has_value()) unknown_score = *answer.unknown_scores[i];
    if (!Qualifies(*policy, *first, unknown_score)) continue;
    Waiting waiting{policy, {}, inputs[i]};
    waiting.picture.project = project;
    waiting.picture.model = answer.model;
    waiting.picture.version = answer.version;
    waiting.picture.answer = std::move(first->text);
    waiting.picture.probability = first->probability;
    waiting.picture.unknown_score = unknown_score;
    if (!queue_.TryPush(std::move(waiting), image->bytes.size())) {
      metrics_->capture_dropped_total.Increment({"queue"});
    }
  }
}

void CaptureRecorder::Forget(const std::string& project, const std::string& model) {
  queue_.Drop([&](const Waiting& waiting) {
    return waiting.picture.project == project && (model.empty() || waiting.picture.model == model);
  });
}

void CaptureRecorder::Keep(const Waiting& waiting) {
  // The policy has been changed since, or taken away.
  if (policies_->Find(waiting.picture.project, waiting.picture.model) != waiting.policy) return;
  const std::string& bytes = std::get<serving::EncodedImage>(*waiting.input).bytes;
  store::CapturedPicture picture = waiting.picture;
  picture.digest = Sha256Hex(bytes);
  if (!IsDrawn(*waiting.policy, picture.digest)) return;
  const absl::StatusOr<CapturedPictures::Outcome> kept =
      pictures_->Keep(std::move(picture), bytes, *waiting.policy);
  if (kept.ok()) {
    if (*kept == CapturedPictures::Outcome::kKept) metrics_->capture_pictures_total.Increment();
    failing_ = false;
    return;
  }
  metrics_->capture_dropped_total.Increment({DropReason(kept.status())});
  if (std::exchange(failing_, true)) return;  // it was said
  logger_->Error("pictures cannot be kept",
                 {{"project", waiting.picture.project}, {"error", kept.status().ToString()}});
}

}  // namespace graft::server
