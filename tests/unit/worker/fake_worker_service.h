#ifndef GRAFT_TESTS_UNIT_WORKER_FAKE_WORKER_SERVICE_H_
#define GRAFT_TESTS_UNIT_WORKER_FAKE_WORKER_SERVICE_H_

#include <deque>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "graft/worker/v1/worker.grpc.pb.h"

namespace graft::worker {

// A server that leases what the test gives it and writes down what it is told.
class FakeWorkerService final : public v1::WorkerService::Service {
 public:
  grpc::Status Lease(grpc::ServerContext* context, const v1::LeaseRequest*,
                     v1::LeaseResponse* response) override {
    absl::MutexLock lock(&mutex);
    const auto ready = [this, context]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return !jobs.empty() || context->IsCancelled();
    };
    while (!ready()) changed.WaitWithTimeout(&mutex, absl::Milliseconds(5));
    if (jobs.empty()) return grpc::Status::CANCELLED;
    *response->mutable_job() = jobs.front();
    jobs.pop_front();
    return grpc::Status::OK;
  }

  grpc::Status Heartbeat(grpc::ServerContext*, const v1::HeartbeatRequest* request,
                         v1::HeartbeatResponse* response) override {
    absl::MutexLock lock(&mutex);
    ++heartbeats;
    if (request->fence() != fence) return {grpc::ABORTED, "the lease is over"};
    response->set_desired(desired);
    response->set_drain(drain);
    return grpc::Status::OK;
  }

  grpc::Status Report(grpc::ServerContext*, const v1::ReportRequest* request,
                      v1::ReportResponse*) override {
    absl::MutexLock lock(&mutex);
    if (failing_reports > 0) {
      --failing_reports;
      failed_reports.push_back(*request);
      return {report_failure, "it failed"};
    }
    if (request->fence() != fence) return {grpc::ABORTED, "the lease is over"};
    reports.push_back(*request);
    return grpc::Status::OK;
  }

  grpc::Status Finish(grpc::ServerContext*, const v1::FinishRequest* request,
                      v1::FinishResponse*) override {
    absl::MutexLock lock(&mutex);
    if (failing_finishes > 0) {
      --failing_finishes;
      return {grpc::UNAVAILABLE, "restarting"};
    }
    if (request->fence() != fence) return {grpc::ABORTED, "the lease is over"};
    if (refuse_success && request->outcome() == v1::OUTCOME_SUCCEEDED) {
      return {refusal, "it would not have it"};
    }
    finishes.push_back(*request);
    changed.SignalAll();
    return grpc::Status::OK;
  }

  // Every event of all reports, in order.
  std::vector<graft::v1::JobEvent> Events() {
    absl::MutexLock lock(&mutex);
    std::vector<graft::v1::JobEvent> events;
    for (const auto& report : reports) {
      events.insert(events.end(), report.events().begin(), report.events().end());
    }
    return events;
  }

  absl::Mutex mutex;
  absl::CondVar changed;
  std::deque<v1::LeasedJob> jobs ABSL_GUARDED_BY(mutex);
  uint64_t fence ABSL_GUARDED_BY(mutex) = 1;  // the one that holds
  graft::v1::DesiredState desired ABSL_GUARDED_BY(mutex) = graft::v1::DESIRED_STATE_RUN;
  bool drain ABSL_GUARDED_BY(mutex) = false;
  bool refuse_success ABSL_GUARDED_BY(mutex) = false;
  grpc::StatusCode refusal ABSL_GUARDED_BY(mutex) = grpc::DATA_LOSS;
  int failing_reports ABSL_GUARDED_BY(mutex) = 0;
  grpc::StatusCode report_failure ABSL_GUARDED_BY(mutex) = grpc::UNAVAILABLE;
  std::vector<v1::ReportRequest> failed_reports ABSL_GUARDED_BY(mutex);
  int failing_finishes ABSL_GUARDED_BY(mutex) = 0;
  int heartbeats ABSL_GUARDED_BY(mutex) = 0;
  std::vector<v1::ReportRequest> reports ABSL_GUARDED_BY(mutex);
  std::vector<v1::FinishRequest> finishes ABSL_GUARDED_BY(mutex);
};

}  // namespace graft::worker

#endif  // GRAFT_TESTS_UNIT_WORKER_FAKE_WORKER_SERVICE_H_
