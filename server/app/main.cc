// graft-server: the API, the queue and the serving of models. Ends on SIGTERM or SIGINT after
// draining (exit status 0); a second signal ends it at once (status 1). Status 1 too when it
// cannot start, 2 when the command line is wrong.

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <pthread.h>
#include <signal.h>
#include <string>
#include <thread>
#include <unistd.h>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"

#include "core/base/failpoint.h"
#include "core/base/version.h"
#include "server/app/application.h"
#include "server/app/config_check.h"
#include "server/app/serving_engines.h"
#include "server/base/logging.h"
#include "server/config/config.h"

namespace graft::server {
namespace {

constexpr int kExitCannotRun = 1;
constexpr int kExitUsage = 2;

int Serve(const ServerConfig& config) {
  // Blocked before any thread exists, so that only sigwait below receives them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  // Shared with a thread that may outlive this function.
  const std::shared_ptr<const wire::Logger> logger =
      wire::Logger::Create(config.log_format, config.log_level);
  const auto stop = std::make_shared<absl::Notification>();
  const absl::Status armed = ArmFailpointsFromEnvironment();
  if (!armed.ok()) {
    logger->Error("cannot start", {{"error", armed.ToString()}});
    return kExitCannotRun;
  }
  logger->Info("starting", {{"version", Version()}, {"build", BuildDescription()}});

  std::thread waiter([logger, stop, signals] {
    int signal_number = 0;
    sigwait(&signals, &signal_number);
    logger->Info("draining", {{"signal", signal_number == SIGTERM ? "SIGTERM" : "SIGINT"}});
    stop->Notify();
    sigwait(&signals, &signal_number);
    logger->Warning("stopping at once: told a second time");
    _exit(kExitCannotRun);
  });
  waiter.detach();

  auto application = Application::Start(config, logger.get());
  if (!application.ok()) {
    logger->Error("cannot start", {{"error", application.status().ToString()}});
    return kExitCannotRun;
  }
  stop->WaitForNotification();
  (*application)->Drain();
  application->reset();
  logger->Info("stopped");
  return 0;
}

int Check(const ServerConfig& config) {
  ConfigFindings findings = CheckFiles(config);
  findings.status.Update(ChooseServingEngines(config).status());
  for (const std::string& warning : findings.warnings) {
    std::fprintf(stderr, "graft-server: warning: %s\n", warning.c_str());
  }
  if (!findings.status.ok()) {
    std::fprintf(stderr, "graft-server: %s\n", std::string(findings.status.message()).c_str());
    return kExitCannotRun;
  }
  std::puts("the configuration is valid");
  return 0;
}

int Main(int argc, char** argv) {
  const auto parsed = ParseCommandLine(argc, argv);
  if (!parsed.ok()) {
    std::fprintf(stderr, "graft-server: %s\n", std::string(parsed.status().message()).c_str());
    // --check-config promises 1 for a configuration that is not valid.
    for (int i = 1; i < argc; ++i) {
      if (std::string(argv[i]) == "--check-config") return kExitCannotRun;
    }
    return kExitUsage;
  }
  switch (parsed->action) {
    case ParsedCommandLine::Action::kPrint:
      std::fputs(parsed->text.c_str(), stdout);
      return 0;
    case ParsedCommandLine::Action::kCheckConfig:
      return Check(parsed->config);
    case ParsedCommandLine::Action::kServe:
      break;
  }
  return Serve(parsed->config);
}

}  // namespace
}  // namespace graft::server

int main(int argc, char** argv) {
  // Debian builds Abseil so that each lock is entered into a graph of who waits for whom, which
  // takes a quarter of a small call's time. The tests leave it on.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  // exit() would destroy objects under the detached thread that waits for a second signal.
  const int status = graft::server::Main(argc, argv);
  std::fflush(nullptr);
  _exit(status);
}
