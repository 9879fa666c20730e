// Archives whose manifest says what the pictures show.
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/files.h"
#include "core/data/dataset_reader.h"
#include "core/data/ingest.h"
#include "core/image/encode.h"
#include "tests/fakes/archive_builder.h"

namespace graft::data {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

std::string Png(int seed) {
  image::Image image = image::MakeImage(4, 3);
  for (uint8_t& value : image.rgb) value = static_cast<uint8_t>(seed);
  return image::EncodePng(image).value();
}

class IngestManifestTest : public testing::Test {
 protected:
  absl::StatusOr<DatasetManifest> Ingest(const std::vector<FakeEntry>& entries,
                                         const GivenManifest& given = {},
                                         const IngestOptions& options = {}) {
    WriteTestFile(folder_.path() / "archive", MakeArchive(ArchiveFormat::kTar, entries));
    std::filesystem::remove(Images());
    return IngestDataset(folder_.path() / "archive", given, Images(), options, nullptr);
  }
  // Four pictures at the root of `folder`, and `more`.
  static std::vector<FakeEntry> Four(const std::string& folder = "",
                                     std::vector<FakeEntry> more = {}) {
    for (int i = 1; i <= 4; ++i) {
      more.push_back({folder + std::to_string(i) + ".png", Png(i)});
    }
    return more;
  }
  std::string Refused(const std::vector<FakeEntry>& entries, const GivenManifest& given = {}) {
    const absl::Status status = Ingest(entries, given).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    return std::string(status.message());
  }
  std::filesystem::path Images() const { return folder_.path() / "images.bin"; }

 private:
  const TempDirectory folder_ = TempDirectory::Create().value();
};

constexpr char kClasses[] = "path,label\n1.png,cat\n2.png,dog\n3.png,cat\n4.png,dog\n";

TEST_F(IngestManifestTest, GivesEachPictureItsLabelFromAnywhere) {
  const std::vector<std::pair<std::vector<FakeEntry>, GivenManifest>> uploads = {
      {Four("", {{"manifest.csv", kClasses}}), {}},
      {Four("", {{"labels.csv", kClasses}}), {}},
      {Four(), {"pets.csv", kClasses}},
      {Four("", {{"manifest.csv", "path,label\n1.png,x\n2.png,y\n"}}), {"pets.csv", kClasses}},
  };
  std::string digest;
  for (const auto& [entries, given] : uploads) {
    const absl::StatusOr<DatasetManifest> manifest = Ingest(entries, given);
    ASSERT_TRUE(manifest.ok()) << manifest.status();
    EXPECT_EQ(manifest->targets, TargetKind::kClass);
    EXPECT_THAT(manifest->classes, ElementsAre("cat", "dog"));
    ASSERT_EQ(manifest->entries.size(), 4u);
    EXPECT_EQ(manifest->entries[1].class_index, 1);
    if (digest.empty()) digest = DatasetDigest(*manifest);
    EXPECT_EQ(DatasetDigest(*manifest), digest);
    const auto reader = DatasetReader::Open(Images(), DatasetManifestToJson(*manifest), digest);
    ASSERT_TRUE(reader.ok()) << reader.status();
    EXPECT_TRUE((*reader)->Decode(3).ok());
  }
}

TEST_F(IngestManifestTest, PathsAreFromItsFolderOrTheRoot) {
  for (const std::string& prefix : {std::string(), std::string("photos/")}) {
    std::string csv = "path,label\n";
    for (int i = 1; i <= 4; ++i)
      csv += prefix + std::to_string(i) + ".png," + (i < 3 ? "a\n" : "b\n");
    const auto inside = Ingest(Four("photos/", {{"photos/manifest.csv", csv}}));
    EXPECT_TRUE(inside.ok()) << inside.status();
    const auto beside = Ingest(Four("photos/"), {"m.csv", csv});
    EXPECT_TRUE(beside.ok()) << beside.status();
  }
}

TEST_F(IngestManifestTest, LabelsNumbersAndGroupsAreStored) {
  const DatasetManifest labels =
      Ingest(Four("", {{"metadata.jsonl",
                        "{\"file_name\": \"1.png\", \"labels\": [\"sea\", \"sky\"]}\n"
                        "{\"file_name\": \"2.png\", \"labels\": [\"sky\"], \"group\": 7}\n"
                        "{\"file_name\": \"3.png\", \"labels\": [], \"split\": \"test\"}\n"
                        "{\"file_name\": \"4.png\", \"labels\": [\"sea\"]}\n"}}))
          .value();
  EXPECT_EQ(labels.targets, TargetKind::kLabels);
  EXPECT_THAT(labels.entries[0].labels, ElementsAre(0, 1));
  EXPECT_EQ(labels.entries[1].group, "7");
  EXPECT_EQ(labels.entries[2].split, Split::kTest);
  const DatasetManifest numbers =
      Ingest(Four(), {"m.csv", "path,number:age\n1.png,1\n2.png,2.5\n3.png,3\n4.png,4\n"}).value();
  EXPECT_EQ(numbers.targets, TargetKind::kNumbers);
  EXPECT_THAT(numbers.numbers, ElementsAre("age"));
  EXPECT_THAT(numbers.entries[1].numbers, ElementsAre(2.5));
}

TEST_F(IngestManifestTest, PicturesWithoutARowAreLeftOutAndNamed) {
  const DatasetManifest manifest =
      Ingest(Four(), {"m.csv", "path,label\n1.png,a\n2.png,b\n"}).value();
  EXPECT_EQ(manifest.entries.size(), 2u);
  EXPECT_EQ(manifest.skipped_total, 2);
  EXPECT_EQ(manifest.skipped[0].name, "3.png");
  EXPECT_EQ(manifest.skipped[0].reason, "not in m.csv");
}

TEST_F(IngestManifestTest, RowsWithoutAFileAreRefusedWithTheirLines) {
  EXPECT_THAT(Refused(Four(), {"m.csv", "path,label\n1.png,a\n2.png,b\n9.png,a\n2,b\n3.PNG,a\n"}),
              AllOf(HasSubstr("m.csv: 3 rows name files that are not among the archive's images"),
                    HasSubstr("line 4: '9.png'; "), HasSubstr("line 5: '2' (is '2.png' meant?)"),
                    HasSubstr("line 6: '3.PNG' (is '3.png' meant?)")));
}

TEST_F(IngestManifestTest, ABrokenPictureIsLeftOutButNotALabel) {
  std::vector<FakeEntry> entries;
  std::string csv = "path,label\n";
  for (int i = 0; i < 20; ++i) {
    const std::string name = std::to_string(i) + ".png";
    entries.push_back({name, i == 7 ? "x" : Png(i)});
    csv += name + (i % 2 == 0 ? ",a\n" : ",b\n");
  }
  const DatasetManifest manifest = Ingest(entries, {"m.csv", csv}).value();
  EXPECT_EQ(manifest.entries.size(), 19u);
  EXPECT_EQ(manifest.skipped[0].name, "7.png");
  csv.replace(csv.find("7.png,b"), 7, "7.png,c");
  EXPECT_THAT(Refused(entries, {"m.csv", csv}),
              AllOf(HasSubstr("label 'c' has no image to train on"), HasSubstr("7.png")));
  for (int i = 0; i < 5; ++i) entries[i].bytes = "x";
  EXPECT_THAT(Refused(entries, {"m.csv", csv}), HasSubstr("label 'c'"));
  csv.replace(csv.find("7.png,c"), 7, "7.png,b");
  EXPECT_THAT(Refused(entries, {"m.csv", csv}), HasSubstr("6 of 20 images cannot be read"));
}

// A table called labels.csv may be about anything; classes in folders are as good as before.
TEST_F(IngestManifestTest, ATableThatIsNoManifestHindersNobody) {
  const std::vector<FakeEntry> folders = {{"cats/1.png", Png(1)}, {"dogs/1.png", Png(2)}};
  const auto with = [&](const std::string& name, const std::string& text) {
    std::vector<FakeEntry> entries = folders;
    entries.push_back({name, text});
    return entries;
  };
  const std::string plain = DatasetDigest(Ingest(folders).value());
  EXPECT_EQ(DatasetDigest(Ingest(with("labels.csv", "id,breed\n1,pug\n")).value()), plain);
  EXPECT_EQ(DatasetDigest(Ingest(with("cats/manifest.csv", "path,label\n1.png,a\n")).value()),
            plain);
  const DatasetManifest warned =
      Ingest(with("metadata.csv", "filename,license\ncats/1.png,CC0\n")).value();
  EXPECT_EQ(DatasetDigest(warned), plain);
  EXPECT_THAT(warned.warnings,
              Contains(HasSubstr("not taken for a manifest: metadata.csv: line 1")));
  EXPECT_THAT(Refused(with("manifest.csv", "filename,license\ncats/1.png,CC0\n")),
              HasSubstr("unknown column 'license'"));
  EXPECT_THAT(Refused(Four("", {{"labels.csv", kClasses}, {"metadata.csv", kClasses}})),
              HasSubstr("are both manifests"));
  EXPECT_TRUE(Ingest(Four("", {{"labels.csv", kClasses}, {"manifest.csv", kClasses}})).ok());
}

TEST_F(IngestManifestTest, ManifestsAreBoundedByOptions) {
  IngestOptions options;
  options.manifest.max_bytes = 20;
  EXPECT_THAT(std::string(Ingest(Four(), {"m.csv", kClasses}, options).status().message()),
              HasSubstr("at most 20 are allowed"));
  options = {};
  options.max_classes = 1;
  EXPECT_THAT(std::string(Ingest(Four(), {"m.csv", kClasses}, options).status().message()),
              HasSubstr("more than 1 different labels"));
}

}  // namespace
}  // namespace graft::data
