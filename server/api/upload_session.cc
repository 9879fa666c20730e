#include "server/api/upload_session.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <unistd.h>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "core/base/error_reasons.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "server/api/run_handler.h"

namespace graft::server {
namespace {

absl::Status TooLarge(uint64_t limit) {
  return WithReason(
      absl::ResourceExhaustedError(absl::StrFormat(
          "the archive is larger than the server accepts (%d bytes); split the dataset or raise "
          "--max-upload-bytes",
          limit)),
      reasons::kUploadTooLarge);
}

// The file an archive is received into. Used by one thread at a time.
class ReceivingFile {
 public:
  ~ReceivingFile() { Discard(); }

  // Deletes what was received.
  void Discard() {
    if (descriptor_ >= 0) close(descriptor_);
    descriptor_ = -1;
    folder_.reset();
  }

  absl::Status Open(const UploadEnvironment& environment) {
    const std::filesystem::path& parent = environment.tmp_dir;
    GRAFT_ASSIGN_OR_RETURN(TempDirectory folder, TempDirectory::Create(parent, "upload-"));
    reserve_.emplace(parent, environment.min_free_disk_bytes, environment.free_disk_bytes);
    folder_.emplace(std::move(folder));
    descriptor_ = open(path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor_ < 0) return absl::InternalError("cannot create a file for the upload");
    return absl::OkStatus();
  }

  absl::Status Append(absl::string_view chunk) {
    const absl::Status room = reserve_->Spend(chunk.size());
    if (!room.ok()) return absl::IsResourceExhausted(room) ? DiskFull() : room;
    hash_.Update(chunk);
    bytes_ += chunk.size();
    while (!chunk.empty()) {
      const ssize_t written = write(descriptor_, chunk.data(), chunk.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        if (errno == ENOSPC || errno == EDQUOT) return DiskFull();
        return absl::InternalError("cannot write the upload to disk");
      }
      chunk.remove_prefix(static_cast<size_t>(written));
    }
    return absl::OkStatus();
  }

  std::filesystem::path path() const { return folder_->path() / "archive"; }
  bool opened() const { return folder_.has_value(); }
  uint64_t bytes() const { return bytes_; }
  std::string FinishHash() { return hash_.FinishHex(); }

 private:
  std::optional<TempDirectory> folder_;  // removed with the file by the destructor
  std::optional<DiskReserve> reserve_;
  int descriptor_ = -1;
  uint64_t bytes_ = 0;
  Sha256 hash_;
};

// Outlives the call while a task of an executor uses it.
class Session final : public UploadSession,
                      public UploadSlots::Upload,
                      public std::enable_shared_from_this<Session> {
 public:
  Session(const UploadEnvironment& environment, UploadSlots& slots, CallContext context)
      : environment_(environment),
        slots_(slots),
        context_(std::move(context)),
        last_heard_(environment.clock->Monotonic()) {}

  void Begin(UploadSink* sink) override {
    sink_ = sink;
    if (!slots_.Add(shared_from_this())) {
      return FinishOnce(WithRetryDelay(
          WithReason(absl::ResourceExhaustedError("too many uploads at the same time"),
                     reasons::kTooManyUploads),
          absl::Seconds(5)));
    }
    sink_->Read(&message_);
  }

  // On the transport's thread: hands the message on, so that the disk is waited for elsewhere.
  void Received(bool ok) override {
    {
      absl::MutexLock lock(&mutex_);
      if (finished_) return;
      last_heard_ = environment_.clock->Monotonic();
      receiving_ = ok;
    }
    auto self = shared_from_this();
    const bool queued = ok ? environment_.io->Submit([self] { self->Take(); })
                           : environment_.ingest->TrySubmit([self] { self->Accept(); });
    if (!queued) FinishOnce(Overloaded());
  }

  void Cancel() override {
    FinishOnce(absl::CancelledError("the client went away during the upload"));
  }

  void DropIfIdleSince(absl::Duration monotonic) override {
    {
      absl::MutexLock lock(&mutex_);
      if (!receiving_ || last_heard_ > monotonic) return;
    }
    FinishOnce(absl::DeadlineExceededError("nothing was received for too long"));
  }

  void Done() override { slots_.Remove(this); }

 private:
  bool finished() const {
    absl::MutexLock lock(&mutex_);
    return finished_;
  }

  void FinishOnce(const absl::Status& status) {
    absl::MutexLock lock(&mutex_);
    if (finished_) return;
    finished_ = true;
    sink_->Finish(status, status.ok() ? std::move(made_) : v1::UploadDatasetResponse());
  }

  void Take() {
    if (finished()) return;
    const absl::Status status = CatchExceptions([this] { return TakeMessage(); });
    if (!status.ok() || repeated_) return DiscardAndFinish(status);
    // A read after the end would be an error: both under the lock.
    absl::MutexLock lock(&mutex_);
    if (finished_) return;
    last_heard_ = environment_.clock->Monotonic();
    sink_->Read(&message_);
  }

  absl::Status TakeMessage() {
    switch (message_.part_case()) {
      case v1::UploadDatasetRequest::kHeader:
        return TakeHeader();
      case v1::UploadDatasetRequest::kChunk:
        return TakeChunk();
      case v1::UploadDatasetRequest::PART_NOT_SET:
        break;
    }
    return InvalidField("part", "each message must carry a header or a chunk");
  }

  absl::Status TakeHeader() {
    if (file_.opened()) return InvalidField("header", "only the first message may carry it");
    header_ = message_.header();
    if (header_.total_bytes() < 0)
      return InvalidField("header.total_bytes", "must not be negative");
    if (!header_.sha256().empty() && !IsSha256Hex(header_.sha256())) {
      return InvalidField("header.sha256", "must be 64 lower-case hexadecimal digits");
    }
    const auto announced = static_cast<uint64_t>(header_.total_bytes());
    if (announced > environment_.max_bytes) return TooLarge(environment_.max_bytes);
    GRAFT_ASSIGN_OR_RETURN(*header_.mutable_project(), environment_.admit(context_, header_));
    if (!header_.sha256().empty() && environment_.find_repeated) {
      GRAFT_ASSIGN_OR_RETURN(auto known, environment_.find_repeated(header_.project(), header_));
      if (known.has_value()) {
        made_ = *std::move(known);
        repeated_ = true;
        return absl::OkStatus();
      }
    }
    GRAFT_ASSIGN_OR_RETURN(const uint64_t free, environment_.free_disk_bytes(environment_.tmp_dir));
    if (free < environment_.min_free_disk_bytes + announced) return DiskFull();
    return file_.Open(environment_);
  }

  absl::Status TakeChunk() {
    if (!file_.opened()) return InvalidField("header", "the first message must carry it");
    const std::string& chunk = message_.chunk();
    if (file_.bytes() + chunk.size() > environment_.max_bytes) {
      return TooLarge(environment_.max_bytes);
    }
    environment_.metrics->upload_bytes_total.Increment(static_cast<double>(chunk.size()));
    return file_.Append(chunk);
  }

  void Accept() {
    if (finished()) return;
    DiscardAndFinish(CatchExceptions([this] { return AcceptArchive(); }));
  }

  // Whoever has the answer finds nothing of the upload any more.
  void DiscardAndFinish(const absl::Status& status) {
    file_.Discard();
    FinishOnce(status);
  }

  absl::Status AcceptArchive() {
    if (!file_.opened()) return InvalidField("header", "the upload holds no message");
    if (file_.bytes() == 0) return InvalidField("chunk", "the archive is empty");
    if (header_.total_bytes() > 0 &&
        static_cast<uint64_t>(header_.total_bytes()) != file_.bytes()) {
      return InvalidField("header.total_bytes",
                          absl::StrCat("says ", header_.total_bytes(), ", but ", file_.bytes(),
                                       " bytes were received"));
    }
    const std::string sha256 = file_.FinishHash();
    if (!header_.sha256().empty() && header_.sha256() != sha256) {
      return WithReason(absl::DataLossError(absl::StrCat(
                            "the archive has sha256 ", sha256, ", not ", header_.sha256(),
                            " as its header says: it was changed on the way; send it again")),
                        reasons::kChecksumMismatch);
    }
    auto self = shared_from_this();
    return environment_.accept(
        {header_, file_.path(), file_.bytes(), sha256, [self] { return self->finished(); }},
        &made_);
  }

  const UploadEnvironment& environment_;
  UploadSlots& slots_;
  const CallContext context_;
  UploadSink* sink_ = nullptr;        // valid until finished_
  v1::UploadDatasetRequest message_;  // between Received and the next Read
  v1::UploadDatasetResponse made_;
  bool repeated_ = false;  // made_ was there before
  v1::UploadHeader header_;
  ReceivingFile file_;

  mutable absl::Mutex mutex_;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool receiving_ ABSL_GUARDED_BY(mutex_) = true;
  absl::Duration last_heard_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::Status DiskFull() {
  return WithRetryDelay(
      WithReason(absl::ResourceExhaustedError(
                     "the server's disk is full; delete datasets or models and try again"),
                 reasons::kDiskFull),
      absl::Minutes(1));
}

bool UploadSlots::Add(const std::shared_ptr<Upload>& upload) {
  absl::MutexLock lock(&mutex_);
  if (uploads_.size() >= limit_) return false;
  uploads_.push_back(upload);
  return true;
}

void UploadSlots::Remove(const Upload* upload) {
  std::shared_ptr<Upload> removed;  // destroyed after the lock
  absl::MutexLock lock(&mutex_);
  const auto found = std::find_if(uploads_.begin(), uploads_.end(),
                                  [&](const auto& held) { return held.get() == upload; });
  if (found == uploads_.end()) return;
  removed = std::move(*found);
  uploads_.erase(found);
}

void UploadSlots::DropIdle(absl::Duration monotonic) {
  std::vector<std::shared_ptr<Upload>> uploads;
  {
    absl::MutexLock lock(&mutex_);
    uploads = uploads_;
  }
  for (const auto& upload : uploads) upload->DropIfIdleSince(monotonic);
}

std::shared_ptr<UploadSession> MakeUploadSession(const UploadEnvironment& environment,
                                                 UploadSlots& slots, CallContext context) {
  return std::make_shared<Session>(environment, slots, std::move(context));
}

}  // namespace graft::server
