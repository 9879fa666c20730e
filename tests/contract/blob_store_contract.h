#ifndef GRAFT_TESTS_CONTRACT_BLOB_STORE_CONTRACT_H_
#define GRAFT_TESTS_CONTRACT_BLOB_STORE_CONTRACT_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/artifacts/blob/blob_store.h"
#include "core/base/files.h"

namespace graft {

// Makes a store over an empty folder or bucket; called again with the same folder, it opens the
// same blobs.
using BlobStoreFactory =
    std::function<std::unique_ptr<BlobStore>(const std::filesystem::path& folder)>;

// What every BlobStore promises; instantiated once for each implementation.
class BlobStoreContract : public testing::TestWithParam<BlobStoreFactory> {
 protected:
  TempDirectory folder_ = TempDirectory::Create().value();
  std::unique_ptr<BlobStore> blobs_ = GetParam()(folder_.path());
};

TEST_P(BlobStoreContract, WhatIsPutIsThere) {
  ASSERT_TRUE(blobs_->PutIfAbsent("a/b/c", "content").ok());
  EXPECT_EQ(blobs_->Get("a/b/c", 100).value(), "content");
  EXPECT_EQ(blobs_->Size("a/b/c").value(), 7u);
  EXPECT_EQ(blobs_->GetRange("a/b/c", 3, 2).value(), "te");
  EXPECT_EQ(blobs_->GetRange("a/b/c", 7, 0).value(), "");
}

TEST_P(BlobStoreContract, BlobsNeverChange) {
  ASSERT_TRUE(blobs_->PutIfAbsent("key", "first").ok());
  EXPECT_EQ(blobs_->PutIfAbsent("key", "second").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(blobs_->Get("key", 100).value(), "first");
}

TEST_P(BlobStoreContract, FilesGoInAsBytesDo) {
  const std::filesystem::path file = folder_.path() / ".outside";
  ASSERT_TRUE(WriteFileAtomically(file, "from a file").ok());
  ASSERT_TRUE(blobs_->PutFileIfAbsent("k", file).ok());
  EXPECT_EQ(blobs_->PutFileIfAbsent("k", file).code(), absl::StatusCode::kAlreadyExists);
  std::filesystem::remove(file);
  EXPECT_EQ(blobs_->Get("k", 100).value(), "from a file");
}

TEST_P(BlobStoreContract, MissingBlobsAreNotFound) {
  EXPECT_EQ(blobs_->Get("none", 1).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(blobs_->Size("none").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(blobs_->GetRange("none", 0, 1).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(blobs_->LocalPath("none").status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(blobs_->Delete("none").ok());
}

TEST_P(BlobStoreContract, ReadsAreBounded) {
  ASSERT_TRUE(blobs_->PutIfAbsent("k", "12345").ok());
  EXPECT_EQ(blobs_->Get("k", 4).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(blobs_->GetRange("k", 3, 3).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(blobs_->GetRange("k", 6, 0).status().code(), absl::StatusCode::kOutOfRange);
}

TEST_P(BlobStoreContract, ListsByPrefixInOrderAndInPages) {
  for (const char* key : {"b/2", "a/1", "b/10", "b/1", "bc"}) {
    ASSERT_TRUE(blobs_->PutIfAbsent(key, "x").ok());
  }
  using testing::ElementsAre;
  EXPECT_THAT(blobs_->List("", "", 100).value(), ElementsAre("a/1", "b/1", "b/10", "b/2", "bc"));
  EXPECT_THAT(blobs_->List("b/", "", 100).value(), ElementsAre("b/1", "b/10", "b/2"));
  EXPECT_THAT(blobs_->List("b/1", "", 100).value(), ElementsAre("b/1", "b/10"));
  EXPECT_THAT(blobs_->List("b/", "", 2).value(), ElementsAre("b/1", "b/10"));
  EXPECT_THAT(blobs_->List("b/", "b/10", 2).value(), ElementsAre("b/2"));
  EXPECT_THAT(blobs_->List("none/", "", 2).value(), ElementsAre());
}

TEST_P(BlobStoreContract, DeletedBlobsAreGoneAndTheirKeyIsFree) {
  ASSERT_TRUE(blobs_->PutIfAbsent("a/b", "1").ok());
  ASSERT_TRUE(blobs_->PutIfAbsent("a/c", "2").ok());
  ASSERT_TRUE(blobs_->Delete("a/b").ok());
  EXPECT_FALSE(blobs_->Size("a/b").ok());
  EXPECT_EQ(blobs_->Get("a/c", 10).value(), "2");
  EXPECT_TRUE(blobs_->PutIfAbsent("a/b", "3").ok());
  ASSERT_TRUE(blobs_->DeletePrefix("a/").ok());
  EXPECT_THAT(blobs_->List("", "", 100).value(), testing::IsEmpty());
}

TEST_P(BlobStoreContract, OfRacingWritersOneWins) {
  for (int round = 0; round < 20; ++round) {
    const std::string key = "race/" + std::to_string(round);
    std::atomic<int> winners{0};
    std::atomic<int> losers{0};
    std::vector<std::thread> writers;
    for (int i = 0; i < 8; ++i) {
      writers.emplace_back([&, i] {
        const absl::Status status = blobs_->PutIfAbsent(key, std::string(1000, 'a' + i));
        if (status.ok()) ++winners;
        if (absl::IsAlreadyExists(status)) ++losers;
      });
    }
    for (std::thread& writer : writers) writer.join();
    EXPECT_EQ(winners, 1);
    EXPECT_EQ(losers, 7);
    const std::string content = blobs_->Get(key, 10000).value();
    EXPECT_EQ(content, std::string(1000, content[0]));
  }
}

TEST_P(BlobStoreContract, BlobsOutliveTheStore) {
  ASSERT_TRUE(blobs_->PutIfAbsent("k", "kept").ok());
  blobs_.reset();
  blobs_ = GetParam()(folder_.path());
  EXPECT_EQ(blobs_->Get("k", 10).value(), "kept");
}

TEST_P(BlobStoreContract, BadKeysAreRefused) {
  for (const std::string& key :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"),
        std::string("../a"), std::string("a/../b"), std::string(".hidden"), std::string("a b"),
        std::string("a\\b"), std::string("a\0b", 3), std::string(513, 'a'), std::string("ä")}) {
    EXPECT_EQ(blobs_->PutIfAbsent(key, "x").code(), absl::StatusCode::kInvalidArgument) << key;
    EXPECT_EQ(blobs_->Get(key, 1).status().code(), absl::StatusCode::kInvalidArgument) << key;
    EXPECT_EQ(blobs_->Delete(key).code(), absl::StatusCode::kInvalidArgument) << key;
  }
}

}  // namespace graft

#endif  // GRAFT_TESTS_CONTRACT_BLOB_STORE_CONTRACT_H_
