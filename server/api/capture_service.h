#ifndef GRAFT_SERVER_API_CAPTURE_SERVICE_H_
#define GRAFT_SERVER_API_CAPTURE_SERVICE_H_

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "graft/v1/capture.pb.h"

#include "core/store/metadata_store.h"
#include "server/api/caller.h"
#include "server/base/logging.h"
#include "server/capture/capture_policies.h"
#include "server/capture/capture_recorder.h"
#include "server/capture/captured_pictures.h"

namespace graft::server {

// CaptureService: which pictures are kept, and those that are. Its handlers block. Everything is
// borrowed. Safe for concurrent use.
class CaptureService {
 public:
  struct Environment {
    store::MetadataStore* store = nullptr;
    CapturePolicies* policies = nullptr;
    CapturedPictures* pictures = nullptr;
    // Null where this server keeps no pictures: those that are there can be read and deleted still.
    CaptureRecorder* recorder = nullptr;
    const wire::Logger* logger = nullptr;
  };
  explicit CaptureService(const Environment& environment) : environment_(environment) {}

  absl::StatusOr<v1::SetCapturePolicyResponse> SetCapturePolicy(
      const Caller& caller, const v1::SetCapturePolicyRequest& request);
  absl::StatusOr<v1::GetCapturePolicyResponse> GetCapturePolicy(
      const Caller& caller, const v1::GetCapturePolicyRequest& request);
  absl::StatusOr<v1::ListCapturedPicturesResponse> ListCapturedPictures(
      const Caller& caller, const v1::ListCapturedPicturesRequest& request);
  absl::StatusOr<v1::GetCapturedPictureResponse> GetCapturedPicture(
      const Caller& caller, const v1::GetCapturedPictureRequest& request);
  absl::StatusOr<v1::DeleteCapturedPicturesResponse> DeleteCapturedPictures(
      const Caller& caller, const v1::DeleteCapturedPicturesRequest& request);

 private:
  absl::Status CheckModel(const Caller& caller, const std::string& model);
  // Drops what waits to be kept, so that nothing answered before comes after what is done next.
  void Forget(const Caller& caller, const std::string& model);
  absl::StatusOr<int64_t> Delete(const Caller& caller,
                                 const v1::DeleteCapturedPicturesRequest& request);

  const Environment environment_;
  // Held from the store's change of a policy to memory's, so that both have the same order.
  absl::Mutex setting_;
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_CAPTURE_SERVICE_H_
