#include "core/publishing/precision_comparison.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <ATen/ATen.h>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/tasks/task.h"

namespace graft::publishing {
namespace {

using serving::PreparedInput;
using serving::Servable;
using training::ExampleRequest;

constexpr size_t kBatch = 16;    // examples that are decoded and compared together
constexpr double kWhite = 255;   // the byte of a white pixel
constexpr double kDigits = 1e6;  // of scores: sums may end otherwise in another order

// The bytes of the pictures that `examples` were made of, [rows, height, width, 3].
at::Tensor PixelsOf(const at::Tensor& examples, const model::InputSpec& input) {
  const model::PixelScale scale = model::PixelScaleOf(input);
  const at::Tensor scales = at::tensor(at::ArrayRef<float>(scale.scale, 3)).view({1, 3, 1, 1});
  const at::Tensor shifts = at::tensor(at::ArrayRef<float>(scale.shift, 3)).view({1, 3, 1, 1});
  return ((examples - shifts) / scales)
      .round()
      .clamp(0, kWhite)
      .to(at::kByte)
      .permute({0, 2, 3, 1})
      .contiguous();
}

// [inputs, outputs]
absl::StatusOr<at::Tensor> Answers(const Servable& servable,
                                   const std::vector<PreparedInput>& inputs) {
  const int64_t width = servable.decoder().outputs();
  at::Tensor answers = at::empty({static_cast<int64_t>(inputs.size()), width});
  const auto most = static_cast<size_t>(servable.max_rows());
  auto* out = answers.data_ptr<float>();
  for (size_t at = 0; at < inputs.size(); at += most) {
    std::vector<serving::ServableRow> rows;
    for (size_t i = at; i < std::min(inputs.size(), at + most); ++i) {
      rows.push_back({&inputs[i], {&servable}});
    }
    GRAFT_ASSIGN_OR_RETURN(const auto computed, servable.Run(rows));
    for (const std::vector<serving::RowNumbers>& row : computed) {
      out = std::copy(row.front().outputs.begin(), row.front().outputs.end(), out);
    }
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

struct Batch {
  std::vector<ExampleRequest> requests;
  std::vector<std::vector<PreparedInput>> inputs;  // of the servables, in their order
  bool known = true;                               // no row needs its pixels
};

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
    std::vector<Batch> batches = Batches(rows, cache);
    std::vector<std::vector<ExampleRequest>> to_read;
    for (const Batch& batch : batches) {
      if (!batch.known) to_read.push_back(batch.requests);
    }
    const std::unique_ptr<training::ExampleStream> examples =
        trained_.data->source->Open(std::move(to_read));
    training::TrainingProgress progress;
    progress.stage = training::kPrecisionPhase;
    progress.steps_total = static_cast<int64_t>(batches.size());
    for (Batch& batch : batches) {
      if (AllDeclined()) return absl::OkStatus();
      GRAFT_RETURN_IF_ERROR(context->PollButForStop());
      if (!batch.known) {
        GRAFT_ASSIGN_OR_RETURN(const at::Tensor x, examples->Next());
        FillIn(PixelsOf(x, trained_.description->input), &batch);
      }
      Compare(batch);
      batch = {};
      context->AddWork(static_cast<double>(kBatch * sides_.size()));
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

  std::string KeyOf(const Servable& servable, const ExampleRequest& request) const {
    const training::TrainingData& data = *trained_.data;
    const bool plain = request.augmentation_seed == 0;
    return serving::PredictCache::Key(
        data.dataset_digest,
        absl::StrCat(servable.batch_key(), " ",
                     plain ? data.plain_transform_digest : data.augmented_transform_digest),
        absl::StrCat(request.entry, " ", request.augmentation_seed));
  }

  std::vector<Batch> Batches(const std::vector<ExampleRequest>& rows,
                             serving::PredictCache* cache) const {
    std::vector<Batch> batches;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (i % kBatch == 0) batches.emplace_back().inputs.resize(sides_.size());
      Batch& batch = batches.back();
      batch.requests.push_back(rows[i]);
      for (size_t side = 0; side < sides_.size(); ++side) {
        PreparedInput input;
        input.cache_key = KeyOf(*sides_[side].servable, rows[i]);
        input.features = cache->Find(input.cache_key);
        if (input.features == nullptr) batch.known = false;
        batch.inputs[side].push_back(std::move(input));
      }
    }
    return batches;
  }

  static void FillIn(const at::Tensor& pixels, Batch* batch) {
    const auto bytes = static_cast<size_t>(pixels.stride(0));
    for (std::vector<PreparedInput>& rows : batch->inputs) {
      for (size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].features != nullptr) continue;
        const auto* const from = pixels.data_ptr<uint8_t>() + i * bytes;
        rows[i].bytes.assign(from, from + bytes);
      }
    }
  }

  bool AllDeclined() const {
    return std::all_of(sides_.begin() + 1, sides_.end(),
                       [](const Side& side) { return side.declined(); });
  }

  void Compare(const Batch& batch) {
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
