// Archives of photographs through a whole server, as a client sends them: what is bad is refused
// with its cause and leaves nothing, and the server goes on.
#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "core/data/dataset_reader.h"
#include "core/image/encode.h"
#include "tests/fakes/archive_builder.h"
#include "tests/unit/server/server_fixture.h"

namespace graft::server {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Png(int seed) {
  image::Image image = image::MakeImage(8, 6);
  std::fill(image.rgb.begin(), image.rgb.end(), static_cast<uint8_t>(seed));
  return image::EncodePng(image).value();
}

std::vector<FakeEntry> CatsAndDogs() {
  return {{"cats/1.png", Png(1)},
          {"cats/2.png", Png(2)},
          {"dogs/1.png", Png(3)},
          {"dogs/2.png", Png(4)}};
}

class DatasetUploadTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    server_.reset();
    config_.max_dataset_images = 6;
    config_.max_dataset_bytes = 96 << 20;
    config_.max_image_bytes = 80 << 20;
    config_.min_free_disk_bytes = 1 << 20;
    ApplicationParts parts;
    parts.ingest = MakeImageFolderIngest(config_, [this](const std::filesystem::path& folder) {
      return disk_is_full_ ? absl::StatusOr<uint64_t>(1 << 19) : FreeDiskBytes(folder);
    });
    parts.backbones = {Net()};
    auto server = Application::Start(config_, logger_.get(), std::move(parts));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    datasets_ = v1::DatasetService::NewStub(grpc::CreateChannel(
        absl::StrCat("127.0.0.1:", server_->port()), grpc::InsecureChannelCredentials()));
  }

  absl::StatusOr<v1::UploadDatasetResponse> Upload(
      const std::string& archive, v1::ArchiveFormat format = v1::ARCHIVE_FORMAT_UNSPECIFIED,
      const v1::UploadManifest& manifest = {}) {
    grpc::ClientContext context;
    v1::UploadDatasetResponse response;
    auto writer = datasets_->UploadDataset(&context, &response);
    v1::UploadDatasetRequest message;
    message.mutable_header()->set_format(format);
    *message.mutable_header()->mutable_manifest() = manifest;
    writer->Write(message);
    constexpr size_t kChunk = 512 << 10;
    for (size_t at = 0; at < archive.size(); at += kChunk) {
      message.set_chunk(archive.substr(at, kChunk));
      if (!writer->Write(message)) break;
    }
    writer->WritesDone();
    const absl::Status status = wire::FromGrpcStatus(writer->Finish());
    if (!status.ok()) return status;
    return response;
  }

  void ExpectNothingLeft() {
    grpc::ClientContext context;
    v1::ListDatasetsResponse listed;
    ASSERT_TRUE(datasets_->ListDatasets(&context, {}, &listed).ok());
    EXPECT_THAT(listed.datasets(), IsEmpty());
    EXPECT_THAT(Files(), IsEmpty());
    EXPECT_TRUE(std::filesystem::is_empty(config_.data_dir / "tmp"));
  }

  void ExpectGoodUploadsWork() {
    for (const data::ArchiveFormat format :
         {data::ArchiveFormat::kTar, data::ArchiveFormat::kTarGz, data::ArchiveFormat::kZip}) {
      const auto uploaded = Upload(MakeArchive(format, CatsAndDogs()));
      ASSERT_TRUE(uploaded.ok()) << uploaded.status();
      EXPECT_EQ(uploaded->created(), format == data::ArchiveFormat::kTar);
      EXPECT_EQ(uploaded->dataset().images(), 4);
    }
    EXPECT_THAT(Files(), SizeIs(2));
  }

  bool disk_is_full_ = false;
};

struct BadDataset {
  const char* title;
  std::function<std::string()> archive;
  const char* message;
  absl::StatusCode code = absl::StatusCode::kInvalidArgument;
  const char* reason = "BAD_ARCHIVE";
  v1::ArchiveFormat format = v1::ARCHIVE_FORMAT_UNSPECIFIED;
};

void PrintTo(const BadDataset& bad, std::ostream* out) { *out << bad.title; }

class BadDatasets : public DatasetUploadTest, public ::testing::WithParamInterface<BadDataset> {};

TEST_P(BadDatasets, AreRefusedWithTheCauseAndLeaveNothing) {
  const auto refused = Upload(GetParam().archive(), GetParam().format);
  EXPECT_EQ(refused.status().code(), GetParam().code) << refused.status();
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr(GetParam().message));
  EXPECT_EQ(ErrorReason(refused.status()), GetParam().reason);
  ExpectNothingLeft();
  ExpectGoodUploadsWork();
}

// The good ones with `more`.
std::string With(data::ArchiveFormat format, const std::vector<FakeEntry>& more) {
  std::vector<FakeEntry> entries = CatsAndDogs();
  entries.insert(entries.end(), more.begin(), more.end());
  return MakeArchive(format, entries);
}

// A header that says 100,000 x 100,000.
std::string PixelBomb() {
  std::string bytes = Png(1);
  for (const size_t at : {size_t{16}, size_t{20}}) {
    bytes.replace(at, 4, std::string("\0\1\x86\xA0", 4));
  }
  return bytes;
}

constexpr data::ArchiveFormat kTar = data::ArchiveFormat::kTar;
constexpr data::ArchiveFormat kTarGz = data::ArchiveFormat::kTarGz;
constexpr data::ArchiveFormat kZip = data::ArchiveFormat::kZip;
constexpr absl::StatusCode kExhausted = absl::StatusCode::kResourceExhausted;

INSTANTIATE_TEST_SUITE_P(
    Archives, BadDatasets,
    ::testing::Values(
        BadDataset{"NotAnArchive", [] { return std::string(5'000, 'x'); },
                   "not a tar, tar.gz or zip archive"},
        BadDataset{"Empty", [] { return std::string(); }, "the archive is empty",
                   absl::StatusCode::kInvalidArgument, ""},
        BadDataset{"NoEntries", [] { return MakeArchive(kZip, {}); }, "the archive is empty"},
        BadDataset{"Truncated",
                   [] {
                     const std::string whole = MakeArchive(kTarGz, CatsAndDogs());
                     return whole.substr(0, whole.size() / 2);
                   },
                   "the archive is truncated"},
        BadDataset{"CutBetweenEntries",
                   [] {
                     std::string tar;
                     for (const FakeEntry& e : CatsAndDogs()) tar += TarEntry(e.name, e.bytes);
                     return tar;
                   },
                   "the end of the tar is missing"},
        BadDataset{"Bomb",
                   [] {
                     return With(kZip, {{"cats/0.png", std::string(70 << 20, '\0')}});
                   },
                   "times its size", kExhausted, ""},
        BadDataset{"BombOfZerosBehindTheEnd",
                   [] { return Gzip(With(kTar, {}) + std::string(70 << 20, '\0')); },
                   "times its size", kExhausted, ""},
        BadDataset{"GzipInGzip", [] { return Gzip(Gzip(With(kTarGz, {}))); },
                   "the archive is compressed twice"},
        BadDataset{"Symlink",
                   [] {
                     return With(kZip, {{"etc", "/etc", FakeEntryType::kSymlink}});
                   },
                   "'etc' is a symbolic link"},
        BadDataset{"HardLinkOutOfTheArchive",
                   [] {
                     return With(kTar, {{"cats/3.png", "../1.png", FakeEntryType::kHardLink}});
                   },
                   "'../1.png' leads out of the archive"},
        BadDataset{"ZipSlip",
                   [] {
                     return With(kZip, {{"../../evil.png", Png(5)}});
                   },
                   "'../../evil.png' leads out of the archive"},
        BadDataset{"AbsolutePath",
                   [] {
                     return With(kTar, {{"/etc/passwd", "x"}});
                   },
                   "'/etc/passwd' is an absolute path"},
        BadDataset{"Encrypted",
                   [] {
                     std::string zip = With(kZip, {});
                     SetZipFlags(zip, kZipEncrypted);
                     return zip;
                   },
                   "'cats/1.png' is encrypted"},
        BadDataset{"DeepPath",
                   [] {
                     std::string deep;
                     for (int i = 0; i < 2'000; ++i) deep += "d/";
                     return With(kTarGz, {{deep + "1.png", "broken"}});
                   },
                   "more than 32 folders"},
        BadDataset{"AnotherFormat", [] { return With(kTarGz, {}); },
                   "header.format: says zip, but the archive is a tar.gz",
                   absl::StatusCode::kInvalidArgument, "", v1::ARCHIVE_FORMAT_ZIP},
        BadDataset{"NotAsCompressedAsItSays", [] { return With(kTar, {}); },
                   "header.format: says tar.gz, but the archive is neither a zip nor compressed",
                   absl::StatusCode::kInvalidArgument, "", v1::ARCHIVE_FORMAT_TAR_GZ}),
    [](const auto& bad) { return bad.param.title; });

INSTANTIATE_TEST_SUITE_P(
    Contents, BadDatasets,
    ::testing::Values(BadDataset{"PixelBomb",
                                 [] {
                                   return With(kZip, {{"cats/0.png", PixelBomb()}});
                                 },
                                 "cats/0.png: the image is 100000 x 100000 pixels"},
                      BadDataset{
                          "AllBroken",
                          [] {
                            return MakeArchive(kTar, {{"cats/1.png", "x"}, {"dogs/1.png", "x"}});
                          },
                          "2 of 2 images cannot be read"},
                      BadDataset{"OneClass",
                                 [] {
                                   return MakeArchive(kTar, {{"cats/1.png", Png(1)}});
                                 },
                                 "only one class, 'cats'"},
                      BadDataset{"EmptyClass",
                                 [] {
                                   return With(kZip, {{"birds", "", FakeEntryType::kFolder}});
                                 },
                                 "class folder 'birds' has no images"},
                      BadDataset{"NoImages",
                                 [] {
                                   return MakeArchive(kTarGz, {{"cats/1.txt", "text"}});
                                 },
                                 "no images"},
                      BadDataset{"TwoRoots",
                                 [] {
                                   return MakeArchive(kTar, {{"photos1/cats/1.png", Png(1)},
                                                             {"photos1/dogs/1.png", Png(2)},
                                                             {"photos2/cats/1.png", Png(3)}});
                                 },
                                 "both have a folder 'cats'"},
                      BadDataset{"ClassesOfTwoSpellings",
                                 [] {
                                   return With(kTar, {{"Cats/3.png", Png(5)}});
                                 },
                                 "class folders 'Cats' and 'cats' differ in case only"},
                      BadDataset{"TooManyImages",
                                 [] {
                                   return With(kTar, {{"cats/3.png", Png(5)},
                                                      {"cats/4.png", Png(6)},
                                                      {"cats/5.png", Png(7)}});
                                 },
                                 "more than 6 images", kExhausted, "TOO_MANY_IMAGES"}),
    [](const auto& bad) { return bad.param.title; });

v1::UploadManifest Manifest(const std::string& name, const std::string& content) {
  v1::UploadManifest manifest;
  manifest.set_name(name);
  manifest.set_content(content);
  return manifest;
}

TEST_F(DatasetUploadTest, AManifestSaysWhatThePicturesShow) {
  const std::string pictures = MakeArchive(
      kZip, {{"1.png", Png(1)}, {"2.png", Png(2)}, {"3.png", Png(3)}, {"unlisted.png", Png(4)}});
  const auto labelled =
      Upload(pictures, v1::ARCHIVE_FORMAT_UNSPECIFIED,
             Manifest("pets.csv", "path,label,split\n1.png,cat,\n2.png,cat,test\n3.png,dog,\n"));
  ASSERT_TRUE(labelled.ok()) << labelled.status();
  EXPECT_EQ(labelled->dataset().images(), 3);
  const auto& classes = labelled->dataset().summary().classification().classes();
  ASSERT_EQ(classes.size(), 2);
  EXPECT_EQ(classes[0].name(), "cat");
  EXPECT_EQ(classes[0].images(), 2);
  EXPECT_EQ(classes[0].test_images(), 1);
  EXPECT_EQ(labelled->dataset().skipped_total(), 1);
}

TEST_F(DatasetUploadTest, AManifestOfLabelsOrNumbersIsLabelledForTheTaskThatLearnsThem) {
  const auto labels =
      Upload(With(kTar, {}), v1::ARCHIVE_FORMAT_UNSPECIFIED,
             Manifest("pets.csv", "path,labels\ncats/1.png,a;b\ncats/2.png,a\ndogs/1.png,[]\n"));
  ASSERT_TRUE(labels.ok()) << labels.status();
  ASSERT_EQ(labels->dataset().summary().multilabel().labels_size(), 2);
  EXPECT_EQ(labels->dataset().summary().multilabel().labels(0).images(), 2);
  EXPECT_EQ(labels->dataset().summary().multilabel().images().images(), 3);

  v1::UploadManifest ages = Manifest("ages.csv", "path,age\ncats/1.png,3.5\ncats/2.png,4\n");
  ages.add_number_columns("age");
  const auto numbers = Upload(With(kTar, {}), v1::ARCHIVE_FORMAT_UNSPECIFIED, ages);
  ASSERT_TRUE(numbers.ok()) << numbers.status();
  ASSERT_EQ(numbers->dataset().summary().regression().numbers_size(), 1);
  EXPECT_EQ(numbers->dataset().summary().regression().numbers(0).mean(), 3.75);
  EXPECT_NE(numbers->dataset().id(), labels->dataset().id());
}

TEST_F(DatasetUploadTest, ABadManifestIsRefusedAndLeavesNothing) {
  const struct {
    v1::UploadManifest manifest;
    const char* message;
  } cases[] = {
      {Manifest("m.csv", "path,label\ncats/1.png,a\nnone.png,b\n"), "line 3: 'none.png'"},
      {Manifest("m.jsonl", "{\"path\": \"cats/1.png\"\n"), "m.jsonl: line 1: not proper JSON"},
      {Manifest("", "path,label\n"), "header.manifest: has content but no name"},
      {Manifest("m.csv", ""), "header.manifest: is empty"},
      {Manifest("../m.csv", "path,label\n"), "header.manifest.name"},
  };
  for (const auto& [manifest, message] : cases) {
    const auto refused = Upload(With(kTar, {}), v1::ARCHIVE_FORMAT_UNSPECIFIED, manifest);
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument) << refused.status();
    EXPECT_THAT(std::string(refused.status().message()), HasSubstr(message));
    ExpectNothingLeft();
  }
  ExpectGoodUploadsWork();
}

TEST_F(DatasetUploadTest, TheRightFormatIsTaken) {
  EXPECT_TRUE(Upload(With(kTarGz, {}), v1::ARCHIVE_FORMAT_TAR_GZ).ok());
  EXPECT_TRUE(Upload(With(kZip, {}), v1::ARCHIVE_FORMAT_ZIP).ok());
  EXPECT_TRUE(Upload(With(kTar, {}), v1::ARCHIVE_FORMAT_TAR).ok());
}

TEST_F(DatasetUploadTest, ADiskThatFillsUpWhileUnpackingLeavesNothing) {
  disk_is_full_ = true;
  const auto refused = Upload(With(kTar, {}));
  EXPECT_EQ(refused.status().code(), kExhausted) << refused.status();
  EXPECT_EQ(ErrorReason(refused.status()), "DISK_FULL");
  EXPECT_TRUE(RetryDelay(refused.status()).has_value());
  ExpectNothingLeft();
  disk_is_full_ = false;
  ExpectGoodUploadsWork();
}

// images.bin of the same dataset, from an archive in another order: the new manifest's offsets are
// not its.
TEST_F(DatasetUploadTest, TheRestOfAHalfDeletedDatasetIsNotPublished) {
  const auto first = Upload(With(kTar, {}));
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string digest = first->dataset().digest();
  const std::vector<std::string> files = Files();
  ASSERT_THAT(files, SizeIs(2));
  const std::filesystem::path images = config_.data_dir / files[0];
  ASSERT_EQ(images.filename(), "images.bin");
  const std::string left = ReadFile(images, 1 << 20).value();
  {
    grpc::ClientContext context;
    v1::DeleteDatasetRequest request;
    request.set_dataset_id(first->dataset().id());
    v1::DeleteDatasetResponse response;
    ASSERT_TRUE(datasets_->DeleteDataset(&context, request, &response).ok());
  }
  std::filesystem::create_directories(images.parent_path());
  ASSERT_TRUE(WriteFileAtomically(images, left).ok());

  std::vector<FakeEntry> reversed = CatsAndDogs();
  std::reverse(reversed.begin(), reversed.end());
  const auto second = Upload(MakeArchive(kTar, reversed));
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_TRUE(second->created());
  EXPECT_EQ(second->dataset().digest(), digest);
  EXPECT_EQ(Files(), files);
  const auto reader = data::DatasetReader::Open(
      images, ReadFile(images.parent_path() / "manifest.json", 1 << 20).value(), digest);
  ASSERT_TRUE(reader.ok()) << reader.status();
  for (int i = 0; i < 4; ++i) EXPECT_TRUE((*reader)->Decode(i).ok()) << i;
}

}  // namespace
}  // namespace graft::server
