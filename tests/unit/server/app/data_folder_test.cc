#include "server/app/data_folder.h"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>

#include "core/base/files.h"

namespace graft::server {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kExFat = 0x2011bab0;
constexpr int64_t kCifs = 0xff534d42;
constexpr int64_t kNfs = 0x6969;
constexpr int64_t kExt4 = 0xef53;

TEST(TraitsOfType, KnowsThoseThatWillNotDo) {
  EXPECT_FALSE(TraitsOfType(kExFat).hard_links);
  EXPECT_FALSE(TraitsOfType(kCifs).sockets);
  EXPECT_TRUE(TraitsOfType(kCifs).network);
  EXPECT_TRUE(TraitsOfType(kNfs).network);
  EXPECT_TRUE(TraitsOfType(kNfs).hard_links);
  const FileSystemTraits ext4 = TraitsOfType(kExt4);
  EXPECT_TRUE(ext4.hard_links && ext4.sockets && !ext4.network);
}

TEST(CheckTraits, SaysWhichFlagAndWhatToDo) {
  const FileSystemTraits good;
  EXPECT_TRUE(CheckTraits(good, good).ok());
  const absl::Status data = CheckTraits(TraitsOfType(kExFat), good);
  EXPECT_EQ(data.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(data.message()),
              AllOf(HasSubstr("--data-dir"), HasSubstr("exFAT"), HasSubstr("hard links")));
  const absl::Status socket = CheckTraits(good, TraitsOfType(kCifs));
  EXPECT_THAT(std::string(socket.message()),
              AllOf(HasSubstr("--worker-socket"), HasSubstr("CIFS"), HasSubstr("/run/")));
  FileSystemTraits tried;  // of no name that is known
  tried.hard_links = false;
  EXPECT_THAT(std::string(CheckTraits(tried, good).message()), HasSubstr("hard links"));
}

TEST(WarningsOf, ANetworksFileSystemIsToldOf) {
  EXPECT_THAT(WarningsOf(TraitsOfType(kNfs)),
              ElementsAre(AllOf(HasSubstr("NFS"), HasSubstr("SQLite"))));
  EXPECT_THAT(WarningsOf(TraitsOfType(kExt4)), IsEmpty());
}

TEST(ProbeFileSystem, FindsWhatTheTestsOwnCanDoAndLeavesNothing) {
  const TempDirectory folder = *TempDirectory::Create();
  const auto traits = ProbeFileSystem(folder.path());
  ASSERT_TRUE(traits.ok()) << traits.status();
  EXPECT_TRUE(traits->hard_links);
  EXPECT_TRUE(traits->sockets);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_FALSE(ProbeFileSystem(folder.path() / "none").ok());
}

// /proc has neither: what is tried is what counts, not the name alone.
TEST(ProbeFileSystem, ThatOfAFolderWhereNothingCanBeMadeIsAnError) {
  EXPECT_FALSE(ProbeFileSystem("/proc").ok());
}

}  // namespace
}  // namespace graft::server
