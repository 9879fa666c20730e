#ifndef GRAFT_TESTS_CONTRACT_BLOB_STORE_CONTRACT_H_
#define GRAFT_TESTS_CONTRACT_BLOB_STORE_CONTRACT_H_

// What every BlobStore promises. Include it in one file a store and instantiate with what opens an
// empty store, which may keep its blobs in the folder it is given:
//   INSTANTIATE_TEST_SUITE_P(Local, BlobStoreContract, ::testing::Values(opener));

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/artifacts/blob/blob_store.h"
#include "core/base/files.h"

namespace graft {

using BlobStoreOpener =
    std::function<std::unique_ptr<artifacts::BlobStore>(const std::filesystem::path&)>;

class BlobStoreContract : public ::testing::TestWithParam<BlobStoreOpener> {
 protected:
  void SetUp() override {
    auto folder = TempDirectory::Create();
    ASSERT_TRUE(folder.ok()) << folder.status();
    folder_ = std::make_unique<TempDirectory>(*std::move(folder));
    blobs_ = GetParam()(folder_->path() / "store");
    ASSERT_NE(blobs_, nullptr);
  }

  void Put(const std::string& key, absl::string_view bytes = "bytes") {
    const absl::Status put = blobs_->PutIfAbsent(key, bytes);
    ASSERT_TRUE(put.ok()) << put;
  }

  std::string Get(const std::string& key) {
    const absl::StatusOr<std::string> bytes = blobs_->Get(key, 1 << 20);
    return bytes.ok() ? *bytes : bytes.status().ToString();
  }

  std::vector<std::string> List(const std::string& prefix, const std::string& after = "",
                                size_t limit = 100) {
    const auto keys = blobs_->List(prefix, after, limit);
    return keys.ok() ? *keys : std::vector<std::string>{keys.status().ToString()};
  }

  std::unique_ptr<TempDirectory> folder_;
  std::unique_ptr<artifacts::BlobStore> blobs_;
};

TEST_P(BlobStoreContract, GivesBackWhatWasPut) {
  std::string binary;
  for (int i = 0; i < 70'000; ++i) binary.push_back(static_cast<char>(i * 7));
  Put("jobs/a/1/model.safetensors", binary);
  Put("empty", "");
  EXPECT_EQ(Get("jobs/a/1/model.safetensors"), binary);
  EXPECT_EQ(Get("empty"), "");
  EXPECT_EQ(*blobs_->Size("jobs/a/1/model.safetensors"), binary.size());
  EXPECT_EQ(*blobs_->Size("empty"), 0u);
}

TEST_P(BlobStoreContract, NeverOverwrites) {
  Put("a/b", "first");
  EXPECT_TRUE(absl::IsAlreadyExists(blobs_->PutIfAbsent("a/b", "second")));
  const std::filesystem::path file = folder_->path() / "file";
  ASSERT_TRUE(WriteFileAtomically(file, "third").ok());
  EXPECT_TRUE(absl::IsAlreadyExists(blobs_->PutFileIfAbsent("a/b", file)));
  EXPECT_EQ(Get("a/b"), "first");
}

TEST_P(BlobStoreContract, OfRacingPutsOneWinsWhole) {
  constexpr int kWriters = 24;
  for (int round = 0; round < 5; ++round) {
    const std::string key = absl::StrCat("race/", round, "/blob");
    std::atomic<int> ready = 0, won = 0, lost = 0, winner = -1;
    std::vector<std::thread> writers;
    for (int i = 0; i < kWriters; ++i) {
      writers.emplace_back([&, i] {
        const std::string bytes(10'000 + i, static_cast<char>('a' + i));
        ++ready;
        while (ready < kWriters) std::this_thread::yield();
        const absl::Status put = blobs_->PutIfAbsent(key, bytes);
        if (put.ok()) ++won, winner = i;
        if (absl::IsAlreadyExists(put)) ++lost;
      });
    }
    for (std::thread& writer : writers) writer.join();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(lost, kWriters - 1);
    EXPECT_EQ(Get(key), std::string(10'000 + winner, static_cast<char>('a' + winner)));
  }
  EXPECT_EQ(List("").size(), 5u);
}

TEST_P(BlobStoreContract, PutsAFileThatMayThenBeDeleted) {
  const std::filesystem::path file = folder_->path() / "upload";
  ASSERT_TRUE(WriteFileAtomically(file, "content").ok());
  ASSERT_TRUE(blobs_->PutFileIfAbsent("datasets/p/d/images.bin", file).ok());
  std::filesystem::remove(file);
  EXPECT_EQ(Get("datasets/p/d/images.bin"), "content");
  EXPECT_TRUE(absl::IsNotFound(blobs_->PutFileIfAbsent("other", file)));
  EXPECT_THAT(List(""), ::testing::ElementsAre("datasets/p/d/images.bin"));
}

TEST_P(BlobStoreContract, PutsTheContentThatASymbolicLinkNames) {
  const std::filesystem::path file = folder_->path() / "upload";
  ASSERT_TRUE(WriteFileAtomically(file, "content").ok());
  std::filesystem::create_symlink(file, folder_->path() / "link");
  ASSERT_TRUE(blobs_->PutFileIfAbsent("blob", folder_->path() / "link").ok());
  std::filesystem::remove(file);
  EXPECT_EQ(Get("blob"), "content");
}

TEST_P(BlobStoreContract, ReadsRangesWithinABlobOnly) {
  Put("blob", "0123456789");
  EXPECT_EQ(*blobs_->GetRange("blob", 0, 10), "0123456789");
  EXPECT_EQ(*blobs_->GetRange("blob", 3, 4), "3456");
  EXPECT_EQ(*blobs_->GetRange("blob", 10, 0), "");
  EXPECT_TRUE(absl::IsOutOfRange(blobs_->GetRange("blob", 3, 8).status()));
  EXPECT_TRUE(absl::IsOutOfRange(blobs_->GetRange("blob", 11, 0).status()));
  EXPECT_TRUE(absl::IsOutOfRange(blobs_->GetRange("blob", UINT64_MAX, 2).status()));
  EXPECT_TRUE(absl::IsOutOfRange(blobs_->GetRange("blob", 1, UINT64_MAX).status()));
  EXPECT_TRUE(absl::IsNotFound(blobs_->GetRange("none", 0, 1).status()));
}

TEST_P(BlobStoreContract, RefusesToReadMoreThanAsked) {
  Put("blob", "0123456789");
  EXPECT_TRUE(absl::IsResourceExhausted(blobs_->Get("blob", 9).status()));
  EXPECT_EQ(*blobs_->Get("blob", 10), "0123456789");
}

TEST_P(BlobStoreContract, SaysWhichBlobIsNotThere) {
  Put("jobs/a/1/card.json");
  // The last three: a folder, below a blob, a blob with something behind.
  for (const std::string key : {"none", "jobs", "jobs/a/1", "jobs/a/1/card.json/x", "jobs/a/1/c"}) {
    const absl::Status got = blobs_->Get(key, 100).status();
    EXPECT_TRUE(absl::IsNotFound(got)) << key << ": " << got;
    EXPECT_THAT(std::string(got.message()), ::testing::HasSubstr("'" + key + "'"));
    EXPECT_TRUE(absl::IsNotFound(blobs_->Size(key).status())) << key;
    EXPECT_TRUE(absl::IsNotFound(blobs_->LocalPath(key).status())) << key;
    EXPECT_TRUE(blobs_->Delete(key).ok()) << key;
  }
  EXPECT_EQ(Get("jobs/a/1/card.json"), "bytes");
}

TEST_P(BlobStoreContract, AKeyIsNotAnotherKeysFolder) {
  Put("a/b");
  EXPECT_TRUE(absl::IsFailedPrecondition(blobs_->PutIfAbsent("a", "x")));
  EXPECT_TRUE(absl::IsFailedPrecondition(blobs_->PutIfAbsent("a/b/c", "x")));
  EXPECT_TRUE(absl::IsFailedPrecondition(blobs_->PutIfAbsent("a/b/c/d", "x")));
  EXPECT_THAT(List(""), ::testing::ElementsAre("a/b"));
}

TEST_P(BlobStoreContract, RefusesKeysThatAreNone) {
  const std::vector<std::string> keys = {"",
                                         "/",
                                         "/a",
                                         "a/",
                                         "a//b",
                                         ".",
                                         "..",
                                         "../",
                                         "../a",
                                         "a/..",
                                         "a/../b",
                                         "./a",
                                         "a/.b",
                                         ".staging/x",
                                         "a b",
                                         "a\\b",
                                         "a:b",
                                         "a\nb",
                                         "a%2fb",
                                         "\xc3\xa4",
                                         std::string("a\0b", 3),
                                         "~",
                                         "a*",
                                         "/etc/passwd",
                                         std::string(513, 'a')};
  for (const std::string& key : keys) {
    SCOPED_TRACE(key);
    const std::filesystem::path file = folder_->path() / "file";
    ASSERT_TRUE(WriteFileAtomically(file, "x").ok());
    EXPECT_TRUE(absl::IsInvalidArgument(blobs_->PutIfAbsent(key, "x")));
    EXPECT_TRUE(absl::IsInvalidArgument(blobs_->PutFileIfAbsent(key, file)));
    EXPECT_TRUE(absl::IsInvalidArgument(blobs_->Get(key, 1).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(blobs_->GetRange(key, 0, 1).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(blobs_->Size(key).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(blobs_->Delete(key)));
    EXPECT_TRUE(absl::IsInvalidArgument(blobs_->LocalPath(key).status()));
  }
  EXPECT_THAT(List(""), ::testing::IsEmpty());
}

TEST_P(BlobStoreContract, ListsByPrefixInOrderOfBytes) {
  // '-' and '.' sort before '/', letters and digits behind it.
  for (const std::string key : {"a/b/x", "a/b.c/d", "a-b", "a.b", "ab", "a/c", "b/a", "B", "a0"}) {
    Put(key);
  }
  using ::testing::ElementsAre;
  EXPECT_THAT(List(""),
              ElementsAre("B", "a-b", "a.b", "a/b.c/d", "a/b/x", "a/c", "a0", "ab", "b/a"));
  EXPECT_THAT(List("a"), ElementsAre("a-b", "a.b", "a/b.c/d", "a/b/x", "a/c", "a0", "ab"));
  EXPECT_THAT(List("a/"), ElementsAre("a/b.c/d", "a/b/x", "a/c"));
  EXPECT_THAT(List("a/b"), ElementsAre("a/b.c/d", "a/b/x"));
  EXPECT_THAT(List("a/b/"), ElementsAre("a/b/x"));
  EXPECT_THAT(List("a/b/x"), ElementsAre("a/b/x"));
  EXPECT_THAT(List("", "a/b.c/d", 2), ElementsAre("a/b/x", "a/c"));
}

TEST_P(BlobStoreContract, ListsPages) {
  std::vector<std::string> all;
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 3; ++j) all.push_back(absl::StrCat("jobs/", i, "/", j, "/x"));
  }
  for (const std::string& key : all) Put(key);
  std::vector<std::string> paged;
  std::string after;
  while (true) {
    const std::vector<std::string> page = List("jobs/", after, 4);
    paged.insert(paged.end(), page.begin(), page.end());
    if (page.size() < 4) break;
    after = page.back();
  }
  EXPECT_EQ(paged, all);
  EXPECT_THAT(List("jobs/", "jobs/4/1/x"), ::testing::ElementsAre("jobs/4/2/x"));
  EXPECT_THAT(List("jobs/", "jobs/4/1"), ::testing::ElementsAre("jobs/4/1/x", "jobs/4/2/x"));
  EXPECT_THAT(List("jobs/", "zzz"), ::testing::IsEmpty());
  EXPECT_THAT(List("jobs/", "", 0), ::testing::IsEmpty());
}

TEST_P(BlobStoreContract, ListsNothingOutsideItself) {
  Put("a/b");
  ASSERT_TRUE(WriteFileAtomically(folder_->path() / "outside", "x").ok());
  for (const std::string prefix :
       {"../", "..", "/", "/etc/", "a/../../", ".staging/", "a//", "a/.", "\xff"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(blobs_->List(prefix, "", 10).status())) << prefix;
    EXPECT_TRUE(absl::IsInvalidArgument(blobs_->DeletePrefix(prefix))) << prefix;
  }
  EXPECT_THAT(List("a/b/"), ::testing::IsEmpty());
  EXPECT_THAT(List("none/"), ::testing::IsEmpty());
}

TEST_P(BlobStoreContract, DeletesOnceOrTwice) {
  Put("a/b/c", "old");
  EXPECT_TRUE(blobs_->Delete("a/b/c").ok());
  EXPECT_TRUE(blobs_->Delete("a/b/c").ok());
  EXPECT_TRUE(absl::IsNotFound(blobs_->Get("a/b/c", 100).status()));
  // The name is free again, and no longer a folder.
  Put("a/b", "new");
  EXPECT_EQ(Get("a/b"), "new");
}

TEST_P(BlobStoreContract, DeletesAPrefixAndNothingElse) {
  for (int i = 0; i < 12; ++i) Put(absl::StrCat("jobs/7/", i));
  Put("jobs/70/x");
  Put("jobs/8");
  ASSERT_TRUE(blobs_->DeletePrefix("jobs/7/").ok());
  EXPECT_THAT(List(""), ::testing::ElementsAre("jobs/70/x", "jobs/8"));
}

TEST_P(BlobStoreContract, PutsAndListsWhileOthersDelete) {
  Put("jobs/stays/1/x");
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> others;
  for (int i = 0; i < 3; ++i) {
    others.emplace_back([&, i] {
      const std::string key = absl::StrCat("jobs/other/1/", i);
      while (!stop) {
        if (!blobs_->PutIfAbsent(key, "x").ok()) ++wrong;
        if (!blobs_->Delete(key).ok()) ++wrong;
      }
    });
  }
  for (int i = 0; i < 300; ++i) {
    const std::vector<std::string> keys = List("jobs/");
    if (keys.empty() || keys.back() != "jobs/stays/1/x") ++wrong;
  }
  stop = true;
  for (std::thread& other : others) other.join();
  EXPECT_EQ(wrong, 0);
}

TEST_P(BlobStoreContract, ALocalFileHoldsTheBlob) {
  Put("blob", "content");
  const auto path = blobs_->LocalPath("blob");
  ASSERT_TRUE(path.ok()) << path.status();
  if (path->has_value()) {
    EXPECT_EQ(*ReadFile(**path, 100), "content");
  }
}

}  // namespace graft

#endif  // GRAFT_TESTS_CONTRACT_BLOB_STORE_CONTRACT_H_
