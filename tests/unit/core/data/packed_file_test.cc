#include "core/data/packed_file.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/files.h"

namespace graft::data {
namespace {

class PackedFileTest : public testing::Test {
 protected:
  PackedFile Create(uint64_t min_free_bytes) {
    return PackedFile::Create(path(), DiskReserve(folder_.path(), min_free_bytes,
                                                  [this](const std::filesystem::path& asked) {
                                                    EXPECT_EQ(asked, folder_.path());
                                                    ++looks_;
                                                    return free_;
                                                  }))
        .value();
  }
  std::filesystem::path path() const { return folder_.path() / "images.bin"; }

  const TempDirectory folder_ = TempDirectory::Create().value();
  absl::StatusOr<uint64_t> free_ = uint64_t{1} << 40;
  int looks_ = 0;
};

TEST_F(PackedFileTest, HoldsWhatWasAppended) {
  PackedFile file = Create(0);
  ASSERT_TRUE(file.Append("one ").ok());
  ASSERT_TRUE(file.Append("two").ok());
  ASSERT_TRUE(file.Sync().ok());
  EXPECT_EQ(file.size(), 7u);
  EXPECT_EQ(ReadFile(path(), 100).value(), "one two");
}

TEST_F(PackedFileTest, IsNotWrittenOverAnother) {
  ASSERT_TRUE(WriteFileAtomically(path(), "precious").ok());
  EXPECT_EQ(PackedFile::Create(path(), DiskReserve(folder_.path(), 0)).status().code(),
            absl::StatusCode::kInternal);
}

TEST_F(PackedFileTest, LooksAtTheDiskEvery32MegabytesAndStopsAtTheReserve) {
  PackedFile file = Create(1'000'000);
  const std::string mebibyte(1 << 20, 'x');
  for (int i = 0; i < 33; ++i) ASSERT_TRUE(file.Append(mebibyte).ok());
  EXPECT_EQ(looks_, 1);
  ASSERT_TRUE(file.Append(mebibyte).ok());
  EXPECT_EQ(looks_, 2);
  free_ = 1'000'000 + mebibyte.size() - 1;
  for (int i = 0; i < 32; ++i) ASSERT_TRUE(file.Append(mebibyte).ok());
  EXPECT_EQ(file.Append(mebibyte).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(file.size(), uint64_t{66} << 20);
  free_ = 1'000'000 + mebibyte.size();
  EXPECT_TRUE(file.Append(mebibyte).ok());
}

TEST_F(PackedFileTest, OnePieceMayBeTooMuch) {
  PackedFile file = Create(100);
  free_ = 110;
  EXPECT_TRUE(file.Append("0123456789").ok());
  free_ = 99;
  EXPECT_TRUE(file.Append("in the 32 MiB").ok());
  EXPECT_EQ(file.Append(std::string(DiskReserve::kEveryBytes, 'x')).code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(PackedFileTest, ADiskThatCannotBeAskedIsAnError) {
  PackedFile file = Create(0);
  free_ = absl::InternalError("cannot stat file system");
  EXPECT_EQ(file.Append("x").code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace graft::data
