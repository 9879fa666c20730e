#include "core/artifacts/manifest.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/artifacts/blob/local/local_blob_store.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "tests/fakes/memory_blob_store.h"

namespace graft::artifacts {
namespace {

using ::testing::HasSubstr;

const std::string kHash(64, 'a');

ArtifactManifest Example() {
  ArtifactManifest manifest;
  manifest.files = {{"model.safetensors", kHash, 7}, {"parts/card.json", kHash, 0}};
  manifest.description = R"({"cut_point":3,"labels":["cat","dög"]})";
  return manifest;
}

TEST(ManifestTest, ReadsWhatItWrote) {
  const auto json = ManifestToJson(Example());
  ASSERT_TRUE(json.ok()) << json.status();
  const auto read = ManifestFromJson(*json);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->files.size(), 2u);
  EXPECT_EQ(read->files[0].name, "model.safetensors");
  EXPECT_EQ(read->files[0].sha256, kHash);
  EXPECT_EQ(read->files[0].bytes, 7u);
  EXPECT_EQ(read->description, Example().description);
  EXPECT_EQ(*ManifestToJson(*read), *json);
  ASSERT_NE(read->Find("parts/card.json"), nullptr);
  EXPECT_EQ(read->Find("parts/card.json")->bytes, 0u);
  EXPECT_EQ(read->Find("card.json"), nullptr);
}

TEST(ManifestTest, WritesOnlyWhatItReads) {
  const auto refused = [](auto change) {
    ArtifactManifest manifest = Example();
    change(manifest);
    return ManifestToJson(manifest).status();
  };
  for (const std::string bad : {"", "{", "[]", "1", "{\"a\":\"\xff\"}"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(refused([&](auto& m) { m.description = bad; }))) << bad;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(refused([](auto& m) { m.files[0].name = "../x"; })));
  EXPECT_TRUE(absl::IsInvalidArgument(refused([](auto& m) { m.files[0].sha256 = "abc"; })));
  EXPECT_TRUE(absl::IsInvalidArgument(refused([](auto& m) { m.files[1] = m.files[0]; })));
}

TEST(ManifestTest, RefusesWhatIsMissingOrWrongByName) {
  const auto with = [](absl::string_view format, absl::string_view files,
                       absl::string_view description) {
    return absl::StrCat("{\"format\":", format, ",\"files\":", files,
                        ",\"description\":", description, "}");
  };
  const auto file = [](absl::string_view name, absl::string_view sha256, absl::string_view bytes) {
    return absl::StrCat("{\"name\":\"", name, "\",\"sha256\":\"", sha256, "\",\"bytes\":", bytes,
                        "}");
  };
  const auto listed = [&](const std::string& entry) {
    return with("1", absl::StrCat("[", entry, "]"), "{}");
  };
  ASSERT_TRUE(ManifestFromJson(listed(file("a", kHash, "0"))).ok());

  const std::string deep = absl::StrCat("{\"a\":", std::string(100'000, '['));
  const struct {
    std::string json;
    std::string named;
  } cases[] = {
      {"", "not a JSON object"},
      {"{", "not a JSON object"},
      {"[]", "not a JSON object"},
      {deep, "not a JSON object"},
      {with("1", "[]", absl::StrCat(std::string(200, '['), std::string(200, ']'))), "not a JSON"},
      {"{}", "format"},
      {with("2", "[]", "{}"), "format"},
      {with("1.5", "[]", "{}"), "format"},
      {with("\"1\"", "[]", "{}"), "format"},
      {R"({"format":1,"description":{}})", "files"},
      {R"({"format":1,"files":[]})", "description"},
      {with("1", "{}", "{}"), "files"},
      {with("1", "null", "{}"), "files"},
      {listed("1"), "manifest"},
      {listed("{}"), "name"},
      {listed(R"({"name":"a"})"), "sha256"},
      {listed(file("../a", kHash, "0")), "key"},
      {listed(file("/etc/passwd", kHash, "0")), "key"},
      {listed(file("a", "short", "0")), "sha256"},
      {listed(file("a", kHash, "-1")), "size"},
      {listed(file("a", kHash, "1.5")), "size"},
      {listed(file("a", kHash, "1e30")), "size"},
      {listed(absl::StrCat(file("a", kHash, "0"), ",", file("a", kHash, "0"))), "twice"},
      {with("1", "[]", "[]"), "description"},
      {with("1", "[]", "null"), "description"},
  };
  for (const auto& [json, named] : cases) {
    const absl::Status status = ManifestFromJson(json).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << json.substr(0, 200) << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(named)) << json.substr(0, 200);
  }
}

class StoredArtifactTest : public ::testing::Test {
 protected:
  void SetUp() override {
    blobs_ = *LocalBlobStore::Open(folder_.path());
    const std::string model(9 << 20, 'm');  // more than one piece of hashing
    manifest_.files = {{"card.json", Sha256Hex("{}"), 2},
                       {"model.safetensors", Sha256Hex(model), model.size()}};
    ASSERT_TRUE(blobs_->PutIfAbsent("jobs/j/1/card.json", "{}").ok());
    ASSERT_TRUE(blobs_->PutIfAbsent("jobs/j/1/model.safetensors", model).ok());
    Publish(*ManifestToJson(manifest_));
  }

  void Publish(const std::string& json) {
    ASSERT_TRUE(blobs_->PutIfAbsent("jobs/j/1/manifest.json", json).ok());
    sha256_ = Sha256Hex(json);
  }

  void Replace(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(blobs_->Delete("jobs/j/1/" + name).ok());
    ASSERT_TRUE(blobs_->PutIfAbsent("jobs/j/1/" + name, bytes).ok());
  }

  absl::Status Load() { return LoadVerifiedManifest(*blobs_, "jobs/j/1", sha256_).status(); }

  void ExpectLost(const std::string& name) {
    const absl::Status status = Load();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(name));
    EXPECT_THAT(std::string(status.message()),
                ::testing::Not(HasSubstr(folder_.path().filename().string())));
  }

  const TempDirectory folder_ = *TempDirectory::Create();
  std::unique_ptr<BlobStore> blobs_;
  ArtifactManifest manifest_;
  std::string sha256_;
};

TEST_F(StoredArtifactTest, IsReadWhereEverythingIsAsPublished) {
  const auto verified = LoadVerifiedManifest(*blobs_, "jobs/j/1", sha256_);
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->manifest.files.size(), 2u);
  EXPECT_EQ(verified->bytes, (9u << 20) + 2 + ManifestToJson(manifest_)->size());
  EXPECT_EQ(verified->content, "");
}

TEST_F(StoredArtifactTest, GivesTheContentThatWasHashed) {
  EXPECT_EQ(LoadVerifiedManifest(*blobs_, "jobs/j/1", sha256_, {"card.json", 2})->content, "{}");
  Replace("card.json", "[]");
  EXPECT_TRUE(absl::IsDataLoss(
      LoadVerifiedManifest(*blobs_, "jobs/j/1", sha256_, {"card.json", 2}).status()));
}

TEST_F(StoredArtifactTest, GivesNoContentBeyondItsLimitOrOfAFileThatIsNotListed) {
  EXPECT_TRUE(absl::IsInvalidArgument(
      LoadVerifiedManifest(*blobs_, "jobs/j/1", sha256_, {"card.json", 1}).status()));
  ASSERT_TRUE(blobs_->PutIfAbsent("jobs/j/1/other.json", "{}").ok());
  const absl::Status unlisted =
      LoadVerifiedManifest(*blobs_, "jobs/j/1", sha256_, {"other.json", 2}).status();
  EXPECT_TRUE(absl::IsDataLoss(unlisted)) << unlisted;
}

TEST_F(StoredArtifactTest, NamesTheFileThatIsMissing) {
  ASSERT_TRUE(blobs_->Delete("jobs/j/1/model.safetensors").ok());
  ExpectLost("model.safetensors");
}

TEST_F(StoredArtifactTest, NamesTheFileWithAFlippedByte) {
  std::string model = *blobs_->Get("jobs/j/1/model.safetensors", 1 << 30);
  model[5'000'000] ^= 1;
  Replace("model.safetensors", model);
  ExpectLost("model.safetensors");
}

TEST_F(StoredArtifactTest, NamesTheFileThatWasCut) {
  Replace("card.json", "{");
  ExpectLost("card.json");
}

TEST_F(StoredArtifactTest, BelievesOnlyTheManifestThatWasPublished) {
  ArtifactManifest other = manifest_;
  other.files.pop_back();
  Replace("manifest.json", *ManifestToJson(other));
  ExpectLost("manifest.json");
  ASSERT_TRUE(blobs_->Delete("jobs/j/1/manifest.json").ok());
  ExpectLost("manifest.json");
}

TEST_F(StoredArtifactTest, AManifestThatIsNoneIsLostToo) {
  ASSERT_TRUE(blobs_->Delete("jobs/j/1/manifest.json").ok());
  Publish("{\"format\":7}");
  ExpectLost("manifest.json");
}

// As in an object store: hashed piece by piece.
TEST(RemoteArtifactTest, IsCheckedThroughAStoreWithoutFilesAsWell) {
  MemoryBlobStore blobs;
  std::string model(9 << 20, 'm');
  ArtifactManifest manifest;
  manifest.files = {{"model.safetensors", Sha256Hex(model), model.size()}};
  const std::string json = *ManifestToJson(manifest);
  ASSERT_TRUE(blobs.PutIfAbsent("a/manifest.json", json).ok());
  ASSERT_TRUE(blobs.PutIfAbsent("a/model.safetensors", model).ok());
  EXPECT_TRUE(LoadVerifiedManifest(blobs, "a", Sha256Hex(json)).ok());
  ASSERT_TRUE(blobs.Delete("a/model.safetensors").ok());
  model.back() = 'n';
  ASSERT_TRUE(blobs.PutIfAbsent("a/model.safetensors", model).ok());
  const absl::Status status = LoadVerifiedManifest(blobs, "a", Sha256Hex(json)).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

}  // namespace
}  // namespace graft::artifacts
