#include "core/training/state/tensor_file.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include <ATen/ATen.h>

#include "absl/strings/str_cat.h"

#include "core/artifacts/safetensors/safetensors.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"

namespace graft::training {
namespace {

// A truncated file is told by its header; this one tells changed bytes.
constexpr char kDigestKey[] = "tensors_sha256";

struct ElementType {
  at::ScalarType in_memory;
  artifacts::DType in_file;
};
constexpr ElementType kTypes[] = {{at::kFloat, artifacts::DType::kF32},
                                  {at::kLong, artifacts::DType::kI64},
                                  {at::kChar, artifacts::DType::kI8}};

// Null where a file holds none of this type.
const ElementType* FindType(at::ScalarType type) {
  for (const ElementType& each : kTypes) {
    if (each.in_memory == type) return &each;
  }
  return nullptr;
}
const ElementType* FindType(artifacts::DType type) {
  for (const ElementType& each : kTypes) {
    if (each.in_file == type) return &each;
  }
  return nullptr;
}

std::string DigestOf(absl::Span<const artifacts::TensorView> sorted) {
  Sha256 hash;
  for (const artifacts::TensorView& tensor : sorted) {
    hash.Update(absl::StrCat(tensor.name, ":", tensor.bytes.size(), ";"));
    hash.Update(tensor.bytes);
  }
  return hash.FinishHex();
}

}  // namespace

absl::StatusOr<std::string> SerializeTensorFile(const TensorFile& file) {
  std::vector<at::Tensor> plain;  // keeps the bytes alive
  std::vector<artifacts::TensorView> views;
  for (const auto& [name, tensor] : file.tensors) {
    const ElementType* const type = FindType(tensor.scalar_type());
    if (type == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor ", name, " is neither float32 nor int64 nor int8"));
    }
    const at::Tensor& kept = plain.emplace_back(tensor.detach().cpu().contiguous());
    views.push_back(
        {name, type->in_file, kept.sizes().vec(),
         absl::string_view(static_cast<const char*>(kept.const_data_ptr()), kept.nbytes())});
  }
  artifacts::SafetensorsMetadata metadata = file.metadata;
  metadata[kDigestKey] = DigestOf(views);
  return artifacts::SerializeSafetensors(views, metadata);
}

absl::StatusOr<TensorFile> ParseTensorFile(absl::string_view bytes) {
  const absl::StatusOr<std::unique_ptr<artifacts::SafetensorsFile>> parsed =
      artifacts::SafetensorsFile::Parse(bytes);
  if (!parsed.ok()) {
    return absl::DataLossError(absl::StrCat("tensor file: ", parsed.status().message()));
  }
  TensorFile file;
  file.metadata = (*parsed)->metadata();
  std::vector<artifacts::TensorView> views = (*parsed)->tensors();
  std::sort(views.begin(), views.end(),
            [](const artifacts::TensorView& a, const artifacts::TensorView& b) {
              return a.name < b.name;
            });
  const auto digest = file.metadata.find(kDigestKey);
  if (digest == file.metadata.end() || digest->second != DigestOf(views)) {
    return absl::DataLossError("tensor file: its content is not what was written");
  }
  file.metadata.erase(digest);
  for (const artifacts::TensorView& view : views) {
    const ElementType* const type = FindType(view.dtype);
    if (type == nullptr) {
      return absl::DataLossError(
          absl::StrCat("tensor file: ", view.name, " is neither float32 nor int64 nor int8"));
    }
    at::Tensor tensor = at::empty(view.shape, type->in_memory);
    std::memcpy(tensor.mutable_data_ptr(), view.bytes.data(), view.bytes.size());
    file.tensors.emplace(view.name, std::move(tensor));
  }
  return file;
}

}  // namespace graft::training
