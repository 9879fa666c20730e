#include "core/store/sqlite/sqlite_metadata_store.h"

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "core/base/failpoint.h"
#include "core/base/status_macros.h"
#include "core/store/sqlite/captures.h"
#include "core/store/sqlite/connection.h"
#include "core/store/sqlite/datasets.h"
#include "core/store/sqlite/jobs.h"
#include "core/store/sqlite/leases.h"
#include "core/store/sqlite/migrations.h"
#include "core/store/sqlite/model_labels.h"
#include "core/store/sqlite/models.h"
#include "core/store/sqlite/references.h"
#include "core/store/sqlite/request_ids.h"
#include "core/store/sqlite/session.h"

namespace graft::store {
namespace {

using sqlite::Session;

// The shell round the verbs: lock, transaction, clock, observer. Safe for concurrent use.
class Store final : public MetadataStore {
 public:
  Store(const SqliteMetadataStoreOptions& options, std::unique_ptr<sqlite::Connection> connection)
      : options_(options), connection_(std::move(connection)) {}

  void SetObserver(std::function<void(const JobChange&)> observer) override {
    auto shared = observer ? std::make_shared<const Observer>(std::move(observer)) : nullptr;
    absl::MutexLock lock(&observer_mutex_);
    observer_ = std::move(shared);
  }

  absl::StatusOr<EnqueueResult> EnqueueJob(const jobs::Job& job) override {
    return Do([&](Session& s) { return sqlite::EnqueueJob(s, job); });
  }
  absl::StatusOr<std::optional<jobs::Job>> FindRepeated(const jobs::Job& job) override {
    return Do([&](Session& s) { return sqlite::FindByRequest(s, job); });
  }
  absl::StatusOr<jobs::Job> GetJob(absl::string_view project, absl::string_view job_id) override {
    return Do([&](Session& s) { return sqlite::GetJob(s, project, job_id); });
  }
  absl::StatusOr<Page<jobs::Job>> ListJobs(absl::string_view project, const JobFilter& filter,
                                           const PageOptions& page) override {
    return Do([&](Session& s) { return sqlite::ListJobs(s, project, filter, page); });
  }
  absl::StatusOr<std::vector<jobs::JobEvent>> ListEvents(absl::string_view project,
                                                         absl::string_view job_id,
                                                         uint64_t after_sequence,
                                                         int limit) override {
    return Do(
        [&](Session& s) { return sqlite::ListEvents(s, project, job_id, after_sequence, limit); });
  }
  absl::StatusOr<jobs::Job> RequestDesired(absl::string_view project, absl::string_view job_id,
                                           jobs::DesiredState desired) override {
    return Do([&](Session& s) { return sqlite::RequestDesired(s, project, job_id, desired); });
  }
  absl::Status DeleteJob(absl::string_view project, absl::string_view job_id) override {
    return Do([&](Session& s) { return sqlite::DeleteJob(s, project, job_id); });
  }
  absl::StatusOr<std::map<jobs::JobState, int64_t>> CountJobs() override {
    return Do([&](Session& s) { return sqlite::CountJobs(s); });
  }

  absl::StatusOr<std::optional<jobs::Job>> ClaimNextJob(
      absl::string_view worker_id, const jobs::Capabilities& capabilities) override {
    return Do([&](Session& s) { return sqlite::ClaimNextJob(s, worker_id, capabilities); });
  }
  absl::StatusOr<jobs::DesiredState> RenewLease(absl::string_view job_id, uint64_t fence) override {
    return Do([&](Session& s) { return sqlite::RenewLease(s, job_id, fence); });
  }
  absl::StatusOr<ReportResult> ReportEvents(absl::string_view job_id, uint64_t fence,
                                            const EventReport& report) override {
    return Do([&](Session& s) { return sqlite::ReportEvents(s, job_id, fence, report); });
  }
  absl::StatusOr<jobs::Job> FinishJob(absl::string_view job_id, uint64_t fence,
                                      const JobOutcome& outcome) override {
    return Do([&](Session& s) { return sqlite::FinishJob(s, job_id, fence, outcome); });
  }
  absl::StatusOr<jobs::Job> ReleaseJob(absl::string_view job_id, uint64_t fence,
                                       ReleaseReason reason, absl::string_view cause) override {
    return Do([&](Session& s) { return sqlite::ReleaseJob(s, job_id, fence, reason, cause); });
  }
  absl::StatusOr<std::vector<jobs::RunningLease>> ListRunningJobs() override {
    return Do([&](Session& s) { return sqlite::ListRunningJobs(s); });
  }
  absl::StatusOr<std::vector<jobs::Job>> RequeueRunningOnStart() override {
    return Do([&](Session& s) { return sqlite::RequeueRunningOnStart(s); });
  }

  absl::StatusOr<CreateDatasetResult> CreateDataset(const Dataset& dataset) override {
    return Do([&](Session& s) { return sqlite::CreateDataset(s, dataset); });
  }
  absl::StatusOr<std::optional<Dataset>> FindDatasetByArchive(
      absl::string_view project, absl::string_view archive_sha256) override {
    return Do([&](Session& s) { return sqlite::FindDatasetByArchive(s, project, archive_sha256); });
  }
  absl::StatusOr<Dataset> GetDataset(absl::string_view project, absl::string_view id) override {
    return Do([&](Session& s) { return sqlite::GetDataset(s, project, id); });
  }
  absl::StatusOr<Page<Dataset>> ListDatasets(absl::string_view project,
                                             const PageOptions& page) override {
    return Do([&](Session& s) { return sqlite::ListDatasets(s, project, page); });
  }
  absl::StatusOr<Dataset> DeleteDataset(absl::string_view project, absl::string_view id) override {
    return Do([&](Session& s) { return sqlite::DeleteDataset(s, project, id); });
  }

  absl::StatusOr<ModelVersion> GetModelVersion(absl::string_view project, absl::string_view model,
                                               int64_t version) override {
    return Do([&](Session& s) { return sqlite::GetModelVersion(s, project, model, version); });
  }
  absl::StatusOr<ModelVersionDetails> GetModelVersionDetails(absl::string_view project,
                                                             absl::string_view model,
                                                             int64_t version) override {
    return Do(
        [&](Session& s) { return sqlite::GetModelVersionDetails(s, project, model, version); });
  }
  absl::StatusOr<Model> GetModel(absl::string_view project, absl::string_view model) override {
    return Do([&](Session& s) { return sqlite::GetModel(s, project, model); });
  }
  absl::StatusOr<std::vector<int64_t>> ListVersionNumbers(absl::string_view project,
                                                          absl::string_view model) override {
    return Do([&](Session& s) { return sqlite::ListVersionNumbers(s, project, model); });
  }
  absl::StatusOr<Page<Model>> ListModels(absl::string_view project,
                                         const PageOptions& page) override {
    return Do([&](Session& s) { return sqlite::ListModels(s, project, page); });
  }
  absl::StatusOr<Page<ModelVersion>> ListModelVersions(absl::string_view project,
                                                       absl::string_view model,
                                                       const PageOptions& page) override {
    return Do([&](Session& s) { return sqlite::ListModelVersions(s, project, model, page); });
  }
  absl::StatusOr<std::vector<ModelVersion>> DeleteModel(absl::string_view project,
                                                        absl::string_view model,
                                                        int64_t version) override {
    return Do([&](Session& s) { return sqlite::DeleteModel(s, project, model, version); });
  }

  absl::StatusOr<int64_t> SetModelLabel(const ModelLabel& label,
                                        std::optional<int64_t> expected) override {
    return Do([&](Session& s) { return sqlite::SetModelLabel(s, label, expected); });
  }
  absl::StatusOr<std::vector<ModelLabel>> ListModelLabels(absl::string_view project,
                                                          absl::string_view model) override {
    return Do([&](Session& s) { return sqlite::ListModelLabels(s, project, model); });
  }
  absl::StatusOr<std::vector<ModelLabel>> ListAllModelLabels() override {
    return Do([&](Session& s) { return sqlite::ListAllModelLabels(s); });
  }
  absl::Status SetModelPin(absl::string_view project, absl::string_view model,
                           bool pinned) override {
    return Do([&](Session& s) { return sqlite::SetModelPin(s, project, model, pinned); });
  }
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ListPinnedModels() override {
    return Do([&](Session& s) { return sqlite::ListPinnedModels(s); });
  }

  absl::StatusOr<CapturePolicy> SetCapturePolicy(const CapturePolicy& policy) override {
    return Do([&](Session& s) { return sqlite::SetCapturePolicy(s, policy); });
  }
  absl::Status DeleteCapturePolicy(absl::string_view project, absl::string_view model) override {
    return Do([&](Session& s) { return sqlite::DeleteCapturePolicy(s, project, model); });
  }
  absl::StatusOr<std::vector<CapturePolicy>> ListAllCapturePolicies() override {
    return Do([&](Session& s) { return sqlite::ListAllCapturePolicies(s); });
  }
  absl::StatusOr<bool> AddCapturedPicture(const CapturedPicture& picture,
                                          absl::Duration retention) override {
    return Do([&](Session& s) { return sqlite::AddCapturedPicture(s, picture, retention); });
  }
  absl::StatusOr<CapturedPicture> GetCapturedPicture(absl::string_view project,
                                                     absl::string_view digest) override {
    return Do([&](Session& s) { return sqlite::GetCapturedPicture(s, project, digest); });
  }
  absl::StatusOr<Page<CapturedPicture>> ListCapturedPictures(absl::string_view project,
                                                             absl::string_view model,
                                                             const PageOptions& page) override {
    return Do([&](Session& s) { return sqlite::ListCapturedPictures(s, project, model, page); });
  }
  absl::StatusOr<CaptureTotals> CountCapturedPictures(const CaptureFilter& filter) override {
    return Do([&](Session& s) { return sqlite::CountCapturedPictures(s, filter); });
  }
  absl::StatusOr<std::vector<CapturedPicture>> DeleteCapturedPictures(const CaptureFilter& filter,
                                                                      int limit) override {
    return Do([&](Session& s) { return sqlite::DeleteCapturedPictures(s, filter, limit); });
  }
  absl::StatusOr<CapturedPicture> DeleteCapturedPicture(absl::string_view project,
                                                        absl::string_view digest) override {
    return Do([&](Session& s) { return sqlite::DeleteCapturedPicture(s, project, digest); });
  }

  absl::StatusOr<BlobReferences> ListBlobReferences() override {
    return Do([&](Session& s) { return sqlite::ListBlobReferences(s); });
  }

 private:
  using Observer = std::function<void(const JobChange&)>;

  // Runs `verb` in a transaction and commits it if it answers OK; then tells the observer.
  template <typename Verb>
  auto Do(Verb verb) -> decltype(verb(std::declval<Session&>())) {
    using Result = decltype(verb(std::declval<Session&>()));
    std::vector<JobChange> changes;
    Result result = [&]() -> Result {
      absl::MutexLock lock(&mutex_);
      const absl::Time now = absl::FromUnixMicros(absl::ToUnixMicros(options_.clock->Now()));
      Session session{*connection_, options_, now};
      sqlite::Transaction transaction(*connection_);
      GRAFT_RETURN_IF_ERROR(transaction.Begin());
      Result answer = verb(session);
      if (!answer.ok()) return answer;
      GRAFT_FAILPOINT("store.before_commit");
      GRAFT_RETURN_IF_ERROR(transaction.Commit());
      changes = std::move(session.changes);
      GRAFT_FAILPOINT("store.after_commit");
      return answer;
    }();
    if (!changes.empty()) Notify(changes);
    return result;
  }

  void Notify(const std::vector<JobChange>& changes) {
    std::shared_ptr<const Observer> observer;
    {
      absl::MutexLock lock(&observer_mutex_);
      observer = observer_;
    }
    if (observer == nullptr) return;
    for (const JobChange& change : changes) (*observer)(change);
  }

  const SqliteMetadataStoreOptions options_;

  absl::Mutex mutex_;
  const std::unique_ptr<sqlite::Connection> connection_ ABSL_PT_GUARDED_BY(mutex_);

  absl::Mutex observer_mutex_;
  std::shared_ptr<const Observer> observer_ ABSL_GUARDED_BY(observer_mutex_);
};

}  // namespace

absl::StatusOr<std::unique_ptr<MetadataStore>> SqliteMetadataStore::Open(
    const SqliteMetadataStoreOptions& options) {
  GRAFT_ASSIGN_OR_RETURN(auto connection, sqlite::Connection::Open(options.path));
  GRAFT_RETURN_IF_ERROR(sqlite::Migrate(*connection, sqlite::Migrations(), options.upgrade));
  return std::make_unique<Store>(options, std::move(connection));
}

}  // namespace graft::store
