#ifndef GRAFT_CORE_STORE_CAPTURE_STORE_H_
#define GRAFT_CORE_STORE_CAPTURE_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "core/store/capture.h"
#include "core/store/page.h"

namespace graft::store {

// How many policies there may be, over all projects: a server has them all in memory.
inline constexpr int kMaxCapturePolicies = 10'000;

// Which of the pictures that are kept; what is not set leaves none out.
struct CaptureFilter {
  std::optional<std::string> project;
  std::optional<std::string> policy_model;  // of the policy that kept them
  std::string model;                        // that said something of them
  absl::Time created_before = absl::InfiniteFuture();
  absl::Time expired_by = absl::InfiniteFuture();  // whose time is over then, or before
};

// The part of a MetadataStore that is about pictures kept for labelling: their policies and rows.
// Their bytes are blobs, which whoever calls puts before a row and deletes after it. As durable,
// and with errors, as MetadataStore says. Safe for concurrent use by several threads.
class CaptureStore {
 public:
  virtual ~CaptureStore() = default;

  // Makes or replaces the policy of (project, model), and gives the pictures that the one before
  // kept the new one's retention. RESOURCE_EXHAUSTED: kMaxCapturePolicies are there.
  virtual absl::StatusOr<CapturePolicy> SetCapturePolicy(const CapturePolicy& policy) = 0;
  // OK where there is none. Pictures stay until their time is over.
  virtual absl::Status DeleteCapturePolicy(absl::string_view project, absl::string_view model) = 0;
  // Of all projects, by project and model: for the start of a server.
  virtual absl::StatusOr<std::vector<CapturePolicy>> ListAllCapturePolicies() = 0;

  // Adds a row, which expires `retention` from now. False: the project has this picture already,
  // and nothing changes.
  virtual absl::StatusOr<bool> AddCapturedPicture(const CapturedPicture& picture,
                                                  absl::Duration retention) = 0;
  virtual absl::StatusOr<CapturedPicture> GetCapturedPicture(absl::string_view project,
                                                             absl::string_view digest) = 0;
  // `model` "": of all. Stable under inserts, as MetadataStore::ListJobs.
  virtual absl::StatusOr<Page<CapturedPicture>> ListCapturedPictures(absl::string_view project,
                                                                     absl::string_view model,
                                                                     const PageOptions& page) = 0;
  virtual absl::StatusOr<CaptureTotals> CountCapturedPictures(const CaptureFilter& filter) = 0;

  // Deletes the oldest `limit` that the filter leaves (with `expired_by` those that were to go
  // first), and answers what they were, so that their blobs can go.
  virtual absl::StatusOr<std::vector<CapturedPicture>> DeleteCapturedPictures(
      const CaptureFilter& filter, int limit) = 0;
  // Deletes one. NOT_FOUND.
  virtual absl::StatusOr<CapturedPicture> DeleteCapturedPicture(absl::string_view project,
                                                                absl::string_view digest) = 0;
};

}  // namespace graft::store

#endif  // GRAFT_CORE_STORE_CAPTURE_STORE_H_
