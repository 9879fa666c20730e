#include "tests/integration/server_process.h"

#include <csignal>

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "core/base/files.h"

namespace graft {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(1);

}  // namespace

ServerProcess::ServerProcess(const std::filesystem::path& folder,
                             const std::vector<std::string>& flags,
                             const std::vector<std::string>& environment) {
  const std::filesystem::path port_file = folder / "ports.json";
  std::filesystem::remove(port_file);
  std::vector<std::string> command;
  if (!environment.empty()) {
    command.emplace_back("/usr/bin/env");  // becomes the program: the process is the same
    command.insert(command.end(), environment.begin(), environment.end());
  }
  command.insert(command.end(), {std::string(GRAFT_BIN) + "/graft-server",
                                 absl::StrCat("--data-dir=", (folder / "data").string()),
                                 absl::StrCat("--weights-dir=", (folder / "weights").string()),
                                 absl::StrCat("--port-file=", port_file.string()), "--port=0",
                                 "--http-port=0", "--workers=1", "--worker-threads=1"});
  command.insert(command.end(), flags.begin(), flags.end());
  server::ProcessLauncher::Callbacks callbacks;
  callbacks.on_line = [this](absl::string_view line) {
    absl::MutexLock lock(&mutex_);
    lines_.emplace_back(line);
  };
  callbacks.on_exit = [this](const server::ProcessExit& exit) {
    exit_ = exit;
    ended_.Notify();
  };
  const auto pid = launcher_->Start(command, std::move(callbacks));
  EXPECT_TRUE(pid.ok()) << pid.status();
  pid_ = pid.value_or(0);
  // The port file is written before "ready" is said.
  if (AwaitLine({"ready", "address="}).empty()) {
    ADD_FAILURE() << "the server does not get ready";
    return;
  }
  const auto ports = nlohmann::json::parse(*ReadFile(port_file, 1 << 16));
  const auto channel =
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", ports.at("grpc_port").get<int>()),
                          grpc::InsecureChannelCredentials());
  jobs_ = v1::FineTuneService::NewStub(channel);
  datasets_ = v1::DatasetService::NewStub(channel);
}

ServerProcess::~ServerProcess() {
  Kill();
  if (!::testing::Test::HasFailure()) return;
  absl::MutexLock lock(&mutex_);
  for (const std::string& line : lines_) std::fprintf(stderr, "server: %s\n", line.c_str());
}

void ServerProcess::Kill() {
  launcher_->Signal(pid_, SIGKILL);
  ended_.WaitForNotification();
}

bool ServerProcess::AwaitEnd() { return ended_.WaitForNotificationWithTimeout(5 * kPatience); }

server::ProcessExit ServerProcess::Terminate() {
  launcher_->Signal(pid_, SIGTERM);
  if (!ended_.WaitForNotificationWithTimeout(kPatience)) {
    ADD_FAILURE() << "the server does not end";
    Kill();
  }
  return exit_;
}

std::string ServerProcess::AwaitLine(const std::vector<std::string>& parts, int count) {
  std::string found;
  const std::function<bool()> is_there = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    int seen = 0;
    for (const std::string& line : lines_) {
      bool all = true;
      for (const std::string& part : parts) all = all && absl::StrContains(line, part);
      if (all && ++seen == count) {
        found = line;
        return true;
      }
    }
    return false;
  };
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(
      absl::Condition(
          +[](const std::function<bool()>* there) { return (*there)(); }, &is_there),
      kPatience);
  return found;
}

int ServerProcess::WorkerPid(const std::string& worker_id) {
  const std::string line = AwaitLine({"worker started", absl::StrCat("worker=", worker_id, " ")});
  return line.empty() ? 0 : std::stoi(LogField(line, "pid"));
}

int ServerProcess::PidOfAttempt(const std::string& job_id, int attempt) {
  const std::string line = AwaitLine({"job leased", job_id, absl::StrCat("attempt=", attempt)});
  return line.empty() ? 0 : WorkerPid(LogField(line, "worker"));
}

std::string LogField(const std::string& line, const std::string& key) {
  const size_t at = line.find(" " + key + "=");
  if (at == std::string::npos) return "";
  const size_t begin = at + key.size() + 2;
  return line.substr(begin, line.find(' ', begin) - begin);
}

}  // namespace graft
