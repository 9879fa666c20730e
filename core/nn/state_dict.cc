#include "core/nn/state_dict.h"

#include <cstdint>
#include <cstring>
#include <optional>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "core/artifacts/safetensors/finite.h"
#include "core/base/status_macros.h"
#include "core/nn/torch_error.h"

namespace graft::nn {
namespace {

at::ScalarType ToScalarType(artifacts::DType dtype) {
  switch (dtype) {
    case artifacts::DType::kF64:
      return at::kDouble;
    case artifacts::DType::kF32:
      return at::kFloat;
    case artifacts::DType::kF16:
      return at::kHalf;
    case artifacts::DType::kBF16:
      return at::kBFloat16;
    case artifacts::DType::kI64:
      return at::kLong;
    case artifacts::DType::kI32:
      return at::kInt;
    case artifacts::DType::kI16:
      return at::kShort;
    case artifacts::DType::kI8:
      return at::kChar;
    case artifacts::DType::kU8:
      return at::kByte;
    case artifacts::DType::kBool:
      return at::kBool;
  }
  return at::kFloat;
}

std::optional<artifacts::DType> FromScalarType(at::ScalarType type) {
  for (const artifacts::DType dtype :
       {artifacts::DType::kF64, artifacts::DType::kF32, artifacts::DType::kF16,
        artifacts::DType::kBF16, artifacts::DType::kI64, artifacts::DType::kI32,
        artifacts::DType::kI16, artifacts::DType::kI8, artifacts::DType::kU8,
        artifacts::DType::kBool}) {
    if (ToScalarType(dtype) == type) return dtype;
  }
  return std::nullopt;
}

bool IsFloating(artifacts::DType dtype) {
  return dtype == artifacts::DType::kF32 || dtype == artifacts::DType::kF16 ||
         dtype == artifacts::DType::kBF16;
}

bool IsCounter(absl::string_view name) { return absl::EndsWith(name, ".num_batches_tracked"); }

absl::Status Wrong(const artifacts::TensorView& view, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("tensor '", view.name, "' ", what));
}

absl::Status Missing(absl::string_view name) {
  return absl::InvalidArgumentError(absl::StrCat("tensor '", name, "' is missing"));
}

absl::Status CheckDType(const artifacts::TensorView& view) {
  if (IsCounter(view.name)) {
    return view.dtype == artifacts::DType::kI64 ? absl::OkStatus() : Wrong(view, "must be I64");
  }
  if (IsFloating(view.dtype)) return absl::OkStatus();
  return Wrong(view,
               absl::StrCat("has dtype ", DTypeName(view.dtype), "; F32, F16 or BF16 is needed"));
}

// Writers without scalars store a counter as [1].
bool IsCounterOfOne(const artifacts::TensorView& view) {
  return IsCounter(view.name) && view.bytes.size() == DTypeSize(view.dtype);
}

// One tensor for the network: float32 (or int64 for the counter), finite.
absl::StatusOr<at::Tensor> ReadTensor(const artifacts::TensorView& view, LoadMode mode) {
  GRAFT_RETURN_IF_ERROR(CheckDType(view));
  GRAFT_ASSIGN_OR_RETURN(at::Tensor tensor, BorrowTensor(view));
  if (IsCounter(view.name)) return IsCounterOfOne(view) ? tensor.clone().squeeze() : tensor;
  if (!artifacts::AllFinite(view.dtype, view.bytes)) return Wrong(view, "holds NaN or infinity");
  if (view.dtype != artifacts::DType::kF32) return tensor.to(at::kFloat);
  return mode == LoadMode::kCopy ? tensor.clone() : tensor;
}

}  // namespace

absl::StatusOr<at::Tensor> BorrowTensor(const artifacts::TensorView& view) {
  if (reinterpret_cast<uintptr_t>(view.bytes.data()) % DTypeSize(view.dtype) != 0) {
    // Legal in the format, though no writer does it: read through a copy.
    at::Tensor copy = at::empty(view.shape, at::TensorOptions(ToScalarType(view.dtype)));
    std::memcpy(copy.data_ptr(), view.bytes.data(), view.bytes.size());
    return copy;
  }
  return at::from_blob(const_cast<char*>(view.bytes.data()), view.shape,
                       at::TensorOptions(ToScalarType(view.dtype)));
}

absl::Status LoadStages(const artifacts::SafetensorsFile& file, int from, int to, LoadMode mode,
                        Network& network) {
  return CatchTorchErrors("cannot load weights", [&]() -> absl::Status {
    const at::NoGradGuard no_grad;
    for (const NamedTensor& own : network.NamedTensors(from, to)) {
      const artifacts::TensorView* view = file.Find(own.name);
      if (view == nullptr) {
        if (!IsCounter(own.name)) return Missing(own.name);
        GRAFT_RETURN_IF_ERROR(network.SetTensor(own.name, at::zeros({}, at::kLong)));
        continue;
      }
      GRAFT_ASSIGN_OR_RETURN(at::Tensor tensor, ReadTensor(*view, mode));
      GRAFT_RETURN_IF_ERROR(network.SetTensor(own.name, std::move(tensor)));
    }
    return absl::OkStatus();
  });
}

absl::Status CheckStages(const artifacts::SafetensorsFile& file, int from, int to,
                         const Network& network) {
  for (const NamedTensor& own : network.NamedTensors(from, to)) {
    const artifacts::TensorView* view = file.Find(own.name);
    if (view == nullptr) {
      if (!IsCounter(own.name)) return Missing(own.name);
      continue;
    }
    GRAFT_RETURN_IF_ERROR(CheckDType(*view));
    if (own.tensor.sizes() != at::IntArrayRef(view->shape) && !IsCounterOfOne(*view)) {
      return Wrong(*view, absl::StrCat("has shape [", absl::StrJoin(view->shape, ", "), "], ",
                                       network.spec().architecture, " needs [",
                                       absl::StrJoin(own.tensor.sizes(), ", "), "]"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckNoOtherTensors(const artifacts::SafetensorsFile& file, const Network& network) {
  absl::flat_hash_set<std::string> names;
  for (const NamedTensor& own : network.NamedTensors()) names.insert(own.name);
  for (const artifacts::TensorView& tensor : file.tensors()) {
    if (!names.contains(tensor.name)) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor '", tensor.name, "' is not one of ", network.spec().architecture));
    }
  }
  return absl::OkStatus();
}

std::vector<artifacts::TensorView> ViewTensors(const std::vector<NamedTensor>& tensors,
                                               std::vector<at::Tensor>& keep) {
  std::vector<artifacts::TensorView> views;
  for (const NamedTensor& named : tensors) {
    const at::Tensor tensor = named.tensor.detach().to(at::kCPU).contiguous();
    keep.push_back(tensor);
    artifacts::TensorView view;
    view.name = named.name;
    view.dtype = FromScalarType(tensor.scalar_type()).value();
    view.shape = tensor.sizes().vec();
    view.bytes =
        absl::string_view(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes());
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace graft::nn
