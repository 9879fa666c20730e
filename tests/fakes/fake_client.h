#ifndef GRAFT_TESTS_FAKES_FAKE_CLIENT_H_
#define GRAFT_TESTS_FAKES_FAKE_CLIENT_H_

#include <string>

#include "client/lib/client.h"

namespace graft {

// A client of no server: every call is UNIMPLEMENTED. A test overrides those it needs.
class FakeClient : public client::Client {
 public:
  absl::StatusOr<v1::StartFineTuneResponse> StartFineTune(v1::StartFineTuneRequest) override {
    return None();
  }
  absl::StatusOr<v1::Job> GetJob(const std::string&) override { return None(); }
  absl::StatusOr<v1::ListJobsResponse> ListJobs(v1::ListJobsRequest) override { return None(); }
  absl::StatusOr<v1::Job> CancelJob(const std::string&) override { return None(); }
  absl::StatusOr<v1::Job> PauseJob(const std::string&) override { return None(); }
  absl::StatusOr<v1::Job> ResumeJob(const std::string&) override { return None(); }
  absl::StatusOr<v1::Job> StopJob(const std::string&) override { return None(); }
  absl::Status DeleteJob(const std::string&) override { return None(); }
  absl::StatusOr<v1::Job> Watch(const std::string&, uint64_t,
                                const client::WatchCallbacks&) override {
    return None();
  }
  absl::StatusOr<v1::UploadDatasetResponse> UploadDataset(const std::filesystem::path&,
                                                          const client::UploadOptions&,
                                                          const client::UploadCallbacks&) override {
    return None();
  }
  absl::StatusOr<v1::Dataset> GetDataset(const std::string&) override { return None(); }
  absl::StatusOr<v1::ListDatasetsResponse> ListDatasets(v1::ListDatasetsRequest) override {
    return None();
  }
  absl::Status DeleteDataset(const std::string&) override { return None(); }
  absl::StatusOr<v1::ListModelsResponse> ListModels(v1::ListModelsRequest) override {
    return None();
  }
  absl::Status SetModelPin(const std::string&, bool) override { return None(); }
  absl::StatusOr<v1::SetModelLabelResponse> SetModelLabel(v1::SetModelLabelRequest) override {
    return None();
  }
  absl::StatusOr<v1::GetModelResponse> GetModel(v1::GetModelRequest) override { return None(); }
  absl::Status DeleteModel(const std::string&, int64_t) override { return None(); }
  absl::StatusOr<v1::SetCapturePolicyResponse> SetCapturePolicy(
      v1::SetCapturePolicyRequest) override {
    return None();
  }
  absl::StatusOr<v1::GetCapturePolicyResponse> GetCapturePolicy(const std::string&) override {
    return None();
  }
  absl::StatusOr<v1::ListCapturedPicturesResponse> ListCapturedPictures(
      v1::ListCapturedPicturesRequest) override {
    return None();
  }
  absl::StatusOr<v1::GetCapturedPictureResponse> GetCapturedPicture(const std::string&) override {
    return None();
  }
  absl::StatusOr<v1::DeleteCapturedPicturesResponse> DeleteCapturedPictures(
      v1::DeleteCapturedPicturesRequest) override {
    return None();
  }
  absl::StatusOr<v1::ListBackbonesResponse> ListBackbones() override { return None(); }
  absl::StatusOr<v1::PredictResponse> Predict(v1::PredictRequest) override { return None(); }
  absl::StatusOr<v1::PredictManyResponse> PredictMany(v1::PredictManyRequest) override {
    return None();
  }
  absl::StatusOr<v1::EmbedResponse> Embed(v1::EmbedRequest) override { return None(); }
  absl::StatusOr<v1::ExplainResponse> Explain(v1::ExplainRequest) override { return None(); }

 private:
  static absl::Status None() { return absl::UnimplementedError("not in this test"); }
};

}  // namespace graft

#endif  // GRAFT_TESTS_FAKES_FAKE_CLIENT_H_
