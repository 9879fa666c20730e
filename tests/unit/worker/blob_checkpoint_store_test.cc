#include "worker/blob_checkpoint_store.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/artifacts/blob/local/local_blob_store.h"
#include "core/base/files.h"

namespace graft::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class BlobCheckpointStoreTest : public ::testing::Test {
 protected:
  BlobCheckpointStore Attempt(uint64_t fence, const std::string& job = "a") {
    return BlobCheckpointStore(blobs_.get(), "checkpoints/" + job, fence);
  }
  TempDirectory folder_ = *TempDirectory::Create();
  std::unique_ptr<artifacts::BlobStore> blobs_ = *artifacts::LocalBlobStore::Open(folder_.path());
};

TEST_F(BlobCheckpointStoreTest, TheNewestTwoAreKeptNewestFirst) {
  BlobCheckpointStore store = Attempt(1);
  for (int epoch = 8; epoch <= 11; ++epoch) {
    ASSERT_TRUE(store.Save(epoch, "state " + std::to_string(epoch)).ok());
  }
  const std::vector<std::string> ids = *store.List();
  ASSERT_EQ(ids.size(), 2u);
  EXPECT_EQ(*store.Load(ids[0]), "state 11");
  EXPECT_EQ(*store.Load(ids[1]), "state 10");
}

TEST_F(BlobCheckpointStoreTest, ALaterAttemptFindsWhatAnEarlierOneLeft) {
  ASSERT_TRUE(Attempt(1).Save(3, "of the first").ok());
  BlobCheckpointStore second = Attempt(12);
  ASSERT_EQ(second.List()->size(), 1u);
  EXPECT_EQ(*second.Load(second.List()->front()), "of the first");
  // The same epoch again, by another attempt: neither writes over the other.
  ASSERT_TRUE(second.Save(3, "of the second").ok());
  EXPECT_EQ(*second.Load(second.List()->front()), "of the second");
  EXPECT_EQ(*second.Load(second.List()->back()), "of the first");
}

TEST_F(BlobCheckpointStoreTest, JobsDoNotSeeEachOther) {
  ASSERT_TRUE(Attempt(1, "a").Save(1, "a").ok());
  ASSERT_TRUE(Attempt(1, "ab").Save(1, "ab").ok());
  EXPECT_EQ(Attempt(1, "a").List()->size(), 1u);
  ASSERT_TRUE(Attempt(1, "a").Clear().ok());
  EXPECT_THAT(*Attempt(1, "a").List(), IsEmpty());
  EXPECT_EQ(Attempt(1, "ab").List()->size(), 1u);
}

TEST_F(BlobCheckpointStoreTest, WithoutRoomForAThirdTheOldestGoesFirst) {
  uint64_t free = 1'000;
  DiskReserve reserve(folder_.path(), 900,
                      [&](const std::filesystem::path&) -> absl::StatusOr<uint64_t> {
                        // What a checkpoint takes is free again once it is deleted.
                        return free - 60 * blobs_->List("checkpoints/", "", 100)->size();
                      });
  BlobCheckpointStore store(blobs_.get(), "checkpoints/a", 1, &reserve);
  // More than the reserve lets by unseen, so that it looks each time.
  const std::string state(DiskReserve::kEveryBytes + 1, 's');
  free = 1'000 + state.size();
  ASSERT_TRUE(store.Save(1, state).ok());
  ASSERT_TRUE(store.Save(2, state).ok());
  ASSERT_EQ(store.List()->size(), 2u);
  ASSERT_TRUE(store.Save(3, state).ok());
  EXPECT_THAT(*store.List(), ElementsAre("1-3.safetensors", "1-2.safetensors"));
  free = 900;
  EXPECT_TRUE(absl::IsResourceExhausted(store.Save(4, state)));
  EXPECT_THAT(*store.List(), ElementsAre("1-3.safetensors")) << "there is one to go on from";
}

TEST_F(BlobCheckpointStoreTest, WhatIsNoCheckpointIsPassedOver) {
  ASSERT_TRUE(blobs_->PutIfAbsent("checkpoints/a/readme.txt", "hello").ok());
  ASSERT_TRUE(blobs_->PutIfAbsent("checkpoints/a/x-1.safetensors", "hello").ok());
  EXPECT_THAT(*Attempt(1).List(), IsEmpty());
  EXPECT_TRUE(absl::IsNotFound(Attempt(1).Load("9-9.safetensors").status()));
}

}  // namespace
}  // namespace graft::worker
