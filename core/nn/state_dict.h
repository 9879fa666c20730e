#ifndef GRAFT_CORE_NN_STATE_DICT_H_
#define GRAFT_CORE_NN_STATE_DICT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "core/artifacts/safetensors/safetensors.h"
#include "core/nn/network.h"

namespace graft::nn {

// How weights get into a network.
enum class LoadMode {
  kCopy,    // the network owns its tensors: for training
  kBorrow,  // float32 tensors point into the file, which must outlive the network: for serving,
            // where many share one map. Such tensors must not be written to.
};

// Loads stages [from, to) from tensors of their state-dict names. F16 and BF16 become float32.
// num_batches_tracked may be absent. INVALID_ARGUMENT names the first tensor that is missing, has
// another shape or dtype, or holds NaN or infinity; the network is then unusable.
absl::Status LoadStages(const artifacts::SafetensorsFile& file, int from, int to, LoadMode mode,
                        Network& network);

// What can be known of LoadStages without reading a value: INVALID_ARGUMENT names the first tensor
// that is missing or has another shape or dtype. The network may be empty.
absl::Status CheckStages(const artifacts::SafetensorsFile& file, int from, int to,
                         const Network& network);

// INVALID_ARGUMENT names a tensor of the file that the network does not have, in whatever stage.
absl::Status CheckNoOtherTensors(const artifacts::SafetensorsFile& file, const Network& network);

// A safetensors tensor as a tensor of LibTorch, borrowing the bytes (copying them where they are
// not aligned to their elements).
absl::StatusOr<at::Tensor> BorrowTensor(const artifacts::TensorView& view);

// The tensors' bytes as views, for SerializeSafetensors. Tensors are made contiguous and moved to
// the CPU where needed; `keep` holds what the views point into.
std::vector<artifacts::TensorView> ViewTensors(const std::vector<NamedTensor>& tensors,
                                               std::vector<at::Tensor>& keep);

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_STATE_DICT_H_
