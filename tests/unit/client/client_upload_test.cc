// UploadDataset, against a server that keeps what it gets.

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "graft/v1/dataset.grpc.pb.h"
#include "gtest/gtest.h"

#include "client/lib/client.h"
#include "core/base/files.h"
#include "tests/fakes/loopback_server.h"

namespace graft::client {
namespace {

// Takes an upload, and remembers how it ended.
class FakeDatasets final : public v1::DatasetService::Service {
 public:
  grpc::Status UploadDataset(grpc::ServerContext* context,
                             grpc::ServerReader<v1::UploadDatasetRequest>* reader,
                             v1::UploadDatasetResponse* response) override {
    v1::UploadDatasetRequest message;
    while (reader->Read(&message)) {
      if (message.has_header()) {
        header = message.header();
      } else {
        bytes += message.chunk();
      }
      if (refuse) {
        return {grpc::StatusCode::RESOURCE_EXHAUSTED, "the archive is larger than allowed"};
      }
    }
    cancelled = context->IsCancelled();
    response->set_created(true);
    response->mutable_dataset()->set_id("d");
    ended.Notify();
    return grpc::Status::OK;
  }

  bool refuse = false;
  v1::UploadHeader header;
  std::string bytes;
  bool cancelled = false;
  absl::Notification ended;
};

class UploadTest : public ::testing::Test {
 protected:
  UploadTest() {
    ClientOptions options;
    options.server = server_.address();
    options.project = "lab";
    options.cancellation = cancellation_;
    client_ = Client::Create(options);
  }
  void Put(const std::string& name, const std::string& bytes) {
    const std::filesystem::path path = folder_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
  }

  TempDirectory folder_ = *TempDirectory::Create();
  FakeDatasets datasets_;
  LoopbackServer server_{&datasets_};
  const std::shared_ptr<Cancellation> cancellation_ = std::make_shared<Cancellation>();
  std::unique_ptr<Client> client_;
};

TEST_F(UploadTest, SendsAnArchiveAndSaysHowFarItIs) {
  const std::string content(3'500'000, 'z');
  Put("photos.zip", content);
  std::vector<uint64_t> progress;
  UploadCallbacks callbacks;
  callbacks.on_progress = [&](uint64_t sent, uint64_t total) {
    EXPECT_EQ(total, content.size());
    progress.push_back(sent);
  };
  const auto response =
      client_->UploadDataset(folder_.path() / "photos.zip", {.display_name = "pets"}, callbacks);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->dataset().id(), "d");
  EXPECT_EQ(datasets_.bytes, content);
  EXPECT_EQ(datasets_.header.project(), "lab");
  EXPECT_EQ(datasets_.header.display_name(), "pets");
  EXPECT_EQ(datasets_.header.total_bytes(), static_cast<int64_t>(content.size()));
  EXPECT_EQ(datasets_.header.format(), v1::ARCHIVE_FORMAT_UNSPECIFIED);
  EXPECT_EQ(progress.size(), 4u);
  EXPECT_EQ(progress.back(), content.size());
}

TEST_F(UploadTest, TakesNoDigestOfAFolder) {
  Put("photos/cat/a.jpg", "meow");
  const absl::Status refused =
      client_->UploadDataset(folder_.path() / "photos", {.sha256 = std::string(64, 'a')}, {})
          .status();
  EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
}

TEST_F(UploadTest, SendsTheDigestOfAnArchive) {
  Put("photos.zip", "z");
  const std::string digest(64, 'a');
  ASSERT_TRUE(client_->UploadDataset(folder_.path() / "photos.zip", {.sha256 = digest}, {}).ok());
  EXPECT_EQ(datasets_.header.sha256(), digest);
}

TEST_F(UploadTest, SendsAFolderAsTar) {
  Put("photos/cat/a.jpg", "meow");
  ASSERT_TRUE(client_->UploadDataset(folder_.path() / "photos", {}, {}).ok());
  EXPECT_EQ(datasets_.header.format(), v1::ARCHIVE_FORMAT_TAR);
  EXPECT_EQ(datasets_.header.total_bytes(), 0);
  EXPECT_THAT(datasets_.bytes, testing::HasSubstr("meow"));
}

TEST_F(UploadTest, SendsAManifestBesideThePictures) {
  Put("photos/a.jpg", "meow");
  Put("pets.csv", "path,age,note\na.jpg,3,\n");
  UploadOptions options;
  options.manifest = folder_.path() / "pets.csv";
  options.number_columns = {"age"};
  options.ignored_columns = {"note"};
  ASSERT_TRUE(client_->UploadDataset(folder_.path() / "photos", options, {}).ok());
  const v1::UploadManifest& manifest = datasets_.header.manifest();
  EXPECT_EQ(manifest.name(), "pets.csv");
  EXPECT_EQ(manifest.content(), "path,age,note\na.jpg,3,\n");
  EXPECT_THAT(manifest.number_columns(), testing::ElementsAre("age"));
  EXPECT_THAT(manifest.ignored_columns(), testing::ElementsAre("note"));
  options.manifest = folder_.path() / "none.csv";
  EXPECT_THAT(
      std::string(
          client_->UploadDataset(folder_.path() / "photos", options, {}).status().message()),
      testing::HasSubstr("none.csv"));
}

TEST_F(UploadTest, TellsWhatStaysOutBeforeItSends) {
  Put("photos/cat/a.jpg", "meow");
  Put("photos/cat/.DS_Store", "x");
  std::filesystem::create_symlink("loop", folder_.path() / "photos/loop");
  std::string told;
  UploadCallbacks callbacks;
  callbacks.on_left_out = [&](const LeftOut& left_out) { told += Describe(left_out); };
  callbacks.on_progress = [&](uint64_t, uint64_t) { told += "; sent"; };
  ASSERT_TRUE(client_->UploadDataset(folder_.path() / "photos", {}, callbacks).ok());
  EXPECT_EQ(told, "1 hidden file or folder, 1 symbolic link; sent");
}

TEST_F(UploadTest, HangsUpWhenItIsCancelled) {
  Put("photos.zip", std::string(8'000'000, 'z'));
  UploadCallbacks callbacks;
  callbacks.on_progress = [&](uint64_t, uint64_t) { cancellation_->Cancel(); };
  const auto response = client_->UploadDataset(folder_.path() / "photos.zip", {}, callbacks);
  EXPECT_EQ(response.status(), absl::CancelledError("interrupted"));
  datasets_.ended.WaitForNotification();
  EXPECT_TRUE(datasets_.cancelled);
}

// A receiver that closes the stream knows why; the broken pipe does not.
TEST_F(UploadTest, TellsWhyTheServerRefused) {
  datasets_.refuse = true;
  Put("photos.zip", std::string(8'000'000, 'z'));
  const auto response = client_->UploadDataset(folder_.path() / "photos.zip", {}, {});
  EXPECT_EQ(response.status(), absl::ResourceExhaustedError("the archive is larger than allowed"));
}

// Half an archive must not become a dataset.
TEST_F(UploadTest, HangsUpWhenAFileBecomesShorterWhileItIsSent) {
  Put("photos/cat/a.jpg", std::string(8'000'000, 'a'));
  const std::filesystem::path file = folder_.path() / "photos/cat/a.jpg";
  UploadCallbacks callbacks;
  callbacks.on_progress = [&](uint64_t, uint64_t) {
    std::filesystem::resize_file(file, 2'000'000);
  };
  const auto response = client_->UploadDataset(folder_.path() / "photos", {}, callbacks);
  EXPECT_TRUE(absl::IsDataLoss(response.status())) << response.status();
  datasets_.ended.WaitForNotification();
  EXPECT_TRUE(datasets_.cancelled);
}

TEST_F(UploadTest, AsksNothingOfTheServerForAFolderThatIsNotThere) {
  EXPECT_TRUE(
      absl::IsInvalidArgument(client_->UploadDataset(folder_.path() / "none", {}, {}).status()));
  EXPECT_FALSE(datasets_.ended.HasBeenNotified());
}

}  // namespace
}  // namespace graft::client
