#ifndef GRAFT_CORE_ARTIFACTS_SAFETENSORS_SAFETENSORS_H_
#define GRAFT_CORE_ARTIFACTS_SAFETENSORS_SAFETENSORS_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "core/artifacts/safetensors/dtype.h"
#include "core/base/files.h"

namespace graft::artifacts {

// One tensor as bytes: row-major, little-endian. `bytes` is borrowed.
struct TensorView {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;  // empty: a scalar
  absl::string_view bytes;     // product of shape, times DTypeSize
};

using SafetensorsMetadata = std::map<std::string, std::string>;

// A safetensors file, its header checked before anything in it is believed: sizes that overflow,
// ranges outside the file, overlaps, holes, unknown types and repeated names are refused.
// Format: 8 bytes little-endian header size, that many bytes of JSON, then the tensors' bytes.
// Immutable; safe for concurrent use.
class SafetensorsFile {
 public:
  // Maps the file. NOT_FOUND; INVALID_ARGUMENT names what is wrong in the header.
  static absl::StatusOr<std::unique_ptr<SafetensorsFile>> Open(const std::filesystem::path& path);

  // Reads `bytes`, which are borrowed and must outlive the result.
  static absl::StatusOr<std::unique_ptr<SafetensorsFile>> Parse(absl::string_view bytes);

  // In the order of their bytes in the file. Views live as long as this object.
  const std::vector<TensorView>& tensors() const { return tensors_; }

  // Null where there is no tensor of that name.
  const TensorView* Find(absl::string_view name) const;

  const SafetensorsMetadata& metadata() const { return metadata_; }

  // The file as a whole.
  absl::string_view bytes() const { return bytes_; }

 private:
  SafetensorsFile() = default;
  absl::Status ParseHeader();

  std::unique_ptr<MappedFile> mapped_;  // null after Parse
  absl::string_view bytes_;
  std::vector<TensorView> tensors_;
  absl::flat_hash_map<std::string, size_t> index_;
  SafetensorsMetadata metadata_;
};

// The file's content. The same tensors give the same bytes whatever their order: they are laid out
// by element size, largest first, then by name, and the header is padded to 8, so that every
// tensor is aligned to its elements. INVALID_ARGUMENT: a name twice or that the format does not
// allow, or bytes that do not fit the shape.
absl::StatusOr<std::string> SerializeSafetensors(absl::Span<const TensorView> tensors,
                                                 const SafetensorsMetadata& metadata);

// Serializes and writes durably: a reader sees the whole file or none.
absl::Status WriteSafetensors(const std::filesystem::path& path,
                              absl::Span<const TensorView> tensors,
                              const SafetensorsMetadata& metadata);

}  // namespace graft::artifacts

#endif  // GRAFT_CORE_ARTIFACTS_SAFETENSORS_SAFETENSORS_H_
