#include "core/telemetry/metrics.h"

#include <chrono>
#include <cstdio>
#include <dirent.h>
#include <unistd.h>
#include <utility>

#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"

#include "core/base/version.h"

namespace graft::telemetry {

// Thin makers, so that the table in the constructor reads as one line a metric.
struct Metrics::Native {
  prometheus::Registry registry;

  Counter MakeCounter(const char* name, const char* help) {
    return Counter(&prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({}));
  }
  Gauge MakeGauge(const char* name, const char* help) {
    return Gauge(&prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({}));
  }
  Histogram MakeHistogram(const char* name, const char* help, const Buckets& buckets) {
    return Histogram(
        &prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets));
  }
  CounterFamily MakeCounters(const char* name, const char* help, std::vector<std::string> labels,
                             size_t limit) {
    return CounterFamily(prometheus::BuildCounter().Name(name).Help(help).Register(registry),
                         std::move(labels), limit, {});
  }
  GaugeFamily MakeGauges(const char* name, const char* help, std::vector<std::string> labels,
                         size_t limit) {
    return GaugeFamily(prometheus::BuildGauge().Name(name).Help(help).Register(registry),
                       std::move(labels), limit, {});
  }
  HistogramFamily MakeHistograms(const char* name, const char* help,
                                 std::vector<std::string> labels, size_t limit, Buckets buckets) {
    return HistogramFamily(prometheus::BuildHistogram().Name(name).Help(help).Register(registry),
                           std::move(labels), limit, std::move(buckets));
  }
};

namespace {

// A request: 0.25 ms to 10 s.
Buckets RequestBuckets() {
  return {0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}
// An RPC: a request, or a stream of up to an hour.
Buckets RpcBuckets() {
  Buckets buckets = RequestBuckets();
  buckets.insert(buckets.end(), {30, 60, 300, 900, 1800, 3600});
  return buckets;
}
// Something a person waits for: 0.1 s to a day.
Buckets JobBuckets() {
  return {0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400};
}
Buckets StepBuckets() {
  return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
}
Buckets BatchBuckets() { return {1, 2, 4, 8, 16, 32, 64, 128}; }

double ResidentBytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  long total = 0;
  long resident = 0;
  const int fields = std::fscanf(file, "%ld %ld", &total, &resident);  // NOLINT(cert-err34-c)
  std::fclose(file);
  return fields == 2 ? static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE))
                     : 0;
}

double OpenFileDescriptors() {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  int entries = 0;
  while (readdir(directory) != nullptr) ++entries;
  closedir(directory);
  return entries - 3;  // ".", ".." and the descriptor of this listing
}

}  // namespace

std::unique_ptr<Metrics> Metrics::Create() {
  std::unique_ptr<Metrics> metrics(new Metrics(std::make_unique<Native>()));
  metrics->build_info.Set({Version(), BuildDescription()}, 1);
  metrics->process_start_time_seconds.Set(
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count());
  return metrics;
}

Metrics::Metrics(std::unique_ptr<Native> native)
    : native_(std::move(native)),
      jobs(native_->MakeGauges("graft_jobs", "Jobs in the store, by state.", {"state"}, 8)),
      job_queue_depth(native_->MakeGauge("graft_job_queue_depth", "Jobs that wait for a worker.")),
      job_queue_seconds(native_->MakeHistogram(
          "graft_job_queue_seconds", "Time from a job's creation to its first lease, in seconds.",
          JobBuckets())),
      job_duration_seconds(native_->MakeHistograms(
          "graft_job_duration_seconds",
          "Time from a job's creation to its end, in seconds, by task, strategy and outcome.",
          {"task", "strategy", "outcome"}, 36, JobBuckets())),
      job_attempts_total(
          native_->MakeCounter("graft_job_attempts_total", "Leases given to workers.")),
      job_crashes_total(native_->MakeCounter("graft_job_crashes_total",
                                             "Leases that ended with the death of the worker.")),
      datasets_uploaded_total(
          native_->MakeCounter("graft_datasets_uploaded_total", "Uploads that made a dataset.")),
      upload_bytes_total(
          native_->MakeCounter("graft_upload_bytes_total", "Archive bytes received in uploads.")),
      training_images_total(native_->MakeCounter(
          "graft_training_images_total", "Images trained on; an image counts once an epoch.")),
      training_step_seconds(native_->MakeHistogram("graft_training_step_seconds",
                                                   "Duration of one optimizer step, in seconds.",
                                                   StepBuckets())),
      backbone_forward_images_total(
          native_->MakeCounter("graft_backbone_forward_images_total",
                               "Images that jobs passed through a frozen backbone; images whose "
                               "features were cached do not count.")),
      cache_hits_total(native_->MakeCounters("graft_cache_hits_total",
                                             "Lookups that a cache answered.", {"cache"}, 4)),
      cache_misses_total(native_->MakeCounters(
          "graft_cache_misses_total", "Lookups that a cache could not answer.", {"cache"}, 4)),
      cache_bytes(
          native_->MakeGauges("graft_cache_bytes", "Size of a cache, in bytes.", {"cache"}, 4)),
      worker_state(
          native_->MakeGauges("graft_worker_state", "Worker processes, by state.", {"state"}, 8)),
      predict_requests_total(native_->MakeCounters(
          "graft_predict_requests_total",
          "Predict requests, by model and answer; models that are not loaded count as \"other\".",
          {"model", "code"}, (kMaxModelLabels + 1) * 17)),
      predict_refusals_total(
          native_->MakeCounters("graft_predict_refusals_total",
                                "Requests for predictions answered RESOURCE_EXHAUSTED, once for "
                                "each model they are for, by "
                                "the reason that the error carries.",
                                {"reason"}, 12)),
      predict_judged_inputs_total(native_->MakeCounters(
          "graft_predict_judged_inputs_total",
          "Inputs answered by a model that can tell whether it knows such inputs.", {"model"},
          kMaxModelLabels + 1)),
      predict_unknown_inputs_total(native_->MakeCounters(
          "graft_predict_unknown_inputs_total",
          "Of those, inputs unlike the model's training pictures: 5 % is usual.", {"model"},
          kMaxModelLabels + 1)),
      predict_drift(native_->MakeGauges(
          "graft_predict_drift",
          "How the last inputs of a model version, or its answers, differ from when it was made: "
          "population stability index less what chance makes of it.",
          {"model", "project", "version", "of"}, kMaxDriftSeries)),
      predict_drift_inputs(native_->MakeGauges(
          "graft_predict_drift_inputs",
          "Last inputs that graft_predict_drift is told of; it is told from 100 on.",
          {"model", "project", "version", "of"}, kMaxDriftSeries)),
      predict_inputs_inside(native_->MakeGauge("graft_predict_inputs_inside",
                                               "Inputs of Predict requests that were let in.")),
      predict_inputs_limit(native_->MakeGauge(
          "graft_predict_inputs_limit",
          "Inputs that may be inside: of --predict-queue, or less for the goal's sake.")),
      predict_queue_seconds(native_->MakeHistograms(
          "graft_predict_queue_seconds",
          "Time a Predict waits for a decoding thread and then for a batch, in seconds, by model.",
          {"model"}, kMaxModelLabels + 1, RequestBuckets())),
      predict_decode_seconds(native_->MakeHistograms(
          "graft_predict_decode_seconds",
          "Time to decode and prepare the inputs of a Predict, in seconds, by model.", {"model"},
          kMaxModelLabels + 1, RequestBuckets())),
      predict_compute_seconds(
          native_->MakeHistograms("graft_predict_compute_seconds",
                                  "Time of the batch in the network, in seconds, by model.",
                                  {"model"}, kMaxModelLabels + 1, RequestBuckets())),
      predict_total_seconds(native_->MakeHistograms(
          "graft_predict_total_seconds",
          "Time from a Predict's arrival to its answer, in seconds, by model; failed ones do not "
          "count.",
          {"model"}, kMaxModelLabels + 1, RequestBuckets())),
      predict_batch_seconds(native_->MakeHistogram(
          "graft_predict_batch_seconds",
          "Time from the first request of a batch to its start, in seconds.", RequestBuckets())),
      predict_batch_size(native_->MakeHistogram("graft_predict_batch_size",
                                                "Inputs in a batch that was run.", BatchBuckets())),
      model_loaded(native_->MakeGauge("graft_model_loaded", "Model versions in memory.")),
      model_loaded_bytes(native_->MakeGauge(
          "graft_model_loaded_bytes", "Memory of loaded models and their backbones, in bytes.")),
      model_engines(native_->MakeGauges("graft_model_engines",
                                        "Model versions in memory, by the engine that runs them.",
                                        {"engine", "precision"}, 16)),
      model_load_seconds(native_->MakeHistogram(
          "graft_model_load_seconds", "Time to load and warm a model version, in seconds.",
          JobBuckets())),
      model_load_failures_total(native_->MakeCounters(
          "graft_model_load_failures_total",
          "Model versions that could not be loaded, by gRPC code; each attempt counts.", {"code"},
          17)),
      capture_pictures_total(native_->MakeCounter("graft_capture_pictures_total",
                                                  "Pictures that were kept for labelling.")),
      capture_bytes(native_->MakeGauge("graft_capture_bytes",
                                       "Pictures that are kept for labelling, in bytes.")),
      capture_dropped_total(native_->MakeCounters(
          "graft_capture_dropped_total",
          "Pictures that a policy wanted and that were not kept: queue (too many at once), disk "
          "(too little is free), size (of one), error.",
          {"reason"}, 4)),
      request_log_lines_total(native_->MakeCounter("graft_request_log_lines_total",
                                                   "Lines written to the request log.")),
      request_log_dropped_total(native_->MakeCounters(
          "graft_request_log_dropped_total",
          "Lines that are missing in the request log: queue (too many at once), disk (too little "
          "is free), error.",
          {"reason"}, 3)),
      rpc_seconds(native_->MakeHistograms(
          "graft_rpc_seconds",
          "Duration of an RPC, in seconds, by method and gRPC code; streams "
          "count from start to end.",
          {"method", "code"}, 400, RpcBuckets())),
      rpc_in_flight(native_->MakeGauge("graft_rpc_in_flight", "RPCs being answered now.")),
      watch_streams(native_->MakeGauge("graft_watch_streams", "Open Watch streams.")),
      build_info(native_->MakeGauges("graft_build_info", "Always 1; the build is in the labels.",
                                     {"version", "build"}, 1)),
      draining(native_->MakeGauge("graft_draining", "1 once the server has been told to stop.")),
      process_start_time_seconds(native_->MakeGauge(
          "process_start_time_seconds", "Start of the process, in seconds since 1970.")),
      process_resident_memory_bytes(
          native_->MakeGauge("process_resident_memory_bytes", "Resident memory, in bytes.")),
      process_open_fds(native_->MakeGauge("process_open_fds", "Open file descriptors.")),
      device_memory_bytes(native_->MakeGauges(
          "graft_device_memory_bytes",
          "Memory in bytes, by device and kind: models (loaded, with backbones), resident (all).",
          {"device", "kind"}, 16)) {}

Metrics::~Metrics() = default;

std::string Metrics::Serialize() {
  const double resident = ResidentBytes();
  process_resident_memory_bytes.Set(resident);
  device_memory_bytes.Set({"cpu", "resident"}, resident);
  device_memory_bytes.Set({"cpu", "models"}, model_loaded_bytes.Value());
  process_open_fds.Set(OpenFileDescriptors());
  return prometheus::TextSerializer().Serialize(native_->registry.Collect());
}

void Metrics::SetLoadedModels(std::vector<std::string> names) {
  for (const std::string& gone : model_label_.SetLoaded(std::move(names))) {
    predict_requests_total.Remove(gone);
    for (HistogramFamily* const times : {&predict_queue_seconds, &predict_decode_seconds,
                                         &predict_compute_seconds, &predict_total_seconds}) {
      times->Remove(gone);
    }
  }
}

void Metrics::CountPredict(absl::string_view model, absl::string_view code) {
  predict_requests_total.Increment({model_label_.For(model), std::string(code)});
}

void Metrics::CountUnknown(absl::string_view model, int judged, int unknown) {
  if (judged == 0) return;
  const std::vector<std::string> label = {std::string(model_label_.For(model))};
  predict_judged_inputs_total.Increment(label, judged);
  predict_unknown_inputs_total.Increment(label, unknown);
}

void Metrics::ObservePredict(absl::string_view model, const PredictTimes& times) {
  const std::vector<std::string> label = {std::string(model_label_.For(model))};
  predict_queue_seconds.Observe(label, times.queue);
  predict_decode_seconds.Observe(label, times.decode);
  predict_compute_seconds.Observe(label, times.compute);
  predict_total_seconds.Observe(label, times.total);
}

}  // namespace graft::telemetry
