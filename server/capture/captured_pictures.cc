#include "server/capture/captured_pictures.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "core/artifacts/blob_layout.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"

namespace graft::server {
namespace {

// Rows deleted in one transaction, and while nothing else is kept or deleted.
constexpr int kAtOnce = 50;

}  // namespace

absl::StatusOr<std::unique_ptr<CapturedPictures>> CapturedPictures::Open(
    Options options, store::CaptureStore* store, artifacts::BlobStore* blobs,
    telemetry::Metrics* metrics, const wire::Logger* logger) {
  GRAFT_ASSIGN_OR_RETURN(const store::CaptureTotals totals, store->CountCapturedPictures({}));
  metrics->capture_bytes.Set(static_cast<double>(totals.bytes));
  return std::unique_ptr<CapturedPictures>(
      new CapturedPictures(std::move(options), store, blobs, metrics, logger, totals.bytes));
}

void CapturedPictures::SetBytes(int64_t bytes) {
  bytes_ = bytes;
  metrics_->capture_bytes.Set(static_cast<double>(bytes));
}

absl::StatusOr<CapturedPictures::Outcome> CapturedPictures::Keep(
    store::CapturedPicture picture, absl::string_view bytes, const store::CapturePolicy& policy) {
  picture.bytes = static_cast<int64_t>(bytes.size());
  picture.policy_model = policy.model;
  if (bytes.size() > options_.max_bytes) {
    return absl::OutOfRangeError(
        absl::StrCat("a picture of ", bytes.size(), " bytes is larger than all may be together"));
  }
  absl::MutexLock lock(&mutex_);
  const absl::Status known = store_->GetCapturedPicture(picture.project, picture.digest).status();
  if (known.ok()) return Outcome::kKnown;
  if (!absl::IsNotFound(known)) return known;
  // First: nothing is to go for a picture that cannot come.
  if (options_.check_disk) GRAFT_RETURN_IF_ERROR(options_.check_disk());
  GRAFT_RETURN_IF_ERROR(MakeRoom(picture, policy));
  const std::string key = artifacts::CaptureBlob(picture.project, picture.digest);
  const absl::Status put = blobs_->PutIfAbsent(key, bytes);
  // One that is there belongs to a row whose blob could not be deleted; it has these bytes.
  if (!put.ok() && !absl::IsAlreadyExists(put)) return put;
  const absl::StatusOr<bool> added = store_->AddCapturedPicture(picture, policy.retention());
  if (!added.ok()) {
    // As a crash here would: what cannot be deleted now is swept at the next start.
    static_cast<void>(blobs_->Delete(key).ok());
    return added.status();
  }
  SetBytes(bytes_ + picture.bytes);
  ++counts_[{picture.project, picture.policy_model}];
  return Outcome::kKept;
}

absl::Status CapturedPictures::MakeRoom(const store::CapturedPicture& picture,
                                        const store::CapturePolicy& policy) {
  const store::CaptureFilter of_policy = {.project = picture.project, .policy_model = policy.model};
  const std::pair<std::string, std::string> key(picture.project, policy.model);
  if (!counts_.contains(key)) {
    GRAFT_ASSIGN_OR_RETURN(const store::CaptureTotals kept,
                           store_->CountCapturedPictures(of_policy));
    counts_[key] = kept.pictures;
  }
  while (counts_[key] >= policy.max_pictures) {
    const int64_t over = counts_[key] + 1 - policy.max_pictures;
    GRAFT_ASSIGN_OR_RETURN(const auto gone,
                           store_->DeleteCapturedPictures(
                               of_policy, static_cast<int>(std::min<int64_t>(over, kAtOnce))));
    if (gone.empty()) break;
    DropBlobs(gone);
  }
  while (static_cast<uint64_t>(bytes_ + picture.bytes) > options_.max_bytes) {
    GRAFT_ASSIGN_OR_RETURN(const auto gone, store_->DeleteCapturedPictures({}, 1));
    if (gone.empty()) break;
    DropBlobs(gone);
  }
  return absl::OkStatus();
}

void CapturedPictures::DropBlobs(const std::vector<store::CapturedPicture>& pictures) {
  int64_t bytes = bytes_;
  for (const store::CapturedPicture& picture : pictures) {
    bytes -= picture.bytes;
    const auto count = counts_.find({picture.project, picture.policy_model});
    if (count != counts_.end()) --count->second;
    const absl::Status deleted =
        blobs_->Delete(artifacts::CaptureBlob(picture.project, picture.digest));
    if (deleted.ok()) continue;
    logger_->Warning("the file of a deleted picture stays until the next start",
                     {{"project", picture.project}, {"error", deleted.ToString()}});
  }
  SetBytes(bytes);
}

absl::StatusOr<std::string> CapturedPictures::Read(const store::CapturedPicture& picture) {
  GRAFT_ASSIGN_OR_RETURN(
      std::string bytes,
      blobs_->Get(artifacts::CaptureBlob(picture.project, picture.digest),
                  std::max(options_.max_picture_bytes, static_cast<uint64_t>(picture.bytes))));
  if (Sha256Hex(bytes) != picture.digest) {
    return absl::DataLossError("the picture's file is not what was kept");
  }
  return bytes;
}

absl::StatusOr<int64_t> CapturedPictures::Delete(const std::string& project,
                                                 const std::vector<std::string>& digests) {
  int64_t deleted = 0;
  for (const std::string& digest : digests) {
    absl::MutexLock lock(&mutex_);
    const absl::StatusOr<store::CapturedPicture> row =
        store_->DeleteCapturedPicture(project, digest);
    if (absl::IsNotFound(row.status())) continue;
    if (!row.ok()) return row.status();
    DropBlobs({*row});
    ++deleted;
  }
  return deleted;
}

absl::StatusOr<int64_t> CapturedPictures::Delete(const store::CaptureFilter& filter) {
  int64_t deleted = 0;
  while (true) {
    absl::MutexLock lock(&mutex_);
    GRAFT_ASSIGN_OR_RETURN(const auto gone, store_->DeleteCapturedPictures(filter, kAtOnce));
    if (gone.empty()) return deleted;
    DropBlobs(gone);
    deleted += static_cast<int64_t>(gone.size());
  }
}

absl::StatusOr<int64_t> CapturedPictures::DeleteExpired(absl::Time now) {
  return Delete(store::CaptureFilter{.expired_by = now});
}

}  // namespace graft::server
