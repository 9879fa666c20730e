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
                                           const model::ModelDescription& description) {
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
  return SerializeTensorFile(file);
}

}  // namespace graft::training
