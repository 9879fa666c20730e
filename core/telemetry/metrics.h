#ifndef GRAFT_CORE_TELEMETRY_METRICS_H_
#define GRAFT_CORE_TELEMETRY_METRICS_H_

#include <memory>
#include <string>
#include <vector>

#include "core/telemetry/instruments.h"
#include "core/telemetry/series_limit.h"

namespace graft::telemetry {

// Every metric of graft-server, by Prometheus' conventions: base units (seconds, bytes), counters
// end in _total. No job id, path or user text may go into a label; `model` goes through
// SetLoadedModels. The number of series has an upper bound, whatever clients send.
// Made once by the composition root and handed to those who count. Safe for concurrent use.
class Metrics {
 public:
  static std::unique_ptr<Metrics> Create();
  ~Metrics();

  // Prometheus' text format, version 0.0.4.
  std::string Serialize();

  // The models that metrics of Predict may name from now on (at most kMaxModelLabels).
  void SetLoadedModels(std::vector<std::string> names);

  // One answered Predict. `code` is the name of a gRPC code ("OK", "NOT_FOUND").
  void CountPredict(absl::string_view model, absl::string_view code);

  // Of the inputs of one that was answered well, how many the model could tell to be known or not,
  // and how many of them it did not know.
  void CountUnknown(absl::string_view model, int judged, int unknown);

  // Where the time of one went that was answered well.
  struct PredictTimes {
    absl::Duration queue;
    absl::Duration decode;
    absl::Duration compute;
    absl::Duration total;
  };
  void ObservePredict(absl::string_view model, const PredictTimes& times);

  static constexpr size_t kMaxModelLabels = 50;
  static constexpr size_t kMaxDriftSeries = 1000;

 private:
  struct Native;  // the registry; made before, and destroyed after, all instruments
  explicit Metrics(std::unique_ptr<Native> native);
  const std::unique_ptr<Native> native_;
  ModelLabel model_label_{kMaxModelLabels};

 public:
  // Jobs.
  GaugeFamily jobs;                      // {state}
  Gauge job_queue_depth;                 // jobs that wait for a worker
  Histogram job_queue_seconds;           // from creation to the first lease, by the wall clock
  HistogramFamily job_duration_seconds;  // {task, strategy, outcome}: creation to terminal state
  Counter job_attempts_total;            // leases given
  Counter job_crashes_total;             // leases that ended with the worker's death, unasked
  Counter datasets_uploaded_total;       // uploads that made a dataset
  Counter upload_bytes_total;            // archive bytes received

  // Training, as reported by the workers.
  Counter training_images_total;
  Histogram training_step_seconds;
  Counter backbone_forward_images_total;  // images through a backbone, for features
  CounterFamily cache_hits_total;         // {cache}
  CounterFamily cache_misses_total;       // {cache}
  GaugeFamily cache_bytes;                // {cache}
  GaugeFamily worker_state;               // {state}: workers in it

  // Serving.
  CounterFamily predict_requests_total;       // {model, code}: call CountPredict
  CounterFamily predict_refusals_total;       // {reason}: of those, what there was no room for
  CounterFamily predict_judged_inputs_total;  // {model}, as the next: call CountUnknown
  CounterFamily predict_unknown_inputs_total;
  // {model, project, version, of}, as the next; set as a whole at each scrape.
  GaugeFamily predict_drift;
  GaugeFamily predict_drift_inputs;
  Gauge predict_inputs_inside;            // of Predict requests that were let in
  Gauge predict_inputs_limit;             // how many may be inside
  HistogramFamily predict_queue_seconds;  // {model}, as the next three: call ObservePredict
  HistogramFamily predict_decode_seconds;
  HistogramFamily predict_compute_seconds;
  HistogramFamily predict_total_seconds;
  Histogram predict_batch_seconds;  // waiting for a batch to fill, part of the queue time
  Histogram predict_batch_size;
  Gauge model_loaded;         // versions in memory
  Gauge model_loaded_bytes;   // what they and their backbones take
  GaugeFamily model_engines;  // {engine, precision}: versions in memory that it runs
  Histogram model_load_seconds;
  CounterFamily model_load_failures_total;  // {code}

  // What is written down of predictions, where that is asked for.
  Counter capture_pictures_total;           // kept for labelling
  Gauge capture_bytes;                      // of all that are kept
  CounterFamily capture_dropped_total;      // {reason}: that were to be kept
  Counter request_log_lines_total;          // written
  CounterFamily request_log_dropped_total;  // {reason}

  // The server itself. Only the public API's calls: a worker always has one under way.
  HistogramFamily rpc_seconds;  // {method, code}; methods that are not known count as "other"
  Gauge rpc_in_flight;
  Gauge watch_streams;
  GaugeFamily build_info;  // {version, build}: 1
  Gauge draining;          // 1 from SIGTERM on
  Gauge process_start_time_seconds;
  Gauge process_resident_memory_bytes;
  Gauge process_open_fds;
  // {device, kind}, set at each scrape. Only "cpu" today: "models" is what loaded models and their
  // backbones take, "resident" the whole process.
  GaugeFamily device_memory_bytes;
};

}  // namespace graft::telemetry

#endif  // GRAFT_CORE_TELEMETRY_METRICS_H_
