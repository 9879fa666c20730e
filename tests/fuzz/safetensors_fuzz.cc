// Any bytes as a safetensors file: refused, or every tensor lies within the bytes and the whole can
// be written and read again.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/artifacts/safetensors/safetensors.h"
#include "tests/fuzz/require.h"

using graft::Require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto file = graft::artifacts::SafetensorsFile::Parse(bytes);
  if (!file.ok()) return 0;
  for (const graft::artifacts::TensorView& tensor : (*file)->tensors()) {
    Require(tensor.bytes.empty() ||
                (tensor.bytes.data() >= bytes.data() &&
                 tensor.bytes.data() + tensor.bytes.size() <= bytes.data() + bytes.size()),
            "a tensor outside the file");
    uint64_t expected = graft::artifacts::DTypeSize(tensor.dtype);
    for (const int64_t side : tensor.shape) expected *= static_cast<uint64_t>(side);
    Require(tensor.bytes.size() == expected, "a tensor of another size than its shape");
    Require((*file)->Find(tensor.name) == &tensor, "a tensor that is not found");
  }
  const auto written =
      graft::artifacts::SerializeSafetensors((*file)->tensors(), (*file)->metadata());
  Require(written.ok(), "tensors that cannot be written");
  const auto again = graft::artifacts::SafetensorsFile::Parse(*written);
  Require(again.ok(), "written tensors that cannot be read");
  Require((*again)->tensors().size() == (*file)->tensors().size(), "tensors lost");
  return 0;
}
