#include "core/publishing/serving_drift_fitter.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/drift/picture_statistics.h"
#include "core/drift/reference.h"
#include "core/publishing/trial_inputs.h"
#include "core/publishing/trial_rows.h"
#include "core/serving/servable.h"

namespace graft::publishing {
namespace {

using training::ExampleRequest;
using training::TrainingData;

constexpr int64_t kMostPictures = 512;  // that are looked at; more tell little more

struct Rows {
  std::vector<ExampleRequest> answered;  // plain ones, as the others
  std::vector<ExampleRequest> others;
  bool held_out = false;  // `answered` are
};

// Evenly spread over the parts.
Rows RowsOf(const TrainingData& data) {
  Rows rows;
  rows.held_out = data.validation.size() >= drift::kFewestExamples;
  const std::vector<int64_t>& answered = rows.held_out ? data.validation : data.train;
  const std::vector<int64_t>& others = rows.held_out ? data.train : data.validation;
  rows.answered = PlainRows(answered, kMostPictures);
  if (rows.answered.size() < drift::kFewestExamples) return {};
  rows.others = PlainRows(others, kMostPictures - static_cast<int64_t>(rows.answered.size()));
  return rows;
}

// What was seen, value after value.
struct Seen {
  std::vector<std::vector<double>> pictures;  // of each statistic
  std::vector<std::vector<double>> answers;   // of each part
};

void LookAt(const TrialInputs::Batch& batch, const model::InputSpec& input, Seen* seen) {
  for (const serving::PreparedInput& each : batch.inputs.front()) {
    const drift::PictureStatistics statistics =
        drift::StatisticsOf(each.bytes, input.height, input.width);
    for (size_t i = 0; i < statistics.size(); ++i) seen->pictures[i].push_back(statistics[i]);
  }
}

model::DriftRecord RecordOf(Seen seen, const std::vector<tasks::AnswerPart>& parts) {
  model::DriftRecord record;
  for (size_t i = 0; i < seen.pictures.size(); ++i) {
    record.pictures.push_back(
        drift::DistributionOf(drift::kPictureStatisticNames[i], std::move(seen.pictures[i])));
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    record.answers.push_back(
        parts[i].kinds.empty()
            ? drift::DistributionOf("", std::move(seen.answers[i]))
            : drift::DistributionOfKinds(seen.answers[i], parts[i].kinds.size()));
  }
  return record;
}

}  // namespace

int64_t ServingDriftFitter::Forwards(const TrainingData& data) const {
  return static_cast<int64_t>(RowsOf(data).answered.size());
}

absl::StatusOr<std::optional<model::DriftRecord>> ServingDriftFitter::FitTo(
    const training::TrainedModel& trained, training::RunContext* context) const {
  const Rows rows = RowsOf(*trained.data);
  if (rows.answered.empty()) return std::nullopt;
  const auto without = [&](absl::string_view why) {
    context->observer().OnLog(absl::StrCat("drift will not be told: ", why));
    return std::optional<model::DriftRecord>();
  };
  const absl::StatusOr<std::shared_ptr<const serving::Servable>> servable =
      models_->LoadAsServed(trained);
  if (!servable.ok()) return without(servable.status().message());
  const tasks::Decoder& decoder = (*servable)->decoder();
  Seen seen;
  seen.pictures.resize(drift::kPictureStatistics);
  seen.answers.resize(decoder.answer_parts().size());
  training::TrainingProgress progress;
  progress.stage = training::kDriftPhase;
  for (const std::vector<ExampleRequest>* const each : {&rows.answered, &rows.others}) {
    TrialInputs inputs(trained, {servable->get()}, *each, &models_->cache(), Pixels::kOfAll);
    progress.steps_total += static_cast<int64_t>(inputs.batches());
    while (true) {
      GRAFT_RETURN_IF_ERROR(context->PollButForStop());
      GRAFT_ASSIGN_OR_RETURN(const std::optional<TrialInputs::Batch> batch, inputs.Next());
      if (!batch.has_value()) break;
      LookAt(*batch, trained.description->input, &seen);
      ++progress.steps_done;
      context->PublishProgress(progress);
      if (each == &rows.others) continue;
      const absl::StatusOr<std::vector<serving::RowNumbers>> numbers =
          RunInputs(**servable, batch->inputs.front());
      if (!numbers.ok()) return without(numbers.status().message());
      for (const serving::RowNumbers& row : *numbers) {
        const std::vector<double> parts = decoder.ReadParts(row.outputs);
        for (size_t i = 0; i < parts.size(); ++i) {
          if (!std::isfinite(parts[i])) return without("answers are not finite");
          seen.answers[i].push_back(parts[i]);
        }
      }
      context->AddWork(static_cast<double>(batch->requests.size()));
    }
  }
  model::DriftRecord record = RecordOf(std::move(seen), decoder.answer_parts());
  record.held_out = rows.held_out;
  return record;
}

}  // namespace graft::publishing
