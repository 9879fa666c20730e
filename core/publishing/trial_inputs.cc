#include "core/publishing/trial_inputs.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include <ATen/ATen.h>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"

namespace graft::publishing {
namespace {

using serving::PreparedInput;
using serving::Servable;
using training::ExampleRequest;

constexpr size_t kBatch = 16;   // examples that are decoded together
constexpr double kWhite = 255;  // the byte of a white pixel

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

std::string KeyOf(const training::TrainingData& data, const Servable& servable,
                  const ExampleRequest& request) {
  const bool plain = request.augmentation_seed == 0;
  return serving::PredictCache::Key(
      data.dataset_digest,
      absl::StrCat(servable.features_key(), " ",
                   plain ? data.plain_transform_digest : data.augmented_transform_digest),
      absl::StrCat(request.entry, " ", request.augmentation_seed));
}

void FillIn(const at::Tensor& pixels, Pixels of, TrialInputs::Batch* batch) {
  const auto bytes = static_cast<size_t>(pixels.stride(0));
  for (std::vector<PreparedInput>& rows : batch->inputs) {
    for (size_t i = 0; i < rows.size(); ++i) {
      if (of == Pixels::kOfUnknown && rows[i].known()) continue;
      const auto* const from = pixels.data_ptr<uint8_t>() + i * bytes;
      rows[i].bytes.assign(from, from + bytes);
    }
  }
}

}  // namespace

TrialInputs::TrialInputs(const training::TrainedModel& trained,
                         const std::vector<const Servable*>& servables,
                         const std::vector<ExampleRequest>& rows, serving::PredictCache* cache,
                         Pixels pixels)
    : trained_(trained), pixels_(pixels) {
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i % kBatch == 0) batches_.emplace_back().batch.inputs.resize(servables.size());
    Planned& planned = batches_.back();
    planned.batch.requests.push_back(rows[i]);
    for (size_t servable = 0; servable < servables.size(); ++servable) {
      PreparedInput input;
      if (const std::string& of = servables[servable]->features_key(); !of.empty()) {
        std::string key = KeyOf(*trained.data, *servables[servable], rows[i]);
        serving::PredictCache::Features values = cache->Find(key);
        input.features.push_back({of, std::move(key), std::move(values)});
      }
      if (!input.known() || pixels == Pixels::kOfAll) planned.known = false;
      planned.batch.inputs[servable].push_back(std::move(input));
    }
  }
  std::vector<std::vector<ExampleRequest>> to_read;
  for (const Planned& planned : batches_) {
    if (!planned.known) to_read.push_back(planned.batch.requests);
  }
  examples_ = trained.data->source->Open(std::move(to_read));
}

absl::StatusOr<std::optional<TrialInputs::Batch>> TrialInputs::Next() {
  if (next_ == batches_.size()) return std::nullopt;
  Planned planned = std::exchange(batches_[next_++], {});
  if (!planned.known) {
    GRAFT_ASSIGN_OR_RETURN(const at::Tensor x, examples_->Next());
    FillIn(PixelsOf(x, trained_.description->input), pixels_, &planned.batch);
  }
  return std::move(planned.batch);
}

absl::StatusOr<std::vector<serving::RowNumbers>> RunInputs(
    const Servable& servable, const std::vector<PreparedInput>& inputs) {
  const auto most = static_cast<size_t>(servable.max_rows());
  std::vector<serving::RowNumbers> numbers;
  for (size_t at = 0; at < inputs.size(); at += most) {
    std::vector<serving::ServableRow> rows;
    for (size_t i = at; i < std::min(inputs.size(), at + most); ++i) {
      rows.push_back({&inputs[i], {&servable}});
    }
    GRAFT_ASSIGN_OR_RETURN(auto computed, servable.Run(rows));
    for (std::vector<serving::RowNumbers>& row : computed) {
      numbers.push_back(std::move(row.front()));
    }
  }
  return numbers;
}

}  // namespace graft::publishing
