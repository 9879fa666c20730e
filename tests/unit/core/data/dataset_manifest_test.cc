#include "core/data/dataset_manifest.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/core/data/manifest_builder.h"

namespace graft::data {
namespace {

using testing::HasSubstr;

DatasetManifest Example() {
  DatasetManifest manifest;
  manifest.classes = {"cats", "K\xC3\xB6ter"};
  AddEntries(manifest, 0, 2, Split::kTrain);
  AddEntries(manifest, 0, 1, Split::kValidation);
  AddEntries(manifest, 1, 3, Split::kTest);
  manifest.skipped = {{"notes.txt", "not an image"}};
  manifest.skipped_total = 7;
  manifest.warnings = {"class 'cats' has only 3 images"};
  return manifest;
}

TEST(DatasetManifestTest, JsonKeepsEverything) {
  const DatasetManifest manifest = Example();
  const absl::StatusOr<DatasetManifest> read =
      DatasetManifestFromJson(DatasetManifestToJson(manifest));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->classes, manifest.classes);
  EXPECT_EQ(read->skipped_total, 7);
  EXPECT_EQ(read->warnings, manifest.warnings);
  EXPECT_EQ(read->bytes, manifest.bytes);
  ASSERT_EQ(read->skipped.size(), 1u);
  EXPECT_EQ(read->skipped[0].name, "notes.txt");
  EXPECT_EQ(read->skipped[0].reason, "not an image");
  ASSERT_EQ(read->entries.size(), manifest.entries.size());
  for (size_t i = 0; i < manifest.entries.size(); ++i) {
    const DatasetEntry& got = read->entries[i];
    const DatasetEntry& want = manifest.entries[i];
    EXPECT_EQ(got.name, want.name);
    EXPECT_EQ(got.class_index, want.class_index);
    EXPECT_EQ(got.split, want.split);
    EXPECT_EQ(got.offset, want.offset);
    EXPECT_EQ(got.length, want.length);
    EXPECT_EQ(got.sha256, want.sha256);
    EXPECT_EQ(got.width, want.width);
    EXPECT_EQ(got.height, want.height);
  }
  EXPECT_EQ(DatasetManifestToJson(*read), DatasetManifestToJson(manifest));
}

TEST(DatasetManifestTest, CountsByClassAndPart) {
  const DatasetManifest manifest = Example();
  EXPECT_EQ(manifest.CountOf(0), 3);
  EXPECT_EQ(manifest.CountOf(1), 3);
  EXPECT_TRUE(manifest.HasSplit(Split::kTest));
  EXPECT_FALSE(manifest.HasSplit(Split::kUnassigned));
}

TEST(DatasetDigestTest, OrderAndPlaceDoNotMatter) {
  const DatasetManifest manifest = Example();
  DatasetManifest shuffled = manifest;
  std::reverse(shuffled.entries.begin(), shuffled.entries.end());
  for (DatasetEntry& entry : shuffled.entries) entry.offset = 0;
  shuffled.skipped.clear();
  shuffled.warnings.clear();
  EXPECT_EQ(DatasetDigest(shuffled), DatasetDigest(manifest));
}

TEST(DatasetDigestTest, EverythingThatIsLearnedFromMatters) {
  const std::pair<const char*, std::function<void(DatasetManifest&)>> changes[] = {
      {"class name", [](DatasetManifest& m) { m.classes[0] = "Cats"; }},
      {"class added", [](DatasetManifest& m) { m.classes.push_back("x"); }},
      {"name", [](DatasetManifest& m) { m.entries[0].name += "x"; }},
      {"class", [](DatasetManifest& m) { m.entries[0].class_index = 1; }},
      {"split", [](DatasetManifest& m) { m.entries[0].split = Split::kTest; }},
      {"image", [](DatasetManifest& m) { m.entries[0].sha256 = Sha256Hex("other"); }},
      {"entry removed", [](DatasetManifest& m) { m.entries.pop_back(); }},
      // Names that run into the next field.
      {"name with fields",
       [](DatasetManifest& m) {
         m.entries[0].name += "/0/train/" + m.entries[0].sha256;
         m.entries[0].sha256 = "";
       }},
  };
  for (const auto& [what, change] : changes) {
    DatasetManifest changed = Example();
    change(changed);
    EXPECT_NE(DatasetDigest(changed), DatasetDigest(Example())) << what;
  }
}

// Datasets that are stored already must be found again by those who upload them once more. The
// value was computed outside, by the formula of the first version.
TEST(DatasetDigestTest, OfPlainDatasetsStaysWhatItWas) {
  DatasetManifest manifest;
  manifest.classes = {"cats", "dogs"};
  for (int i = 0; i < 2; ++i) {
    DatasetEntry entry;
    entry.name = i == 0 ? "cats/1.jpg" : "dogs/1.jpg";
    entry.class_index = i;
    entry.sha256 = Sha256Hex(entry.name);
    manifest.entries.push_back(entry);
  }
  EXPECT_EQ(DatasetDigest(manifest),
            "96dc8aeb6d61439d17ac4402d0c7b93f76528cf5da4d6dbc30cf7dd20f0c3418");
  EXPECT_EQ(nlohmann::json::parse(DatasetManifestToJson(manifest)).at("format"), 1);
}

DatasetManifest WithLabels() {
  DatasetManifest manifest = Example();
  manifest.targets = TargetKind::kLabels;
  for (size_t i = 0; i < manifest.entries.size(); ++i) {
    manifest.entries[i].class_index = 0;
    if (i % 3 != 2) manifest.entries[i].labels = {static_cast<int>(i % 3)};
  }
  manifest.entries[0].labels = {0, 1};
  return manifest;
}

DatasetManifest WithNumbers() {
  DatasetManifest manifest = Example();
  manifest.targets = TargetKind::kNumbers;
  manifest.classes.clear();
  manifest.numbers = {"age", "height"};
  for (size_t i = 0; i < manifest.entries.size(); ++i) {
    manifest.entries[i].class_index = 0;
    manifest.entries[i].numbers = {0.1 * static_cast<double>(i), -1e-300};
  }
  return manifest;
}

DatasetManifest WithGroups() {
  DatasetManifest manifest = Example();
  manifest.entries[0].group = "patient 1";
  return manifest;
}

TEST(DatasetManifestTest, TargetsOfEveryKindAreKept) {
  for (const DatasetManifest& manifest : {WithLabels(), WithNumbers(), WithGroups()}) {
    const std::string json = DatasetManifestToJson(manifest);
    EXPECT_EQ(nlohmann::json::parse(json).at("format"), 2);
    const absl::StatusOr<DatasetManifest> read = DatasetManifestFromJson(json);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->targets, manifest.targets);
    EXPECT_EQ(read->numbers, manifest.numbers);
    for (size_t i = 0; i < manifest.entries.size(); ++i) {
      EXPECT_EQ(read->entries[i].class_index, manifest.entries[i].class_index);
      EXPECT_EQ(read->entries[i].labels, manifest.entries[i].labels);
      EXPECT_EQ(read->entries[i].numbers, manifest.entries[i].numbers);
      EXPECT_EQ(read->entries[i].group, manifest.entries[i].group);
    }
    EXPECT_EQ(DatasetManifestToJson(*read), json);
    EXPECT_EQ(DatasetDigest(*read), DatasetDigest(manifest));
  }
  EXPECT_EQ(WithLabels().CountOf(0), 2);
  EXPECT_EQ(WithLabels().CountOf(1), 3);
}

TEST(DatasetDigestTest, TargetsAndGroupsMatter) {
  const std::string labels = DatasetDigest(WithLabels());
  DatasetManifest changed = WithLabels();
  changed.entries[1].labels = {};
  EXPECT_NE(DatasetDigest(changed), labels);
  changed = WithLabels();
  changed.entries[1].group = "g";
  EXPECT_NE(DatasetDigest(changed), labels);
  const std::string numbers = DatasetDigest(WithNumbers());
  changed = WithNumbers();
  changed.entries[1].numbers[0] = std::nextafter(changed.entries[1].numbers[0], 1);
  EXPECT_NE(DatasetDigest(changed), numbers);
  changed = WithNumbers();
  changed.numbers[0] = "weight";
  EXPECT_NE(DatasetDigest(changed), numbers);
  changed = WithNumbers();
  std::reverse(changed.entries.begin(), changed.entries.end());
  EXPECT_EQ(DatasetDigest(changed), numbers);
}

TEST(DatasetManifestTest, BadTargetsAreRefused) {
  const struct {
    DatasetManifest manifest;
    std::function<void(nlohmann::json&)> damage;
    const char* message;
  } cases[] = {
      {WithLabels(),
       [](auto& j) {
         j["entries"][0]["labels"] = {0, 2};
       },
       "unknown label"},
      {WithLabels(), [](auto& j) { j["entries"][0]["labels"] = {-1}; }, "unknown label"},
      {WithLabels(),
       [](auto& j) {
         j["entries"][0]["labels"] = {1, 0};
       },
       "out of order"},
      {WithLabels(), [](auto& j) { j["entries"][0]["labels"] = {0.5}; }, "labels"},
      {WithLabels(), [](auto& j) { j["targets"] = "boxes"; }, "unknown kind"},
      {WithLabels(), [](auto& j) { j["classes"] = nlohmann::json::array(); }, "names"},
      {WithNumbers(), [](auto& j) { j["entries"][0]["numbers"] = {1}; }, "too few"},
      {WithNumbers(),
       [](auto& j) {
         j["entries"][0]["numbers"] = {1, "2"};
       },
       "number"},
      {WithNumbers(), [](auto& j) { j["numbers"] = nlohmann::json::array(); }, "names"},
      {WithGroups(), [](auto& j) { j["entries"][0].erase("group"); }, "group"},
      {WithGroups(), [](auto& j) { j["entries"][0]["class"] = 7; }, "unknown class"},
  };
  for (const auto& [manifest, damage, message] : cases) {
    nlohmann::json json = nlohmann::json::parse(DatasetManifestToJson(manifest));
    damage(json);
    const absl::Status status = DatasetManifestFromJson(json.dump()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status << message;
    EXPECT_THAT(std::string(status.message()), HasSubstr(message));
  }
}

struct BadManifest {
  const char* title;
  std::function<void(nlohmann::json&)> damage;
  const char* message;
};

void PrintTo(const BadManifest& bad, std::ostream* out) { *out << bad.title; }

class BadManifestTest : public testing::TestWithParam<BadManifest> {};

TEST_P(BadManifestTest, IsRefusedWithTheCause) {
  nlohmann::json json = nlohmann::json::parse(DatasetManifestToJson(Example()));
  GetParam().damage(json);
  const absl::StatusOr<DatasetManifest> read = DatasetManifestFromJson(json.dump());
  EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument) << read.status();
  EXPECT_THAT(std::string(read.status().message()), HasSubstr("dataset manifest: "));
  EXPECT_THAT(std::string(read.status().message()), HasSubstr(GetParam().message));
}

template <typename T>
std::function<void(nlohmann::json&)> SetEntry(const char* key, T value) {
  return [=](nlohmann::json& json) { json["entries"][0][key] = value; };
}

std::vector<BadManifest> BadManifests() {
  std::vector<BadManifest> all = {
      {"NotAnObject", [](nlohmann::json& j) { j = nlohmann::json::array(); }, "not a JSON object"},
      {"NewerFormat", [](nlohmann::json& j) { j["format"] = 3; }, "newer graft"},
      {"Format2WithoutTargets", [](nlohmann::json& j) { j["format"] = 2; }, "targets"},
      {"ClassesAreNumbers",
       [](nlohmann::json& j) {
         j["classes"] = {1, 2};
       },
       "must be string"},
      {"EntriesAreNoObjects", [](nlohmann::json& j) { j["entries"] = {1}; }, "number"},
      {"EntryWithoutHash", [](nlohmann::json& j) { j["entries"][0].erase("sha256"); }, "sha256"},
      {"HashIsNoHash", SetEntry("sha256", "12"), "sha256"},
      {"UnknownSplit", SetEntry("split", "training"), "unknown split"},
      {"UnknownClass", SetEntry("class", 2), "unknown class"},
      {"NegativeClass", SetEntry("class", -1), "unknown class"},
      {"HalfAClass", SetEntry("class", 0.5), "class"},
      {"ClassBeyondInt", SetEntry("class", int64_t{1} << 32), "class"},
      {"NoBytes", SetEntry("length", 0), "outside images.bin"},
      {"BehindTheEnd", SetEntry("offset", 51), "outside images.bin"},
      {"NegativeOffset", SetEntry("offset", -1), "offset"},
      {"OffsetAndLengthOverflow", SetEntry("length", UINT64_MAX), "outside images.bin"},
      {"OffsetBeyondAllIntegers", SetEntry("offset", 1e300), "offset"},
      {"NoWidth", SetEntry("width", 0), "width"},
      {"TextForHeight", SetEntry("height", "3"), "height"},
  };
  for (const char* key :
       {"format", "classes", "entries", "skipped", "skipped_total", "warnings", "bytes"}) {
    all.push_back({key, [=](nlohmann::json& j) { j.erase(key); }, key});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, BadManifestTest, testing::ValuesIn(BadManifests()),
                         [](const testing::TestParamInfo<BadManifest>& bad) {
                           return std::string(bad.param.title);
                         });

TEST(DatasetManifestTest, TextThatIsNoJsonIsRefused) {
  for (const char* text : {"", "{", "null", "{\"format\":1}x", "\xFF"}) {
    EXPECT_EQ(DatasetManifestFromJson(text).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace graft::data
