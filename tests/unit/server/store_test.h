#ifndef GRAFT_TESTS_UNIT_SERVER_STORE_TEST_H_
#define GRAFT_TESTS_UNIT_SERVER_STORE_TEST_H_

#include <memory>
#include <utility>

#include "gtest/gtest.h"

#include "core/artifacts/blob/local/local_blob_store.h"
#include "core/base/files.h"
#include "core/store/sqlite/sqlite_metadata_store.h"

namespace graft::server {

// A real store and real blobs in a folder of their own.
class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TempDirectory::Create();
    ASSERT_TRUE(folder.ok());
    folder_ = std::make_unique<TempDirectory>(*std::move(folder));
    auto store = store::SqliteMetadataStore::Open({.path = folder_->path() / "graft.db"});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    auto blobs = artifacts::LocalBlobStore::Open(folder_->path() / "blobs");
    ASSERT_TRUE(blobs.ok()) << blobs.status();
    blobs_ = *std::move(blobs);
  }

  std::unique_ptr<TempDirectory> folder_;
  std::unique_ptr<store::MetadataStore> store_;
  std::unique_ptr<artifacts::BlobStore> blobs_;
};

}  // namespace graft::server

#endif  // GRAFT_TESTS_UNIT_SERVER_STORE_TEST_H_
