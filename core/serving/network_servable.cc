#include "core/serving/network_servable.h"

#include <utility>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "absl/container/flat_hash_map.h"

#include "core/base/status_macros.h"
#include "core/data/transforms.h"
#include "core/image/decode.h"
#include "core/nn/placement.h"
#include "core/nn/pooling.h"
#include "core/nn/torch_error.h"

namespace graft::serving {
namespace {

// [rows, 3, height, width], channels last: what the CPU's convolutions run on without reordering in
// between.
at::Tensor MakeBatch(int64_t rows, const model::InputSpec& input) {
  return at::empty({rows, 3, input.height, input.width},
                   at::TensorOptions(at::kFloat).memory_format(at::MemoryFormat::ChannelsLast));
}

// From planes to pixels.
void Interleave(const std::vector<float>& planes, float* to) {
  const size_t pixels = planes.size() / 3;
  const float* red = planes.data();
  const float* green = red + pixels;
  const float* blue = green + pixels;
  for (size_t i = 0; i < pixels; ++i) {
    *to++ = red[i];
    *to++ = green[i];
    *to++ = blue[i];
  }
}

}  // namespace

uint64_t TensorBytes(const std::vector<nn::NamedTensor>& tensors) {
  uint64_t bytes = 0;
  for (const nn::NamedTensor& named : tensors) bytes += named.tensor.nbytes();
  return bytes;
}

uint64_t NetworkServable::prepared_bytes() const {
  return data::PreparedValues(parts_.description.input) * sizeof(float);
}

absl::StatusOr<PreparedInput> NetworkServable::Prepare(const PredictInput& given) const {
  // Decoding is not LibTorch's, but what it lacks the memory for is answered in the same way.
  return nn::CatchTorchErrors("reading an image", [&]() -> absl::StatusOr<PreparedInput> {
    const std::string& encoded = std::get<EncodedImage>(given).bytes;
    absl::StatusOr<image::Image> image = image::DecodeImage(encoded, parts_.image_limits);
    if (!image.ok()) return image.status();
    const model::InputSpec& input = parts_.description.input;
    PreparedInput prepared;
    prepared.values.resize(data::PreparedValues(input));
    data::PrepareForEvaluation(*image, input, prepared.values.data());
    return prepared;
  });
}

at::Tensor NetworkServable::HeadInput(const at::Tensor& batch) const {
  if (parts_.taps.empty()) return features().Forward(batch, 0, parts_.cut_stage);
  return nn::JoinTaps(parts_.description.head,
                      features().ForwardTaps({batch}, 0, parts_.cut_stage, parts_.taps));
}

absl::StatusOr<std::vector<std::vector<float>>> NetworkServable::Run(
    const std::vector<ServableRow>& rows) const {
  return nn::CatchTorchErrors(
      "computing a prediction", [&]() -> absl::StatusOr<std::vector<std::vector<float>>> {
        const c10::InferenceMode inference;
        // LibTorch's thread count belongs to each thread; this one may not have met it yet.
        at::init_num_threads();
        const model::InputSpec& input = parts_.description.input;
        const at::Tensor batch = MakeBatch(static_cast<int64_t>(rows.size()), input);
        float* to = batch.data_ptr<float>();
        for (const ServableRow& row : rows) {
          if (row.input->values.size() != data::PreparedValues(input)) {
            return absl::InternalError("an input was prepared for another network");
          }
          Interleave(row.input->values, to);
          to += row.input->values.size();
        }
        const at::Tensor output = HeadInput(batch);

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
              by_model.size() == 1
                  ? output
                  : output.index_select(0, at::tensor(indices, at::kLong).to(output.device()));
          const at::Tensor outputs =
              nn::OnHost(own.parts_.head->Forward(mine, 0, own.parts_.head->num_stages()));
          const int64_t width = outputs.numel() / static_cast<int64_t>(indices.size());
          for (size_t i = 0; i < indices.size(); ++i) {
            const float* from = outputs.const_data_ptr<float>() + i * width;
            answers[indices[i]].assign(from, from + width);
          }
        }
        return answers;
      });
}

absl::Status NetworkServable::Warm(int rows, bool features) const {
  return nn::CatchTorchErrors("warming", [&]() -> absl::Status {
    const c10::InferenceMode inference;
    at::init_num_threads();
    const model::InputSpec& in = parts_.description.input;
    at::Tensor output;
    if (features) {
      output = HeadInput(MakeBatch(rows, in).zero_());
    } else if (!parts_.taps.empty()) {
      output = at::zeros({rows, parts_.description.head.features.channels});
    } else {
      GRAFT_ASSIGN_OR_RETURN(
          const nn::Shape shape,
          nn::ShapeAfter(parts_.backbone->weights->spec(), parts_.cut_stage, in.height, in.width));
      std::vector<int64_t> sizes = shape.ToVector();
      sizes.insert(sizes.begin(), rows);
      output = at::zeros(sizes);
    }
    (void)parts_.head->Forward(output, 0, parts_.head->num_stages());
    return absl::OkStatus();
  });
}

}  // namespace graft::serving
