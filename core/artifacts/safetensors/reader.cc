#include <algorithm>
#include <cstring>
#include <limits>

#include <nlohmann/json.hpp>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "core/artifacts/safetensors/safetensors.h"
#include "core/base/status_macros.h"

namespace graft::artifacts {
namespace {

// As the reference implementation has it: a header is names and numbers, not data.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr uint64_t kPrefixBytes = 8;
constexpr size_t kMaxRank = 16;

// Names come from the file: cut and escaped before they go into a message.
std::string Shown(absl::string_view name) {
  constexpr size_t kLongest = 200;
  return absl::StrCat(absl::CHexEscape(name.substr(0, kLongest)),
                      name.size() > kLongest ? "..." : "");
}

// The header as JSON. A name given twice is noticed: a JSON object would silently keep the last.
absl::StatusOr<nlohmann::json> ParseHeaderJson(absl::string_view text) {
  // The format wants this first byte; a JSON parser would skip blanks and a byte order mark.
  if (text.empty() || text[0] != '{') {
    return absl::InvalidArgumentError("safetensors: the header does not begin with '{'");
  }
  constexpr int kDeepest = 3;  // header, tensor, its lists
  // The first thing that is wrong; what follows is not kept, however much it is.
  std::string wrong;
  absl::flat_hash_set<std::string> names;   // of tensors
  absl::flat_hash_set<std::string> fields;  // of the tensor being read
  size_t listed = 0;                        // in the list being read
  const auto filter = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    if (!wrong.empty()) return false;
    if (depth > kDeepest) wrong = "the header is nested too deeply";
    if (event == Event::object_start && depth == 1) fields.clear();
    if (event == Event::array_start) listed = 0;
    if (event == Event::value && depth == kDeepest && ++listed > kMaxRank) {
      wrong = absl::StrCat("the header has a list of more than ", kMaxRank, " numbers");
    }
    if (event == Event::key && (depth == 1 || depth == 2)) {
      const std::string& name = parsed.get_ref<const std::string&>();
      if (!(depth == 1 ? names : fields).insert(name).second) {
        wrong = absl::StrCat("'", Shown(name), "' is there twice");
      }
    }
    return wrong.empty();
  };
  nlohmann::json header =
      nlohmann::json::parse(text.begin(), text.end(), filter, /*allow_exceptions=*/false);
  if (!wrong.empty()) return absl::InvalidArgumentError(absl::StrCat("safetensors: ", wrong));
  if (header.is_discarded() || !header.is_object()) {
    return absl::InvalidArgumentError("safetensors: the header is not a JSON object");
  }
  return header;
}

absl::Status TensorError(absl::string_view name, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("safetensors: tensor '", Shown(name), "': ", what));
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
    return TensorError(name, absl::StrCat("dtype '", Shown(dtype), "' is not supported"));
  }
  tensor.dtype = *known;

  if (!entry["shape"].is_array() || entry["shape"].size() > kMaxRank) {
    return TensorError(name, "shape is not a list of sizes");
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
              absl::StrCat("safetensors: __metadata__ '", Shown(key), "' is not a string"));
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

}  // namespace graft::artifacts
