#ifndef GRAFT_SERVER_CONFIG_CONFIG_H_
#define GRAFT_SERVER_CONFIG_CONFIG_H_

#include <cstdint>
#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace graft::server {

// Everything graft-server can be told. Each field is a flag, an environment variable
// (--max-upload-bytes, GRAFT_MAX_UPLOAD_BYTES) and a key of the configuration file; the flag wins
// over the environment, the environment over the file. The values below are the defaults that
// --help prints. Sizes are in bytes.
struct ServerConfig {
  // Files.
  std::filesystem::path data_dir = "graft-data";  // jobs, datasets, models; created if missing
  std::filesystem::path weights_dir = "weights";  // <backbone>/{model.safetensors,config.json}
  std::string default_backbone = "efficientnet_lite0";

  // Listeners. Port 0 lets the kernel choose; --port-file tells what it chose.
  std::string listen_address = "127.0.0.1";
  int port = 8600;
  int http_port = 8601;
  std::string http_listen_address = "127.0.0.1";
  // There is no TLS and no authentication yet: an address beyond loopback needs this said.
  bool insecure_listen_anywhere = false;
  std::filesystem::path port_file;

  // Transport.
  uint64_t max_message_bytes = uint64_t{64} << 20;        // of one request; holds a largest image
  int max_concurrent_streams = 1100;                      // per connection
  uint64_t transport_memory_bytes = uint64_t{512} << 20;  // of all gRPC buffers together
  absl::Duration max_connection_idle = absl::Minutes(30);
  bool reflection = false;

  // Blocking work of the API (database, archives) on threads of its own.
  int api_threads = 4;
  int api_queue = 256;  // calls waiting for one of them; more are RESOURCE_EXHAUSTED

  // Uploads.
  uint64_t max_upload_bytes = uint64_t{4} << 30;   // of one archive
  uint64_t max_dataset_bytes = uint64_t{8} << 30;  // of all its images, unpacked
  uint64_t max_image_bytes = uint64_t{32} << 20;
  uint64_t max_manifest_bytes = uint64_t{64} << 20;
  // As decoded: a larger JPEG is decoded at 1/2, 1/4 or 1/8.
  uint64_t max_image_pixels = 64'000'000;
  int max_dataset_images = 200'000;
  int max_dataset_classes = 1'000;
  double max_broken_share = 0.1;  // of the images; more refuse the upload
  int max_concurrent_uploads = 4;
  int ingest_threads = 1;
  absl::Duration upload_idle_timeout = absl::Minutes(1);  // without a message from the client
  uint64_t min_free_disk_bytes = uint64_t{256} << 20;     // below it jobs and uploads are refused

  // Jobs and workers.
  int workers = 1;
  std::filesystem::path worker_program;    // default: graft-worker beside graft-server
  std::filesystem::path worker_socket;     // default: worker.sock in the data folder
  int worker_threads = 0;                  // 0: half of the cores, at least one
  std::string worker_scheduling = "idle";  // of what they compute; or "nice"
  std::string worker_device = "auto";      // where jobs are trained: "cpu", "cuda", "cuda:1"
  int max_queued_jobs = 1'000;
  int max_watch_streams = 2'000;
  int max_infer_streams = 1'000;
  absl::Duration heartbeat_interval = absl::Seconds(1);
  // Without a heartbeat for so long a worker is dead; lease_policy.h says how the two go together.
  absl::Duration lease_timeout = absl::Seconds(20);
  absl::Duration cancel_grace = absl::Seconds(4);  // then SIGTERM, as long again, then SIGKILL
  int max_job_crashes = 3;
  int max_job_unclean_ends = 3;  // of the server in a row, with the job running and no further
  uint64_t feature_cache_bytes = uint64_t{4} << 30;  // on disk

  // Serving.
  int max_predict_inputs = 64;  // in one request
  int max_batch_size = 32;
  absl::Duration max_queue_delay = absl::ZeroDuration();
  absl::Duration bulk_patience = absl::Seconds(5);  // then bulk requests take their turn
  uint64_t max_batch_bytes = uint64_t{1} << 30;     // activations of one pass; bounds its inputs
  int predict_queue = 512;                          // inputs waiting; more are RESOURCE_EXHAUSTED
  int serving_threads = 0;                          // 0: all cores
  std::string serving_device = "auto";              // or "cpu", "cuda", "cuda:1"
  std::string serving_engine = "auto";              // or "libtorch"
  bool measure_batch_plans = true;
  std::string serving_precision = "auto";  // or "f32", "bf16", "int8"
  int decode_threads = 2;
  // 99 of 100 answers are to take no longer; zero: no goal, and the queue alone is bounded.
  absl::Duration predict_p99_goal;
  // Of one caller at one time; 0: any. Whoever is not authenticated is told apart by address, and a
  // gateway has one for all of its users.
  int max_predict_inputs_per_caller = 0;
  uint64_t model_memory_bytes = uint64_t{2} << 30;
  absl::Duration model_idle_timeout;        // 0: idle models stay
  uint64_t predict_cache_bytes = 64 << 20;  // features of inputs seen before; 0: none are kept
  // Inputs of each model that are compared with what it was made with; 0: none are.
  int64_t drift_window = 1'000;

  // What is written down of predictions.
  double request_log_share = 0;                      // of the requests; 0: none
  uint64_t request_log_bytes = uint64_t{256} << 20;  // of all its files
  bool capture = true;                               // whether projects may keep pictures
  uint64_t capture_bytes = uint64_t{4} << 30;        // of all that they keep

  // Shutdown: SIGTERM to exit.
  absl::Duration drain_timeout = absl::Seconds(30);

  // Logs.
  std::string log_format = "text";  // or "json"
  std::string log_level = "info";   // trace, debug, info, warning, error
};

// What a command line asks for.
struct ParsedCommandLine {
  enum class Action { kServe, kCheckConfig, kPrint };
  Action action = Action::kServe;
  ServerConfig config;
  std::string text;  // kPrint: the help or the version, for standard output
};

// Reads flags, GRAFT_* variables and the file named by --config (TOML or INI), then validates.
// INVALID_ARGUMENT names the flag and what it accepts.
absl::StatusOr<ParsedCommandLine> ParseCommandLine(int argc, const char* const* argv);

// Whether the values are possible alone and together. Pure: no file is looked at.
absl::Status ValidateConfig(const ServerConfig& config);

// What the Predicts that wait may hold together, encoded and decoded: 1 MiB for each input of
// --predict-queue (one decoded for a network of 224 x 224 takes 0.6), and no less than two of the
// largest requests.
uint64_t PredictQueueBytes(const ServerConfig& config);

// Whether `address` is a loopback address or "localhost".
bool IsLoopback(absl::string_view address);

}  // namespace graft::server

#endif  // GRAFT_SERVER_CONFIG_CONFIG_H_
