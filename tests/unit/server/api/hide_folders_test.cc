#include "server/api/hide_folders.h"

#include "gtest/gtest.h"

namespace graft::server {
namespace {

TEST(HideFoldersTest, CutsTheServersFoldersOut) {
  const std::vector<std::string> folders = {"/srv/graft", "/srv/weights/"};
  EXPECT_EQ(HideFolders("cannot open /srv/graft/graft.db: no space", folders),
            "cannot open <server>/graft.db: no space");
  EXPECT_EQ(HideFolders("\"/srv/graft\" and /srv/weights/vgg16: gone", folders),
            "\"<server>\" and <server>/vgg16: gone");
  EXPECT_EQ(HideFolders("nothing in /srv/graft.", folders), "nothing in <server>.");
  EXPECT_EQ(HideFolders("/srv/graft/srv/graft", folders), "<server>/srv/graft");
}

// A folder called /data is common, and so is the word.
TEST(HideFoldersTest, LeavesWordsAndOthersPathsAlone) {
  for (const char* message :
       {"dataset \"dataset-1\" is used", "photos/data/cat.jpg: truncated JPEG", "/database is full",
        "/data.old is there", "a/data", "/data-1/x", "größe/data/x"}) {
    EXPECT_EQ(HideFolders(message, {"/data"}), message);
  }
}

TEST(HideFoldersTest, TakesOnlyAbsolutePathsForFolders) {
  EXPECT_EQ(HideFolders("dataset / data", {"data", "", "/", "."}), "dataset / data");
}

}  // namespace
}  // namespace graft::server
