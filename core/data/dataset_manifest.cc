#include "core/data/dataset_manifest.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "core/base/sha256.h"
#include "core/base/status_macros.h"

namespace graft::data {
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

absl::StatusOr<TargetKind> ParseTargetKind(absl::string_view name) {
  for (const TargetKind kind : {TargetKind::kClass, TargetKind::kLabels, TargetKind::kNumbers}) {
    if (TargetKindName(kind) == name) return kind;
  }
  return absl::InvalidArgumentError("dataset manifest: unknown kind of targets");
}

// Whether it can be told in format 1, in which all datasets of image folders are.
bool IsFormat1(const DatasetManifest& manifest) {
  return manifest.targets == TargetKind::kClass && !manifest.HasGroups();
}

// The shortest digits that give the number back: the same on every machine.
std::string ShortestDigits(double number) {
  char digits[32];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof(digits), number);
  return std::string(digits, end.ptr);
}

// What is known of an entry, for the digest.
std::string TargetText(TargetKind kind, const DatasetEntry& entry) {
  switch (kind) {
    case TargetKind::kClass:
      return absl::StrCat(entry.class_index);
    case TargetKind::kLabels:
      return absl::StrJoin(entry.labels, ",");
    case TargetKind::kNumbers:
      return absl::StrJoin(entry.numbers, ",", [](std::string* out, double number) {
        out->append(ShortestDigits(number));
      });
  }
  return "";
}

std::string DigestOfFormat2(const DatasetManifest& manifest) {
  std::vector<std::string> lines;
  lines.reserve(manifest.entries.size());
  for (const DatasetEntry& entry : manifest.entries) {
    lines.push_back(absl::StrCat(entry.name.size(), ":", entry.name, "/",
                                 TargetText(manifest.targets, entry), "/", SplitName(entry.split),
                                 "/", entry.group.size(), ":", entry.group, "/", entry.sha256,
                                 "\n"));
  }
  std::sort(lines.begin(), lines.end());
  Sha256 hash;
  hash.Update(absl::StrCat("graft dataset 2 ", TargetKindName(manifest.targets), "\n"));
  for (const std::string& name : manifest.classes) {
    hash.Update(absl::StrCat("class ", name.size(), ":", name, "\n"));
  }
  for (const std::string& name : manifest.numbers) {
    hash.Update(absl::StrCat("number ", name.size(), ":", name, "\n"));
  }
  for (const std::string& line : lines) hash.Update(line);
  return hash.FinishHex();
}

// The targets of one entry of format 2.
absl::Status ReadTargets(const nlohmann::json& value, const DatasetManifest& manifest,
                         DatasetEntry& entry) {
  const auto bad = [&](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("dataset manifest: ", entry.name, " ", what));
  };
  value.at("group").get_to(entry.group);
  if (manifest.targets == TargetKind::kClass) {
    return GetInteger(value, "class", entry.class_index);
  }
  if (manifest.targets == TargetKind::kLabels) {
    for (const nlohmann::json& label : value.at("labels")) {
      GRAFT_RETURN_IF_ERROR(GetInteger({{"labels", label}}, "labels", entry.labels.emplace_back()));
      const int index = entry.labels.back();
      if (index < 0 || index >= static_cast<int>(manifest.classes.size())) {
        return bad("has an unknown label");
      }
      if (entry.labels.size() > 1 && entry.labels[entry.labels.size() - 2] >= index) {
        return bad("has labels out of order");
      }
    }
    return absl::OkStatus();
  }
  value.at("numbers").get_to(entry.numbers);
  if (entry.numbers.size() != manifest.numbers.size())
    return bad("has too few or too many numbers");
  for (const double number : entry.numbers) {
    if (!std::isfinite(number)) return bad("has a number that is none");
  }
  return absl::OkStatus();
}

absl::Status CheckNames(const DatasetManifest& manifest) {
  const bool by_number = manifest.targets == TargetKind::kNumbers;
  if (by_number != manifest.classes.empty() || by_number == manifest.numbers.empty()) {
    return absl::InvalidArgumentError("dataset manifest: its names are not those of its targets");
  }
  return absl::OkStatus();
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

absl::string_view TargetKindName(TargetKind kind) {
  switch (kind) {
    case TargetKind::kClass:
      return "class";
    case TargetKind::kLabels:
      return "labels";
    case TargetKind::kNumbers:
      return "numbers";
  }
  return "";
}

bool DatasetManifest::HasSplit(Split split) const {
  return std::any_of(entries.begin(), entries.end(),
                     [&](const DatasetEntry& entry) { return entry.split == split; });
}

bool DatasetManifest::HasGroups() const {
  return std::any_of(entries.begin(), entries.end(),
                     [](const DatasetEntry& entry) { return !entry.group.empty(); });
}

int64_t DatasetManifest::CountOf(int class_index) const {
  return std::count_if(entries.begin(), entries.end(), [&](const DatasetEntry& entry) {
    return targets == TargetKind::kLabels
               ? std::binary_search(entry.labels.begin(), entry.labels.end(), class_index)
               : entry.class_index == class_index;
  });
}

std::string DatasetDigest(const DatasetManifest& manifest) {
  if (!IsFormat1(manifest)) return DigestOfFormat2(manifest);
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
  const bool format1 = IsFormat1(manifest);
  nlohmann::json entries = nlohmann::json::array();
  for (const DatasetEntry& entry : manifest.entries) {
    nlohmann::json value = {
        {"name", entry.name},     {"split", std::string(SplitName(entry.split))},
        {"offset", entry.offset}, {"length", entry.length},
        {"sha256", entry.sha256}, {"width", entry.width},
        {"height", entry.height}};
    if (manifest.targets == TargetKind::kClass) value["class"] = entry.class_index;
    if (manifest.targets == TargetKind::kLabels) value["labels"] = entry.labels;
    if (manifest.targets == TargetKind::kNumbers) value["numbers"] = entry.numbers;
    if (!format1) value["group"] = entry.group;
    entries.push_back(std::move(value));
  }
  nlohmann::json skipped = nlohmann::json::array();
  for (const SkippedEntry& entry : manifest.skipped) {
    skipped.push_back({{"name", entry.name}, {"reason", entry.reason}});
  }
  nlohmann::json json = {{"format", format1 ? 1 : 2},
                         {"classes", manifest.classes},
                         {"entries", std::move(entries)},
                         {"skipped", std::move(skipped)},
                         {"skipped_total", manifest.skipped_total},
                         {"warnings", manifest.warnings},
                         {"bytes", manifest.bytes}};
  if (!format1) {
    json["targets"] = std::string(TargetKindName(manifest.targets));
    json["numbers"] = manifest.numbers;
  }
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
    const bool format1 = json.at("format") == 1;
    if (!format1 && json.at("format") != 2) return bad("written by a newer graft");
    json.at("classes").get_to(manifest.classes);
    if (!format1) {
      GRAFT_ASSIGN_OR_RETURN(manifest.targets,
                             ParseTargetKind(json.at("targets").get<std::string>()));
      json.at("numbers").get_to(manifest.numbers);
      GRAFT_RETURN_IF_ERROR(CheckNames(manifest));
    }
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
      GRAFT_RETURN_IF_ERROR(format1 ? GetInteger(value, "class", entry.class_index)
                                    : ReadTargets(value, manifest, entry));
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
      if (manifest.targets == TargetKind::kClass &&
          (entry.class_index < 0 ||
           entry.class_index >= static_cast<int>(manifest.classes.size()))) {
        return bad(absl::StrCat(entry.name, " has an unknown class"));
      }
      manifest.entries.push_back(std::move(entry));
    }
  } catch (const nlohmann::json::exception& error) {
    return bad(error.what());
  }
  return manifest;
}

}  // namespace graft::data
