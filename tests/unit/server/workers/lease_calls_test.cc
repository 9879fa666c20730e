#include "server/workers/lease_calls.h"

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "graft/worker/v1/worker.grpc.pb.h"

#include "tests/fakes/loopback_server.h"

namespace graft::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Long polls over jobs that each name the workers which can run them.
class PolledJobs final : public worker::v1::WorkerService::CallbackService {
 public:
  explicit PolledJobs(int threads) : executor_("polls", threads), calls_(&executor_, 64) {}

  grpc::ServerUnaryReactor* Lease(grpc::CallbackServerContext* context,
                                  const worker::v1::LeaseRequest* request,
                                  worker::v1::LeaseResponse* response) override {
    return calls_.Start(
        context, absl::Minutes(5), [this, request, response] { return Try(*request, response); },
        [] {});
  }

  void AddJob(const std::string& id, const std::vector<std::string>& runners) {
    {
      absl::MutexLock lock(&mutex_);
      jobs_.push_back({id, runners});
    }
    calls_.Wake();
  }

  // Ends all polls; who asked for a job, in order, is then complete.
  void Stop() {
    calls_.Stop();
    executor_.Close();
  }

  size_t waiting() const { return calls_.waiting(); }
  size_t open_jobs() {
    absl::MutexLock lock(&mutex_);
    return jobs_.size();
  }
  std::vector<std::string> TakeAsked() {
    absl::MutexLock lock(&mutex_);
    return std::exchange(asked_, {});
  }

 private:
  struct RunnableJob {
    std::string id;
    std::vector<std::string> runners;
  };

  absl::StatusOr<bool> Try(const worker::v1::LeaseRequest& request,
                           worker::v1::LeaseResponse* response) {
    absl::MutexLock lock(&mutex_);
    asked_.push_back(request.worker_id());
    const auto found = std::find_if(jobs_.begin(), jobs_.end(), [&](const RunnableJob& job) {
      return std::find(job.runners.begin(), job.runners.end(), request.worker_id()) !=
             job.runners.end();
    });
    if (found == jobs_.end()) return false;
    response->mutable_job()->set_job_id(found->id);
    jobs_.erase(found);
    return true;
  }

  absl::Mutex mutex_;
  std::vector<RunnableJob> jobs_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> asked_ ABSL_GUARDED_BY(mutex_);
  ThreadPool executor_;
  LeaseCalls calls_;
};

class LeaseCallsTest : public ::testing::Test {
 protected:
  // `count` workers "0", "1", ... wait, in this order.
  void Park(int count, int threads = 1) {
    server_.reset();
    jobs_ = std::make_unique<PolledJobs>(threads);
    server_ = std::make_unique<LoopbackServer>(jobs_.get());
    stub_ = worker::v1::WorkerService::NewStub(server_->channel());
    answers_.resize(count);
    for (int i = 0; i < count; ++i) {
      polls_.emplace_back([this, i] {
        grpc::ClientContext context;
        worker::v1::LeaseRequest request;
        request.set_worker_id(absl::StrCat(i));
        EXPECT_TRUE(stub_->Lease(&context, request, &answers_[i]).ok());
      });
      while (jobs_->waiting() != static_cast<size_t>(i) + 1) std::this_thread::yield();
    }
    EXPECT_THAT(jobs_->TakeAsked(), SizeIs(count));
  }

  void AwaitOpenJobs(size_t count) {
    while (jobs_->open_jobs() != count) std::this_thread::yield();
  }

  // "worker:job" of each that was answered with a job.
  std::vector<std::string> Leased() {
    jobs_->Stop();
    for (std::thread& poll : polls_) poll.join();
    polls_.clear();
    std::vector<std::string> leased;
    for (size_t i = 0; i < answers_.size(); ++i) {
      if (answers_[i].has_job()) leased.push_back(absl::StrCat(i, ":", answers_[i].job().job_id()));
    }
    return leased;
  }

  std::unique_ptr<PolledJobs> jobs_;
  std::unique_ptr<LoopbackServer> server_;
  std::unique_ptr<worker::v1::WorkerService::Stub> stub_;
  std::vector<worker::v1::LeaseResponse> answers_;
  std::vector<std::thread> polls_;
};

TEST_F(LeaseCallsTest, AJobWakesOneAloneAndTheOneThatWaitsLongest) {
  Park(8);
  jobs_->AddJob("a", {"0", "1", "2", "3", "4", "5", "6", "7"});
  AwaitOpenJobs(0);
  EXPECT_THAT(Leased(), ElementsAre("0:a"));
  EXPECT_THAT(jobs_->TakeAsked(), ElementsAre("0"));
}

TEST_F(LeaseCallsTest, AJobGoesFromOneToTheNextUntilItCanBeRun) {
  Park(6);
  jobs_->AddJob("a", {"3", "4"});
  AwaitOpenJobs(0);
  EXPECT_THAT(Leased(), ElementsAre("3:a"));
  EXPECT_THAT(jobs_->TakeAsked(), ElementsAre("0", "1", "2", "3"));
}

TEST_F(LeaseCallsTest, AJobThatNobodyCanRunIsAskedForOnceByEach) {
  Park(5);
  jobs_->AddJob("a", {"none"});
  // One thread runs the attempts: this job's come after those of the first.
  jobs_->AddJob("b", {"2"});
  AwaitOpenJobs(1);
  EXPECT_THAT(Leased(), ElementsAre("2:b"));
  // Each once for each job at most, and nobody for ever.
  EXPECT_LE(jobs_->TakeAsked().size(), 10u);
}

TEST_F(LeaseCallsTest, WhoGotNothingKeepsItsPlace) {
  Park(3);
  jobs_->AddJob("a", {"2"});
  AwaitOpenJobs(0);
  jobs_->AddJob("b", {"0", "1"});
  AwaitOpenJobs(0);
  EXPECT_THAT(Leased(), ElementsAre("0:b", "2:a"));
}

TEST_F(LeaseCallsTest, ManyJobsAtOnceAllFindWhoCanRunThem) {
  for (int round = 0; round < 20; ++round) {
    answers_.clear();
    Park(8, /*threads=*/4);
    // Each job for one worker alone, the last that waits first.
    for (int i = 7; i >= 0; --i) jobs_->AddJob(absl::StrCat("job", i), {absl::StrCat(i)});
    AwaitOpenJobs(0);
    EXPECT_THAT(Leased(), SizeIs(8));
  }
}

TEST_F(LeaseCallsTest, WithoutAJobNobodyAsks) {
  Park(2);
  EXPECT_THAT(Leased(), IsEmpty());
  EXPECT_THAT(jobs_->TakeAsked(), IsEmpty());
}

}  // namespace
}  // namespace graft::server
