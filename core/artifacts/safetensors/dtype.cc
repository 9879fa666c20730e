#include "core/artifacts/safetensors/dtype.h"

namespace graft::artifacts {
namespace {

struct Row {
  DType dtype;
  absl::string_view name;
  size_t size;
};

constexpr Row kRows[] = {
    {DType::kF64, "F64", 8},   {DType::kF32, "F32", 4}, {DType::kF16, "F16", 2},
    {DType::kBF16, "BF16", 2}, {DType::kI64, "I64", 8}, {DType::kI32, "I32", 4},
    {DType::kI16, "I16", 2},   {DType::kI8, "I8", 1},   {DType::kU8, "U8", 1},
    {DType::kBool, "BOOL", 1},
};

}  // namespace

size_t DTypeSize(DType dtype) { return kRows[static_cast<int>(dtype)].size; }

absl::string_view DTypeName(DType dtype) { return kRows[static_cast<int>(dtype)].name; }

std::optional<DType> ParseDType(absl::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.dtype;
  }
  return std::nullopt;
}

}  // namespace graft::artifacts
