#ifndef GRAFT_CORE_ARTIFACTS_SAFETENSORS_DTYPE_H_
#define GRAFT_CORE_ARTIFACTS_SAFETENSORS_DTYPE_H_

#include <cstddef>
#include <optional>

#include "absl/strings/string_view.h"

namespace graft::artifacts {

// Element types of the safetensors format that graft reads. Little-endian.
enum class DType { kF64, kF32, kF16, kBF16, kI64, kI32, kI16, kI8, kU8, kBool };

// Bytes of one element.
size_t DTypeSize(DType dtype);

// The format's own name: "F32".
absl::string_view DTypeName(DType dtype);

std::optional<DType> ParseDType(absl::string_view name);

}  // namespace graft::artifacts

#endif  // GRAFT_CORE_ARTIFACTS_SAFETENSORS_DTYPE_H_
