#ifndef GRAFT_TESTS_UNIT_SERVER_CAPTURE_CAPTURE_FIXTURE_H_
#define GRAFT_TESTS_UNIT_SERVER_CAPTURE_CAPTURE_FIXTURE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "core/base/sha256.h"
#include "core/store/sqlite/sqlite_metadata_store.h"
#include "server/capture/captured_pictures.h"
#include "tests/fakes/fake_clock.h"
#include "tests/unit/server/store_test.h"

namespace graft::server {

// Kept pictures over a real store and real blobs, by a clock that the test moves.
class CaptureTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    ASSERT_FALSE(HasFatalFailure());
    store_.reset();
    auto store =
        store::SqliteMetadataStore::Open({.path = folder_->path() / "graft.db", .clock = &clock_});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    policy_.project = "p";
    policy_.max_confidence = 0.6;
    policy_.max_pictures = 100;
    policy_.retention_days = 2;
    OpenPictures(1'000);
  }

  void OpenPictures(uint64_t max_bytes) {
    auto pictures =
        CapturedPictures::Open({.max_bytes = max_bytes, .check_disk = [this] { return disk_; }},
                               store_.get(), blobs_.get(), metrics_.get(), logger_.get());
    ASSERT_TRUE(pictures.ok()) << pictures.status();
    pictures_ = *std::move(pictures);
  }

  absl::StatusOr<CapturedPictures::Outcome> Keep(const std::string& bytes,
                                                 const store::CapturePolicy& policy) {
    store::CapturedPicture picture;
    picture.project = policy.project;
    picture.digest = Sha256Hex(bytes);
    picture.model = "pets";
    picture.version = 1;
    picture.answer = "cat";
    picture.probability = 0.5;
    return pictures_->Keep(std::move(picture), bytes, policy);
  }
  bool Kept(const std::string& bytes) {
    const auto kept = Keep(bytes, policy_);
    EXPECT_TRUE(kept.ok()) << kept.status();
    return kept.ok() && *kept == CapturedPictures::Outcome::kKept;
  }

  // The bytes of what a project has, newest first; rows and blobs agree.
  std::vector<std::string> Pictures(const std::string& project = "p") {
    std::vector<std::string> all;
    const store::Page<store::CapturedPicture> page =
        store_->ListCapturedPictures(project, "", {1'000, ""}).value();
    for (const store::CapturedPicture& picture : page.items) {
      const auto bytes = pictures_->Read(picture);
      EXPECT_TRUE(bytes.ok()) << bytes.status();
      all.push_back(bytes.value_or("lost"));
    }
    return all;
  }
  size_t Blobs() { return blobs_->List("captures/", "", 1'000).value().size(); }

  FakeClock clock_;
  absl::Status disk_;
  store::CapturePolicy policy_;
  const std::unique_ptr<telemetry::Metrics> metrics_ = telemetry::Metrics::Create();
  const std::unique_ptr<wire::Logger> logger_ = wire::Logger::Silent();
  std::unique_ptr<CapturedPictures> pictures_;
};

}  // namespace graft::server

#endif  // GRAFT_TESTS_UNIT_SERVER_CAPTURE_CAPTURE_FIXTURE_H_
