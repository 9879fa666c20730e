#include "core/training/report/model_file.h"

#include <ATen/ATen.h>

#include "absl/strings/str_cat.h"

#include "core/nn/placement.h"
#include "core/training/state/tensor_file.h"

namespace graft::training {
namespace {

constexpr char kDescriptionKey[] = "graft.model";

}  // namespace

absl::StatusOr<std::string> SerializeModel(const TrainableNetwork& network, int first_changed,
                                           const model::ModelDescription& description,
                                           const novelty::UnitVectors* known) {
  TensorFile file;
  file.metadata[kDescriptionKey] = model::ModelDescriptionToJson(description);
  for (int stage = first_changed; stage <= network.stages(); ++stage) {
    for (const TrainedTensor& tensor : network.tensors(stage)) {
      if (!at::isfinite(tensor.tensor).all().item<bool>()) {
        return absl::FailedPreconditionError(
            absl::StrCat("training diverged: ", tensor.name,
                         " holds values that are not finite; lower the learning rate"));
      }
      file.tensors.emplace(tensor.name, nn::OnHost(tensor.tensor.detach()));
    }
  }
  if (known != nullptr) {
    const auto count = known->count();
    file.tensors.emplace(model::kNoveltyRows, at::from_blob(const_cast<int8_t*>(known->rows.data()),
                                                            {count, known->width}, at::kChar));
    file.tensors.emplace(
        model::kNoveltyScales,
        at::from_blob(const_cast<float*>(known->scales.data()), {count}, at::kFloat));
  }
  return SerializeTensorFile(file);
}

}  // namespace graft::training
