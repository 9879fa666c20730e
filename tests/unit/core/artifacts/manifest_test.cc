#include "core/artifacts/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/artifacts/blob/local/local_blob_store.h"
#include "core/base/files.h"
#include "core/base/sha256.h"

namespace graft {
namespace {

using testing::HasSubstr;

class ManifestTest : public testing::Test {
 protected:
  void SetUp() override {
    manifest_.files = {{"model.safetensors", Sha256Hex("weights"), 7}};
    manifest_.description = R"({"backbone":"x"})";
    json_ = ManifestToJson(manifest_);
    ASSERT_TRUE(blobs_->PutIfAbsent("job/1/model.safetensors", "weights").ok());
    ASSERT_TRUE(blobs_->PutIfAbsent("job/1/manifest.json", json_).ok());
  }

  TempDirectory folder_ = TempDirectory::Create().value();
  std::unique_ptr<BlobStore> blobs_ = LocalBlobStore::Open(folder_.path()).value();
  ArtifactManifest manifest_;
  std::string json_;
};

TEST_F(ManifestTest, WholeArtefactsAreVerified) {
  const auto manifest = LoadVerifiedManifest(*blobs_, "job/1", Sha256Hex(json_));
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->Find("model.safetensors")->bytes, 7u);
  EXPECT_EQ(manifest->Find("other"), nullptr);
  EXPECT_EQ(manifest->description, R"({"backbone":"x"})");
}

TEST_F(ManifestTest, ChangedFilesAreNamed) {
  ASSERT_TRUE(blobs_->Delete("job/1/model.safetensors").ok());
  const auto missing = LoadVerifiedManifest(*blobs_, "job/1", Sha256Hex(json_));
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr("model.safetensors is missing"));

  ASSERT_TRUE(blobs_->PutIfAbsent("job/1/model.safetensors", "wEights").ok());
  const auto changed = LoadVerifiedManifest(*blobs_, "job/1", Sha256Hex(json_));
  EXPECT_EQ(changed.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(changed.status().message()), HasSubstr("another hash"));
}

TEST_F(ManifestTest, AnotherManifestIsRefused) {
  EXPECT_EQ(LoadVerifiedManifest(*blobs_, "job/1", Sha256Hex("other")).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(LoadVerifiedManifest(*blobs_, "job/2", Sha256Hex(json_)).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(ManifestJsonTest, BadManifestsAreRefused) {
  for (const char* json :
       {"", "[]", "{}", R"({"format":2,"files":[],"description":{}})",
        R"({"format":1,"files":[{"name":"../x","sha256":"","bytes":1}],"description":{}})",
        R"({"format":1,"files":[{"name":"x","sha256":"zz","bytes":1}],"description":{}})"}) {
    EXPECT_EQ(ManifestFromJson(json).status().code(), absl::StatusCode::kInvalidArgument) << json;
  }
}

}  // namespace
}  // namespace graft
