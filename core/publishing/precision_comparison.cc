#include "core/publishing/precision_comparison.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include <ATen/ATen.h>

#include "core/base/status_macros.h"
#include "core/publishing/trial_inputs.h"
#include "core/tasks/task.h"

namespace graft::publishing {
namespace {

using serving::PreparedInput;
using serving::Servable;
using training::ExampleRequest;

constexpr double kDigits = 1e6;  // of scores: sums may end otherwise in another order

// [inputs, outputs]
absl::StatusOr<at::Tensor> Answers(const Servable& servable,
                                   const std::vector<PreparedInput>& inputs) {
  GRAFT_ASSIGN_OR_RETURN(const std::vector<serving::RowNumbers> rows, RunInputs(servable, inputs));
  at::Tensor answers =
      at::empty({static_cast<int64_t>(inputs.size()), servable.decoder().outputs()});
  auto* out = answers.data_ptr<float>();
  for (const serving::RowNumbers& row : rows) {
    out = std::copy(row.outputs.begin(), row.outputs.end(), out);
  }
  return answers;
}

int64_t CountSame(const tasks::Decoder& decoder, const at::Tensor& a, const at::Tensor& b) {
  const auto width = static_cast<size_t>(decoder.outputs());
  const auto row_of = [&](const at::Tensor& answers, int64_t row) {
    return absl::MakeConstSpan(answers.data_ptr<float>() + static_cast<size_t>(row) * width, width);
  };
  int64_t same = 0;
  for (int64_t row = 0; row < a.size(0); ++row) {
    if (decoder.SameAnswer(row_of(a, row), row_of(b, row))) ++same;
  }
  return same;
}

double ScoreOf(const tasks::Evaluation& evaluation, const tasks::Task& task) {
  const double score = tasks::FindFigure(evaluation.Read(), task.main_figure()).value_or(0);
  return std::isfinite(score) ? std::round(score * kDigits) / kDigits : 0;
}

class Comparison {
 public:
  Comparison(const training::TrainedModel& trained, const Servable& reference,
             std::vector<Candidate>* candidates, bool judged)
      : trained_(trained) {
    sides_.push_back({&reference, nullptr, NewEvaluation(judged)});
    for (Candidate& each : *candidates) {
      if (!each.declined())
        sides_.push_back({each.servable.get(), &each.trial, NewEvaluation(judged)});
    }
  }

  absl::Status Run(const std::vector<ExampleRequest>& rows, serving::PredictCache* cache,
                   training::RunContext* context) {
    std::vector<const Servable*> servables;
    for (const Side& side : sides_) servables.push_back(side.servable);
    TrialInputs inputs(trained_, servables, rows, cache);
    training::TrainingProgress progress;
    progress.stage = training::kPrecisionPhase;
    progress.steps_total = static_cast<int64_t>(inputs.batches());
    while (true) {
      if (AllDeclined()) return absl::OkStatus();
      GRAFT_RETURN_IF_ERROR(context->PollButForStop());
      GRAFT_ASSIGN_OR_RETURN(const std::optional<TrialInputs::Batch> batch, inputs.Next());
      if (!batch.has_value()) break;
      Compare(*batch);
      context->AddWork(static_cast<double>(batch->requests.size() * sides_.size()));
      ++progress.steps_done;
      context->PublishProgress(progress);
    }
    Conclude(static_cast<int64_t>(rows.size()));
    return absl::OkStatus();
  }

 private:
  struct Side {
    const Servable* servable;
    model::PrecisionTrial* trial;                   // null: the reference
    std::unique_ptr<tasks::Evaluation> evaluation;  // null: nothing to judge by
    int64_t same = 0;

    bool declined() const { return !trial->declined.empty(); }
  };

  std::unique_ptr<tasks::Evaluation> NewEvaluation(bool judged) const {
    return judged ? trained_.task->NewEvaluation() : nullptr;
  }

  bool AllDeclined() const {
    return std::all_of(sides_.begin() + 1, sides_.end(),
                       [](const Side& side) { return side.declined(); });
  }

  void Compare(const TrialInputs::Batch& batch) {
    std::vector<int64_t> entries;
    for (const ExampleRequest& request : batch.requests) entries.push_back(request.entry);
    const at::Tensor targets = trained_.task->TargetsOf(entries);
    Side& reference = sides_.front();
    const absl::StatusOr<at::Tensor> expected = Answers(*reference.servable, batch.inputs.front());
    if (expected.ok() && reference.evaluation != nullptr) {
      reference.evaluation->Add(*expected, targets);
    }
    for (size_t i = 1; i < sides_.size(); ++i) {
      Side& side = sides_[i];
      if (side.declined()) continue;
      const absl::StatusOr<at::Tensor> answers = Answers(*side.servable, batch.inputs[i]);
      if (!expected.ok() || !answers.ok()) {
        side.trial->declined = std::string((expected.ok() ? answers : expected).status().message());
      } else if (!at::isfinite(*answers).all().item<bool>()) {
        side.trial->declined = "it gives numbers that are not finite";
      } else {
        side.same += CountSame(side.servable->decoder(), *expected, *answers);
        if (side.evaluation != nullptr) side.evaluation->Add(*answers, targets);
      }
    }
  }

  void Conclude(int64_t rows) {
    for (size_t i = 1; i < sides_.size(); ++i) {
      const Side& side = sides_[i];
      if (side.declined()) continue;
      side.trial->rows = rows;
      side.trial->agreement = static_cast<double>(side.same) / static_cast<double>(rows);
      if (side.evaluation == nullptr) continue;
      side.trial->score_f32 = ScoreOf(*sides_.front().evaluation, *trained_.task);
      side.trial->score = ScoreOf(*side.evaluation, *trained_.task);
    }
  }

  const training::TrainedModel& trained_;
  std::vector<Side> sides_;  // the reference first
};

}  // namespace

absl::Status ComparePrecisions(const training::TrainedModel& trained, bool judged,
                               const std::vector<ExampleRequest>& rows, const Servable& reference,
                               std::vector<Candidate>* candidates, serving::PredictCache* cache,
                               training::RunContext* context) {
  return Comparison(trained, reference, candidates, judged).Run(rows, cache, context);
}

}  // namespace graft::publishing
