#include "server/config/config.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

#include "core/base/ids.h"
#include "core/base/status_macros.h"
#include "core/base/version.h"
#include "core/drift/drift_window.h"
#include "core/jobs/lease_policy.h"
#include "core/model/precision.h"
#include "wire/worker_limits.h"

namespace graft::server {
namespace {

std::string EnvironmentName(absl::string_view flag) {
  return absl::StrCat("GRAFT_",
                      absl::AsciiStrToUpper(absl::StrReplaceAll(flag.substr(2), {{"-", "_"}})));
}

// Declares the flags of one group of --help.
class FlagGroup {
 public:
  FlagGroup(CLI::App& app, std::string name) : app_(app), name_(std::move(name)) {}

  template <typename Value>
  FlagGroup& Add(const std::string& flag, Value& value, const std::string& help) {
    Finish(flag, app_.add_option(flag, value, help)->capture_default_str());
    return *this;
  }

  FlagGroup& AddSwitch(const std::string& flag, bool& value, const std::string& help) {
    Finish(flag, app_.add_flag(flag, value, help));
    return *this;
  }

  // "4GiB", "16MB" or a number of bytes.
  FlagGroup& AddSize(const std::string& flag, uint64_t& value, const std::string& help) {
    CLI::Option* option = app_.add_option(flag, value, help);
    option->transform(CLI::AsSizeValue(/*kb_is_1000=*/false));
    option->default_str(SizeText(value))->type_name("SIZE");
    Finish(flag, option);
    return *this;
  }

  // "500ms", "30s", "5m".
  FlagGroup& AddDuration(const std::string& flag, absl::Duration& value, const std::string& help) {
    CLI::Option* option = app_.add_option_function<std::string>(
        flag,
        [&value, flag](const std::string& text) {
          absl::Duration parsed;
          if (!absl::ParseDuration(text, &parsed)) {
            throw CLI::ValidationError(
                flag, absl::StrCat("\"", text, "\" is not a duration such as 500ms, 30s or 5m"));
          }
          value = parsed;
        },
        help);
    option->default_str(absl::FormatDuration(value))->type_name("DURATION");
    Finish(flag, option);
    return *this;
  }

 private:
  static std::string SizeText(uint64_t bytes) {
    constexpr std::pair<int, const char*> kUnits[] = {{30, "GiB"}, {20, "MiB"}, {10, "KiB"}};
    for (const auto& [shift, unit] : kUnits) {
      if (bytes != 0 && bytes % (uint64_t{1} << shift) == 0) {
        return absl::StrCat(bytes >> shift, unit);
      }
    }
    return absl::StrCat(bytes);
  }

  void Finish(const std::string& flag, CLI::Option* option) {
    option->group(name_)->envname(EnvironmentName(flag))->take_last();
  }

  CLI::App& app_;
  const std::string name_;
};

void DeclareFlags(CLI::App& app, ServerConfig& config) {
  FlagGroup(app, "Files")
      .Add("--data-dir", config.data_dir, "Jobs, datasets and models; created if missing")
      .Add("--weights-dir", config.weights_dir,
           "Pretrained backbones: <name>/model.safetensors and config.json")
      .Add("--default-backbone", config.default_backbone, "Backbone of jobs that name none");
  FlagGroup(app, "Listeners")
      .Add("--listen-address", config.listen_address, "Address of the gRPC API")
      .Add("--port", config.port, "Port of the gRPC API; 0: chosen by the kernel")
      .Add("--http-listen-address", config.http_listen_address,
           "Address of /metrics, /healthz and /readyz")
      .Add("--http-port", config.http_port, "Port of these; 0: chosen by the kernel")
      .AddSwitch("--insecure-listen-anywhere", config.insecure_listen_anywhere,
                 "Allow addresses beyond loopback, WITHOUT encryption or authentication")
      .Add("--port-file", config.port_file,
           "Where to write the ports as JSON once the server is ready")
      .AddSwitch("--reflection", config.reflection, "Serve gRPC reflection");
  FlagGroup(app, "Transport")
      .AddSize("--max-message-bytes", config.max_message_bytes, "Largest request")
      .Add("--max-concurrent-streams", config.max_concurrent_streams, "Calls per connection")
      .AddSize("--transport-memory-bytes", config.transport_memory_bytes,
               "Memory of all gRPC buffers together")
      .AddDuration("--max-connection-idle", config.max_connection_idle,
                   "Connections without a call are closed after this")
      .Add("--api-threads", config.api_threads, "Threads for database and file work of calls")
      .Add("--api-queue", config.api_queue, "Calls that may wait for one of them");
  FlagGroup(app, "Uploads")
      .AddSize("--max-upload-bytes", config.max_upload_bytes, "Largest archive")
      .AddSize("--max-dataset-bytes", config.max_dataset_bytes, "Largest dataset, unpacked")
      .AddSize("--max-image-bytes", config.max_image_bytes,
               "Largest encoded image, in a dataset or a Predict")
      .Add("--max-image-pixels", config.max_image_pixels,
           "Most pixels of an image, in a dataset or a Predict; larger JPEGs are decoded smaller")
      .AddSize("--max-manifest-bytes", config.max_manifest_bytes,
               "Largest manifest of a dataset, in the archive or beside it")
      .Add("--max-dataset-images", config.max_dataset_images, "Most images of a dataset")
      .Add("--max-dataset-classes", config.max_dataset_classes, "Most classes of a dataset")
      .Add("--max-broken-share", config.max_broken_share,
           "Share of unreadable images, 0 to 1, above which an upload is refused")
      .Add("--max-concurrent-uploads", config.max_concurrent_uploads, "Uploads at one time")
      .Add("--ingest-threads", config.ingest_threads, "Uploads being unpacked at one time")
      .AddDuration("--upload-idle-timeout", config.upload_idle_timeout,
                   "An upload without a message for this long is dropped")
      .AddSize("--min-free-disk-bytes", config.min_free_disk_bytes,
               "With less free disk, jobs and uploads are refused");
  FlagGroup(app, "Jobs and workers")
      .Add("--workers", config.workers, "graft-worker processes to run")
      .Add("--worker-program", config.worker_program,
           "The worker program; default: graft-worker beside this one")
      .Add("--worker-socket", config.worker_socket,
           "Unix socket of the workers; default: worker.sock in the data folder")
      .Add("--worker-threads", config.worker_threads, "Threads of a worker; 0: half of the cores")
      .Add(
          "--worker-scheduling", config.worker_scheduling,
          "When workers compute: idle (only while the server and all others leave processors free) "
          "or nice (at nice 19: more steps beside steady predictions, which take longer)")
      .Add("--worker-device", config.worker_device,
           "Where jobs are trained: auto (the accelerator that LibTorch sees, else the CPU), cpu, "
           "cuda or cuda:1")
      .Add("--max-queued-jobs", config.max_queued_jobs, "Jobs that may wait")
      .Add("--max-watch-streams", config.max_watch_streams, "Watch streams at one time")
      .Add("--max-infer-streams", config.max_infer_streams, "ModelStreamInfer streams at one time")
      .AddDuration("--heartbeat-interval", config.heartbeat_interval,
                   "How often a worker renews its lease")
      .AddDuration("--lease-timeout", config.lease_timeout,
                   "A worker silent for this long is taken for dead")
      .AddDuration("--cancel-grace", config.cancel_grace,
                   "Time for a worker to drop a cancelled job; then SIGTERM, later SIGKILL")
      .Add("--max-job-crashes", config.max_job_crashes,
           "A job that kills its worker so often has failed")
      .Add("--max-job-unclean-ends", config.max_job_unclean_ends,
           "A job that runs when the server is killed, so often without progress, has failed")
      .AddSize("--feature-cache-bytes", config.feature_cache_bytes, "Disk for cached features");
  FlagGroup(app, "Serving")
      .Add("--max-predict-inputs", config.max_predict_inputs, "Inputs of one Predict")
      .Add("--max-batch-size", config.max_batch_size, "Inputs in one pass of the network")
      .AddSize("--max-batch-bytes", config.max_batch_bytes,
               "Memory of one pass beside the model; a batch has fewer inputs where they take more")
      .AddDuration("--max-queue-delay", config.max_queue_delay,
                   "How long to wait for a batch to fill; 0: take what waits")
      .AddDuration("--bulk-patience", config.bulk_patience,
                   "How long requests of bulk priority let all others go first")
      .Add("--predict-queue", config.predict_queue,
           "Answers that may wait, in 1 MiB each: inputs times the models asked about them")
      .AddDuration("--predict-p99-goal", config.predict_p99_goal,
                   "Refuse what would make more than 1 % of the answers take longer than this, "
                   "loading aside; 0: only what the queue has no room for")
      .Add("--max-predict-inputs-per-caller", config.max_predict_inputs_per_caller,
           "Inputs that one caller may have under way; 0: any. Without authentication an address "
           "is a caller, and so is a gateway")
      .Add("--serving-threads", config.serving_threads, "Threads of the network; 0: all cores")
      .Add(
          "--serving-device", config.serving_device,
          "Where models answer: auto (the accelerator that LibTorch sees, else the CPU), cpu, cuda "
          "or cuda:1")
      .Add("--serving-engine", config.serving_engine,
           "auto (on the CPU OpenVINO, and LibTorch for what it declines; on others LibTorch, and "
           "the CPU for what they have no memory for) or libtorch")
      .Add("--serving-precision", config.serving_precision,
           "auto (of each model the one that its trials before publishing speak for), or f32, "
           "bf16 or int8 of all, where the processor has it and for int8 the model its ranges")
      .AddSwitch(
          "--measure-batch-plans", config.measure_batch_plans,
          "Find out at its first load how a network's batches are best divided among threads "
          "here, and remember it; else a row a thread")
      .Add("--decode-threads", config.decode_threads, "Threads that decode inputs")
      .AddSize("--model-memory-bytes", config.model_memory_bytes, "Memory of loaded models")
      .AddDuration("--model-idle-timeout", config.model_idle_timeout,
                   "A model that nobody asks for leaves memory after so long; 0: only where others "
                   "need the room")
      .AddSize("--predict-cache-bytes", config.predict_cache_bytes,
               "Memory of features of inputs that were seen before; 0 keeps none")
      .Add("--drift-window", config.drift_window,
           "Last inputs of each model that are compared with what it was made with, 200 or more; "
           "0 compares none");
  FlagGroup(app, "What is kept of predictions")
      .Add("--request-log-share", config.request_log_share,
           "Share of the requests, 0 to 1, that get a line in the request log; 0: there is none")
      .AddSize("--request-log-bytes", config.request_log_bytes,
               "Disk for the request log; its oldest lines go")
      .AddSwitch("--capture", config.capture,
                 "Let projects keep pictures for labelling, by a policy that they set; off with "
                 "--capture=false")
      .AddSize("--capture-bytes", config.capture_bytes,
               "Disk for these pictures; the oldest of them go");
  FlagGroup(app, "Running")
      .AddDuration("--drain-timeout", config.drain_timeout,
                   "Most time from SIGTERM to the end: calls finish, jobs are checkpointed")
      .Add("--log-format", config.log_format, "text or json")
      .Add("--log-level", config.log_level, "trace, debug, info, warning or error");
}

// What Docker links and Kubernetes set for a service named "graft": GRAFT_PORT=tcp://10.0.0.1:8600.
// No flag has such a value, so it was not said to us.
bool IsServiceLink(absl::string_view value) {
  return absl::StartsWith(value, "tcp://") || absl::StartsWith(value, "udp://");
}

// CLI11 lets the file win over the environment; a container's environment must win over the file
// baked into its image. So what the environment says is put in front of the command line, where a
// later flag still overrides it. Last argument first, as CLI::App::parse wants them.
std::vector<std::string> ArgumentsBackwards(CLI::App& app, int argc, const char* const* argv) {
  std::vector<std::string> arguments;
  for (CLI::Option* option : app.get_options()) {
    if (option->get_envname().empty()) continue;
    const char* value = std::getenv(option->get_envname().c_str());
    if (value == nullptr || *value == '\0') continue;
    if (IsServiceLink(value)) {
      option->envname("");  // or CLI11 would look it up by itself
      continue;
    }
    arguments.push_back(absl::StrCat(option->get_name(), "=", value));
  }
  for (int i = 1; i < argc; ++i) arguments.emplace_back(argv[i]);
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

absl::Status CheckRange(absl::string_view flag, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(flag, ": must be ", low, " to ", high, ", not ", value));
}

absl::Status CheckRange(absl::string_view flag, absl::Duration value, absl::Duration low,
                        absl::Duration high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(flag, ": must be ", absl::FormatDuration(low),
                                                 " to ", absl::FormatDuration(high), ", not ",
                                                 absl::FormatDuration(value)));
}

absl::Status CheckListener(const ServerConfig& config, absl::string_view flag,
                           const std::string& address) {
  if (address.empty()) return absl::InvalidArgumentError(absl::StrCat(flag, ": is empty"));
  if (IsLoopback(address) || config.insecure_listen_anywhere) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(flag, ": ", address,
                   " is reachable from other machines, and there is neither encryption nor "
                   "authentication; listen on 127.0.0.1, or accept the risk with "
                   "--insecure-listen-anywhere"));
}

absl::Status CheckGoal(const ServerConfig& config) {
  const absl::Duration goal = config.predict_p99_goal;
  if (goal == absl::ZeroDuration()) return absl::OkStatus();
  // No answer is there in less, and nobody waits for more.
  if (goal < absl::Milliseconds(1) || goal > absl::Minutes(1)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--predict-p99-goal: must be 0 (no goal) or 1ms to 1m, not ", absl::FormatDuration(goal)));
  }
  if (goal <= config.max_queue_delay) {
    return absl::InvalidArgumentError(
        "--predict-p99-goal: must be longer than --max-queue-delay, which every Predict may wait "
        "for others");
  }
  return absl::OkStatus();
}

}  // namespace

bool IsLoopback(absl::string_view address) {
  if (address == "localhost") return true;
  const std::string text(address);
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  return false;
}

uint64_t PredictQueueBytes(const ServerConfig& config) {
  const uint64_t largest = std::max(config.max_message_bytes, config.max_image_bytes);
  return std::max((uint64_t{1} << 20) * static_cast<uint64_t>(config.predict_queue), 2 * largest);
}

absl::Status ValidateConfig(const ServerConfig& config) {
  constexpr int64_t kGiB = int64_t{1} << 30;
  if (config.data_dir.empty()) return absl::InvalidArgumentError("--data-dir: is empty");
  if (config.weights_dir.empty()) return absl::InvalidArgumentError("--weights-dir: is empty");
  if (!IsValidResourceName(config.default_backbone)) {
    return absl::InvalidArgumentError("--default-backbone: must be 1 to 63 of a-z 0-9 - _ .");
  }
  GRAFT_RETURN_IF_ERROR(CheckListener(config, "--listen-address", config.listen_address));
  GRAFT_RETURN_IF_ERROR(CheckListener(config, "--http-listen-address", config.http_listen_address));
  if (config.port != 0 && config.port == config.http_port) {
    return absl::InvalidArgumentError("--http-port: is the same as --port");
  }
  if (!(config.max_broken_share >= 0 && config.max_broken_share <= 1)) {
    return absl::InvalidArgumentError("--max-broken-share: must be 0 to 1");
  }
  if (config.drift_window > 0 && config.drift_window < 2 * drift::kFewestInputs) {
    return absl::InvalidArgumentError(
        absl::StrCat("--drift-window: must be 0, or at least ", 2 * drift::kFewestInputs));
  }
  if (!(config.request_log_share >= 0 && config.request_log_share <= 1)) {
    return absl::InvalidArgumentError("--request-log-share: must be 0 to 1");
  }
  if (config.serving_engine != "auto" && config.serving_engine != "libtorch") {
    return absl::InvalidArgumentError("--serving-engine: must be auto or libtorch");
  }
  if (config.worker_scheduling != "idle" && config.worker_scheduling != "nice") {
    return absl::InvalidArgumentError("--worker-scheduling: must be idle or nice");
  }
  if (config.serving_precision != "auto" &&
      !model::PrecisionFromName(config.serving_precision).has_value()) {
    return absl::InvalidArgumentError("--serving-precision: must be auto, f32, bf16 or int8");
  }
  if (config.serving_precision == "int8" && config.serving_engine == "libtorch") {
    return absl::InvalidArgumentError(
        "--serving-precision: int8 is OpenVINO's, which --serving-engine=libtorch leaves out");
  }
  if (config.log_format != "text" && config.log_format != "json") {
    return absl::InvalidArgumentError("--log-format: must be text or json");
  }
  const std::vector<std::string> levels = {"trace", "debug", "info", "warning", "error"};
  if (std::find(levels.begin(), levels.end(), config.log_level) == levels.end()) {
    return absl::InvalidArgumentError("--log-level: must be trace, debug, info, warning or error");
  }

  struct Range {
    const char* flag;
    int64_t value, low, high;
  };
  const auto size = [](uint64_t bytes) {
    return static_cast<int64_t>(std::min<uint64_t>(bytes, uint64_t{1} << 62));
  };
  const Range ranges[] = {
      {"--port", config.port, 0, 65535},
      {"--http-port", config.http_port, 0, 65535},
      {"--max-message-bytes", size(config.max_message_bytes), 1 << 16, kGiB},
      {"--max-concurrent-streams", config.max_concurrent_streams, 1, 1'000'000},
      {"--transport-memory-bytes", size(config.transport_memory_bytes), 1 << 24, 1024 * kGiB},
      {"--api-threads", config.api_threads, 1, 256},
      {"--api-queue", config.api_queue, 1, 1'000'000},
      {"--max-upload-bytes", size(config.max_upload_bytes), 1024, 1024 * 1024 * kGiB},
      {"--max-dataset-bytes", size(config.max_dataset_bytes), 1024, 1024 * 1024 * kGiB},
      {"--max-image-bytes", size(config.max_image_bytes), 1024, kGiB},
      {"--max-image-pixels", size(config.max_image_pixels), 1, kGiB},
      {"--max-manifest-bytes", size(config.max_manifest_bytes), 1024, kGiB},
      {"--max-dataset-images", config.max_dataset_images, 2, 100'000'000},
      {"--max-dataset-classes", config.max_dataset_classes, 2, wire::kMaxReportClasses},
      {"--max-concurrent-uploads", config.max_concurrent_uploads, 1, 1024},
      {"--ingest-threads", config.ingest_threads, 1, 64},
      {"--min-free-disk-bytes", size(config.min_free_disk_bytes), 0, 1024 * 1024 * kGiB},
      {"--workers", config.workers, 0, 64},
      {"--worker-threads", config.worker_threads, 0, 1024},
      {"--max-queued-jobs", config.max_queued_jobs, 1, 10'000'000},
      {"--max-watch-streams", config.max_watch_streams, 1, 1'000'000},
      {"--max-infer-streams", config.max_infer_streams, 1, 1'000'000},
      {"--max-job-crashes", config.max_job_crashes, 1, 100},
      {"--max-job-unclean-ends", config.max_job_unclean_ends, 1, 100},
      {"--feature-cache-bytes", size(config.feature_cache_bytes), 0, 1024 * 1024 * kGiB},
      {"--max-predict-inputs", config.max_predict_inputs, 1, 4096},
      {"--max-batch-size", config.max_batch_size, 1, 1024},
      {"--max-batch-bytes", size(config.max_batch_bytes), 1 << 20, 1024 * kGiB},
      {"--predict-queue", config.predict_queue, 1, 1'000'000},
      {"--serving-threads", config.serving_threads, 0, 1024},
      {"--decode-threads", config.decode_threads, 1, 256},
      {"--max-predict-inputs-per-caller", config.max_predict_inputs_per_caller, 0, 1'000'000},
      {"--model-memory-bytes", size(config.model_memory_bytes), 1 << 20, 1024 * 1024 * kGiB},
      {"--predict-cache-bytes", size(config.predict_cache_bytes), 0, 1024 * kGiB},
      {"--drift-window", config.drift_window, 0, 1'000'000},
      {"--request-log-bytes", size(config.request_log_bytes), 1 << 20, 1024 * kGiB},
      {"--capture-bytes", size(config.capture_bytes), 1 << 20, 1024 * 1024 * kGiB},
  };
  for (const Range& range : ranges) {
    GRAFT_RETURN_IF_ERROR(CheckRange(range.flag, range.value, range.low, range.high));
  }
  struct Span {
    const char* flag;
    absl::Duration value, low, high;
  };
  const Span spans[] = {
      {"--max-connection-idle", config.max_connection_idle, absl::Seconds(1), absl::Hours(24)},
      {"--upload-idle-timeout", config.upload_idle_timeout, absl::Milliseconds(50), absl::Hours(1)},
      {"--heartbeat-interval", config.heartbeat_interval, absl::Milliseconds(10), absl::Minutes(1)},
      {"--lease-timeout", config.lease_timeout, absl::Milliseconds(50), absl::Hours(1)},
      {"--cancel-grace", config.cancel_grace, absl::Milliseconds(10), absl::Minutes(10)},
      {"--max-queue-delay", config.max_queue_delay, absl::ZeroDuration(), absl::Seconds(1)},
      {"--bulk-patience", config.bulk_patience, absl::ZeroDuration(), absl::Hours(24)},
      {"--drain-timeout", config.drain_timeout, absl::Milliseconds(100), absl::Hours(1)},
      {"--model-idle-timeout", config.model_idle_timeout, absl::ZeroDuration(),
       absl::Hours(24 * 365)},
  };
  for (const Span& span : spans) {
    GRAFT_RETURN_IF_ERROR(CheckRange(span.flag, span.value, span.low, span.high));
  }
  if (config.lease_timeout < jobs::ShortestLease(config.heartbeat_interval)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--lease-timeout: must be at least ",
                     absl::FormatDuration(jobs::ShortestLease(config.heartbeat_interval)),
                     " with --heartbeat-interval ", absl::FormatDuration(config.heartbeat_interval),
                     ", or a few late heartbeats look like a "
                     "death"));
  }
  if (config.max_predict_inputs > config.predict_queue) {
    return absl::InvalidArgumentError(
        "--max-predict-inputs: must be at most --predict-queue, or the largest Predict never fits");
  }
  if (config.max_predict_inputs_per_caller != 0 &&
      config.max_predict_inputs_per_caller < config.max_predict_inputs) {
    return absl::InvalidArgumentError(
        "--max-predict-inputs-per-caller: must be 0 or at least --max-predict-inputs, or the "
        "largest Predict never fits");
  }
  GRAFT_RETURN_IF_ERROR(CheckGoal(config));
  if (config.max_image_bytes > config.max_message_bytes * 64) {
    return absl::InvalidArgumentError("--max-image-bytes: far above --max-message-bytes");
  }
  return absl::OkStatus();
}

absl::StatusOr<ParsedCommandLine> ParseCommandLine(int argc, const char* const* argv) {
  ParsedCommandLine parsed;
  CLI::App app("graft-server: fine-tunes pretrained networks and serves the result, over gRPC.",
               "graft-server");
  app.get_formatter()->column_width(44);
  app.set_help_flag("-h,--help", "Print this and exit");
  bool version = false;
  bool check = false;
  app.add_flag("--version", version, "Print the version and exit")->configurable(false);
  app.add_flag("--check-config", check, "Validate the configuration and exit: 0 valid, 1 not")
      ->configurable(false);
  app.set_config("--config", "", "File with the same keys, TOML or INI: data-dir = \"...\"")
      ->envname("GRAFT_CONFIG")
      ->take_last();
  app.allow_config_extras(CLI::config_extras_mode::error);
  DeclareFlags(app, parsed.config);
  app.footer(
      "Each flag is also an environment variable: --data-dir is GRAFT_DATA_DIR. A flag wins over "
      "the environment,\nthe environment over the file.");
  try {
    app.parse(ArgumentsBackwards(app, argc, argv));
  } catch (const CLI::CallForHelp&) {
    parsed.action = ParsedCommandLine::Action::kPrint;
    parsed.text = app.help();
    return parsed;
  } catch (const CLI::ConfigError& error) {
    std::string text = error.what();  // "INI was not able to parse KEY" for a key that is no flag
    const std::string key = text.substr(text.rfind(' ') + 1);
    if (app.get_option_no_throw(absl::StrCat("--", key)) == nullptr) {
      text = absl::StrCat("'", key, "' is no key of it; keys are the flags of --help without --");
    }
    return absl::InvalidArgumentError(absl::StrCat("--config: ", text));
  } catch (const CLI::Error& error) {
    return absl::InvalidArgumentError(error.what());
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("configuration: ", error.what()));
  }
  if (version) {
    parsed.action = ParsedCommandLine::Action::kPrint;
    parsed.text = absl::StrCat("graft-server ", BuildDescription(), "\n");
    return parsed;
  }
  GRAFT_RETURN_IF_ERROR(ValidateConfig(parsed.config));
  if (check) parsed.action = ParsedCommandLine::Action::kCheckConfig;
  return parsed;
}

}  // namespace graft::server
