#include <algorithm>
#include <cstring>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

#include "core/artifacts/safetensors/safetensors.h"
#include "core/base/status_macros.h"

namespace graft::artifacts {

absl::StatusOr<std::string> SerializeSafetensors(absl::Span<const TensorView> tensors,
                                                 const SafetensorsMetadata& metadata) {
  std::vector<const TensorView*> order;
  order.reserve(tensors.size());
  for (const TensorView& tensor : tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const TensorView* a, const TensorView* b) {
    const size_t size_a = DTypeSize(a->dtype);
    const size_t size_b = DTypeSize(b->dtype);
    return size_a != size_b ? size_a > size_b : a->name < b->name;
  });

  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t offset = 0;
  for (const TensorView* tensor : order) {
    if (tensor->name == "__metadata__") {
      return absl::InvalidArgumentError("no tensor may be called '__metadata__'");
    }
    uint64_t expected = DTypeSize(tensor->dtype);
    for (const int64_t size : tensor->shape) {
      if (size < 0 || __builtin_mul_overflow(expected, static_cast<uint64_t>(size), &expected)) {
        return absl::InvalidArgumentError(
            absl::StrCat("tensor '", tensor->name, "' has a shape that no tensor can have"));
      }
    }
    if (expected != tensor->bytes.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor '", tensor->name, "' has ", tensor->bytes.size(),
                       " bytes, its shape and dtype need ", expected));
    }
    if (header.contains(tensor->name)) {
      return absl::InvalidArgumentError(absl::StrCat("tensor '", tensor->name, "' is there twice"));
    }
    header[tensor->name] = {{"dtype", std::string(DTypeName(tensor->dtype))},
                            {"shape", tensor->shape},
                            {"data_offsets", {offset, offset + expected}}};
    offset += expected;
  }

  std::string json;
  try {
    json = header.dump();
  } catch (const nlohmann::json::exception&) {
    return absl::InvalidArgumentError("a tensor's name or metadata is not valid UTF-8");
  }
  json.append((8 - json.size() % 8) % 8, ' ');
  const uint64_t header_bytes = json.size();

  std::string file;
  file.reserve(sizeof(header_bytes) + json.size() + offset);
  file.append(reinterpret_cast<const char*>(&header_bytes), sizeof(header_bytes));
  file += json;
  for (const TensorView* tensor : order) file.append(tensor->bytes.data(), tensor->bytes.size());
  return file;
}

absl::Status WriteSafetensors(const std::filesystem::path& path,
                              absl::Span<const TensorView> tensors,
                              const SafetensorsMetadata& metadata) {
  GRAFT_ASSIGN_OR_RETURN(const std::string bytes, SerializeSafetensors(tensors, metadata));
  return WriteFileAtomically(path, bytes);
}

}  // namespace graft::artifacts
