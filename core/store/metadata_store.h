#ifndef GRAFT_CORE_STORE_METADATA_STORE_H_
#define GRAFT_CORE_STORE_METADATA_STORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/jobs/claim_policy.h"
#include "core/jobs/job.h"
#include "core/jobs/lease_policy.h"
#include "core/jobs/retry_policy.h"
#include "core/store/blob_references.h"
#include "core/store/capture_store.h"
#include "core/store/dataset.h"
#include "core/store/model_version.h"
#include "core/store/page.h"

namespace graft::store {

// How long the request_id of a deleted job still counts as used, on the wall clock.
inline constexpr absl::Duration kRequestIdsKept = absl::Hours(24);

// How many archives of the same content are remembered of a dataset.
inline constexpr int kArchivesKept = 100;

// Told after a commit that changed a job; a renewal alone is none. A job is seen in a terminal
// state once, and once more when it is deleted.
struct JobChange {
  std::string job_id;
  std::string project;
  std::string task;
  std::string strategy;
  jobs::JobState state = jobs::JobState::kQueued;
  jobs::DesiredState desired = jobs::DesiredState::kRun;
  absl::Time create_time = absl::InfinitePast();
  absl::Time end_time = absl::InfinitePast();
  uint64_t fence = 0;
  int64_t model_version = 0;
  uint64_t last_event_sequence = 0;
  bool deleted = false;
};
JobChange ChangeOf(const jobs::Job& job);

struct EnqueueResult {
  jobs::Job job;
  bool created = false;  // false: the job of an earlier request with the same id
};

struct CreateDatasetResult {
  Dataset dataset;
  bool created = false;  // false: this content was there
};

struct JobFilter {
  std::vector<jobs::JobState> states;         // any of these; empty: all
  std::map<std::string, std::string> labels;  // all of these
  std::string model_name;                     // empty: all
};

// What a worker tells while it runs a job.
struct EventReport {
  std::vector<jobs::JobEvent> events;   // in order; of each: type, payload, detail
  std::optional<std::string> progress;  // replaces the job's
  // 1, 2, 3 ... within the lease; 0: not numbered. A batch that was taken already changes nothing:
  // its answer got lost.
  uint64_t batch = 0;
  // The job got further than it was: a checkpoint, a finished epoch.
  bool advanced = false;
};

struct ReportResult {
  uint64_t last_sequence = 0;  // of the job; the batch's events end there
  bool applied = true;         // false: this batch was taken before
};

// How a lease ends in the worker's own words.
struct JobOutcome {
  // SUCCEEDED, FAILED, CANCELLED or PAUSED.
  jobs::JobState state = jobs::JobState::kSucceeded;
  std::string report;       // opaque; of the job, and of the version that it publishes
  std::string stop_reason;  // "COMPLETED", ...
  jobs::JobError error;     // FAILED
  // SUCCEEDED: the version to publish under the job's model_name.
  std::optional<ModelVersion> version;
  std::string card;                    // of the version; opaque
  std::vector<jobs::JobEvent> events;  // told before the state event
  // When set, replaces the job's progress.
  std::optional<std::string> progress;
};

enum class ReleaseReason {
  kDrained,     // the worker gave the job back: crashes stay
  kWorkerDied,  // crashes + 1; then as DecideAfterCrash says
};

// Jobs, datasets and models, durable: when a verb answers OK, what it did survives a crash of the
// process and loss of power; when it answers an error, it did nothing.
//
// Each verb is one transaction. Verbs that take a `fence` answer ABORTED when the job is no longer
// RUNNING under that fence, and then change nothing: the worker must drop the job.
// Common errors: NOT_FOUND (also for what belongs to another project), INVALID_ARGUMENT,
// RESOURCE_EXHAUSTED (disk full: nothing was written; its reason is one of exhausted.h), DATA_LOSS
// (the database is damaged), INTERNAL. Messages name resources, never files of the server.
//
// Safe for concurrent use by several threads.
class MetadataStore : public CaptureStore {
 public:
  ~MetadataStore() override = default;

  // `observer` is called after each commit that changed a job, on the thread of the verb, with no
  // lock held: it may call the store. Changes by several threads may arrive out of order; an
  // observer that needs the order reads the store. Replaces the observer before; once this returns
  // the one before may still be in a call that had begun.
  virtual void SetObserver(std::function<void(const JobChange&)> observer) = 0;

  // --- Jobs: for users ---

  // Adds a QUEUED job with its first event. With a request_id that the project has seen: the stored
  // job with created=false if the kind and spec_digest are the same, else ALREADY_EXISTS; the id of
  // a job that was deleted counts for kRequestIdsKept more (FAILED_PRECONDITION if the same).
  // NOT_FOUND when the dataset it names is not there (any more), RESOURCE_EXHAUSTED when max_queued
  // jobs wait.
  virtual absl::StatusOr<EnqueueResult> EnqueueJob(const jobs::Job& job) = 0;

  // What EnqueueJob would answer of the job's project, request_id, kind and spec_digest alone: the
  // stored job, ALREADY_EXISTS or FAILED_PRECONDITION; nullopt where the request is new.
  virtual absl::StatusOr<std::optional<jobs::Job>> FindRepeated(const jobs::Job& job) = 0;

  // With its report, which no other verb answers.
  virtual absl::StatusOr<jobs::Job> GetJob(absl::string_view project, absl::string_view job_id) = 0;

  // Stable under inserts: the pages that follow a token show neither newer jobs nor a job twice.
  virtual absl::StatusOr<Page<jobs::Job>> ListJobs(absl::string_view project,
                                                   const JobFilter& filter,
                                                   const PageOptions& page) = 0;

  // Events with a sequence above `after_sequence`, ascending, at most `limit` (1 to 10,000).
  virtual absl::StatusOr<std::vector<jobs::JobEvent>> ListEvents(absl::string_view project,
                                                                 absl::string_view job_id,
                                                                 uint64_t after_sequence,
                                                                 int limit) = 0;

  // Sets what is wanted of a job and answers with it.
  //   kCancel: QUEUED and PAUSED jobs are CANCELLED at once; a RUNNING one when its worker obeys.
  //   kPause:  QUEUED becomes PAUSED at once; RUNNING when its worker obeys; PAUSED stays.
  //   kRun:    PAUSED goes back to QUEUED; takes back a pause that the worker has not obeyed yet.
  //   kStop:   RUNNING jobs only; else FAILED_PRECONDITION. Its worker ends it with the best so
  //   far.
  // A cancel is never taken back, a stop only by a cancel (FAILED_PRECONDITION). On a terminal job
  // kCancel of a CANCELLED job is a no-op, everything else FAILED_PRECONDITION.
  virtual absl::StatusOr<jobs::Job> RequestDesired(absl::string_view project,
                                                   absl::string_view job_id,
                                                   jobs::DesiredState desired) = 0;

  // Removes a terminal job with its events; what it published stays. FAILED_PRECONDITION otherwise.
  virtual absl::Status DeleteJob(absl::string_view project, absl::string_view job_id) = 0;

  // Jobs per state, over all projects; every state is there.
  virtual absl::StatusOr<std::map<jobs::JobState, int64_t>> CountJobs() = 0;

  // --- Jobs: for workers and whoever watches them ---

  // Leases the next job (claim_policy.h) to `worker_id`: RUNNING, fence + 1, attempts + 1.
  // nullopt: nothing that this worker can run.
  virtual absl::StatusOr<std::optional<jobs::Job>> ClaimNextJob(
      absl::string_view worker_id, const jobs::Capabilities& capabilities) = 0;

  // Moves the renewal counter; answers what is wanted of the job.
  virtual absl::StatusOr<jobs::DesiredState> RenewLease(absl::string_view job_id,
                                                        uint64_t fence) = 0;

  // Appends events and replaces the progress, unless the batch was taken before.
  virtual absl::StatusOr<ReportResult> ReportEvents(absl::string_view job_id, uint64_t fence,
                                                    const EventReport& report) = 0;

  // Ends the lease: version row with the next number of (project, model name), state and its event,
  // all or nothing. Answers the job as it then is. A repeated call with the same fence and state
  // after the answer got lost answers the stored job again. PAUSED goes where `desired` says (a
  // resume or cancel may have come meanwhile): PAUSED, QUEUED or CANCELLED. A SUCCEEDED that
  // overtook a cancel stands.
  virtual absl::StatusOr<jobs::Job> FinishJob(absl::string_view job_id, uint64_t fence,
                                              const JobOutcome& outcome) = 0;

  // Takes the job from its worker: AfterRelease or AfterWorkerDeath of core/jobs/transitions.h;
  // `cause` goes into the error and the event.
  virtual absl::StatusOr<jobs::Job> ReleaseJob(absl::string_view job_id, uint64_t fence,
                                               ReleaseReason reason, absl::string_view cause) = 0;

  // The leases of all RUNNING jobs, for LeaseWatcher.
  virtual absl::StatusOr<std::vector<jobs::RunningLease>> ListRunningJobs() = 0;

  // For the start of the server, whose workers are gone. A drain leaves no job RUNNING, so each
  // that is has seen an unclean end: unclean_ends + 1, then as DecideAfterUncleanEnd says. Answers
  // the jobs as they then are.
  virtual absl::StatusOr<std::vector<jobs::Job>> RequeueRunningOnStart() = 0;

  // --- Datasets ---

  // Content (digest) that the project has already: the stored dataset with created=false. The
  // archive is remembered with it either way.
  virtual absl::StatusOr<CreateDatasetResult> CreateDataset(const Dataset& dataset) = 0;
  // The dataset that an archive of this sha256 made or was found to hold; of the first
  // kArchivesKept archives of a dataset. nullopt: none that is known of.
  virtual absl::StatusOr<std::optional<Dataset>> FindDatasetByArchive(
      absl::string_view project, absl::string_view archive_sha256) = 0;
  virtual absl::StatusOr<Dataset> GetDataset(absl::string_view project, absl::string_view id) = 0;
  virtual absl::StatusOr<Page<Dataset>> ListDatasets(absl::string_view project,
                                                     const PageOptions& page) = 0;
  // FAILED_PRECONDITION while a job that is not terminal uses it. Answers what was deleted, so that
  // its blobs can be.
  virtual absl::StatusOr<Dataset> DeleteDataset(absl::string_view project,
                                                absl::string_view id) = 0;

  // --- Models ---

  // `version` 0: the latest.
  virtual absl::StatusOr<ModelVersion> GetModelVersion(absl::string_view project,
                                                       absl::string_view model,
                                                       int64_t version) = 0;
  // Report and card of a version; `version` 0: the latest.
  virtual absl::StatusOr<ModelVersionDetails> GetModelVersionDetails(absl::string_view project,
                                                                     absl::string_view model,
                                                                     int64_t version) = 0;
  virtual absl::StatusOr<Model> GetModel(absl::string_view project, absl::string_view model) = 0;
  // All version numbers of a model, ascending.
  virtual absl::StatusOr<std::vector<int64_t>> ListVersionNumbers(absl::string_view project,
                                                                  absl::string_view model) = 0;
  // Most recently created first (not most recently published: a page would miss a model that a
  // new version moves). Models without versions are not shown.
  virtual absl::StatusOr<Page<Model>> ListModels(absl::string_view project,
                                                 const PageOptions& page) = 0;
  virtual absl::StatusOr<Page<ModelVersion>> ListModelVersions(absl::string_view project,
                                                               absl::string_view model,
                                                               const PageOptions& page) = 0;
  // One version, or all with `version` 0, and the labels with them. Answers what was deleted, so
  // that its blobs can be. Numbers are not used again. FAILED_PRECONDITION where a label names that
  // one version.
  virtual absl::StatusOr<std::vector<ModelVersion>> DeleteModel(absl::string_view project,
                                                                absl::string_view model,
                                                                int64_t version) = 0;

  // Lets `label` name the version; with `version` 0 it names none any more. Answers what it named
  // before; 0: nothing. NOT_FOUND: no such model or version. FAILED_PRECONDITION: `expected` is
  // set, and the label names something else; or kMaxModelLabels are there.
  virtual absl::StatusOr<int64_t> SetModelLabel(const ModelLabel& label,
                                                std::optional<int64_t> expected) = 0;
  // Of one model, by name.
  virtual absl::StatusOr<std::vector<ModelLabel>> ListModelLabels(absl::string_view project,
                                                                  absl::string_view model) = 0;
  // Of all projects, in no order: for the start of a server.
  virtual absl::StatusOr<std::vector<ModelLabel>> ListAllModelLabels() = 0;

  // Model::pinned, until the last version is deleted. NOT_FOUND: no such model.
  virtual absl::Status SetModelPin(absl::string_view project, absl::string_view model,
                                   bool pinned) = 0;
  // Those that are pinned, (project, model), of all projects, in no order.
  virtual absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ListPinnedModels() = 0;

  // --- Blobs ---

  // What blobs may belong to, for the sweep at the start of the server.
  virtual absl::StatusOr<BlobReferences> ListBlobReferences() = 0;
};

}  // namespace graft::store

#endif  // GRAFT_CORE_STORE_METADATA_STORE_H_
