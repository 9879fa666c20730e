#include "server/api/watch_stream.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "graft/v1/finetune.grpc.pb.h"

#include "server/rpc/watch_call.h"
#include "tests/fakes/loopback_server.h"
#include "wire/status.h"

namespace graft {
namespace {

using ::testing::ElementsAre;

// A log of events that grows, read in pages of two.
class Log {
 public:
  explicit Log(WatchHub& hub) : hub_(hub) {}

  void Append(bool last = false) {
    {
      absl::MutexLock lock(&mutex_);
      ++events_;
      ended_ = last;
    }
    hub_.Notify("job");
  }

  absl::StatusOr<EventPage> Read(uint64_t after) {
    absl::MutexLock lock(&mutex_);
    EventPage page;
    for (uint64_t sequence = after + 1; sequence <= events_ && page.events.size() < 2; ++sequence) {
      page.events.emplace_back().set_sequence(sequence);
    }
    page.ended = ended_ && after + page.events.size() == events_;
    if (page.events.empty() && fraction_ > 0) {
      page.progress.emplace().set_fraction(fraction_);
    }
    return page;
  }

  void SetFraction(double fraction) {
    {
      absl::MutexLock lock(&mutex_);
      fraction_ = fraction;
    }
    hub_.Notify("job");
  }

 private:
  WatchHub& hub_;
  absl::Mutex mutex_;
  uint64_t events_ = 0;
  bool ended_ = false;
  double fraction_ = 0;
};

class WatchService final : public v1::FineTuneService::CallbackService {
 public:
  WatchService(WatchHub& hub, Executor& executor, Log& log)
      : hub_(hub), executor_(executor), log_(log) {}
  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(grpc::CallbackServerContext*,
                                                     const v1::WatchRequest* request) override {
    return ServeWatch(MakeWatchStream(hub_, executor_, request->job_id(), request->after_sequence(),
                                      [this](uint64_t after) -> absl::StatusOr<EventPage> {
                                        if (fail_) return absl::DataLossError("torn");
                                        return log_.Read(after);
                                      }));
  }
  bool fail_ = false;

 private:
  WatchHub& hub_;
  Executor& executor_;
  Log& log_;
};

class WatchStreamTest : public ::testing::Test {
 protected:
  // Starts a Watch; its reader lives as long as the test.
  struct Stream {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> reader;

    uint64_t Next() {
      v1::WatchResponse response;
      return reader->Read(&response) ? response.event().sequence() : 0;
    }
  };
  std::unique_ptr<Stream> Watch(uint64_t after = 0) {
    auto stream = std::make_unique<Stream>();
    v1::WatchRequest request;
    request.set_job_id("job");
    request.set_after_sequence(after);
    stream->reader = stub_->Watch(&stream->context, request);
    return stream;
  }

  WatchHub hub_{2};
  Executor executor_{2, 10};
  Log log_{hub_};
  WatchService service_{hub_, executor_, log_};
  LoopbackServer server_{&service_};
  std::unique_ptr<v1::FineTuneService::Stub> stub_ =
      v1::FineTuneService::NewStub(server_.channel());
};

TEST_F(WatchStreamTest, GivesWhatWasAndWhatComesAndEndsWithTheJob) {
  for (int i = 0; i < 5; ++i) log_.Append();
  auto stream = Watch();
  std::vector<uint64_t> seen;
  for (int i = 0; i < 5; ++i) seen.push_back(stream->Next());
  log_.Append();
  seen.push_back(stream->Next());
  log_.Append(/*last=*/true);
  seen.push_back(stream->Next());
  EXPECT_THAT(seen, ElementsAre(1, 2, 3, 4, 5, 6, 7));
  EXPECT_EQ(stream->Next(), 0u);
  EXPECT_TRUE(stream->reader->Finish().ok());
}

TEST_F(WatchStreamTest, GoesOnAfterTheSequenceThatTheClientHas) {
  for (int i = 0; i < 3; ++i) log_.Append();
  log_.Append(/*last=*/true);
  auto stream = Watch(2);
  EXPECT_EQ(stream->Next(), 3u);
  EXPECT_EQ(stream->Next(), 4u);
  EXPECT_EQ(stream->Next(), 0u);
  EXPECT_TRUE(stream->reader->Finish().ok());
}

TEST_F(WatchStreamTest, AReaderWhoHasSeenAllOfAnEndedJobIsToldTheEnd) {
  log_.Append(/*last=*/true);
  auto stream = Watch(1);
  EXPECT_EQ(stream->Next(), 0u);
  EXPECT_TRUE(stream->reader->Finish().ok());
}

TEST_F(WatchStreamTest, NothingIsMissedWhileEventsComeFasterThanTheyAreRead) {
  auto stream = Watch();
  std::thread writer([this] {
    for (int i = 0; i < 500; ++i) log_.Append();
    log_.Append(/*last=*/true);
  });
  uint64_t expected = 1;
  for (uint64_t sequence; (sequence = stream->Next()) != 0; ++expected) {
    ASSERT_EQ(sequence, expected);
  }
  writer.join();
  EXPECT_EQ(expected, 502u);
  EXPECT_TRUE(stream->reader->Finish().ok());
}

TEST_F(WatchStreamTest, StreamsBeyondTheLimitAreToldToRetry) {
  log_.Append();
  auto first = Watch();
  auto second = Watch();
  EXPECT_EQ(first->Next(), 1u);
  EXPECT_EQ(second->Next(), 1u);
  auto third = Watch();
  EXPECT_EQ(third->Next(), 0u);
  const absl::Status status = FromGrpcStatus(third->reader->Finish());
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(RetryDelay(status).has_value());
}

TEST_F(WatchStreamTest, AStoppingServerSendsWhatItHasAndThenUnavailable) {
  log_.Append();
  auto stream = Watch();
  EXPECT_EQ(stream->Next(), 1u);
  log_.Append();
  hub_.StopAll();
  EXPECT_EQ(stream->Next(), 2u);
  EXPECT_EQ(stream->Next(), 0u);
  EXPECT_EQ(stream->reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(WatchStreamTest, AnErrorOfTheStoreReachesTheClient) {
  service_.fail_ = true;
  auto stream = Watch();
  EXPECT_EQ(stream->Next(), 0u);
  EXPECT_EQ(stream->reader->Finish().error_code(), grpc::StatusCode::DATA_LOSS);
}

TEST_F(WatchStreamTest, AClientWhoLeavesGivesItsPlaceBack) {
  log_.Append();
  for (int i = 0; i < 20; ++i) {
    auto stream = Watch();
    while (stream->Next() == 0) stream = Watch();  // the place of the one before may be taken yet
    stream->context.TryCancel();
    stream->reader->Finish();
  }
}

TEST_F(WatchStreamTest, ProgressIsToldOnceUnderTheNumberBeforeIt) {
  log_.Append();
  const auto stream = Watch();
  EXPECT_EQ(stream->Next(), 1u);
  v1::WatchResponse response;
  for (const double fraction : {0.25, 0.5}) {
    log_.SetFraction(fraction);
    ASSERT_TRUE(stream->reader->Read(&response));
    EXPECT_EQ(response.event().progress().fraction(), fraction);
    EXPECT_EQ(response.event().sequence(), 1u);
    log_.SetFraction(fraction);  // not news
  }
  log_.Append(/*last=*/true);
  EXPECT_EQ(stream->Next(), 2u);
  EXPECT_EQ(stream->Next(), 0u);
}

}  // namespace
}  // namespace graft
