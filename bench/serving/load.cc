// Load on a server that speaks graft.v1.PredictionService, graft or a peer of bench/serving/peers:
// so many requests under way at all times (closed loop), or so many a second (open loop). Prints
// one line of JSON: rate, latencies in milliseconds, errors, the client's own CPU time, and the
// first label of each picture's first answer, by which servers are compared.
//
//   graft_bench_load --address 127.0.0.1:8600 --model pets --images DIR --concurrency 8 --seconds 5

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "graft/v1/prediction.grpc.pb.h"

namespace graft {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

struct Arguments {
  std::string address;
  std::string model;
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

class Load {
 public:
  Load(const Arguments& arguments, std::vector<std::string> images)
      : arguments_(arguments), images_(std::move(images)), labels_(images_.size()) {
    grpc::ChannelArguments options;
    options.SetMaxReceiveMessageSize(-1);
    options.SetInt("grpc.enable_http_proxy", 0);
    // A connection of its own for every so many requests, as many clients would have.
    for (int i = 0; i < std::min(arguments.concurrency, 8); ++i) {
      options.SetInt("grpc.channel_number", i);
      stubs_.push_back(v1::PredictionService::NewStub(grpc::CreateCustomChannel(
          arguments.address, grpc::InsecureChannelCredentials(), options)));
    }
  }

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
    Print(seconds, CpuSeconds() - cpu);
    return errors_ == 0 ? 0 : 1;
  }

 private:
  struct Call {
    grpc::ClientContext context;
    v1::PredictRequest request;
    v1::PredictResponse response;
    std::vector<size_t> pictures;
    SteadyTime due;
    int lane = 0;
  };

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
    auto* const call = new Call;
    call->lane = lane;
    call->due = due;
    call->request.set_model(arguments_.model);
    {
      absl::MutexLock lock(&mutex_);
      ++under_way_;
      for (int i = 0; i < arguments_.per_request; ++i) {
        call->pictures.push_back(next_++ % images_.size());
      }
    }
    for (const size_t picture : call->pictures) {
      call->request.add_inputs()->set_image(images_[picture]);
    }
    v1::PredictionService::Stub& stub = *stubs_[static_cast<size_t>(lane) % stubs_.size()];
    stub.async()->Predict(&call->context, &call->request, &call->response,
                          [this, call](grpc::Status status) { Done(call, std::move(status)); });
  }

  void Done(Call* call, grpc::Status status) {
    const SteadyTime now = std::chrono::steady_clock::now();
    const bool more = arguments_.rate == 0 && now < end_;
    const int lane = call->lane;
    {
      absl::MutexLock lock(&mutex_);
      if (status.ok() && call->response.outputs_size() == arguments_.per_request) {
        ++answers_;
        milliseconds_.push_back(std::chrono::duration<double, std::milli>(now - call->due).count());
        for (size_t i = 0; i < call->pictures.size(); ++i) {
          std::string& label = labels_[call->pictures[i]];
          const v1::Classification& output =
              call->response.outputs(static_cast<int>(i)).classification();
          if (label.empty() && output.labels_size() > 0) label = output.labels(0).label();
        }
      } else {
        ++errors_;
        last_error_ = status.error_message();
      }
    }
    delete call;
    if (more && !status.ok() && arguments_.retry_ms > 0) {
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

  void Print(double seconds, double cpu) {
    absl::MutexLock lock(&mutex_);
    std::sort(milliseconds_.begin(), milliseconds_.end());
    const auto quantile = [this](double q) ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      if (milliseconds_.empty()) return 0.0;
      return milliseconds_[std::min(
          milliseconds_.size() - 1,
          static_cast<size_t>(q * static_cast<double>(milliseconds_.size())))];
    };
    nlohmann::json line = {{"requests", answers_},
                           {"images_per_second", answers_ * arguments_.per_request / seconds},
                           {"p50_ms", quantile(0.5)},
                           {"p99_ms", quantile(0.99)},
                           {"errors", errors_},
                           {"client_cpu_seconds", cpu}};
    if (!last_error_.empty()) line["last_error"] = last_error_;
    if (arguments_.labels) line["labels"] = labels_;
    std::printf("%s\n", line.dump().c_str());
  }

  const Arguments arguments_;
  const std::vector<std::string> images_;
  std::vector<std::unique_ptr<v1::PredictionService::Stub>> stubs_;
  SteadyTime end_;

  absl::Mutex mutex_;
  size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t answers_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t errors_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string last_error_ ABSL_GUARDED_BY(mutex_);
  std::vector<double> milliseconds_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> labels_ ABSL_GUARDED_BY(mutex_);
};

int Main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Load on a server of graft.v1.PredictionService");
  app.add_option("--address", arguments.address)->required();
  app.add_option("--model", arguments.model)->required();
  app.add_option("--images", arguments.images, "A folder of JPEG and PNG files")->required();
  app.add_option("--concurrency", arguments.concurrency, "Requests under way (closed loop)")
      ->check(CLI::Range(1, 4096));
  app.add_option("--per-request", arguments.per_request, "Images of one request")
      ->check(CLI::Range(1, 4096));
  app.add_option("--seconds", arguments.seconds)->check(CLI::Range(0.1, 3600.0));
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
}  // namespace graft

int main(int argc, char** argv) { return graft::Main(argc, argv); }
