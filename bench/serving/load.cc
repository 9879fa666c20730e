// Load on graft or a peer of bench/serving/peers: so many requests under way at all times (closed
// loop), or so many a second (open loop). Prints one line of JSON: rate, latencies in milliseconds,
// errors, the client's own CPU time, and the first label of each picture's first answer, by which
// servers are compared.
//
//   graft_bench_load --address 127.0.0.1:8600 --model pets --images DIR --concurrency 8 --seconds 5

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <grpcpp/alarm.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "bench/serving/asker.h"

namespace graft::bench {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

struct Arguments {
  std::string address;
  std::string protocol = "predict";
  std::vector<std::string> models;
  std::string images;
  int concurrency = 1;
  int per_request = 1;
  double seconds = 5;
  double rate = 0;
  int retry_ms = 0;
  bool labels = false;
};

std::vector<std::string> ReadImages(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string extension = entry.path().extension().string();
    if (extension == ".jpg" || extension == ".jpeg" || extension == ".png") {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> images;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    images.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return images;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::unique_ptr<Asker> MakeAsker(const Arguments& arguments) {
  if (arguments.protocol == "http") {
    // In an open loop as many as a proxy in front might keep.
    return MakeHttpAsker(arguments.address, arguments.rate > 0 ? 64 : arguments.concurrency);
  }
  const int connections = arguments.rate > 0 ? 8 : std::min(arguments.concurrency, 8);
  if (arguments.protocol == "infer") return MakeInferAsker(arguments.address, connections);
  if (arguments.protocol == "many") {
    return MakeManyAsker(arguments.address, connections, arguments.models);
  }
  if (arguments.protocol == "live") return MakeLiveAsker(arguments.address, connections);
  return MakePredictAsker(arguments.address, connections);
}

class Load {
 public:
  Load(const Arguments& arguments, std::vector<std::string> images)
      : arguments_(arguments),
        images_(std::move(images)),
        asker_(MakeAsker(arguments)),
        labels_(images_.size()) {}

  int Run() {
    const SteadyTime begin = std::chrono::steady_clock::now();
    end_ = begin + std::chrono::duration_cast<SteadyTime::duration>(
                       std::chrono::duration<double>(arguments_.seconds));
    const double cpu = CpuSeconds();
    if (arguments_.rate > 0) {
      RunOpen(begin);
    } else {
      for (int i = 0; i < arguments_.concurrency; ++i) Send(i, std::chrono::steady_clock::now());
    }
    Await();
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return Print(seconds, CpuSeconds() - cpu);
  }

 private:
  // Requests at equal distances, whether or not earlier ones are answered. Latency counts from when
  // a request was due.
  void RunOpen(SteadyTime begin) {
    const std::chrono::duration<double> distance(1 / arguments_.rate);
    for (int i = 0;; ++i) {
      const SteadyTime due = begin + std::chrono::duration_cast<SteadyTime::duration>(distance * i);
      if (due >= end_) return;
      std::this_thread::sleep_until(due);
      Send(i, due);
    }
  }

  void Send(int lane, SteadyTime due) {
    Question question;
    std::vector<size_t> pictures;
    {
      absl::MutexLock lock(&mutex_);
      ++under_way_;
      question.model = arguments_.models[next_model_++ % arguments_.models.size()];
      for (int i = 0; i < arguments_.per_request; ++i) {
        pictures.push_back(next_picture_++ % images_.size());
        question.pictures.push_back(&images_[pictures.back()]);
      }
    }
    asker_->Ask(lane, question, [this, lane, due, pictures](const Answer& answer) {
      Done(lane, due, pictures, answer);
    });
  }

  void Done(int lane, SteadyTime due, const std::vector<size_t>& pictures, const Answer& answer) {
    const SteadyTime now = std::chrono::steady_clock::now();
    const bool more = arguments_.rate == 0 && now < end_;
    {
      absl::MutexLock lock(&mutex_);
      if (answer.error.empty() && answer.labels.size() == pictures.size()) {
        ++answers_;
        milliseconds_.push_back(std::chrono::duration<double, std::milli>(now - due).count());
        for (size_t i = 0; i < pictures.size(); ++i) {
          std::string& label = labels_[pictures[i]];
          if (label.empty()) label = answer.labels[i];
        }
      } else {
        ++errors_;
        last_error_ = answer.error.empty() ? "an answer of another length" : answer.error;
      }
    }
    if (more && !answer.error.empty() && arguments_.retry_ms > 0) {
      SendLater(lane);
    } else if (more) {
      Send(lane, now);
    }
    absl::MutexLock lock(&mutex_);
    --under_way_;
  }

  // As a client does that was told to come again.
  void SendLater(int lane) {
    {
      absl::MutexLock lock(&mutex_);
      ++under_way_;
    }
    auto* const alarm = new grpc::Alarm;
    alarm->Set(std::chrono::system_clock::now() + std::chrono::milliseconds(arguments_.retry_ms),
               [this, alarm, lane](bool /*ok*/) {
                 delete alarm;
                 const SteadyTime now = std::chrono::steady_clock::now();
                 if (now < end_) Send(lane, now);
                 absl::MutexLock lock(&mutex_);
                 --under_way_;
               });
  }

  void Await() {
    const auto idle = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return under_way_ == 0; };
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&idle));
  }

  // The exit status.
  int Print(double seconds, double cpu) {
    absl::MutexLock lock(&mutex_);
    std::sort(milliseconds_.begin(), milliseconds_.end());
    const auto quantile = [this](double q) ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      if (milliseconds_.empty()) return 0.0;
      return milliseconds_[std::min(
          milliseconds_.size() - 1,
          static_cast<size_t>(q * static_cast<double>(milliseconds_.size())))];
    };
    const auto answers = static_cast<double>(answers_);
    nlohmann::json line = {{"requests", answers_},
                           {"requests_per_second", answers / seconds},
                           {"images_per_second", answers * arguments_.per_request / seconds},
                           {"p50_ms", quantile(0.5)},
                           {"p99_ms", quantile(0.99)},
                           {"errors", errors_},
                           {"client_cpu_seconds", cpu}};
    if (!last_error_.empty()) line["last_error"] = last_error_;
    if (arguments_.labels) line["labels"] = labels_;
    std::printf("%s\n", line.dump().c_str());
    return errors_ == 0 ? 0 : 1;
  }

  const Arguments arguments_;
  const std::vector<std::string> images_;
  const std::unique_ptr<Asker> asker_;
  SteadyTime end_;

  absl::Mutex mutex_;
  size_t next_picture_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t next_model_ ABSL_GUARDED_BY(mutex_) = 0;
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t answers_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t errors_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string last_error_ ABSL_GUARDED_BY(mutex_);
  std::vector<double> milliseconds_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> labels_ ABSL_GUARDED_BY(mutex_);
};

int Main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Load on a server of pictures' labels");
  app.add_option("--address", arguments.address)->required();
  app.add_option("--protocol", arguments.protocol,
                 "predict (graft's), many (all models in one request), infer (Open Inference\n"
                 "Protocol), http, or live (ServerLive)")
      ->check(CLI::IsMember({"predict", "many", "infer", "http", "live"}));
  app.add_option("--model", arguments.models,
                 "Given again: requests go to each in turn, or each to all (many)")
      ->required();
  app.add_option("--images", arguments.images, "A folder of JPEG and PNG files")->required();
  app.add_option("--concurrency", arguments.concurrency, "Requests under way (closed loop)")
      ->check(CLI::Range(1, 4096));
  app.add_option("--per-request", arguments.per_request, "Images of one request")
      ->check(CLI::Range(1, 4096));
  app.add_option("--seconds", arguments.seconds)->check(CLI::Range(0.1, 86400.0));
  app.add_option("--rate", arguments.rate, "Requests a second (open loop)");
  app.add_option("--retry-ms", arguments.retry_ms,
                 "How long to wait after an error (closed loop), before the next request")
      ->check(CLI::Range(0, 60'000));
  app.add_flag("--labels", arguments.labels, "Print the first label of each picture");
  CLI11_PARSE(app, argc, argv);
  std::vector<std::string> images = ReadImages(arguments.images);
  if (images.empty()) {
    std::fprintf(stderr, "no JPEG or PNG in %s\n", arguments.images.c_str());
    return 1;
  }
  return Load(arguments, std::move(images)).Run();
}

}  // namespace
}  // namespace graft::bench

int main(int argc, char** argv) { return graft::bench::Main(argc, argv); }
