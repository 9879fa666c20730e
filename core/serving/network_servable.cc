#include "core/serving/network_servable.h"

#include <cstring>
#include <utility>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "absl/container/flat_hash_map.h"

#include "core/data/transforms.h"
#include "core/image/decode.h"
#include "core/nn/torch_error.h"

namespace graft {
namespace {

// Softmax of logits / temperature, on the CPU as float32.
at::Tensor Probabilities(const at::Tensor& logits, double temperature) {
  return torch::softmax(logits.to(torch::kFloat32) / temperature, 1).cpu().contiguous();
}

}  // namespace

uint64_t TensorBytes(const std::vector<NamedTensor>& tensors) {
  uint64_t bytes = 0;
  for (const NamedTensor& named : tensors) {
    // Stages that were never loaded have tensors without memory.
    if (!named.tensor.is_meta()) bytes += named.tensor.nbytes();
  }
  return bytes;
}

uint64_t NetworkServable::prepared_bytes() const {
  return PreparedValues(parts_.description.input) * sizeof(float);
}

absl::StatusOr<PreparedImage> NetworkServable::Prepare(absl::string_view encoded) const {
  // Decoding is not LibTorch's, but what it lacks the memory for is answered in the same way.
  return CatchTorchErrors("reading an image", [&]() -> absl::StatusOr<PreparedImage> {
    absl::StatusOr<Image> image = DecodeImage(encoded, parts_.image_limits);
    if (!image.ok()) return image.status();
    const InputSpec& input = parts_.description.input;
    PreparedImage prepared;
    prepared.values.resize(PreparedValues(input));
    PrepareForEvaluation(*image, input, prepared.values.data());
    return prepared;
  });
}

absl::StatusOr<std::vector<std::vector<float>>> NetworkServable::Run(
    const std::vector<ServableRow>& rows) const {
  return CatchTorchErrors(
      "computing a prediction", [&]() -> absl::StatusOr<std::vector<std::vector<float>>> {
        const torch::InferenceMode inference;
        // LibTorch's thread count belongs to each thread; this one may not have met it yet.
        at::init_num_threads();
        const InputSpec& input = parts_.description.input;
        torch::Tensor batch = torch::empty(
            {static_cast<int64_t>(rows.size()), 3, input.height, input.width}, torch::kFloat32);
        float* to = batch.data_ptr<float>();
        for (const ServableRow& row : rows) {
          if (row.image->values.size() != PreparedValues(input)) {
            return absl::InternalError("an image was prepared for another input");
          }
          std::memcpy(to, row.image->values.data(), row.image->values.size() * sizeof(float));
          to += row.image->values.size();
        }
        // Channels last: what the CPU's convolutions run on without reordering in between.
        const at::Tensor output = features().Forward(
            batch.contiguous(torch::MemoryFormat::ChannelsLast), 0, parts_.cut_stage);

        // One pass of the backbone; then each model's head over its own rows.
        absl::flat_hash_map<const Servable*, std::vector<int64_t>> by_model;
        for (size_t i = 0; i < rows.size(); ++i) {
          by_model[rows[i].model].push_back(static_cast<int64_t>(i));
        }
        std::vector<std::vector<float>> answers(rows.size());
        for (const auto& [model, indices] : by_model) {
          // Equal batch keys come only from servables of this kind.
          const auto& own = static_cast<const NetworkServable&>(*model);
          const at::Tensor mine =
              by_model.size() == 1 ? output
                                   : output.index_select(0, torch::tensor(indices, torch::kInt64));
          const at::Tensor probabilities =
              Probabilities(own.parts_.head->Forward(mine, 0, own.parts_.head->num_stages()),
                            own.parts_.description.temperature.value_or(1.0));
          const int64_t classes = probabilities.size(1);
          for (size_t i = 0; i < indices.size(); ++i) {
            const float* from = probabilities.data_ptr<float>() + i * classes;
            answers[indices[i]].assign(from, from + classes);
          }
        }
        return answers;
      });
}

}  // namespace graft
