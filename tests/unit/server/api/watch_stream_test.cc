#include "server/api/watch_stream.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "graft/v1/finetune.grpc.pb.h"

#include "server/rpc/watch_call.h"
#include "tests/fakes/loopback_server.h"
#include "tests/fakes/watch_readers.h"
#include "wire/status.h"

namespace graft::server {
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
    ++reads;
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

  std::atomic<int> reads{0};

 private:
  WatchHub& hub_;
  absl::Mutex mutex_;
  uint64_t events_ = 0;
  bool ended_ = false;
  double fraction_ = 0;
};

class WatchService final : public v1::FineTuneService::CallbackService {
 public:
  WatchService(WatchHub& hub, Log& log) : hub_(hub), log_(log) {}
  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(grpc::CallbackServerContext*,
                                                     const v1::WatchRequest* request) override {
    return ServeWatch(MakeWatchStream(
        hub_, {request->project(), request->job_id()}, request->after_sequence(),
        [this, project = request->project()](uint64_t after) -> absl::StatusOr<EventPage> {
          if (project == "stranger") return absl::NotFoundError("not of this project");
          if (fail_) return absl::DataLossError("torn");
          return log_.Read(after);
        }));
  }
  std::atomic<bool> fail_{false};

 private:
  WatchHub& hub_;
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
  std::unique_ptr<Stream> Watch(uint64_t after = 0, const std::string& project = "") {
    auto stream = std::make_unique<Stream>();
    v1::WatchRequest request;
    request.set_project(project);
    request.set_job_id("job");
    request.set_after_sequence(after);
    stream->reader = stub_->Watch(&stream->context, request);
    return stream;
  }

  // Until the place of a stream that ended is free again, which is a moment after its end.
  void AwaitPlaces(size_t taken) {
    const absl::Time give_up = absl::Now() + absl::Minutes(1);
    while (hub_.size() != taken && absl::Now() < give_up) std::this_thread::yield();
    ASSERT_EQ(hub_.size(), taken);
  }

  // Reads hold the hub.
  void TearDown() override { reads_.Close(); }

  ThreadPool reads_{"reads", 2, 10};
  WatchHub hub_{2, &reads_};
  Log log_{hub_};
  WatchService service_{hub_, log_};
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
  const absl::Status status = wire::FromGrpcStatus(third->reader->Finish());
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
  auto stays = Watch();
  ASSERT_EQ(stays->Next(), 1u);
  for (int i = 0; i < 20; ++i) {
    auto leaves = Watch();
    ASSERT_EQ(leaves->Next(), 1u) << "there was no place for stream " << i;
    EXPECT_EQ(hub_.size(), 2u);
    leaves->context.TryCancel();
    EXPECT_EQ(leaves->reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
    ASSERT_NO_FATAL_FAILURE(AwaitPlaces(1));
  }
  log_.Append();
  EXPECT_EQ(stays->Next(), 2u) << "the other went with them";
}

TEST_F(WatchStreamTest, StreamsOfOneProjectGetNothingThatIsReadForAnother) {
  log_.Append();
  auto stranger = Watch(0, "stranger");
  auto owner = Watch(0, "owner");
  EXPECT_EQ(stranger->Next(), 0u);
  EXPECT_EQ(stranger->reader->Finish().error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(owner->Next(), 1u);
  log_.Append(/*last=*/true);
  EXPECT_EQ(owner->Next(), 2u);
  EXPECT_EQ(owner->Next(), 0u);
  EXPECT_TRUE(owner->reader->Finish().ok());
}

TEST_F(WatchStreamTest, AStreamThatIsBehindAndOneAtTheEndEachGetWhatFollowsTheirPlace) {
  for (int i = 0; i < 9; ++i) log_.Append();
  auto behind = Watch(0);
  auto ahead = Watch(8);
  EXPECT_EQ(ahead->Next(), 9u);
  for (uint64_t sequence = 1; sequence <= 9; ++sequence) EXPECT_EQ(behind->Next(), sequence);
  log_.Append(/*last=*/true);
  EXPECT_EQ(ahead->Next(), 10u);
  EXPECT_EQ(behind->Next(), 10u);
  EXPECT_EQ(ahead->Next(), 0u);
  EXPECT_EQ(behind->Next(), 0u);
}

TEST(WatchHub, AThousandStreamsOfOneJobAreReadForTogether) {
  constexpr int kStreams = 1'000;
  constexpr int kEvents = 20;
  ThreadPool reads("reads", 1, 1);
  WatchHub hub(kStreams, &reads);
  Log log(hub);
  {
    WatchService service(hub, log);
    LoopbackServer server(&service);
    const auto stub = v1::FineTuneService::NewStub(server.channel());
    WatchReaders readers;
    for (int i = 0; i < kStreams; ++i) readers.Start(stub.get(), "job");
    for (int i = 1; i < kEvents; ++i) log.Append();
    log.Append(/*last=*/true);
    EXPECT_TRUE(readers.AwaitEnds(absl::Minutes(2)));
    EXPECT_EQ(readers.failed(), 0);
    EXPECT_EQ(readers.gaps(), 0);
    EXPECT_TRUE(readers.AwaitAll(kEvents, absl::ZeroDuration()));
    // A page holds two events: alone, each stream would read ten times or more.
    EXPECT_LT(log.reads.load(), 2 * kStreams);
  }
  reads.Close();
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
}  // namespace graft::server
