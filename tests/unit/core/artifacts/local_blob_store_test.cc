#include "core/artifacts/blob/local/local_blob_store.h"

#include <filesystem>

#include "tests/contract/blob_store_contract.h"

namespace graft {
namespace {

INSTANTIATE_TEST_SUITE_P(Local, BlobStoreContract,
                         testing::Values([](const std::filesystem::path& folder) {
                           return std::unique_ptr<BlobStore>(LocalBlobStore::Open(folder).value());
                         }));

TEST(LocalBlobStoreTest, SweepsWhatAKilledWriterLeft) {
  const TempDirectory folder = TempDirectory::Create().value();
  ASSERT_TRUE(LocalBlobStore::Open(folder.path()).ok());
  const std::filesystem::path left = folder.path() / ".staging" / "put-1";
  std::filesystem::create_directories(left);
  ASSERT_TRUE(WriteFileAtomically(left / "blob", "half").ok());
  auto blobs = LocalBlobStore::Open(folder.path(), /*sweep=*/true).value();
  EXPECT_FALSE(std::filesystem::exists(left));
  EXPECT_THAT(blobs->List("", "", 10).value(), testing::IsEmpty());
}

TEST(LocalBlobStoreTest, LeavesNoStagingBehind) {
  const TempDirectory folder = TempDirectory::Create().value();
  auto blobs = LocalBlobStore::Open(folder.path()).value();
  ASSERT_TRUE(blobs->PutIfAbsent("a", "1").ok());
  ASSERT_FALSE(blobs->PutIfAbsent("a", "2").ok());
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() / ".staging"));
}

}  // namespace
}  // namespace graft
