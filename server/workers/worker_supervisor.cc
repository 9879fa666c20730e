#include "server/workers/worker_supervisor.h"

#include <algorithm>
#include <csignal>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/jobs/state_table.h"

namespace graft::server {
namespace {

// How often graces and back-offs are looked at; deaths and shutdown wake the loop at once.
constexpr absl::Duration kTickInterval = absl::Milliseconds(250);

}  // namespace

WorkerSupervisor::WorkerSupervisor(Options options, store::MetadataStore* store,
                                   ProcessLauncher* launcher, Clock* clock,
                                   telemetry::Metrics* metrics, const wire::Logger* logger)
    : options_(std::move(options)),
      store_(store),
      launcher_(launcher),
      clock_(clock),
      metrics_(metrics),
      logger_(logger) {
  const absl::Duration now = clock_->Monotonic();
  for (int i = 0; i < options_.workers; ++i) {
    workers_.push_back(std::make_unique<Worker>());
    workers_.back()->start_at = now;
  }
}

WorkerSupervisor::~WorkerSupervisor() { Stop(); }

void WorkerSupervisor::Stop() {
  if (!thread_.joinable()) return;
  Drain(absl::ZeroDuration());
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void WorkerSupervisor::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void WorkerSupervisor::Loop() {
  while (true) {
    Tick();
    absl::MutexLock lock(&mutex_);
    clock_->AwaitWithTimeout(
        mutex_, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopping_ || AnyExited(); },
        kTickInterval);
    if (stopping_) return;
  }
}

bool WorkerSupervisor::AnyExited() const {
  return std::any_of(workers_.begin(), workers_.end(),
                     [](const auto& worker) { return worker->exit.has_value(); });
}

void WorkerSupervisor::Tick() {
  const absl::Duration now = clock_->Monotonic();
  {
    absl::MutexLock lock(&mutex_);
    CollectExits(now);
    if (kill_at_.has_value() && now >= *kill_at_) {
      kill_at_.reset();
      const int killed = SignalAll(SIGKILL);
      if (killed > 0) {
        logger_->Warning("workers did not end in time and are killed",
                         {{"workers", absl::StrCat(killed)}});
      }
    }
  }
  // Before a worker is started again: a job is queued by the time there is someone to take it.
  ReleaseJobsOfDeadWorkers();
  EscalateCancels(now);
  StartMissing(now);
  ShowStates();
}

void WorkerSupervisor::CollectExits(absl::Duration now) {
  for (const auto& worker : workers_) {
    if (!worker->exit.has_value()) continue;
    const ProcessExit exit = *std::exchange(worker->exit, std::nullopt);
    const std::string how = DescribeExit(exit);
    // A worker that we killed while draining, or to end a cancelled job, did nothing wrong.
    const bool asked = draining_ || worker->cancels;
    orphaned_[worker->id] = {absl::StrCat("worker ", how), asked
                                                               ? store::ReleaseReason::kDrained
                                                               : store::ReleaseReason::kWorkerDied};
    if (now - worker->started >= options_.stable_after) worker->failures = 0;
    if (!exit.clean() && !worker->killed_by_us) ++worker->failures;
    const absl::Duration delay = jobs::RestartDelay(options_.back_off, worker->failures);
    worker->start_at = now + delay;
    if (!draining_) {
      logger_->Warning(
          "worker ended",
          {{"worker", worker->id}, {"how", how}, {"restart_in", absl::FormatDuration(delay)}});
    }
    worker->id.clear();
    worker->pid = 0;
  }
}

void WorkerSupervisor::StartMissing(absl::Duration now) {
  std::vector<Worker*> missing;
  {
    absl::MutexLock lock(&mutex_);
    if (draining_) return;
    for (const auto& worker : workers_) {
      if (worker->id.empty() && now >= worker->start_at) missing.push_back(worker.get());
    }
    for (Worker* worker : missing) {
      const auto slot = std::find_if(workers_.begin(), workers_.end(),
                                     [&](const auto& each) { return each.get() == worker; });
      worker->id = absl::StrCat("worker-", slot - workers_.begin(), ".", ++worker->generation);
      worker->started = now;
      worker->killed_by_us = false;
      worker->cancels = false;
    }
  }
  for (Worker* worker : missing) {
    std::string id;
    {
      absl::MutexLock lock(&mutex_);
      id = worker->id;
    }
    std::vector<std::string> command = options_.command;
    command.push_back(absl::StrCat("--worker-id=", id));
    ProcessLauncher::Callbacks callbacks;
    callbacks.on_line = [this, id](absl::string_view line) {
      logger_->PassOn(line, {{"worker", id}});
    };
    callbacks.on_exit = [this, worker](const ProcessExit& exit) {
      absl::MutexLock lock(&mutex_);
      worker->exit = exit;
    };
    const auto pid = launcher_->Start(command, std::move(callbacks));

    absl::MutexLock lock(&mutex_);
    if (pid.ok()) {
      // It may have died already; Signal ignores an id that is gone.
      worker->pid = *pid;
      // Drain came meanwhile and could not signal it.
      if (draining_) launcher_->Signal(*pid, SIGTERM);
      logger_->Info("worker started", {{"worker", id}, {"pid", absl::StrCat(*pid)}});
    } else {
      worker->id.clear();
      worker->start_at = now + jobs::RestartDelay(options_.back_off, ++worker->failures);
      logger_->Error("worker cannot be started",
                     {{"worker", id}, {"error", pid.status().ToString()}});
    }
  }
}

void WorkerSupervisor::ReleaseJobsOfDeadWorkers() {
  std::map<std::string, OrphanedWorker> dead;
  {
    absl::MutexLock lock(&mutex_);
    if (orphaned_.empty()) return;
    dead = orphaned_;
  }
  const auto running = store_->ListRunningJobs();
  if (!running.ok()) {
    // The next turn tries again.
    logger_->Error("jobs of dead workers cannot be listed",
                   {{"error", running.status().ToString()}});
    absl::MutexLock lock(&mutex_);
    release_failed_ = true;
    return;
  }
  std::set<std::string> failed;
  for (const jobs::RunningLease& lease : *running) {
    const auto found = dead.find(lease.worker_id);
    if (found == dead.end()) continue;
    const auto job =
        store_->ReleaseJob(lease.job_id, lease.fence, found->second.reason, found->second.cause);
    if (absl::IsAborted(job.status())) continue;
    if (!job.ok()) {
      logger_->Error("a dead worker's job cannot be released",
                     {{"job", lease.job_id}, {"error", job.status().ToString()}});
      failed.insert(lease.worker_id);
      continue;
    }
    logger_->Warning("job released", {{"job", lease.job_id},
                                      {"worker", lease.worker_id},
                                      {"cause", found->second.cause},
                                      {"state", jobs::JobStateName(job->state)}});
    if (options_.on_released && found->second.reason == store::ReleaseReason::kWorkerDied) {
      options_.on_released(*job);
    }
  }
  absl::MutexLock lock(&mutex_);
  release_failed_ = !failed.empty();
  for (const auto& [id, orphaned] : dead) {
    if (!failed.contains(id)) orphaned_.erase(id);
  }
}

void WorkerSupervisor::OnJobChange(const store::JobChange& change) {
  absl::MutexLock lock(&mutex_);
  if (change.deleted || change.state != jobs::JobState::kRunning) {
    cancelled_.erase(change.job_id);
  } else if (change.desired == jobs::DesiredState::kCancel) {
    Cancelled& cancelled = cancelled_[change.job_id];
    if (cancelled.fence != change.fence) cancelled = {change.fence, clock_->Monotonic()};
  }
}

void WorkerSupervisor::EscalateCancels(absl::Duration now) {
  {
    absl::MutexLock lock(&mutex_);
    const bool any_due = std::any_of(cancelled_.begin(), cancelled_.end(), [&](const auto& entry) {
      return now - entry.second.since >= options_.cancel_grace;
    });
    if (!any_due) return;
  }
  const auto running = store_->ListRunningJobs();
  if (!running.ok()) return;  // said by others; the next turn tries again
  std::map<std::string, jobs::RunningLease> leases;
  for (const jobs::RunningLease& lease : *running) leases[lease.job_id] = lease;

  absl::MutexLock lock(&mutex_);
  for (auto entry = cancelled_.begin(); entry != cancelled_.end();) {
    auto& [job_id, cancelled] = *entry;
    const auto lease = leases.find(job_id);
    if (lease == leases.end() || lease->second.fence != cancelled.fence) {
      // Observers may hear out of order: the store is right.
      entry = now - cancelled.since >= options_.cancel_grace ? cancelled_.erase(entry)
                                                             : std::next(entry);
      continue;
    }
    ++entry;
    Worker* worker = Find(lease->second.worker_id);
    if (worker == nullptr) continue;  // another machine's: its lease runs out
    const absl::Duration waited = now - cancelled.since;
    if (waited >= options_.cancel_grace + options_.kill_grace && !cancelled.killed) {
      cancelled.killed = true;
      worker->killed_by_us = worker->cancels = true;
      logger_->Warning("cancelled job does not end: its worker is killed",
                       {{"job", job_id}, {"worker", worker->id}});
      launcher_->Signal(worker->pid, SIGKILL);
    } else if (waited >= options_.cancel_grace && !cancelled.terminated) {
      cancelled.terminated = true;
      worker->killed_by_us = worker->cancels = true;
      logger_->Warning("cancelled job does not end: its worker is told to",
                       {{"job", job_id}, {"worker", worker->id}});
      launcher_->Signal(worker->pid, SIGTERM);
    }
  }
}

void WorkerSupervisor::Kill(absl::string_view worker_id, absl::string_view why) {
  absl::MutexLock lock(&mutex_);
  Worker* worker = Find(worker_id);
  if (worker == nullptr) return;
  logger_->Warning("worker is killed", {{"worker", worker->id}, {"why", why}});
  worker->killed_by_us = true;
  launcher_->Signal(worker->pid, SIGKILL);
}

void WorkerSupervisor::Drain(absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  if (!draining_) SignalAll(SIGTERM);
  draining_ = true;
  kill_at_ = clock_->Monotonic() + timeout;
  mutex_.Await(absl::Condition(this, &WorkerSupervisor::NoneRunning));
}

int WorkerSupervisor::SignalAll(int signal) {
  int told = 0;
  for (const auto& worker : workers_) {
    if (worker->pid == 0) continue;
    ++told;
    launcher_->Signal(worker->pid, signal);
  }
  return told;
}

bool WorkerSupervisor::NoneRunning() const {
  return (orphaned_.empty() || release_failed_) &&
         std::all_of(workers_.begin(), workers_.end(),
                     [](const auto& worker) { return worker->id.empty(); });
}

WorkerSupervisor::Worker* WorkerSupervisor::Find(absl::string_view worker_id) {
  for (const auto& worker : workers_) {
    if (worker->pid != 0 && worker->id == worker_id) return worker.get();
  }
  return nullptr;
}

void WorkerSupervisor::ShowStates() {
  if (metrics_ == nullptr) return;
  const auto running = store_->ListRunningJobs();
  if (!running.ok()) return;
  std::set<std::string> holders;
  for (const jobs::RunningLease& lease : *running) holders.insert(lease.worker_id);
  int busy = 0;
  int idle = 0;
  int down = 0;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& worker : workers_) {
      if (worker->id.empty()) {
        ++down;
      } else if (holders.contains(worker->id)) {
        ++busy;
      } else {
        ++idle;
      }
    }
  }
  metrics_->worker_state.Set({"busy"}, busy);
  metrics_->worker_state.Set({"idle"}, idle);
  metrics_->worker_state.Set({"down"}, down);
}

}  // namespace graft::server
