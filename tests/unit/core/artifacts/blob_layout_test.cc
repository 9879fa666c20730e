#include "core/artifacts/blob_layout.h"

#include <gmock/gmock.h>

namespace graft::artifacts {
namespace {

TEST(BlobLayout, NamesAreWhatStoredDataHas) {
  // Data folders of every version hold these: they must not change.
  EXPECT_EQ(BlobIn(DatasetPrefix("default", "ab12"), kImagesFile),
            "datasets/default/ab12/images.bin");
  EXPECT_EQ(BlobIn(ArtifactPrefix("job-1", 3), kModelFile), "jobs/job-1/3/model.safetensors");
  EXPECT_EQ(BlobIn(ArtifactPrefix("job-1", 3), kManifestFile), "jobs/job-1/3/manifest.json");
  EXPECT_EQ(BlobIn(ArtifactPrefix("job-1", 3), kCardFile), "jobs/job-1/3/card.json");
  EXPECT_EQ(BlobIn(CheckpointPrefix("job-1"), CheckpointFile({2, 17})),
            "checkpoints/job-1/2-17.safetensors");
  EXPECT_EQ(CaptureBlob("default", "ab12"), "captures/default/ab12");
}

TEST(BlobLayout, WhatIsBelowAPrefixIsNotBelowALongerName) {
  EXPECT_EQ(Below("jobs/a/1"), "jobs/a/1/");
  EXPECT_EQ(Below("jobs/a/1/"), "jobs/a/1/");
  EXPECT_EQ(BlobIn("jobs/a/1/", "x"), "jobs/a/1/x");
}

TEST(BlobLayout, ACheckpointsNameIsReadBack) {
  const auto name = ParseCheckpointFile(CheckpointFile({12, 345}));
  ASSERT_TRUE(name.has_value());
  EXPECT_EQ(name->fence, 12u);
  EXPECT_EQ(name->epoch, 345u);
  for (const char* other : {"", "12-345", "12.safetensors", "-.safetensors", "a-1.safetensors",
                            "1-a.safetensors", "1-2-3.safetensors", ".tmp-1-2.safetensors"}) {
    EXPECT_FALSE(ParseCheckpointFile(other).has_value()) << other;
  }
}

TEST(BlobLayout, EachNameTellsItsOwner) {
  const auto dataset = OwnerOfBlob(BlobIn(DatasetPrefix("p", "d"), kImagesFile));
  ASSERT_TRUE(dataset.has_value());
  EXPECT_EQ(dataset->kind, BlobOwner::Kind::kDataset);
  EXPECT_EQ(dataset->project, "p");
  EXPECT_EQ(dataset->digest, "d");
  const auto artifact = OwnerOfBlob(BlobIn(ArtifactPrefix("j", 2), kModelFile));
  ASSERT_TRUE(artifact.has_value());
  EXPECT_EQ(artifact->kind, BlobOwner::Kind::kArtifact);
  EXPECT_EQ(artifact->job_id, "j");
  EXPECT_EQ(artifact->prefix, ArtifactPrefix("j", 2));
  const auto checkpoint = OwnerOfBlob(BlobIn(CheckpointPrefix("j"), CheckpointFile({1, 1})));
  ASSERT_TRUE(checkpoint.has_value());
  EXPECT_EQ(checkpoint->kind, BlobOwner::Kind::kCheckpoint);
  EXPECT_EQ(checkpoint->job_id, "j");
  const auto capture = OwnerOfBlob(CaptureBlob("p", "d"));
  ASSERT_TRUE(capture.has_value());
  EXPECT_EQ(capture->kind, BlobOwner::Kind::kCapture);
  EXPECT_EQ(capture->project, "p");
  EXPECT_EQ(capture->digest, "d");
  for (const char* other : {"", "jobs", "jobs/a", "other/a/b", "datasets/p", "captures/p"}) {
    EXPECT_FALSE(OwnerOfBlob(other).has_value()) << other;
  }
}

}  // namespace
}  // namespace graft::artifacts
