#ifndef GRAFT_CORE_TRAINING_STATE_TENSOR_FILE_H_
#define GRAFT_CORE_TRAINING_STATE_TENSOR_FILE_H_

#include <map>
#include <string>

#include "ATen/core/Tensor.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft::training {

// Tensors by name with a few strings beside them: the content of a safetensors file.
struct TensorFile {
  std::map<std::string, at::Tensor> tensors;  // float32, int64 or int8, any shape
  std::map<std::string, std::string> metadata;
};

// Equal content gives equal bytes.
absl::StatusOr<std::string> SerializeTensorFile(const TensorFile& file);

// Copies out of `bytes`. DATA_LOSS when they are not what SerializeTensorFile gave, to the bit.
absl::StatusOr<TensorFile> ParseTensorFile(absl::string_view bytes);

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_STATE_TENSOR_FILE_H_
