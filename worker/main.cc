// graft-worker: leases fine-tuning jobs from a graft-server and runs them, one at a time. Started
// and minded by the server, or by hand. SIGTERM: keeps a checkpoint, gives the job back and ends
// (exit status 0). Status 1: it cannot run, or the server is gone for good; 2: wrong usage.

#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>

#include <CLI/CLI.hpp>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "core/artifacts/blob/local/local_blob_store.h"
#include "core/base/clock.h"
#include "core/base/cpu_limit.h"
#include "core/base/failpoint.h"
#include "core/base/version.h"
#include "core/nn/device_names.h"
#include "core/recipes/options_table.h"
#include "core/tasks/option_groups.h"
#include "wire/logging.h"
#include "worker/fine_tune_trainer.h"
#include "worker/idle_trainer.h"
#include "worker/job_runner.h"
#include "worker/server_link.h"

namespace graft::worker {
namespace {

constexpr int kExitCannotRun = 1;
constexpr int kExitUsage = 2;
constexpr int kOomScore = 900;  // of 1000, which is the first to go

struct Arguments {
  std::string server;
  std::string blobs;
  std::string features;
  std::string ranges;
  std::string weights_dir;
  std::string worker_id;
  uint64_t feature_cache_bytes = uint64_t{4} << 30;
  uint64_t min_free_disk_bytes = 0;
  int threads = 0;
  int nice = 19;
  std::string device = "auto";
  std::string serving_device = "auto";
  std::string scheduling = "idle";
  int parent = 0;
  double give_up_seconds = 60;
  std::string log_format = "text";
  std::string log_level = "info";
};

std::atomic<bool> told_to_end{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void OnSignal(int) { told_to_end.store(true); }

int Run(const Arguments& arguments) {
  // A worker of a server that was killed must not compute on. The second look is for a parent that
  // died before the request was in place.
  if (arguments.parent != 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != arguments.parent) return kExitCannotRun;
  }
  // Serving comes first on a machine they share: it gets the cores, and where memory runs out it is
  // this process that the kernel ends. Best effort: there may be no /proc.
  setpriority(PRIO_PROCESS, 0, arguments.nice);
  std::ofstream("/proc/self/oom_score_adj") << kOomScore;
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);

  const auto logger = wire::Logger::Create(arguments.log_format, arguments.log_level);
  const absl::Status armed = ArmFailpointsFromEnvironment();
  if (!armed.ok()) {
    logger->Error("cannot start", {{"error", armed.ToString()}});
    return kExitCannotRun;
  }
  auto blobs = artifacts::LocalBlobStore::Open(arguments.blobs);
  if (!blobs.ok()) {
    logger->Error("cannot start", {{"error", blobs.status().ToString()}});
    return kExitCannotRun;
  }
  FineTuneTrainer::Options training;
  training.weights_dir = arguments.weights_dir;
  training.features_dir = arguments.features;
  training.ranges_dir = arguments.ranges;
  training.feature_cache_bytes = arguments.feature_cache_bytes;
  training.min_free_disk_bytes = arguments.min_free_disk_bytes;
  training.threads = arguments.threads;
  for (const auto& [asked, device] :
       {std::pair{arguments.device, &training.device},
        std::pair{arguments.serving_device, &training.serving_device}}) {
    absl::StatusOr<std::string> resolved = nn::ResolveDevice(asked);
    if (!resolved.ok()) {
      logger->Error("cannot start", {{"error", resolved.status().ToString()}});
      return kExitCannotRun;
    }
    *device = *std::move(resolved);
  }
  nn::KeepFloat32();
  auto trainer = FineTuneTrainer::Create(training, blobs->get(), Clock::System());
  if (!trainer.ok()) {
    logger->Error("cannot start", {{"error", trainer.status().ToString()}});
    return kExitCannotRun;
  }

  ServerLink::Options link_options;
  link_options.worker_id = arguments.worker_id;
  link_options.give_up_after = absl::Seconds(arguments.give_up_seconds);
  ServerLink link(link_options, ServerLink::Connect(arguments.server), Clock::System());
  DiskReserve disk_reserve(arguments.blobs, arguments.min_free_disk_bytes);
  JobRunner::Options options;
  options.disk_reserve = &disk_reserve;
  for (const recipes::TaskOptionGroup* const each : tasks::TaskOptionGroups()) {
    options.capabilities.add_tasks(each->task);
  }
  options.capabilities.set_device(nn::DeviceKind(training.device));
  options.capabilities.set_threads(arguments.threads);
  options.told_to_end = [] { return told_to_end.load(); };
  IdleTrainer idle(trainer->get());
  Trainer* chosen = &idle;
  if (arguments.scheduling == "nice") chosen = trainer->get();
  JobRunner runner(std::move(options), &link, blobs->get(), chosen, Clock::System(), logger.get());
  logger->Info("worker is ready", {{"version", Version()}, {"worker", arguments.worker_id}});
  const absl::Status status = runner.Run();
  if (!status.ok()) {
    logger->Error("worker ends", {{"error", status.ToString()}});
    return kExitCannotRun;
  }
  logger->Info("worker ends", {{"worker", arguments.worker_id}});
  return 0;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Runs the jobs of a graft-server");
  app.set_version_flag("--version", std::string("graft-worker ") + BuildDescription());
  app.add_option("--server", arguments.server, "unix:/path or host:port of its worker listener")
      ->required();
  app.add_option("--worker-id", arguments.worker_id, "A name no other worker has")->required();
  app.add_option("--blobs", arguments.blobs, "The server's blob folder")->required();
  app.add_option("--features", arguments.features, "Folder of the feature cache")->required();
  app.add_option("--int8-ranges", arguments.ranges,
                 "Folder of what models over one backbone are computed by in 8-bit integers")
      ->required();
  app.add_option("--weights-dir", arguments.weights_dir, "Folder of the pretrained weights")
      ->required();
  app.add_option("--feature-cache-bytes", arguments.feature_cache_bytes, "Most of it on disk")
      ->capture_default_str();
  app.add_option("--min-free-disk-bytes", arguments.min_free_disk_bytes,
                 "That features and checkpoints leave on the disk")
      ->capture_default_str();
  app.add_option("--threads", arguments.threads, "To compute with; 0: all cores")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  app.add_option("--device", arguments.device, "To train on: auto, cpu, cuda or cuda:1")
      ->capture_default_str();
  app.add_option("--serving-device", arguments.serving_device,
                 "On which models will answer: they are tried there before they are published")
      ->capture_default_str();
  app.add_option("--scheduling", arguments.scheduling,
                 "Of training: idle (only while no other process computes) or nice (see --nice)")
      ->check(CLI::IsMember({"idle", "nice"}))
      ->capture_default_str();
  app.add_option("--nice", arguments.nice, "Scheduling priority")
      ->check(CLI::Range(0, 19))
      ->capture_default_str();
  app.add_option("--parent", arguments.parent, "Process to die with; 0: none")
      ->capture_default_str();
  app.add_option("--give-up-seconds", arguments.give_up_seconds,
                 "End after so long without an answer of the server")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--log-format", arguments.log_format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  app.add_option("--log-level", arguments.log_level, "trace, debug, info, warning or error")
      ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error"}))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  if (arguments.threads == 0) arguments.threads = AvailableCpus();
  return Run(arguments);
}

}  // namespace
}  // namespace graft::worker

int main(int argc, char** argv) {
  const int status = graft::worker::Main(argc, argv);
  std::fflush(nullptr);
  // Nothing is left to write, and LibTorch's own tidying up takes seconds at nice 19 on a busy
  // machine: the server that waits for this process would stop late.
  _exit(status);
}
