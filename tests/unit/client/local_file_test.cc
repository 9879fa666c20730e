#include "client/lib/local_file.h"

#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/base/files.h"

namespace graft::client {
namespace {

using ::testing::HasSubstr;

class LocalFileTest : public ::testing::Test {
 protected:
  // The reason that reading and measuring give, which must be one.
  std::string WhyNot(const std::filesystem::path& path) {
    const absl::Status read = ReadFile(path, 100).status();
    const absl::Status measured = FileBytes(path).status();
    EXPECT_TRUE(absl::IsInvalidArgument(read)) << read;
    EXPECT_EQ(read, measured);
    return std::string(read.message());
  }

  TempDirectory folder_ = *TempDirectory::Create();
};

TEST_F(LocalFileTest, ReadsTheWhole) {
  const std::string bytes = std::string(100'000, 'x') + '\0' + "y";
  const std::filesystem::path path = folder_.path() / "a.jpg";
  std::ofstream(path, std::ios::binary) << bytes;
  EXPECT_EQ(FileBytes(path).value(), bytes.size());
  EXPECT_EQ(ReadFile(path, bytes.size()).value(), bytes);
  EXPECT_THAT(std::string(ReadFile(path, bytes.size() - 1).status().message()),
              HasSubstr("File too large"));
}

TEST_F(LocalFileTest, WritesTheWholeOrSaysWhyNot) {
  const std::filesystem::path path = folder_.path() / "a.npy";
  const std::string bytes = std::string(100'000, 'x') + '\0' + "y";
  ASSERT_TRUE(WriteFile(path, "before").ok());
  ASSERT_TRUE(WriteFile(path, bytes).ok());
  EXPECT_EQ(ReadFile(path, bytes.size()).value(), bytes);
  const absl::Status nowhere = WriteFile(folder_.path() / "none" / "a.npy", bytes);
  EXPECT_TRUE(absl::IsInvalidArgument(nowhere)) << nowhere;
  EXPECT_THAT(std::string(nowhere.message()), HasSubstr("a.npy': No such file or directory"));
}

TEST_F(LocalFileTest, SaysWhyItCannot) {
  const std::filesystem::path none = folder_.path() / "none.jpg";
  EXPECT_EQ(WhyNot(none), "cannot read '" + none.string() + "': No such file or directory");
  EXPECT_THAT(WhyNot(folder_.path()), HasSubstr("Is a directory"));
}

}  // namespace
}  // namespace graft::client
