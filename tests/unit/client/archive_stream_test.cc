#include "client/lib/archive_stream.h"

#include <fstream>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/base/files.h"
#include "core/data/archive_reader.h"

namespace graft::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

namespace fs = std::filesystem;

class ArchiveStreamTest : public ::testing::Test {
 protected:
  void Put(const std::string& name, const std::string& bytes) {
    const fs::path path = root() / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
  }
  fs::path root() const { return folder_.path() / "photos"; }

  // Streams the folder, and keeps what came.
  absl::Status Stream(size_t chunk_bytes = 1000) {
    chunks_.clear();
    const absl::StatusOr<FolderContent> content = ListFolder(root());
    if (!content.ok()) return content.status();
    return StreamFolderAsTar(root(), *content, chunk_bytes, [&](absl::string_view chunk) {
      chunks_.emplace_back(chunk);
      return true;
    });
  }
  // What the server's reader finds in the stream.
  std::vector<std::pair<std::string, std::string>> Received() {
    const fs::path tar = folder_.path() / "received.tar";
    std::ofstream out(tar, std::ios::binary);
    for (const std::string& chunk : chunks_) out << chunk;
    out.close();
    std::vector<std::pair<std::string, std::string>> files;
    EXPECT_EQ(data::ReadArchive(tar, data::ArchiveLimits(),
                                [&](data::ArchiveEntry&& entry) {
                                  files.emplace_back(entry.name,
                                                     entry.kind == data::ArchiveEntryKind::kFolder
                                                         ? "a folder"
                                                         : entry.bytes);
                                  return absl::OkStatus();
                                }),
              absl::OkStatus());
    return files;
  }

  TempDirectory folder_ = *TempDirectory::Create();
  std::vector<std::string> chunks_;
};

TEST_F(ArchiveStreamTest, SendsAFolderInSortedOrder) {
  const std::string large(300'000, 'x');  // more than one read
  Put("dog/b.jpg", large);
  Put("cat/a.jpg", "meow");
  Put("dog/a.jpg", "");
  ASSERT_EQ(Stream(), absl::OkStatus());
  EXPECT_THAT(Received(), ElementsAre(Pair("cat/a.jpg", "meow"), Pair("dog/a.jpg", ""),
                                      Pair("dog/b.jpg", large)));
  for (size_t i = 0; i + 1 < chunks_.size(); ++i) EXPECT_EQ(chunks_[i].size(), 1000u);
}

TEST_F(ArchiveStreamTest, SendsEmptyFoldersAndThoseBehindLinksAsFolders) {
  Put("cat/a.jpg", "meow");
  fs::create_directories(root() / "birds");
  fs::create_directory_symlink(root() / "cat", root() / "dog");
  ASSERT_EQ(Stream(), absl::OkStatus());
  EXPECT_THAT(Received(), ElementsAre(Pair("cat/a.jpg", "meow"), Pair("birds", "a folder"),
                                      Pair("dog", "a folder")));
}

// Programs run in the "C" locale unless they ask for another: names must pass all the same.
TEST_F(ArchiveStreamTest, KeepsNamesInEveryScript) {
  const std::string long_name = std::string(120, 'l') + "/" + std::string(120, 'n') + ".jpg";
  Put("Käfer/größe.jpg", "1");
  Put("猫/一.jpg", "2");
  Put(long_name, "3");
  ASSERT_EQ(Stream(), absl::OkStatus());
  EXPECT_THAT(Received(), ElementsAre(Pair("Käfer/größe.jpg", "1"), Pair(long_name, "3"),
                                      Pair("猫/一.jpg", "2")));
}

TEST_F(ArchiveStreamTest, NamesAFileWhoseNameIsNotUtf8) {
  Put("cat/gr\xf6\xdf"
      "e.jpg",
      "1");  // Latin-1
  const absl::Status status = Stream();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("cannot be sent"));
}

TEST_F(ArchiveStreamTest, SaysWhyAFileCannotBeRead) {
  Put("cat/a.jpg", "meow");
  FolderContent content = *ListFolder(root());
  fs::remove(root() / "cat/a.jpg");
  const absl::Status status =
      StreamFolderAsTar(root(), content, 1000, [](absl::string_view) { return true; });
  EXPECT_EQ(status, absl::InvalidArgumentError("cannot read '" + (root() / "cat/a.jpg").string() +
                                               "': No such file or directory"));
}

TEST_F(ArchiveStreamTest, NamesFilesFromTheFolderOn) {
  Put("cat/a.jpg", "meow");
  const fs::path folder = root() / "cat" / ".." / "";
  ASSERT_EQ(StreamFolderAsTar(folder, *ListFolder(folder), 1000,
                              [&](absl::string_view chunk) {
                                chunks_.emplace_back(chunk);
                                return true;
                              }),
            absl::OkStatus());
  EXPECT_THAT(Received(), ElementsAre(Pair("cat/a.jpg", "meow")));
}

TEST_F(ArchiveStreamTest, EndsEarlyWhenTheReceiverHasGone) {
  Put("cat/a.jpg", std::string(100'000, 'x'));
  int calls = 0;
  EXPECT_EQ(StreamFolderAsTar(root(), *ListFolder(root()), 1000,
                              [&](absl::string_view) { return ++calls < 3; }),
            absl::OkStatus());
  EXPECT_EQ(calls, 3);
}

// A part of a folder must never pass for the whole.
TEST_F(ArchiveStreamTest, FailsWhereAFolderCannotBeRead) {
  Put("cat/a.jpg", "meow");
  Put("dog/a.jpg", "woof");
  fs::permissions(folder_.path(),
                  fs::perms::owner_all | fs::perms::others_read | fs::perms::others_exec);
  fs::permissions(root() / "dog", fs::perms::none);
  const bool root_user = ::geteuid() == 0;  // whom permissions do not stop
  if (root_user) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const absl::Status streamed = Stream();
  if (root_user) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  fs::permissions(root() / "dog", fs::perms::owner_all);
  EXPECT_FALSE(streamed.ok());
  EXPECT_THAT(std::string(streamed.message()), HasSubstr("Permission denied"));
}

TEST_F(ArchiveStreamTest, SendsAFileAsItIs) {
  Put("photos.zip", std::string(2500, 'z'));
  ASSERT_EQ(StreamFile(root() / "photos.zip", 1000,
                       [&](absl::string_view chunk) {
                         chunks_.emplace_back(chunk);
                         return true;
                       }),
            absl::OkStatus());
  EXPECT_THAT(chunks_,
              ElementsAre(std::string(1000, 'z'), std::string(1000, 'z'), std::string(500, 'z')));
  EXPECT_TRUE(
      absl::IsInvalidArgument(StreamFile(root() / "no.zip", 1000, [](auto) { return true; })));
}

}  // namespace
}  // namespace graft::client
