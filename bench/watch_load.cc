// How the API answers while many clients watch one job that has news: StartFineTune's latency and
// errors, and the threads of the process. Server and clients are in this one process, on loopback,
// over a real SQLite store; the defaults of graft-server.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

#include "tests/fakes/fine_tune_server.h"
#include "tests/fakes/watch_readers.h"

namespace graft {
namespace {

int Threads() {
  int threads = 0;
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/task")) {
    threads += each.is_directory() ? 1 : 0;
  }
  return threads;
}

double Milliseconds(std::vector<absl::Duration>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto at = static_cast<size_t>(share * static_cast<double>(sorted.size() - 1));
  return absl::ToDoubleMilliseconds(sorted[at]);
}

int Run(int streams, int reports, int callers) {
  FineTuneServer server({.max_streams = static_cast<size_t>(streams)});
  const auto id = server.StartJob();
  const auto leased = server.store().ClaimNextJob("w", {});
  if (!id.ok() || !leased.ok() || !leased->has_value()) return 1;
  WatchReaders readers;
  for (int i = 0; i < streams; ++i) readers.Start(&server.stub(), *id);
  if (!readers.AwaitAll(streams > 0 ? 2 : 0, absl::Minutes(5))) return 1;
  const int threads = Threads();

  std::atomic<bool> over{false};
  absl::Mutex mutex;
  std::vector<absl::Duration> latencies;
  int errors = 0;
  std::string an_error;
  std::vector<std::thread> clients;
  for (int i = 0; i < callers; ++i) {
    clients.emplace_back([&] {
      while (!over.load()) {
        const absl::Time start = absl::Now();
        const auto started = server.StartJob();
        absl::MutexLock lock(&mutex);
        if (started.ok()) {
          latencies.push_back(absl::Now() - start);
        } else {
          ++errors;
          an_error = started.status().ToString();
        }
      }
    });
  }
  const absl::Time start = absl::Now();
  for (int i = 0; i < reports; ++i) {
    if (!server.Report(*id, (*leased)->fence, absl::StrCat("line ", i)).ok()) return 1;
    absl::SleepFor(absl::Milliseconds(100));  // a worker's reports are further apart
  }
  const bool told = readers.AwaitAll(static_cast<uint64_t>(2 + reports), absl::Minutes(5));
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  over.store(true);
  for (std::thread& client : clients) client.join();
  std::sort(latencies.begin(), latencies.end());
  std::printf(
      "streams %d, reports %d in %.1f s, %s; StartFineTune from %d callers: %zu answered, p50 %.1f "
      "ms, p99 %.1f ms, most %.1f ms; %d errors%s%s; %d threads\n",
      streams, reports, seconds, told ? "all told to all" : "NOT TOLD IN TIME", callers,
      latencies.size(), Milliseconds(latencies, 0.5), Milliseconds(latencies, 0.99),
      Milliseconds(latencies, 1), errors, errors > 0 ? ", such as " : "", an_error.c_str(),
      threads);
  return 0;
}

int Main(int argc, char** argv) {
  int streams = 1'000;
  int reports = 50;
  int callers = 2;
  CLI::App app("StartFineTune beside many Watch streams of one job");
  app.add_option("--streams", streams)->check(CLI::Range(0, 100'000))->capture_default_str();
  app.add_option("--reports", reports)->check(CLI::Range(1, 100'000))->capture_default_str();
  app.add_option("--callers", callers)->check(CLI::Range(1, 100))->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return Run(streams, reports, callers);
}

}  // namespace
}  // namespace graft

int main(int argc, char** argv) { return graft::Main(argc, argv); }
