#include "server/api/upload_session.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "graft/v1/dataset.grpc.pb.h"

#include "core/base/files.h"
#include "core/base/sha256.h"
#include "server/rpc/upload_call.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/loopback_server.h"
#include "wire/status.h"

namespace graft::server {
namespace {

using ::testing::HasSubstr;

class UploadService final : public v1::DatasetService::CallbackService {
 public:
  UploadService(const UploadEnvironment& environment, size_t limit)
      : environment_(environment), slots_(limit) {}

  grpc::ServerReadReactor<v1::UploadDatasetRequest>* UploadDataset(
      grpc::CallbackServerContext* context, v1::UploadDatasetResponse* response) override {
    return ServeUpload(MakeUploadSession(environment_, slots_, {}), context, response);
  }
  UploadSlots& slots() { return slots_; }

 private:
  const UploadEnvironment& environment_;
  UploadSlots slots_;
};

class UploadCallTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TempDirectory::Create();
    ASSERT_TRUE(folder.ok());
    folder_ = std::make_unique<TempDirectory>(*std::move(folder));
    environment_.tmp_dir = folder_->path();
    environment_.max_bytes = 1000;
    environment_.io = &executor_;
    environment_.ingest = &executor_;
    environment_.metrics = metrics_.get();
    environment_.clock = &clock_;
    environment_.admit = [](const CallContext&,
                            const v1::UploadHeader& header) -> absl::StatusOr<std::string> {
      if (header.display_name() == "bad") return InvalidField("header.display_name", "is bad");
      return std::string("default");
    };
    environment_.accept = [this](const ReceivedArchive& archive,
                                 v1::UploadDatasetResponse* response) {
      const auto content = ReadFile(archive.file, 64 << 20);
      if (!content.ok()) return content.status();
      accepted_.push_back(*content);
      sha256_ = archive.sha256;
      EXPECT_EQ(archive.header.project(), "default");
      response->set_created(true);
      return absl::OkStatus();
    };
    // An upload gives its place back a little after its answer has arrived: more than one at a
    // time.
    Serve(8);
  }
  void Serve(size_t max_uploads) {
    server_.reset();
    service_ = std::make_unique<UploadService>(environment_, max_uploads);
    server_ = std::make_unique<LoopbackServer>(service_.get());
    stub_ = v1::DatasetService::NewStub(server_->channel());
  }

  void TearDown() override {
    server_.reset();
    executor_.Close();
    EXPECT_TRUE(std::filesystem::is_empty(folder_->path())) << "an upload left something behind";
  }

  static v1::UploadDatasetRequest Header(const std::string& name = "d") {
    v1::UploadDatasetRequest message;
    message.mutable_header()->set_display_name(name);
    return message;
  }
  static v1::UploadDatasetRequest Chunk(const std::string& bytes) {
    v1::UploadDatasetRequest message;
    message.set_chunk(bytes);
    return message;
  }

  absl::Status Upload(const std::vector<v1::UploadDatasetRequest>& messages) {
    grpc::ClientContext context;
    auto writer = stub_->UploadDataset(&context, &response_);
    for (const auto& message : messages) {
      if (!writer->Write(message)) break;
    }
    writer->WritesDone();
    return wire::FromGrpcStatus(writer->Finish());
  }

  std::unique_ptr<TempDirectory> folder_;
  std::unique_ptr<telemetry::Metrics> metrics_ = telemetry::Metrics::Create();
  FakeClock clock_;
  ThreadPool executor_{"uploads", 2, 10};
  UploadEnvironment environment_;
  std::vector<std::string> accepted_;
  std::string sha256_;
  v1::UploadDatasetResponse response_;
  std::unique_ptr<UploadService> service_;
  std::unique_ptr<LoopbackServer> server_;
  std::unique_ptr<v1::DatasetService::Stub> stub_;
};

TEST_F(UploadCallTest, HandsOnTheBytesInOrderWithTheirHash) {
  ASSERT_TRUE(Upload({Header(), Chunk("one "), Chunk("two "), Chunk("three")}).ok());
  EXPECT_THAT(accepted_, ::testing::ElementsAre("one two three"));
  EXPECT_EQ(sha256_, Sha256Hex("one two three"));
  EXPECT_TRUE(response_.created());
  EXPECT_EQ(metrics_->upload_bytes_total.Value(), 13);
}

struct BadUpload {
  const char* name;
  std::function<void(std::vector<v1::UploadDatasetRequest>&)> make;
  absl::StatusCode code;
  const char* message;
};

class BadUploads : public UploadCallTest, public ::testing::WithParamInterface<BadUpload> {};

TEST_P(BadUploads, AreRefusedWithTheCauseAndTheServerGoesOn) {
  std::vector<v1::UploadDatasetRequest> messages = {Header(), Chunk("bytes")};
  GetParam().make(messages);
  const absl::Status status = Upload(messages);
  EXPECT_EQ(status.code(), GetParam().code) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
  EXPECT_TRUE(accepted_.empty());
  EXPECT_TRUE(Upload({Header(), Chunk("good")}).ok());
}

INSTANTIATE_TEST_SUITE_P(
    All, BadUploads,
    ::testing::Values(
        BadUpload{"NoMessage", [](auto& m) { m.clear(); }, absl::StatusCode::kInvalidArgument,
                  "header"},
        BadUpload{"NoHeader", [](auto& m) { m.erase(m.begin()); },
                  absl::StatusCode::kInvalidArgument, "header"},
        BadUpload{"TwoHeaders", [](auto& m) { m.push_back(m[0]); },
                  absl::StatusCode::kInvalidArgument, "header"},
        BadUpload{"EmptyMessage", [](auto& m) { m.emplace_back(); },
                  absl::StatusCode::kInvalidArgument, "part"},
        BadUpload{"NothingInIt", [](auto& m) { m.pop_back(); }, absl::StatusCode::kInvalidArgument,
                  "empty"},
        BadUpload{"RefusedHeader", [](auto& m) { m[0].mutable_header()->set_display_name("bad"); },
                  absl::StatusCode::kInvalidArgument, "header.display_name"},
        BadUpload{"NegativeSize", [](auto& m) { m[0].mutable_header()->set_total_bytes(-1); },
                  absl::StatusCode::kInvalidArgument, "header.total_bytes"},
        BadUpload{"AnnouncedTooLarge",
                  [](auto& m) { m[0].mutable_header()->set_total_bytes(1001); },
                  absl::StatusCode::kResourceExhausted, "1000 bytes"},
        BadUpload{"SentTooLarge", [](auto& m) { m[1].set_chunk(std::string(1001, 'x')); },
                  absl::StatusCode::kResourceExhausted, "1000 bytes"},
        BadUpload{"ShorterThanSaid", [](auto& m) { m[0].mutable_header()->set_total_bytes(6); },
                  absl::StatusCode::kInvalidArgument, "5 bytes were received"},
        BadUpload{"HashIsNone", [](auto& m) { m[0].mutable_header()->set_sha256("abc"); },
                  absl::StatusCode::kInvalidArgument, "header.sha256"},
        BadUpload{"OtherHash",
                  [](auto& m) { m[0].mutable_header()->set_sha256(Sha256Hex("other")); },
                  absl::StatusCode::kDataLoss, "sha256"}),
    [](const auto& bad) { return bad.param.name; });

TEST_F(UploadCallTest, AClientThatGoesAwayLeavesNothing) {
  for (int i = 0; i < 100; ++i) {
    grpc::ClientContext context;
    auto writer = stub_->UploadDataset(&context, &response_);
    // False where the places of those before are not free yet: that one is refused, which is fine.
    if (!writer->Write(Header()) || !writer->Write(Chunk("half"))) continue;
    context.TryCancel();
    EXPECT_FALSE(writer->Finish().ok());
  }
  EXPECT_TRUE(accepted_.empty());
  absl::Status whole;
  do {
    whole = Upload({Header(), Chunk("good")});
  } while (whole.code() == absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(whole.ok()) << whole;
  EXPECT_THAT(accepted_, ::testing::ElementsAre("good"));
}

TEST_F(UploadCallTest, AClientThatGoesAwayWhileItsArchiveIsUnpackedLeavesNothing) {
  absl::Notification unpacking, left;
  bool abandoned = false;
  environment_.accept = [&](const ReceivedArchive& archive, v1::UploadDatasetResponse* response) {
    response->set_created(true);
    unpacking.Notify();
    left.WaitForNotification();
    abandoned = archive.abandoned();
    return absl::OkStatus();
  };
  grpc::ClientContext context;
  auto writer = stub_->UploadDataset(&context, &response_);
  writer->Write(Header());
  writer->Write(Chunk("whole"));
  writer->WritesDone();
  unpacking.WaitForNotification();
  context.TryCancel();
  EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::CANCELLED);
  server_.reset();  // returns when the call has ended on the server's side
  left.Notify();
  executor_.Close();
  EXPECT_TRUE(abandoned);
}

TEST_F(UploadCallTest, ASilentClientIsDropped) {
  grpc::ClientContext context;
  auto writer = stub_->UploadDataset(&context, &response_);
  ASSERT_TRUE(writer->Write(Header()));
  // Any time at which it was heard lies before this one.
  clock_.Advance(absl::Hours(1));
  while (true) {
    service_->slots().DropIdle(clock_.Monotonic());
    if (!writer->Write(Chunk("x"))) break;
    clock_.Advance(absl::Hours(1));
  }
  EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

// A client whose answer got lost sends all of it again: a full disk must not keep it from the
// answer.
TEST_F(UploadCallTest, WhatIsHereAlreadyIsAnsweredFromItsHashAloneOnAFullDiskToo) {
  environment_.min_free_disk_bytes = 1 << 20;
  environment_.free_disk_bytes = [](const std::filesystem::path&) { return 0; };
  environment_.find_repeated = [](const std::string& project, const v1::UploadHeader& header)
      -> absl::StatusOr<std::optional<v1::UploadDatasetResponse>> {
    if (project != "default" || header.sha256() != Sha256Hex("known")) return std::nullopt;
    v1::UploadDatasetResponse response;
    response.mutable_dataset()->set_id("d-1");
    return response;
  };
  v1::UploadDatasetRequest header = Header();
  header.mutable_header()->set_sha256(Sha256Hex("known"));
  const absl::Status status = Upload({header, Chunk("known")});
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(response_.dataset().id(), "d-1");
  EXPECT_TRUE(accepted_.empty()) << "it was received all the same";
  header.mutable_header()->set_sha256(Sha256Hex("new"));
  EXPECT_EQ(ErrorReason(Upload({header, Chunk("new")})), "DISK_FULL");
  EXPECT_EQ(ErrorReason(Upload({Header(), Chunk("known")})), "DISK_FULL");
}

// The disk was looked at before the first byte only: a slow upload filled what others needed.
TEST_F(UploadCallTest, AnUploadEndsWhereTheDisksReserveBegins) {
  uint64_t free = uint64_t{1} << 40;
  environment_.max_bytes = 256 << 20;
  environment_.min_free_disk_bytes = 1 << 20;
  environment_.free_disk_bytes = [&](const std::filesystem::path& folder) {
    EXPECT_EQ(folder, folder_->path());
    const uint64_t answer = free;
    free = std::max<uint64_t>(free, 50 << 20) - (50 << 20);  // others write as well
    return answer;
  };
  const std::vector<v1::UploadDatasetRequest> small = {Header(), Chunk("bytes")};
  std::vector<v1::UploadDatasetRequest> large = {Header()};
  for (int i = 0; i < 40; ++i) large.push_back(Chunk(std::string(1 << 20, 'x')));
  free = 110 << 20;
  const absl::Status status = Upload(large);
  EXPECT_EQ(status.code(), absl::StatusCode::kOk) << status;
  accepted_.clear();
  free = 90 << 20;
  const absl::Status full = Upload(large);
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted) << full;
  EXPECT_EQ(ErrorReason(full), "DISK_FULL");
  EXPECT_TRUE(RetryDelay(full).has_value());
  EXPECT_TRUE(accepted_.empty());
  EXPECT_TRUE(std::filesystem::is_empty(folder_->path()));
  free = uint64_t{1} << 40;
  EXPECT_TRUE(Upload(small).ok());
}

TEST_F(UploadCallTest, UploadsBeyondTheLimitAreToldToRetry) {
  absl::BlockingCounter admitted(2);
  environment_.admit = [&](const CallContext&,
                           const v1::UploadHeader&) -> absl::StatusOr<std::string> {
    admitted.DecrementCount();
    return std::string("default");
  };
  Serve(2);
  grpc::ClientContext contexts[2];
  v1::UploadDatasetResponse responses[2];
  std::unique_ptr<grpc::ClientWriter<v1::UploadDatasetRequest>> writers[2];
  for (int i = 0; i < 2; ++i) {
    writers[i] = stub_->UploadDataset(&contexts[i], &responses[i]);
    ASSERT_TRUE(writers[i]->Write(Header()));
  }
  admitted.Wait();
  const absl::Status third = Upload({Header(), Chunk("bytes")});
  EXPECT_EQ(third.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(RetryDelay(third).has_value());
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(writers[i]->Write(Chunk("bytes")));
    writers[i]->WritesDone();
    EXPECT_TRUE(writers[i]->Finish().ok());
  }
}

}  // namespace
}  // namespace graft::server
