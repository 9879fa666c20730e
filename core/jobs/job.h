#ifndef GRAFT_CORE_JOBS_JOB_H_
#define GRAFT_CORE_JOBS_JOB_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"

namespace graft::jobs {

// The values of these enums are stored: never renumber them.
enum class JobKind { kFineTune = 1, kEvaluate = 2, kRank = 3, kImport = 4 };

// What a job is. Legal moves are in state_table.h.
enum class JobState {
  kQueued = 1,
  kRunning = 2,
  kPaused = 3,
  kSucceeded = 4,
  kFailed = 5,
  kCancelled = 6
};

// What its owner wants of it. kStop: end now and keep the best so far.
enum class DesiredState { kRun = 1, kPause = 2, kStop = 3, kCancel = 4 };

// Why a job FAILED. An empty code means that there is no error.
struct JobError {
  std::string code;     // name of a canonical code, e.g. "INVALID_ARGUMENT"
  std::string message;  // what was wrong, where
  std::string field;    // of the request, where one is to blame
  std::string hint;     // what to do
  bool operator==(const JobError&) const = default;
};

// A unit of work and all that is known of it. Plain data. `spec`, `progress` and `report` are bytes
// whose format core/ doesn't know.
struct Job {
  // Given by whoever enqueues it; constant from then on.
  std::string id;
  std::string project;
  JobKind kind = JobKind::kFineTune;
  std::string spec;
  std::string spec_digest;  // of the request's content: what makes two requests the same
  std::string request_id;   // empty: not idempotent

  // Columns that are queried or matched; taken from the spec by whoever enqueues the job.
  std::string task;          // "classification"
  std::string strategy;      // "feature_extraction"
  std::string architecture;  // of the backbone, "efficientnet_lite0", "vgg16_bn"
  std::string backbone;      // id of the backbone
  std::string backbone_digest;
  std::string dataset_id;  // empty: none
  std::string dataset_digest;
  std::string model_name;  // empty: publishes nothing
  std::string device;      // empty: any; otherwise "cpu", "cuda"
  std::map<std::string, std::string> labels;

  // Kept by the store.
  JobState state = JobState::kQueued;
  DesiredState desired = DesiredState::kRun;
  absl::Time create_time = absl::InfinitePast();
  absl::Time start_time = absl::InfinitePast();  // of the first attempt
  absl::Time end_time = absl::InfinitePast();    // once terminal
  uint64_t fence = 0;                            // grows at each lease
  int crashes = 0;                               // grows only when a worker dies with the job
  int unclean_ends = 0;                          // of the server with the job, since it got further
  int attempts = 0;                              // how often a worker took it
  std::string worker_id;                         // holder of the lease; empty: not leased
  uint64_t renewals = 0;                         // moved by each renewal; see lease_policy.h
  uint64_t last_batch = 0;                       // of the lease's reports that was taken
  std::string progress;
  std::string report;  // once SUCCEEDED; can be megabytes, and is only in the answers of GetJob
  std::string stop_reason;  // "COMPLETED", "EARLY_STOPPED", ...
  JobError error;
  int64_t model_version = 0;         // published; 0: none
  uint64_t last_event_sequence = 0;  // of the newest event; 0: none
};

// Something that happened to a job. Sequence numbers start at 1 and have no gaps.
struct JobEvent {
  std::string job_id;
  uint64_t sequence = 0;                   // given by the store
  uint64_t fence = 0;                      // of the attempt that told it; given by the store
  absl::Time time = absl::InfinitePast();  // given by the store
  // kStateEventType for the store's own; any other name is the caller's.
  std::string type;
  std::string payload;  // opaque bytes
  // Only of state events.
  JobState state = JobState::kQueued;
  std::string detail;
};

inline constexpr char kStateEventType[] = "state";

}  // namespace graft::jobs

#endif  // GRAFT_CORE_JOBS_JOB_H_
