#ifndef GRAFT_CORE_BASE_ERROR_REASONS_H_
#define GRAFT_CORE_BASE_ERROR_REASONS_H_

#include "absl/strings/string_view.h"

// All the reasons (WithReason, ErrorReason of core/base/status_details.h) that errors carry.
// Clients compare them, so none may change its spelling; a caller of this process compares the
// constants.
namespace graft::reasons {

// Something ran out. RESOURCE_EXHAUSTED, most with a delay to retry after.
inline constexpr absl::string_view kCallerBusy = "CALLER_BUSY";  // this caller has too much inside
inline constexpr absl::string_view kDiskFull = "DISK_FULL";
inline constexpr absl::string_view kModelLoading = "MODEL_LOADING";  // too many wait for one model
inline constexpr absl::string_view kModelMemoryFull = "MODEL_MEMORY_FULL";
inline constexpr absl::string_view kOutOfMemory = "OUT_OF_MEMORY";
inline constexpr absl::string_view kOverloaded = "OVERLOADED";   // predictions would take too long
inline constexpr absl::string_view kQueueFull = "QUEUE_FULL";    // of jobs, or of predictions
inline constexpr absl::string_view kServerBusy = "SERVER_BUSY";  // too many calls wait
inline constexpr absl::string_view kTooManyUploads = "TOO_MANY_UPLOADS";
inline constexpr absl::string_view kTooManyWatches = "TOO_MANY_WATCHES";

// Something is larger than a limit: RESOURCE_EXHAUSTED, and no use to try again.
inline constexpr absl::string_view kTooManyImages = "TOO_MANY_IMAGES";
inline constexpr absl::string_view kUploadTooLarge = "UPLOAD_TOO_LARGE";

// Not there: NOT_FOUND.
inline constexpr absl::string_view kBackboneNotFound = "BACKBONE_NOT_FOUND";
inline constexpr absl::string_view kDatasetNotFound = "DATASET_NOT_FOUND";
inline constexpr absl::string_view kJobNotFound = "JOB_NOT_FOUND";
inline constexpr absl::string_view kModelNotFound = "MODEL_NOT_FOUND";  // or its version, or label
inline constexpr absl::string_view kPictureNotFound = "PICTURE_NOT_FOUND";  // of those kept

// Not possible as things are: FAILED_PRECONDITION, but for REQUEST_ID_REUSED: ALREADY_EXISTS.
inline constexpr absl::string_view kBackboneNotInstalled = "BACKBONE_NOT_INSTALLED";
inline constexpr absl::string_view kCaptureOff = "CAPTURE_OFF";
inline constexpr absl::string_view kDatasetInUse = "DATASET_IN_USE";
inline constexpr absl::string_view kJobDeleted = "JOB_DELETED";
inline constexpr absl::string_view kJobNotEnded = "JOB_NOT_ENDED";
inline constexpr absl::string_view kJobState = "JOB_STATE";  // what is asked is not for such a job
inline constexpr absl::string_view kLabelMoved = "LABEL_MOVED";
inline constexpr absl::string_view kRequestIdReused = "REQUEST_ID_REUSED";
inline constexpr absl::string_view kVersionLabelled = "VERSION_LABELLED";

// What was sent, or what is stored, is not right: INVALID_ARGUMENT, then DATA_LOSS.
inline constexpr absl::string_view kBadArchive = "BAD_ARCHIVE";
inline constexpr absl::string_view kChecksumMismatch = "CHECKSUM_MISMATCH";
inline constexpr absl::string_view kModelDamaged = "MODEL_DAMAGED";

// UNAVAILABLE: the server stops.
inline constexpr absl::string_view kDraining = "DRAINING";

// To workers only. ABORTED: another has the job by now.
inline constexpr absl::string_view kLeaseLost = "LEASE_LOST";

// Within a process only. RESOURCE_EXHAUSTED: features that neither disk nor memory takes.
inline constexpr absl::string_view kFeaturesTooLarge = "FEATURES_TOO_LARGE";

}  // namespace graft::reasons

#endif  // GRAFT_CORE_BASE_ERROR_REASONS_H_
