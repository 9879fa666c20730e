#include "core/data/ingest.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/base/status_details.h"
#include "core/data/dataset_reader.h"
#include "core/image/encode.h"
#include "tests/fakes/archive_builder.h"

namespace graft::data {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A picture of one colour: a different one for each `seed`.
image::Image Plain(int seed) {
  image::Image image = image::MakeImage(8, 6);
  for (size_t i = 0; i < image.rgb.size(); ++i) {
    image.rgb[i] = static_cast<uint8_t>((seed * 37 + static_cast<int>(i % 3) * 80) % 256);
  }
  return image;
}

std::string Png(int seed) { return image::EncodePng(Plain(seed)).value(); }
std::string Jpeg(int seed) { return image::EncodeJpeg(Plain(seed)).value(); }

// Two classes of `each` images.
std::vector<FakeEntry> CatsAndDogs(int each = 25) {
  std::vector<FakeEntry> entries;
  for (int i = 0; i < each; ++i) {
    entries.push_back({"cats/" + std::to_string(100 + i) + ".png", Png(i)});
    entries.push_back({"dogs/" + std::to_string(100 + i) + ".jpg", Jpeg(100 + i)});
  }
  return entries;
}

class IngestTest : public testing::Test {
 protected:
  absl::StatusOr<DatasetManifest> Ingest(const std::string& archive,
                                         const IngestOptions& options = {},
                                         const std::function<bool()>& abandoned = nullptr) {
    WriteTestFile(folder_.path() / "archive", archive);
    std::filesystem::remove(Images());
    return IngestDataset(folder_.path() / "archive", given_, Images(), options, abandoned);
  }

  absl::StatusOr<DatasetManifest> IngestTar(const std::vector<FakeEntry>& entries,
                                            const IngestOptions& options = {}) {
    return Ingest(MakeArchive(ArchiveFormat::kTar, entries), options);
  }

  std::filesystem::path Images() const { return folder_.path() / "images.bin"; }

  GivenManifest given_;

 private:
  const TempDirectory folder_ = TempDirectory::Create().value();
};

TEST_F(IngestTest, ImagesAreStoredAsTheyCame) {
  const std::vector<FakeEntry> entries = CatsAndDogs();
  const absl::StatusOr<DatasetManifest> manifest = IngestTar(entries);
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_THAT(manifest->classes, ElementsAre("cats", "dogs"));
  EXPECT_EQ(manifest->CountOf(0), 25);
  EXPECT_EQ(manifest->CountOf(1), 25);
  EXPECT_EQ(manifest->skipped_total, 0);
  EXPECT_THAT(manifest->warnings, IsEmpty());
  EXPECT_TRUE(std::is_sorted(manifest->entries.begin(), manifest->entries.end(),
                             [](const auto& a, const auto& b) { return a.name < b.name; }));

  const absl::StatusOr<std::unique_ptr<DatasetReader>> reader =
      DatasetReader::Open(Images(), DatasetManifestToJson(*manifest), DatasetDigest(*manifest));
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->digest(), DatasetDigest(*manifest));
  ASSERT_EQ((*reader)->size(), 50);
  for (int i = 0; i < 50; ++i) {
    const DatasetEntry& entry = (*reader)->manifest().entries[i];
    const auto given = std::find_if(entries.begin(), entries.end(),
                                    [&](const FakeEntry& e) { return e.name == entry.name; });
    ASSERT_NE(given, entries.end()) << entry.name;
    EXPECT_EQ((*reader)->Encoded(i), given->bytes);
    EXPECT_EQ(entry.sha256, Sha256Hex(given->bytes));
    EXPECT_EQ(entry.class_index, given->name[0] == 'c' ? 0 : 1);
    EXPECT_EQ(entry.width, 8);
    EXPECT_EQ(entry.height, 6);
    const absl::StatusOr<image::Image> image = (*reader)->Decode(i);
    ASSERT_TRUE(image.ok()) << image.status();
    EXPECT_EQ(image->width, 8);
  }
}

TEST_F(IngestTest, DigestIsThatOfTheContentHoweverPacked) {
  std::vector<FakeEntry> entries = CatsAndDogs(3);
  const std::string digest = DatasetDigest(IngestTar(entries).value());
  for (const ArchiveFormat format : {ArchiveFormat::kTarGz, ArchiveFormat::kZip}) {
    EXPECT_EQ(DatasetDigest(Ingest(MakeArchive(format, entries)).value()), digest);
  }
  std::reverse(entries.begin(), entries.end());
  EXPECT_EQ(DatasetDigest(IngestTar(entries).value()), digest);

  std::vector<FakeEntry> with_junk = entries;
  with_junk.push_back({"cats/.DS_Store", "junk"});
  with_junk.push_back({"README.txt", "text"});
  EXPECT_EQ(DatasetDigest(IngestTar(with_junk).value()), digest);

  std::vector<FakeEntry> changed = entries;
  changed[0].bytes = Jpeg(200);
  EXPECT_NE(DatasetDigest(IngestTar(changed).value()), digest);
  std::vector<FakeEntry> moved = entries;
  moved[0].name = "cats/moved.jpg";
  EXPECT_NE(DatasetDigest(IngestTar(moved).value()), digest);
}

TEST_F(IngestTest, FoldersOfThePartsAreKept) {
  const absl::StatusOr<DatasetManifest> manifest =
      IngestTar({{"train/a/1.png", Png(1)}, {"train/b/1.png", Png(2)}, {"val/a/1.png", Png(3)}});
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_THAT(manifest->classes, ElementsAre("a", "b"));
  EXPECT_EQ(manifest->entries[0].split, Split::kTrain);
  EXPECT_EQ(manifest->entries[2].split, Split::kValidation);
}

TEST_F(IngestTest, WhatIsNoImageIsSkippedAndSaid) {
  std::vector<FakeEntry> entries = CatsAndDogs();
  entries.push_back({"cats/notes.txt", "no picture"});
  entries.push_back({"dogs/.DS_Store", "junk"});
  entries.push_back({"__MACOSX/dogs/._1.jpg", "junk"});
  entries.push_back({"more.zip", "PK\x03\x04"});
  entries.push_back({"cats/picture-without-ending", Png(77)});
  const absl::StatusOr<DatasetManifest> manifest = IngestTar(entries);
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->entries.size(), 51u);
  EXPECT_EQ(manifest->skipped_total, 4);
  const auto skipped = [](const char* name, const char* reason) {
    return AllOf(testing::Field(&SkippedEntry::name, name),
                 testing::Field(&SkippedEntry::reason, reason));
  };
  EXPECT_THAT(
      manifest->skipped,
      testing::UnorderedElementsAre(
          skipped("cats/notes.txt", "not an image"), skipped("dogs/.DS_Store", "a hidden file"),
          skipped("__MACOSX/dogs/._1.jpg", "a hidden file"),
          skipped("more.zip", "an archive within the archive, which is not unpacked")));
}

TEST_F(IngestTest, OnlyTheFirstSkippedAreNamedButAllAreCounted) {
  std::vector<FakeEntry> entries = CatsAndDogs();
  for (int i = 0; i < 7; ++i) entries.push_back({"cats/." + std::to_string(i), ""});
  IngestOptions options;
  options.max_skipped_listed = 3;
  const absl::StatusOr<DatasetManifest> manifest = IngestTar(entries, options);
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->skipped.size(), 3u);
  EXPECT_EQ(manifest->skipped_total, 7);
}

TEST_F(IngestTest, AFewBrokenImagesAreLeftOutAndNamed) {
  std::vector<FakeEntry> entries = CatsAndDogs();  // 50 good ones
  entries.push_back({"cats/cut.png", Png(9).substr(0, 40)});
  entries.push_back({"cats/empty.jpg", ""});
  entries.push_back({"dogs/vector.gif", "GIF89a and more"});
  const absl::StatusOr<DatasetManifest> manifest = IngestTar(entries);
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->entries.size(), 50u);
  EXPECT_EQ(manifest->skipped_total, 3);
  ASSERT_EQ(manifest->skipped.size(), 3u);
  EXPECT_EQ(manifest->skipped[0].name, "cats/cut.png");
  EXPECT_THAT(manifest->skipped[0].reason, HasSubstr("truncated PNG"));
  EXPECT_EQ(manifest->skipped[1].reason, "the image is empty");
  EXPECT_THAT(manifest->skipped[2].reason, HasSubstr("GIF is not supported"));
}

TEST_F(IngestTest, BrokenShareIsALimit) {
  std::vector<FakeEntry> entries = CatsAndDogs(9);  // 18 good ones
  entries.push_back({"cats/bad1.png", "x"});
  entries.push_back({"cats/bad2.png", "x"});
  EXPECT_TRUE(IngestTar(entries).ok());  // 2 of 20: exactly a tenth
  entries.push_back({"cats/bad3.png", "x"});
  const absl::Status status = IngestTar(entries).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("3 of 21 images cannot be read"),
                                                   HasSubstr("cats/bad1.png: not an image"),
                                                   HasSubstr("cats/bad3.png: the same")));
  for (int i = 4; i < 10; ++i) entries.push_back({"cats/bad" + std::to_string(i) + ".png", "x"});
  const absl::Status more = IngestTar(entries).status();
  EXPECT_THAT(std::string(more.message()),
              AllOf(HasSubstr("9 of 27"), HasSubstr("and 4 more"), Not(HasSubstr("bad6"))));
}

TEST_F(IngestTest, AllImagesBrokenIsRefused) {
  const absl::Status status = IngestTar({{"a/1.png", "x"}, {"b/1.png", "x"}}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("2 of 2 images cannot be read"));
}

// Not silently a model with a class less than the user has.
TEST_F(IngestTest, AClassWhoseImagesAreAllBrokenIsRefused) {
  std::vector<FakeEntry> entries = CatsAndDogs();
  entries.push_back({"birds/young/1.jpg", Jpeg(1).substr(0, 200)});
  for (const ArchiveFormat format : {ArchiveFormat::kTar, ArchiveFormat::kZip}) {
    const absl::Status status = Ingest(MakeArchive(format, entries)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr("class folder 'birds'"), HasSubstr("birds/young/1.jpg")));
  }
}

TEST_F(IngestTest, AnEmptyClassFolderIsRefused) {
  std::vector<FakeEntry> entries = CatsAndDogs(2);
  entries.push_back({"birds", "", FakeEntryType::kFolder});
  EXPECT_THAT(std::string(IngestTar(entries).status().message()),
              HasSubstr("class folder 'birds' has no images"));
}

TEST_F(IngestTest, NoImagesAtAllIsRefused) {
  EXPECT_THAT(std::string(IngestTar({{"a.txt", "x"}}).status().message()), HasSubstr("no images"));
}

TEST_F(IngestTest, TooManyClassesAreRefused) {
  IngestOptions options;
  options.max_classes = 2;
  std::vector<FakeEntry> entries = CatsAndDogs(2);
  EXPECT_TRUE(IngestTar(entries, options).ok());
  entries.push_back({"birds/1.png", Png(5)});
  EXPECT_EQ(IngestTar(entries, options).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(IngestTest, TheSamePictureInTwoClassesIsWarnedOf) {
  std::vector<FakeEntry> entries = CatsAndDogs();
  entries.push_back({"cats/twin.png", Png(500)});
  entries.push_back({"cats/twin2.png", Png(500)});
  EXPECT_THAT(IngestTar(entries)->warnings, IsEmpty());  // in one class: harmless
  entries.push_back({"dogs/twin.png", Png(500)});
  EXPECT_THAT(IngestTar(entries)->warnings,
              ElementsAre("the same picture is in two classes: 'cats/twin.png' and "
                          "'dogs/twin.png'"));
}

TEST_F(IngestTest, FewImagesAndUnequalClassesAreWarnedOf) {
  std::vector<FakeEntry> entries = CatsAndDogs();
  entries.push_back({"birds/1.png", Png(5)});
  EXPECT_THAT(IngestTar(entries)->warnings, Contains(HasSubstr("class 'birds' has only 1 image")));
  EXPECT_THAT(IngestTar(entries)->warnings,
              Contains(HasSubstr("the largest class has 25 images, 'birds' 1")));
}

// A folder packed by macOS and by Linux is one dataset.
TEST_F(IngestTest, DigestDoesNotDependOnHowAccentsAreWritten) {
  const auto with = [](const std::string& cafe) {
    return std::vector<FakeEntry>{{cafe + "/1.png", Png(1)}, {"dogs/1.png", Png(2)}};
  };
  const DatasetManifest composed = IngestTar(with("Caf\xC3\xA9")).value();
  const DatasetManifest apart = IngestTar(with("Cafe\xCC\x81")).value();
  EXPECT_THAT(apart.classes, ElementsAre("Caf\xC3\xA9", "dogs"));
  EXPECT_EQ(DatasetDigest(apart), DatasetDigest(composed));
  std::vector<FakeEntry> both = with("Caf\xC3\xA9");
  both.push_back({"Cafe\xCC\x81/2.png", Png(3)});
  EXPECT_EQ(IngestTar(both)->classes.size(), 2u);
}

TEST_F(IngestTest, HardLinksAreTheFileAgain) {
  const DatasetManifest manifest =
      IngestTar({{"cats/1.png", Png(1)},
                 {"dogs/1.png", Png(2)},
                 {"cats/2.png", "dogs/1.png", FakeEntryType::kHardLink},
                 {"cats/3.png", "cats/2.png", FakeEntryType::kHardLink},
                 {"cats/notes.txt", "none.txt", FakeEntryType::kHardLink}})
          .value();
  ASSERT_EQ(manifest.entries.size(), 4u);
  EXPECT_EQ(manifest.entries[1].name, "cats/2.png");
  EXPECT_EQ(manifest.entries[1].sha256, Sha256Hex(Png(2)));
  EXPECT_EQ(manifest.entries[2].name, "cats/3.png");
  EXPECT_EQ(manifest.bytes, Png(1).size() + Png(2).size());  // no byte is there twice
  const auto reader =
      DatasetReader::Open(Images(), DatasetManifestToJson(manifest), DatasetDigest(manifest));
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->Encoded(2), Png(2));
  ASSERT_EQ(manifest.skipped.size(), 1u);
  EXPECT_THAT(manifest.skipped[0].reason, HasSubstr("tar --hard-dereference"));
  IngestOptions few;
  few.max_images = 3;
  EXPECT_EQ(ErrorReason(IngestTar({{"cats/1.png", Png(1)},
                                   {"dogs/1.png", Png(2)},
                                   {"cats/2.png", Png(3)},
                                   {"cats/3.png", "cats/2.png", FakeEntryType::kHardLink}},
                                  few)
                            .status()),
            "TOO_MANY_IMAGES");
}

TEST_F(IngestTest, WhatIsTooLargeIsLeftOutAndNamed) {
  IngestOptions options;
  options.archive.max_entry_bytes = 10'000;
  std::vector<FakeEntry> entries = CatsAndDogs();
  entries.push_back({"cats/film.MOV", std::string(20'000, 'x')});
  entries.push_back({"cats/large.png", std::string(20'000, 'x')});
  const absl::StatusOr<DatasetManifest> manifest = IngestTar(entries, options);
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  ASSERT_EQ(manifest->skipped.size(), 2u);
  EXPECT_EQ(manifest->skipped[0].name, "cats/large.png");
  EXPECT_THAT(manifest->skipped[0].reason, HasSubstr("20000 bytes, at most 10000"));
  EXPECT_THAT(manifest->skipped[1].reason, HasSubstr("a video"));
}

TEST_F(IngestTest, ABrokenPictureIsNamedBeforeHiddenFiles) {
  std::vector<FakeEntry> entries;
  for (int i = 0; i < 121; ++i) entries.push_back({"__MACOSX/cats/._" + std::to_string(i), "x"});
  for (const FakeEntry& entry : CatsAndDogs()) entries.push_back(entry);
  entries.push_back({"cats/cut.png", Png(9).substr(0, 40)});
  const DatasetManifest manifest = IngestTar(entries).value();
  EXPECT_EQ(manifest.skipped_total, 122);
  ASSERT_EQ(manifest.skipped.size(), 4u);
  EXPECT_EQ(manifest.skipped[0].name, "cats/cut.png");
  EXPECT_EQ(manifest.skipped[3].reason, "a hidden file, as 118 more");
}

TEST_F(IngestTest, AClassWithoutAPictureThatCanBeReadIsRefusedHoweverPacked) {
  for (const char* file :
       {"birds/1.dng", "birds/x/1.CR2", "birds/1.mp4", "birds/1.svg", "birds/1", "birds/1.zip"}) {
    std::vector<FakeEntry> entries = CatsAndDogs();
    entries.push_back({file, "II*"});
    for (const ArchiveFormat format : {ArchiveFormat::kTar, ArchiveFormat::kZip}) {
      EXPECT_THAT(std::string(Ingest(MakeArchive(format, entries)).status().message()),
                  HasSubstr("class folder 'birds' has no images that can be read"))
          << file;
    }
  }
}

TEST_F(IngestTest, AClassOfNamesInACodePageIsRefusedWithAdvice) {
  std::vector<FakeEntry> entries = CatsAndDogs();
  entries.push_back({"K\x94ter/1.png", Png(5)});
  const absl::Status status = Ingest(MakeArchive(ArchiveFormat::kZip, entries)).status();
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("class folder 'K?ter' has no images"), HasSubstr("UTF-8 names")));
}

TEST_F(IngestTest, ArchivesWithinTheArchiveAreSaidNotToBeOpened) {
  EXPECT_THAT(
      std::string(IngestTar({{"cats.zip", "PK"}, {"dogs.zip", "PK"}}).status().message()),
      AllOf(HasSubstr("no images"), HasSubstr("2 archives within the archive, as 'cats.zip', are "
                                              "not opened: unpack them first")));
}

TEST_F(IngestTest, WhatStandsForAPictureIsCalledWhatItIs) {
  std::vector<FakeEntry> entries = CatsAndDogs();
  entries.push_back({"cats/page.jpg", "<!DOCTYPE html><html>404</html>"});
  entries.push_back({"cats/text.jpg", "data:image/jpeg;base64,/9j/4AAQSkZJRg"});
  const DatasetManifest manifest = IngestTar(entries).value();
  ASSERT_EQ(manifest.skipped.size(), 2u);
  EXPECT_THAT(manifest.skipped[0].reason, HasSubstr("an HTML page"));
  EXPECT_THAT(manifest.skipped[1].reason, HasSubstr("base64"));
}

TEST_F(IngestTest, AnAbandonedUploadIsCancelled) {
  int polled = 0;
  const absl::Status status = Ingest(MakeArchive(ArchiveFormat::kTar, CatsAndDogs()), {}, [&] {
                                return ++polled == 10;
                              }).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(polled, 10);
}

TEST_F(IngestTest, AnExistingFileIsNotOverwritten) {
  WriteTestFile(Images(), "precious");
  WriteTestFile(Images().parent_path() / "archive",
                MakeArchive(ArchiveFormat::kTar, CatsAndDogs(1)));
  EXPECT_EQ(
      IngestDataset(Images().parent_path() / "archive", {}, Images(), {}, nullptr).status().code(),
      absl::StatusCode::kInternal);
  EXPECT_EQ(ReadFile(Images(), 100).value(), "precious");
}

TEST_F(IngestTest, ALimitOfTheArchiveIsPassedOn) {
  IngestOptions options;
  options.archive.max_entries = 3;
  EXPECT_EQ(IngestTar(CatsAndDogs(2), options).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(IngestTest, FilesThatDoNotBelongTogetherAreDataLoss) {
  const DatasetManifest manifest = IngestTar(CatsAndDogs(2)).value();
  const std::string json = DatasetManifestToJson(manifest);
  const auto open = [&](const std::string& text, const std::string& digest) {
    return DatasetReader::Open(Images(), text, digest).status();
  };
  ASSERT_TRUE(open(json, "").ok());

  EXPECT_EQ(open(json, Sha256Hex("another")).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(open("{}", "").code(), absl::StatusCode::kDataLoss);
  std::string other = json;
  other[json.find(manifest.entries[0].sha256)] ^= 1;
  EXPECT_EQ(open(other, DatasetDigest(manifest)).code(), absl::StatusCode::kDataLoss);

  std::filesystem::resize_file(Images(), manifest.bytes - 1);
  const absl::Status cut = open(json, DatasetDigest(manifest));
  EXPECT_EQ(cut.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(cut.message()), HasSubstr("another size"));
  std::filesystem::remove(Images());
  EXPECT_FALSE(open(json, "").ok());
}

TEST_F(IngestTest, ADamagedImageIsNamedWhenItIsDecoded) {
  const DatasetManifest manifest = IngestTar(CatsAndDogs(1)).value();
  std::string bytes = ReadFile(Images(), 1 << 20).value();
  // In the middle of a JPEG's pixels, which would decode to another picture.
  const DatasetEntry& dog = manifest.entries[1];
  bytes[dog.offset + dog.length - 20] ^= 1;
  WriteTestFile(Images(), bytes);
  const auto reader = DatasetReader::Open(Images(), DatasetManifestToJson(manifest)).value();
  EXPECT_TRUE(reader->Decode(0).ok());
  const absl::Status status = reader->Decode(1).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_EQ(status.message(), dog.name + ": the stored image is not the one that was uploaded");
}

// As an interrupted deletion may leave it: images of the same dataset, of the same length, but in
// the order of another archive.
TEST_F(IngestTest, ImagesInAnotherOrderAreNotTakenForTheManifests) {
  std::vector<FakeEntry> entries = CatsAndDogs(2);
  const DatasetManifest before = IngestTar(entries).value();
  std::reverse(entries.begin(), entries.end());
  const DatasetManifest after = IngestTar(entries).value();
  EXPECT_EQ(DatasetDigest(before), DatasetDigest(after));
  const auto reader = DatasetReader::Open(Images(), DatasetManifestToJson(before)).value();
  EXPECT_EQ(reader->Decode(0).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(IngestTest, WhatWasAcceptedIsDecodedWhateverTheDefaultLimits) {
  IngestOptions options;
  options.image.max_side = 40'000;
  const image::ImageLimits defaults;
  ASSERT_GT(options.image.max_side, defaults.max_side);
  const std::string wide = image::EncodePng(image::MakeImage(options.image.max_side, 1)).value();
  const DatasetManifest manifest =
      IngestTar({{"cats/1.png", wide}, {"dogs/1.png", Png(1)}}, options).value();
  const auto reader = DatasetReader::Open(Images(), DatasetManifestToJson(manifest)).value();
  const absl::StatusOr<image::Image> image = reader->Decode(0);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->width, options.image.max_side);
}

TEST_F(IngestTest, TooManyImagesAreRefusedAtTheFirstTooMany) {
  IngestOptions options;
  options.max_images = 50;
  std::vector<FakeEntry> entries = CatsAndDogs(25);
  entries.push_back({"cats/notes.txt", "no picture"});
  EXPECT_TRUE(IngestTar(entries, options).ok());
  entries.push_back({"cats/one-more.png", Png(77)});
  for (int i = 0; i < 20; ++i) entries.push_back({"cats/" + std::to_string(i) + ".png", Png(i)});
  int polled = 0;
  const absl::Status status = Ingest(MakeArchive(ArchiveFormat::kZip, entries), options, [&] {
                                ++polled;
                                return false;
                              }).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_EQ(ErrorReason(status), "TOO_MANY_IMAGES");
  EXPECT_THAT(std::string(status.message()), HasSubstr("more than 50 images"));
  const int all = polled;
  entries.resize(52);
  (void)Ingest(MakeArchive(ArchiveFormat::kZip, entries), options, [&] {
    ++polled;
    return false;
  });
  EXPECT_EQ(polled - all, all) << "what came behind was unpacked";
}

TEST_F(IngestTest, TheDisksReserveIsKept) {
  IngestOptions options;
  options.min_free_disk_bytes = 1000;
  options.free_disk_bytes = [this](const std::filesystem::path& folder) {
    EXPECT_EQ(folder, Images().parent_path());
    return uint64_t{1010};
  };
  const absl::Status status = IngestTar(CatsAndDogs(2), options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_EQ(ErrorReason(status), "DISK_FULL");
  options.min_free_disk_bytes = 10;
  EXPECT_TRUE(IngestTar(CatsAndDogs(2), options).ok());
  EXPECT_EQ(ErrorReason(absl::InternalError("x")), "");
}

}  // namespace
}  // namespace graft::data
