#include "core/artifacts/blob/blob_store.h"

#include "absl/strings/str_cat.h"

#include "core/artifacts/blob/local/local_blob_store.h"
#include "tests/contract/blob_store_contract.h"
#include "tests/fakes/memory_blob_store.h"

namespace graft::artifacts {
namespace {

INSTANTIATE_TEST_SUITE_P(Local, BlobStoreContract,
                         ::testing::Values(BlobStoreOpener([](const std::filesystem::path& folder) {
                           auto blobs = LocalBlobStore::Open(folder);
                           return blobs.ok() ? *std::move(blobs) : nullptr;
                         })));

// The fake keeps the promises that tests on it rely on.
INSTANTIATE_TEST_SUITE_P(Memory, BlobStoreContract,
                         ::testing::Values(BlobStoreOpener([](const std::filesystem::path&) {
                           return std::make_unique<MemoryBlobStore>();
                         })));

TEST(BlobStoreTest, DeletesAPrefixOfManyPages) {
  MemoryBlobStore blobs;
  for (int i = 0; i < 2500; ++i) {
    ASSERT_TRUE(blobs.PutIfAbsent(absl::StrCat("jobs/7/", i), "x").ok());
  }
  ASSERT_TRUE(blobs.PutIfAbsent("jobs/70/x", "x").ok());
  ASSERT_TRUE(blobs.DeletePrefix("jobs/7/").ok());
  EXPECT_THAT(*blobs.List("", "", 10), ::testing::ElementsAre("jobs/70/x"));
}

TEST(BlobStoreTest, KnowsKeysAndTheirBeginnings) {
  for (const std::string& key :
       std::vector<std::string>{"a", "A-Z_0.9", "a/b/c", "a/b.c/-d", std::string(512, 'k')}) {
    EXPECT_TRUE(ValidateBlobKey(key).ok()) << key;
    EXPECT_TRUE(ValidateBlobPrefix(key).ok()) << key;
  }
  for (const std::string prefix : {"", "a/", "a/b/", "a/b"}) {
    EXPECT_TRUE(ValidateBlobPrefix(prefix).ok()) << prefix;
  }
}

}  // namespace
}  // namespace graft::artifacts
