#include "client/lib/client.h"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "graft/v1/finetune.grpc.pb.h"
#include "gtest/gtest.h"

#include "tests/fakes/fake_timer.h"
#include "tests/fakes/loopback_server.h"

namespace graft::client {
namespace {

using ::testing::ElementsAre;

// One answer to Watch: events, then a status.
struct WatchScript {
  std::vector<v1::JobEvent> events;
  grpc::Status status;
};

v1::JobEvent Log(uint64_t sequence) {
  v1::JobEvent event;
  event.set_sequence(sequence);
  event.mutable_log()->set_text("step");
  return event;
}

v1::JobEvent Terminal(uint64_t sequence) {
  v1::JobEvent event;
  event.set_sequence(sequence);
  event.mutable_state()->set_state(v1::JOB_STATE_SUCCEEDED);
  event.mutable_state()->mutable_job()->set_id("j");
  event.mutable_state()->mutable_job()->set_model_version(3);
  return event;
}

// Answers as the test wrote down, and remembers what it was asked.
class FakeJobs final : public v1::FineTuneService::Service {
 public:
  grpc::Status Watch(grpc::ServerContext*, const v1::WatchRequest* request,
                     grpc::ServerWriter<v1::WatchResponse>* writer) override {
    WatchScript script;
    {
      absl::MutexLock lock(&mutex);
      watches.push_back(*request);
      if (scripts.empty()) return {grpc::StatusCode::FAILED_PRECONDITION, "asked too often"};
      script = scripts.front();
      scripts.pop_front();
    }
    for (const v1::JobEvent& event : script.events) {
      v1::WatchResponse response;
      *response.mutable_event() = event;
      writer->Write(response);
    }
    return script.status;
  }

  grpc::Status StartFineTune(grpc::ServerContext*, const v1::StartFineTuneRequest* request,
                             v1::StartFineTuneResponse*) override {
    absl::MutexLock lock(&mutex);
    start_ids.push_back(request->request_id());
    const grpc::Status status = start_answers.front();
    start_answers.pop_front();
    return status;
  }

  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest* request,
                         v1::GetStatusResponse* response) override {
    if (request->job_id() == "slow") {
      // Until the client hangs up.
      while (!context->IsCancelled()) std::this_thread::yield();
      return grpc::Status::CANCELLED;
    }
    response->mutable_job()->set_id(request->job_id());
    response->mutable_job()->set_project(request->project());
    return grpc::Status::OK;
  }

  grpc::Status ListJobs(grpc::ServerContext*, const v1::ListJobsRequest* request,
                        v1::ListJobsResponse* response) override {
    response->add_jobs()->set_project(request->project());
    return grpc::Status::OK;
  }

  absl::Mutex mutex;
  std::deque<WatchScript> scripts;
  std::vector<v1::WatchRequest> watches;
  std::deque<grpc::Status> start_answers;
  std::vector<std::string> start_ids;
};

class ClientTest : public ::testing::Test {
 protected:
  std::unique_ptr<Client> Connect(std::function<void(ClientOptions&)> change = nullptr) {
    ClientOptions options;
    options.server = server_.address();
    options.project = "lab";
    options.timer = &timer_;
    if (change) change(options);
    return Client::Create(options);
  }
  // Sequence numbers that Watch passed on.
  absl::StatusOr<v1::Job> Watch(Client& client, uint64_t after = 0) {
    WatchCallbacks callbacks;
    callbacks.on_event = [&](const v1::JobEvent& event) {
      seen_.push_back(event.sequence());
      return true;
    };
    callbacks.on_lost = [&](const absl::Status& why) { lost_.push_back(why); };
    return client.Watch("j", after, callbacks);
  }

  FakeJobs jobs_;
  LoopbackServer server_{&jobs_};
  FakeTimer timer_;
  std::vector<uint64_t> seen_;
  std::vector<absl::Status> lost_;
};

TEST_F(ClientTest, FillsInTheProjectWhereNoneIsNamed) {
  const auto client = Connect();
  EXPECT_EQ(client->GetJob("j")->project(), "lab");
  v1::ListJobsRequest request;
  EXPECT_EQ(client->ListJobs(request)->jobs(0).project(), "lab");
  request.set_project("other");
  EXPECT_EQ(client->ListJobs(request)->jobs(0).project(), "other");
}

TEST_F(ClientTest, GivesUpACallAfterItsTime) {
  const auto client = Connect([](ClientOptions& o) { o.timeout = absl::Milliseconds(20); });
  EXPECT_TRUE(absl::IsDeadlineExceeded(client->GetJob("slow").status()));
}

TEST_F(ClientTest, StartFineTuneIsSentAgainUnderItsId) {
  jobs_.start_answers = {{grpc::StatusCode::UNAVAILABLE, "going away"},
                         {grpc::StatusCode::DEADLINE_EXCEEDED, "no answer"},
                         {grpc::StatusCode::CANCELLED, "a server that stops ends its calls so"},
                         grpc::Status::OK};
  v1::StartFineTuneRequest request;
  request.set_request_id("r");
  const auto response = Connect()->StartFineTune(request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_THAT(jobs_.start_ids, ElementsAre("r", "r", "r", "r"));
  EXPECT_EQ(timer_.pauses.size(), 3u);
}

// It may have made a job, and would make another.
TEST_F(ClientTest, StartFineTuneWithoutAnIdIsSentOnce) {
  jobs_.start_answers = {{grpc::StatusCode::UNAVAILABLE, "going away"}, grpc::Status::OK};
  EXPECT_TRUE(absl::IsUnavailable(Connect()->StartFineTune({}).status()));
  EXPECT_EQ(jobs_.start_ids.size(), 1u);
}

TEST_F(ClientTest, StartFineTuneGivesUpAfterItsTime) {
  jobs_.start_answers.assign(100, {grpc::StatusCode::UNAVAILABLE, "going away"});
  v1::StartFineTuneRequest request;
  request.set_request_id("r");
  EXPECT_TRUE(absl::IsUnavailable(Connect()->StartFineTune(request).status()));
  EXPECT_EQ(timer_.now, absl::Seconds(30));
}

TEST_F(ClientTest, StartFineTuneFailsSoonWhereThereNeverWasAServer) {
  v1::StartFineTuneRequest request;
  request.set_request_id("r");
  const auto client = Connect([](ClientOptions& o) { o.server = "unix:/none/graft.sock"; });
  EXPECT_TRUE(absl::IsUnavailable(client->StartFineTune(request).status()));
  EXPECT_EQ(timer_.now, absl::Seconds(3));
}

TEST_F(ClientTest, WatchGoesOnWhereTheConnectionBroke) {
  jobs_.scripts = {{{Log(1), Log(2)}, {grpc::StatusCode::UNAVAILABLE, "going away"}},
                   {{Log(3), Terminal(4)}, grpc::Status::OK}};
  const absl::StatusOr<v1::Job> job = Watch(*Connect());
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->model_version(), 3);
  EXPECT_THAT(seen_, ElementsAre(1, 2, 3, 4));
  ASSERT_EQ(jobs_.watches.size(), 2u);
  EXPECT_EQ(jobs_.watches[0].after_sequence(), 0u);
  EXPECT_EQ(jobs_.watches[0].project(), "lab");
  EXPECT_EQ(jobs_.watches[1].after_sequence(), 2u);
  EXPECT_THAT(lost_, ElementsAre(absl::UnavailableError("going away")));
}

TEST_F(ClientTest, WatchTakesAResetOfTheTransportForALostConnection) {
  jobs_.scripts = {
      {{Log(1)}, {grpc::StatusCode::INTERNAL, "Received RST_STREAM with error code 2"}},
      {{Log(2)}, {grpc::StatusCode::INTERNAL, "the database is damaged"}},
      {{Terminal(3)}, grpc::Status::OK}};
  EXPECT_EQ(Watch(*Connect()).status(), absl::InternalError("the database is damaged"));
  EXPECT_THAT(seen_, ElementsAre(1, 2));
}

TEST_F(ClientTest, WatchGoesOnAtAServerThatStopsBeforeTheFirstEvent) {
  jobs_.scripts = {{{}, {grpc::StatusCode::UNAVAILABLE, "the server is stopping"}},
                   {{Terminal(1)}, grpc::Status::OK}};
  EXPECT_TRUE(Watch(*Connect()).ok());
  EXPECT_EQ(lost_.size(), 1u);
}

// Whoever watches wants to know at once that the address is wrong.
TEST_F(ClientTest, WatchDoesNotWaitForAServerThatNeverWasThere) {
  const auto client = Connect([](ClientOptions& o) { o.server = "unix:/none/graft.sock"; });
  EXPECT_TRUE(absl::IsUnavailable(Watch(*client).status()));
  EXPECT_THAT(lost_, ElementsAre());
  EXPECT_THAT(timer_.pauses, ElementsAre());
}

TEST_F(ClientTest, WatchTriesAgainForItsTimeAfterEachLoss) {
  const WatchScript broken = {{}, {grpc::StatusCode::UNAVAILABLE, "going away"}};
  for (int loss = 0; loss < 2; ++loss) {
    jobs_.scripts.push_back({{Log(1 + loss)}, broken.status});
    for (int i = 0; i < 5; ++i) jobs_.scripts.push_back(broken);
  }
  for (int i = 0; i < 100; ++i) jobs_.scripts.push_back(broken);
  EXPECT_TRUE(absl::IsUnavailable(Watch(*Connect()).status()));
  EXPECT_THAT(seen_, ElementsAre(1, 2));
  EXPECT_EQ(lost_.size(), 2u);
  EXPECT_LT(timer_.now, absl::Minutes(2) + absl::Seconds(20));
  EXPECT_GE(timer_.now, absl::Minutes(2));
}

TEST_F(ClientTest, WatchEndsInAPauseWhenItIsCancelled) {
  jobs_.scripts = {{{Log(1)}, {grpc::StatusCode::UNAVAILABLE, "going away"}},
                   {{Terminal(2)}, grpc::Status::OK}};
  const auto client = Connect([&](ClientOptions& o) {
    o.cancellation = std::make_shared<Cancellation>();
    timer_.on_wait = [cancellation = o.cancellation] { cancellation->Cancel(); };
  });
  EXPECT_EQ(Watch(*client).status(), absl::CancelledError("interrupted"));
  EXPECT_THAT(seen_, ElementsAre(1));
}

TEST_F(ClientTest, WatchOfAnEndedJobSeenToItsEndAsksForTheJob) {
  jobs_.scripts = {{{}, grpc::Status::OK}};
  const absl::StatusOr<v1::Job> job = Watch(*Connect(), 4);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->id(), "j");
  EXPECT_EQ(jobs_.watches[0].after_sequence(), 4u);
}

TEST_F(ClientTest, WatchDoesNotRepeatWhatCannotSucceed) {
  jobs_.scripts = {{{}, {grpc::StatusCode::NOT_FOUND, "job j does not exist"}}};
  EXPECT_TRUE(absl::IsNotFound(Watch(*Connect()).status()));
  EXPECT_EQ(jobs_.watches.size(), 1u);
}

TEST_F(ClientTest, WatchGivesUpAServerThatStaysAway) {
  jobs_.scripts = {{{Log(1)}, {grpc::StatusCode::UNAVAILABLE, "going away"}}};
  const auto client = Connect([](ClientOptions& o) { o.reconnect_for = absl::ZeroDuration(); });
  EXPECT_TRUE(absl::IsUnavailable(Watch(*client).status()));
  EXPECT_THAT(seen_, ElementsAre(1));
}

TEST_F(ClientTest, WatchStopsWhenToldTo) {
  jobs_.scripts = {{{Log(1), Log(2), Terminal(3)}, grpc::Status::OK}};
  WatchCallbacks callbacks;
  callbacks.on_event = [&](const v1::JobEvent& event) {
    seen_.push_back(event.sequence());
    return false;
  };
  const auto job = Connect()->Watch("j", 0, callbacks);
  EXPECT_TRUE(absl::IsCancelled(job.status()));
  EXPECT_THAT(seen_, ElementsAre(1));
}

}  // namespace
}  // namespace graft::client
