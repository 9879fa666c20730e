#include "core/backbones/weights_scan.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <memory>

#include "core/artifacts/safetensors/finite.h"
#include "core/base/sha256.h"

namespace graft::backbones {
namespace {

constexpr size_t kPiece = size_t{1} << 20;  // a multiple of the size of any element

}  // namespace

absl::StatusOr<WeightsScan> ScanWeights(const artifacts::SafetensorsFile& file,
                                        const std::filesystem::path& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(path.c_str(), "rbe"),
                                                               &std::fclose);
  if (stream == nullptr) return absl::NotFoundError("cannot open file");
  Sha256 hash;
  WeightsScan scan;
  std::string buffer(kPiece, '\0');
  // The next `size` bytes, of `tensor` or, for null, of none.
  const auto read = [&](size_t size, const artifacts::TensorView* tensor) {
    while (size > 0) {
      const size_t wanted = std::min(size, kPiece);
      if (std::fread(buffer.data(), 1, wanted, stream.get()) != wanted) return false;
      const absl::string_view piece(buffer.data(), wanted);
      hash.Update(piece);
      if (tensor != nullptr && scan.not_finite.empty() &&
          !artifacts::AllFinite(tensor->dtype, piece)) {
        scan.not_finite = tensor->name;
      }
      size -= wanted;
    }
    return true;
  };
  const absl::Status changed =
      absl::DataLossError("cannot be read as a whole, or changed while it was read");
  const char* const begin = file.bytes().data();
  size_t at = 0;
  for (const artifacts::TensorView& tensor : file.tensors()) {  // in the order of their bytes
    const size_t offset =
        tensor.bytes.empty() ? at : static_cast<size_t>(tensor.bytes.data() - begin);
    if (!read(offset - at, nullptr) || !read(tensor.bytes.size(), &tensor)) return changed;
    at = offset + tensor.bytes.size();
  }
  if (!read(file.bytes().size() - at, nullptr) || std::fgetc(stream.get()) != EOF) return changed;
  scan.sha256 = hash.FinishHex();
  return scan;
}

}  // namespace graft::backbones
