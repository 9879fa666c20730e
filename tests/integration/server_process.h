#ifndef GRAFT_TESTS_INTEGRATION_SERVER_PROCESS_H_
#define GRAFT_TESTS_INTEGRATION_SERVER_PROCESS_H_

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "graft/v1/dataset.grpc.pb.h"
#include "graft/v1/finetune.grpc.pb.h"

#include "server/workers/process_launcher.h"

namespace graft {

// A graft-server with its workers, as processes of their own, on ports the kernel chose; killed by
// the destructor. What it logs is how the test learns of its workers.
class ServerProcess {
 public:
  // `folder` holds weights/ and gets data/. `environment`: "NAME=VALUE", for its workers too.
  ServerProcess(const std::filesystem::path& folder, const std::vector<std::string>& flags = {},
                const std::vector<std::string>& environment = {});
  ~ServerProcess();

  void Kill();  // SIGKILL, and wait
  // Waits for an end that the test has arranged. False: not within a few minutes.
  bool AwaitEnd();
  // SIGTERM, and wait. The exit.
  server::ProcessExit Terminate();

  v1::FineTuneService::Stub& jobs() { return *jobs_; }
  v1::DatasetService::Stub& datasets() { return *datasets_; }

  // Waits for the `count`th line that has all of `parts`; "" after a minute.
  std::string AwaitLine(const std::vector<std::string>& parts, int count = 1);
  // Process id of a worker by its id.
  int WorkerPid(const std::string& worker_id);
  // Of the worker that took this attempt of the job.
  int PidOfAttempt(const std::string& job_id, int attempt);
  void Signal(int signal) { launcher_->Signal(pid_, signal); }

 private:
  const std::unique_ptr<server::ProcessLauncher> launcher_ = server::ProcessLauncher::Posix();
  int pid_ = 0;
  server::ProcessExit exit_;
  absl::Notification ended_;
  absl::Mutex mutex_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<v1::FineTuneService::Stub> jobs_;
  std::unique_ptr<v1::DatasetService::Stub> datasets_;
};

// The value of "key=value" in a line of the text log.
std::string LogField(const std::string& line, const std::string& key);

}  // namespace graft

#endif  // GRAFT_TESTS_INTEGRATION_SERVER_PROCESS_H_
