#include <algorithm>
#include <cstring>
#include <limits>

#include <nlohmann/json.hpp>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

#include "core/artifacts/safetensors/safetensors.h"
#include "core/base/status_macros.h"

namespace graft {
namespace {

// As the reference implementation has it: a header is names and numbers, not data.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr uint64_t kPrefixBytes = 8;

// The header as JSON. A name given twice is noticed: a JSON object would silently keep the last.
absl::StatusOr<nlohmann::json> ParseHeaderJson(absl::string_view text) {
  constexpr int kDeepest = 3;  // header, tensor, its lists
  bool too_deep = false;
  std::string repeated;
  absl::flat_hash_set<std::string> names;
  const auto filter = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    if (depth > kDeepest) too_deep = true;
    if (event == nlohmann::json::parse_event_t::key && depth == 1) {
      const std::string& name = parsed.get_ref<const std::string&>();
      if (!names.insert(name).second) repeated = name;
    }
    return !too_deep;
  };
  nlohmann::json header =
      nlohmann::json::parse(text.begin(), text.end(), filter, /*allow_exceptions=*/false);
  if (too_deep) return absl::InvalidArgumentError("safetensors: the header is nested too deeply");
  if (header.is_discarded() || !header.is_object()) {
    return absl::InvalidArgumentError("safetensors: the header is not a JSON object");
  }
  if (!repeated.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("safetensors: tensor '", repeated, "' is there twice"));
  }
  return header;
}

absl::Status TensorError(absl::string_view name, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("safetensors: tensor '", name, "': ", what));
}

// `value` as an unsigned number, if it is one.
bool AsUnsigned(const nlohmann::json& value, uint64_t* out) {
  if (!value.is_number_unsigned()) return false;
  *out = value.get<uint64_t>();
  return true;
}

absl::StatusOr<TensorView> ParseTensor(const std::string& name, const nlohmann::json& entry,
                                       absl::string_view data) {
  if (!entry.is_object() || entry.size() != 3 || !entry.contains("dtype") ||
      !entry.contains("shape") || !entry.contains("data_offsets")) {
    return TensorError(name, "needs dtype, shape and data_offsets, and nothing else");
  }
  TensorView tensor;
  tensor.name = name;
  if (!entry["dtype"].is_string()) return TensorError(name, "dtype is not a string");
  const std::string& dtype = entry["dtype"].get_ref<const std::string&>();
  const std::optional<DType> known = ParseDType(dtype);
  if (!known.has_value()) {
    return TensorError(name, absl::StrCat("dtype '", dtype.substr(0, 16), "' is not supported"));
  }
  tensor.dtype = *known;

  if (!entry["shape"].is_array() || entry["shape"].size() > 16) {
    return TensorError(name, "shape is not a list of up to 16 sizes");
  }
  uint64_t expected = DTypeSize(tensor.dtype);
  for (const nlohmann::json& size : entry["shape"]) {
    uint64_t value = 0;
    if (!AsUnsigned(size, &value) || value > std::numeric_limits<int64_t>::max()) {
      return TensorError(name, "shape holds something that is not a size");
    }
    if (__builtin_mul_overflow(expected, value, &expected)) {
      return TensorError(name, "shape is larger than any file");
    }
    tensor.shape.push_back(static_cast<int64_t>(value));
  }

  uint64_t begin = 0;
  uint64_t end = 0;
  const nlohmann::json& offsets = entry["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2 || !AsUnsigned(offsets[0], &begin) ||
      !AsUnsigned(offsets[1], &end)) {
    return TensorError(name, "data_offsets is not a pair of offsets");
  }
  if (begin > end || end > data.size()) {
    return TensorError(name, absl::StrCat("data_offsets [", begin, ", ", end,
                                          ") lie outside the file's ", data.size(), " data bytes"));
  }
  if (end - begin != expected) {
    return TensorError(
        name, absl::StrCat("has ", end - begin, " bytes, its shape and dtype need ", expected));
  }
  tensor.bytes = data.substr(begin, end - begin);
  return tensor;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SafetensorsFile>> SafetensorsFile::Open(
    const std::filesystem::path& path) {
  std::unique_ptr<SafetensorsFile> file(new SafetensorsFile);
  GRAFT_ASSIGN_OR_RETURN(file->mapped_, MappedFile::Open(path));
  file->bytes_ = file->mapped_->bytes();
  GRAFT_RETURN_IF_ERROR(file->ParseHeader());
  return file;
}

absl::StatusOr<std::unique_ptr<SafetensorsFile>> SafetensorsFile::Parse(absl::string_view bytes) {
  std::unique_ptr<SafetensorsFile> file(new SafetensorsFile);
  file->bytes_ = bytes;
  GRAFT_RETURN_IF_ERROR(file->ParseHeader());
  return file;
}

absl::Status SafetensorsFile::ParseHeader() {
  if (bytes_.size() < kPrefixBytes) {
    return absl::InvalidArgumentError("safetensors: the file is shorter than its header's size");
  }
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes_.data(), sizeof(header_bytes));
  if (header_bytes > kMaxHeaderBytes || header_bytes > bytes_.size() - kPrefixBytes) {
    return absl::InvalidArgumentError(absl::StrCat("safetensors: a header of ", header_bytes,
                                                   " bytes does not fit a file of ",
                                                   bytes_.size()));
  }
  GRAFT_ASSIGN_OR_RETURN(const nlohmann::json header,
                         ParseHeaderJson(bytes_.substr(kPrefixBytes, header_bytes)));
  const absl::string_view data = bytes_.substr(kPrefixBytes + header_bytes);

  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      if (!entry.is_object()) {
        return absl::InvalidArgumentError("safetensors: __metadata__ is not an object");
      }
      for (const auto& [key, value] : entry.items()) {
        if (!value.is_string()) {
          return absl::InvalidArgumentError(
              absl::StrCat("safetensors: __metadata__ '", key, "' is not a string"));
        }
        metadata_[key] = value.get<std::string>();
      }
      continue;
    }
    GRAFT_ASSIGN_OR_RETURN(TensorView tensor, ParseTensor(name, entry, data));
    tensors_.push_back(std::move(tensor));
  }

  // In file order the tensors must lie end to end: no overlap, no hole, nothing behind.
  std::sort(tensors_.begin(), tensors_.end(), [](const TensorView& a, const TensorView& b) {
    if (a.bytes.data() != b.bytes.data()) return a.bytes.data() < b.bytes.data();
    return a.bytes.size() < b.bytes.size();
  });
  const char* at = data.data();
  for (const TensorView& tensor : tensors_) {
    if (tensor.bytes.data() < at) return TensorError(tensor.name, "overlaps the tensor before it");
    if (tensor.bytes.data() > at) return TensorError(tensor.name, "leaves a hole before it");
    at += tensor.bytes.size();
  }
  if (at != data.data() + data.size()) {
    return absl::InvalidArgumentError(absl::StrCat("safetensors: ", data.data() + data.size() - at,
                                                   " bytes behind the last tensor"));
  }
  for (size_t i = 0; i < tensors_.size(); ++i) index_.emplace(tensors_[i].name, i);
  return absl::OkStatus();
}

const TensorView* SafetensorsFile::Find(absl::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

}  // namespace graft
