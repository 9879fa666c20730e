#include "core/data/dataset_manifest.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/core/data/manifest_builder.h"

namespace graft {
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
      {"NewerFormat", [](nlohmann::json& j) { j["format"] = 2; }, "newer graft"},
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
}  // namespace graft
