#include "server/capture/captured_pictures.h"

#include <thread>

#include "absl/strings/str_cat.h"

#include "core/artifacts/blob_layout.h"
#include "core/base/failpoint.h"
#include "server/jobs/orphan_sweep.h"
#include "tests/unit/server/capture/capture_fixture.h"

namespace graft::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CapturedPicturesTest : public CaptureTest {};

TEST_F(CapturedPicturesTest, APictureIsKeptOnceAProject) {
  EXPECT_TRUE(Kept("one"));
  EXPECT_FALSE(Kept("one"));
  store::CapturePolicy other = policy_;
  other.project = "q";
  EXPECT_EQ(*Keep("one", other), CapturedPictures::Outcome::kKept);
  EXPECT_THAT(Pictures(), ElementsAre("one"));
  EXPECT_THAT(Pictures("q"), ElementsAre("one"));
  EXPECT_EQ(metrics_->capture_bytes.Value(), 6);
}

TEST_F(CapturedPicturesTest, TheOldestOfAPolicyMakeRoomForItsNewest) {
  policy_.max_pictures = 2;
  store::CapturePolicy own = policy_;
  own.model = "pets";
  ASSERT_TRUE(Keep("of the model", own).ok());
  for (const char* bytes : {"a", "b", "c"}) EXPECT_TRUE(Kept(bytes));
  EXPECT_THAT(Pictures(), ElementsAre("c", "b", "of the model"));
  policy_.max_pictures = 1;
  EXPECT_TRUE(Kept("d"));
  EXPECT_THAT(Pictures(), ElementsAre("d", "of the model"));
  EXPECT_EQ(Blobs(), 2u);
}

TEST_F(CapturedPicturesTest, TheOldestOfAllMakeRoomForTheNewest) {
  OpenPictures(10);
  store::CapturePolicy other = policy_;
  other.project = "q";
  ASSERT_TRUE(Keep("1234", other).ok());
  EXPECT_TRUE(Kept("abcd"));
  EXPECT_TRUE(Kept("AB"));
  EXPECT_TRUE(Kept("five!"));
  EXPECT_THAT(Pictures("q"), IsEmpty());
  EXPECT_THAT(Pictures(), ElementsAre("five!", "AB"));
  EXPECT_EQ(metrics_->capture_bytes.Value(), 7);
  EXPECT_TRUE(absl::IsOutOfRange(Keep("eleven byte", policy_).status()));
  EXPECT_THAT(Pictures(), ElementsAre("five!", "AB")) << "nothing went for what cannot come";
}

TEST_F(CapturedPicturesTest, WhatIsThereAtTheStartCountsAndASmallerBoundHolds) {
  for (const char* bytes : {"aaaa", "bbbb", "cccc"}) EXPECT_TRUE(Kept(bytes));
  OpenPictures(9);
  EXPECT_EQ(metrics_->capture_bytes.Value(), 12);
  EXPECT_TRUE(Kept("d"));
  EXPECT_THAT(Pictures(), ElementsAre("d", "cccc", "bbbb"));
}

TEST_F(CapturedPicturesTest, APictureGoesWhenItsTimeIsOver) {
  EXPECT_TRUE(Kept("old"));
  clock_.Advance(absl::Hours(1));
  EXPECT_TRUE(Kept("new"));
  clock_.Advance(absl::Hours(47) - absl::Microseconds(1));
  EXPECT_EQ(*pictures_->DeleteExpired(clock_.Now()), 0);
  clock_.Advance(absl::Microseconds(1));
  EXPECT_EQ(*pictures_->DeleteExpired(clock_.Now()), 1);
  EXPECT_THAT(Pictures(), ElementsAre("new"));
  EXPECT_EQ(Blobs(), 1u);
  EXPECT_TRUE(Kept("old")) << "it is not remembered";
}

TEST_F(CapturedPicturesTest, DeletesWhatIsNamedAndWhatHasSomethingInCommon) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Kept(absl::StrCat(i)));
  EXPECT_EQ(*pictures_->Delete("q", {Sha256Hex("4")}), 0) << "another project's";
  EXPECT_EQ(*pictures_->Delete("p", {Sha256Hex("4"), Sha256Hex("none"), Sha256Hex("2")}), 2);
  EXPECT_THAT(Pictures(), ElementsAre("3", "1", "0"));
  EXPECT_EQ(*pictures_->Delete(store::CaptureFilter{.project = "q"}), 0);
  EXPECT_EQ(*pictures_->Delete(store::CaptureFilter{.project = "p"}), 3);
  EXPECT_EQ(Blobs(), 0u);
  EXPECT_EQ(metrics_->capture_bytes.Value(), 0);
}

TEST_F(CapturedPicturesTest, ADeletionLongerThanATransactionEndsWithAll) {
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(Kept(absl::StrCat(i)));
  EXPECT_EQ(*pictures_->Delete(store::CaptureFilter{.project = "p"}), 60);
  EXPECT_EQ(Blobs(), 0u);
}

TEST_F(CapturedPicturesTest, OnADiskThatIsNearlyFullNothingIsKeptAndNothingGoesForIt) {
  policy_.max_pictures = 1;
  ASSERT_TRUE(Kept("first"));
  disk_ = absl::ResourceExhaustedError("full");
  EXPECT_TRUE(absl::IsResourceExhausted(Keep("one", policy_).status()));
  EXPECT_EQ(Blobs(), 1u);
  EXPECT_THAT(Pictures(), ElementsAre("first"));
}

TEST_F(CapturedPicturesTest, APolicysPicturesAreCountedThoughTheyWereKeptOrDeletedElsewhere) {
  policy_.max_pictures = 2;
  for (const char* bytes : {"a", "b"}) ASSERT_TRUE(Kept(bytes));
  OpenPictures(1'000);
  ASSERT_TRUE(Kept("c"));
  EXPECT_THAT(Pictures(), ElementsAre("c", "b"));
  ASSERT_EQ(*pictures_->Delete("p", {Sha256Hex("b")}), 1);
  ASSERT_TRUE(Kept("d"));
  EXPECT_THAT(Pictures(), ElementsAre("d", "c"));
}

TEST_F(CapturedPicturesTest, BytesThatAreNotWhatWasKeptAreNotGivenOut) {
  ASSERT_TRUE(Kept("one"));
  const std::string key = artifacts::CaptureBlob("p", Sha256Hex("one"));
  ASSERT_TRUE(blobs_->Delete(key).ok());
  ASSERT_TRUE(blobs_->PutIfAbsent(key, "two").ok());
  const auto picture = store_->GetCapturedPicture("p", Sha256Hex("one"));
  EXPECT_TRUE(absl::IsDataLoss(pictures_->Read(*picture).status()));
}

// --- Crashes: what one leaves is a blob without a row, never a row without a blob ---

TEST_F(CapturedPicturesTest, ACrashBetweenBlobAndRowLeavesWhatTheSweepDeletes) {
  ASSERT_TRUE(Kept("kept"));
  ASSERT_TRUE(blobs_->PutIfAbsent(artifacts::CaptureBlob("p", Sha256Hex("stray")), "stray").ok());
  EXPECT_EQ(*SweepOrphans(*store_, *blobs_), 1);
  EXPECT_THAT(Pictures(), ElementsAre("kept"));
  EXPECT_EQ(Blobs(), 1u);
}

TEST_F(CapturedPicturesTest, ABlobThatADeletionLeftIsTakenForThePictureThatComesAgain) {
  ASSERT_TRUE(blobs_->PutIfAbsent(artifacts::CaptureBlob("p", Sha256Hex("one")), "one").ok());
  EXPECT_TRUE(Kept("one"));
  EXPECT_THAT(Pictures(), ElementsAre("one"));
}

TEST_F(CapturedPicturesTest, ARowThatCannotBeWrittenLeavesNoBlob) {
  if (!HasFailpoints()) GTEST_SKIP() << "a build without failpoints";
  FailpointAction error;
  error.call = [] { return absl::InternalError("no row"); };
  error.kind = FailpointAction::Kind::kCall;
  error.on_hit = 2;  // after the count of what is there
  {
    const ScopedFailpoint failing("store.before_commit", error);
    EXPECT_FALSE(Keep("one", policy_).ok());
  }
  EXPECT_EQ(Blobs(), 0u);
  EXPECT_TRUE(Kept("one"));
}

TEST_F(CapturedPicturesTest, WhatCannotBeDeletedFromTheDiskIsGoneForAllAndSweptLater) {
  if (!HasFailpoints()) GTEST_SKIP() << "a build without failpoints";
  ASSERT_TRUE(Kept("one"));
  {
    FailpointAction error;
    error.call = [] { return absl::InternalError("busy"); };
    error.kind = FailpointAction::Kind::kCall;
    const ScopedFailpoint failing("blob.delete.before", error);
    EXPECT_EQ(*pictures_->Delete(store::CaptureFilter{.project = "p"}), 1);
  }
  EXPECT_THAT(Pictures(), IsEmpty());
  EXPECT_EQ(Blobs(), 1u);
  EXPECT_EQ(*SweepOrphans(*store_, *blobs_), 1);
}

TEST_F(CapturedPicturesTest, APictureThatComesWhileItIsDeletedIsThereWholeOrNotAtAll) {
  for (int round = 0; round < 50; ++round) {
    ASSERT_TRUE(Kept("one"));
    std::thread deleting([&] { EXPECT_TRUE(pictures_->Delete("p", {Sha256Hex("one")}).ok()); });
    Kept("one");
    deleting.join();
    ASSERT_EQ(Pictures().size(), Blobs());
    ASSERT_TRUE(pictures_->Delete("p", {Sha256Hex("one")}).ok());
  }
}

}  // namespace
}  // namespace graft::server
