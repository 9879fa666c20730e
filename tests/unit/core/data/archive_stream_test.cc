#include "core/data/archive_stream.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/files.h"
#include "tests/fakes/archive_builder.h"

namespace graft::data {
namespace {

using testing::HasSubstr;

class ArchiveStreamTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<ArchiveStream>> Open(const std::string& bytes,
                                                      ArchiveStream::Options options = Plenty()) {
    WriteTestFile(folder_.path() / "upload", bytes);
    return ArchiveStream::Open(folder_.path() / "upload", std::move(options));
  }

  // All pieces, or the error that ended them.
  absl::StatusOr<std::string> ReadAll(const std::string& bytes,
                                      ArchiveStream::Options options = Plenty()) {
    const auto stream = Open(bytes, std::move(options));
    if (!stream.ok()) return stream.status();
    std::string all;
    while (true) {
      const absl::StatusOr<absl::string_view> piece = (*stream)->Next();
      if (!piece.ok()) {
        EXPECT_EQ((*stream)->Next().status(), piece.status()) << "an error stays";
        return piece.status();
      }
      if (piece->empty()) break;
      all.append(piece->data(), piece->size());
    }
    EXPECT_EQ((*stream)->given(), all.size());
    return all;
  }

  static ArchiveStream::Options Plenty() { return {uint64_t{1} << 30, 1000, nullptr}; }

  const TempDirectory folder_ = TempDirectory::Create().value();
};

TEST_F(ArchiveStreamTest, GivesTheFileAndUnpacksAGzip) {
  const std::string tar = TarEntry("a", std::string(200'000, 'x')) + TarEnd();
  EXPECT_EQ(ReadAll(tar).value(), tar);
  EXPECT_EQ(ReadAll(Gzip(tar)).value(), tar);
  EXPECT_EQ(Open(Gzip(tar)).value()->format(), ArchiveFormat::kTarGz);
}

TEST_F(ArchiveStreamTest, GzipsInARowAndTheirPaddingAreReadToTheEnd) {
  const std::string tar = TarEntry("a", "1") + TarEnd();
  std::string bytes = Gzip(tar.substr(0, 700));
  for (int i = 0; i < 10'000; ++i) bytes += Gzip("");
  bytes += Gzip(tar.substr(700)) + std::string(100'000, '\0');
  EXPECT_EQ(ReadAll(bytes).value(), tar);
}

TEST_F(ArchiveStreamTest, SeeksInAFileButNotInAGzip) {
  const auto stream = Open("0123456789").value();
  ASSERT_TRUE(stream->Seek(7).ok());
  EXPECT_EQ(stream->Next().value(), "789");
  EXPECT_FALSE(stream->Seek(11).ok());
  EXPECT_FALSE(Open(Gzip("x")).value()->Seek(0).ok());
}

TEST_F(ArchiveStreamTest, LimitsAreOnWhatComesOut) {
  const std::string zeros(100 << 20, '\0');
  ArchiveStream::Options options = Plenty();
  options.max_unpacked_bytes = 1 << 20;
  EXPECT_EQ(ReadAll(Gzip(zeros), options).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(ReadAll(Gzip(zeros.substr(0, 1 << 20)), options).ok());
  options = Plenty();
  options.max_ratio = 100;
  const absl::Status ratio = ReadAll(Gzip(zeros), options).status();
  EXPECT_EQ(ratio.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(ratio.message()), HasSubstr("100 times its size"));
}

// Members that hold nothing give no piece to poll at.
TEST_F(ArchiveStreamTest, IsAbandonedEvenWhereNothingComesOut) {
  std::string bytes;
  const std::string empty = Gzip("");
  while (bytes.size() < 1 << 20) bytes += empty;
  ArchiveStream::Options options = Plenty();
  int polled = 0;
  options.abandoned = [&] { return ++polled == 3; };
  EXPECT_EQ(ReadAll(bytes, options).status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(polled, 3);
}

TEST(ArchiveFormatTest, IsThatOfTheFirstBytes) {
  const TempDirectory folder = TempDirectory::Create().value();
  for (const ArchiveFormat format :
       {ArchiveFormat::kTar, ArchiveFormat::kTarGz, ArchiveFormat::kZip}) {
    for (const std::vector<FakeEntry>& entries :
         {std::vector<FakeEntry>{}, std::vector<FakeEntry>{{"PK/1.jpg", "x"}}}) {
      WriteTestFile(folder.path() / "upload", MakeArchive(format, entries));
      EXPECT_EQ(FormatOfArchive(folder.path() / "upload").value(), format)
          << ArchiveFormatName(format);
    }
  }
  EXPECT_EQ(FormatOfArchive(folder.path() / "none").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace graft::data
