// Writes a file of known tensors to argv[1]: read_safetensors.py checks it with the reference.

#include <cstdint>
#include <cstdio>
#include <vector>

#include "core/artifacts/safetensors/safetensors.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::vector<float> weight = {0, 0.5, 1, 1.5, 2, 2.5};
  const std::vector<int64_t> count = {7};
  const std::vector<uint8_t> flags = {1, 0, 1};
  const auto bytes = [](const auto& values) {
    return absl::string_view(reinterpret_cast<const char*>(values.data()),
                             values.size() * sizeof(values[0]));
  };
  const graft::artifacts::TensorView tensors[] = {
      {"flags", graft::artifacts::DType::kU8, {3}, bytes(flags)},
      {"weight", graft::artifacts::DType::kF32, {2, 3}, bytes(weight)},
      {"count", graft::artifacts::DType::kI64, {}, bytes(count)},
  };
  const absl::Status status =
      graft::artifacts::WriteSafetensors(argv[1], tensors, {{"made by", "graft"}});
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
