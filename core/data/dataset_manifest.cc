#include "core/data/dataset_manifest.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

#include "core/base/sha256.h"
#include "core/base/status_macros.h"

namespace graft {
namespace {

// A whole number that fits. nlohmann's own get() rounds and wraps.
template <typename T>
absl::Status GetInteger(const nlohmann::json& object, const char* key, T& value) {
  const nlohmann::json& number = object.at(key);
  const bool fits = number.is_number_unsigned()
                        ? std::in_range<T>(number.get<uint64_t>())
                        : number.is_number_integer() && std::in_range<T>(number.get<int64_t>());
  if (!fits) {
    return absl::InvalidArgumentError(
        absl::StrCat("dataset manifest: ", key, " is not a number that makes sense"));
  }
  value = number.get<T>();
  return absl::OkStatus();
}

absl::StatusOr<Split> ParseSplit(absl::string_view name) {
  for (const Split split : {Split::kUnassigned, Split::kTrain, Split::kValidation, Split::kTest}) {
    if (SplitName(split) == name) return split;
  }
  return absl::InvalidArgumentError("dataset manifest: unknown split");
}

}  // namespace

absl::string_view SplitName(Split split) {
  switch (split) {
    case Split::kUnassigned:
      return "";
    case Split::kTrain:
      return "train";
    case Split::kValidation:
      return "validation";
    case Split::kTest:
      return "test";
  }
  return "";
}

bool DatasetManifest::HasSplit(Split split) const {
  return std::any_of(entries.begin(), entries.end(),
                     [&](const DatasetEntry& entry) { return entry.split == split; });
}

int64_t DatasetManifest::CountOf(int class_index) const {
  return std::count_if(entries.begin(), entries.end(),
                       [&](const DatasetEntry& entry) { return entry.class_index == class_index; });
}

std::string DatasetDigest(const DatasetManifest& manifest) {
  std::vector<std::string> lines;
  lines.reserve(manifest.entries.size());
  for (const DatasetEntry& entry : manifest.entries) {
    // Lengths in front, so that no name can be mistaken for the fields behind it.
    lines.push_back(absl::StrCat(entry.name.size(), ":", entry.name, "/", entry.class_index, "/",
                                 SplitName(entry.split), "/", entry.sha256, "\n"));
  }
  std::sort(lines.begin(), lines.end());
  Sha256 hash;
  hash.Update("graft dataset 1\n");
  for (const std::string& name : manifest.classes) {
    hash.Update(absl::StrCat("class ", name.size(), ":", name, "\n"));
  }
  for (const std::string& line : lines) hash.Update(line);
  return hash.FinishHex();
}

std::string DatasetManifestToJson(const DatasetManifest& manifest) {
  nlohmann::json entries = nlohmann::json::array();
  for (const DatasetEntry& entry : manifest.entries) {
    entries.push_back({{"name", entry.name},
                       {"class", entry.class_index},
                       {"split", std::string(SplitName(entry.split))},
                       {"offset", entry.offset},
                       {"length", entry.length},
                       {"sha256", entry.sha256},
                       {"width", entry.width},
                       {"height", entry.height}});
  }
  nlohmann::json skipped = nlohmann::json::array();
  for (const SkippedEntry& entry : manifest.skipped) {
    skipped.push_back({{"name", entry.name}, {"reason", entry.reason}});
  }
  const nlohmann::json json = {{"format", 1},
                               {"classes", manifest.classes},
                               {"entries", std::move(entries)},
                               {"skipped", std::move(skipped)},
                               {"skipped_total", manifest.skipped_total},
                               {"warnings", manifest.warnings},
                               {"bytes", manifest.bytes}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

absl::StatusOr<DatasetManifest> DatasetManifestFromJson(absl::string_view text) {
  const auto bad = [](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("dataset manifest: ", what));
  };
  const nlohmann::json json =
      nlohmann::json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return bad("not a JSON object");
  DatasetManifest manifest;
  try {
    if (json.at("format") != 1) return bad("written by a newer graft");
    json.at("classes").get_to(manifest.classes);
    GRAFT_RETURN_IF_ERROR(GetInteger(json, "skipped_total", manifest.skipped_total));
    json.at("warnings").get_to(manifest.warnings);
    GRAFT_RETURN_IF_ERROR(GetInteger(json, "bytes", manifest.bytes));
    for (const nlohmann::json& value : json.at("skipped")) {
      manifest.skipped.push_back(
          {value.at("name").get<std::string>(), value.at("reason").get<std::string>()});
    }
    for (const nlohmann::json& value : json.at("entries")) {
      DatasetEntry entry;
      value.at("name").get_to(entry.name);
      GRAFT_RETURN_IF_ERROR(GetInteger(value, "class", entry.class_index));
      GRAFT_ASSIGN_OR_RETURN(entry.split, ParseSplit(value.at("split").get<std::string>()));
      GRAFT_RETURN_IF_ERROR(GetInteger(value, "offset", entry.offset));
      GRAFT_RETURN_IF_ERROR(GetInteger(value, "length", entry.length));
      value.at("sha256").get_to(entry.sha256);
      GRAFT_RETURN_IF_ERROR(GetInteger(value, "width", entry.width));
      GRAFT_RETURN_IF_ERROR(GetInteger(value, "height", entry.height));
      if (entry.length == 0 || entry.offset > manifest.bytes ||
          entry.length > manifest.bytes - entry.offset) {
        return bad(absl::StrCat(entry.name, " lies outside images.bin"));
      }
      if (!IsSha256Hex(entry.sha256)) return bad(absl::StrCat(entry.name, " has no sha256"));
      if (entry.width < 1 || entry.height < 1) {
        return bad(absl::StrCat(entry.name, " has no width or height"));
      }
      if (entry.class_index < 0 || entry.class_index >= static_cast<int>(manifest.classes.size())) {
        return bad(absl::StrCat(entry.name, " has an unknown class"));
      }
      manifest.entries.push_back(std::move(entry));
    }
  } catch (const nlohmann::json::exception& error) {
    return bad(error.what());
  }
  return manifest;
}

}  // namespace graft
