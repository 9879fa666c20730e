#include "client/lib/client.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <system_error>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "graft/v1/backbone.grpc.pb.h"
#include "graft/v1/capture.grpc.pb.h"
#include "graft/v1/dataset.grpc.pb.h"
#include "graft/v1/finetune.grpc.pb.h"
#include "graft/v1/model.grpc.pb.h"
#include "graft/v1/prediction.grpc.pb.h"

#include "client/lib/archive_stream.h"
#include "client/lib/channel.h"
#include "client/lib/local_file.h"
#include "client/lib/status.h"

namespace graft::client {
namespace {

constexpr size_t kChunkBytes = 1 << 20;
// Of a manifest, which goes into one message; --max-message-bytes of a server is 64 MiB.
constexpr uint64_t kMaxManifestBytes = 60 << 20;

absl::StatusOr<v1::UploadHeader> HeaderOf(const UploadOptions& options) {
  v1::UploadHeader header;
  header.set_display_name(options.display_name);
  header.set_sha256(options.sha256);
  v1::UploadManifest& manifest = *header.mutable_manifest();
  manifest.mutable_number_columns()->Assign(options.number_columns.begin(),
                                            options.number_columns.end());
  manifest.mutable_ignored_columns()->Assign(options.ignored_columns.begin(),
                                             options.ignored_columns.end());
  if (options.manifest.empty()) return header;
  absl::StatusOr<std::string> content = ReadFile(options.manifest, kMaxManifestBytes);
  if (!content.ok()) return content.status();
  manifest.set_name(options.manifest.filename().string());
  manifest.set_content(*std::move(content));
  return header;
}

// A stream that stood longer than this had a server at its other end.
constexpr absl::Duration kLongestConnect = absl::Seconds(20);

class GrpcClient final : public Client {
 public:
  explicit GrpcClient(const ClientOptions& options)
      : options_(options),
        cancellation_(options.cancellation != nullptr ? options.cancellation
                                                      : std::make_shared<Cancellation>()),
        channel_(OpenChannel(options.server)) {
    jobs_ = v1::FineTuneService::NewStub(channel_);
    datasets_ = v1::DatasetService::NewStub(channel_);
    models_ = v1::ModelService::NewStub(channel_);
    captures_ = v1::CaptureService::NewStub(channel_);
    backbones_ = v1::BackboneService::NewStub(channel_);
    predictions_ = v1::PredictionService::NewStub(channel_);
  }

  absl::StatusOr<v1::StartFineTuneResponse> StartFineTune(
      v1::StartFineTuneRequest request) override {
    // One without an id that failed may have made a job all the same, and would make another.
    const bool may_repeat = !request.request_id().empty() || request.validate_only();
    RetrySchedule schedule(options_.retry, options_.timer->Monotonic());
    while (true) {
      auto response = Call<v1::StartFineTuneResponse>(
          *jobs_, &v1::FineTuneService::Stub::StartFineTune, request);
      if (response.ok() || !may_repeat) return response;
      const std::optional<absl::Duration> pause =
          schedule.Next(response.status(), Reached(*channel_), options_.timer->Monotonic());
      if (!pause.has_value()) return response;
      options_.timer->Wait(*pause, *cancellation_);
    }
  }

  absl::StatusOr<v1::Job> GetJob(const std::string& job_id) override {
    return JobOf(Call<v1::GetStatusResponse>(*jobs_, &v1::FineTuneService::Stub::GetStatus,
                                             JobRequest<v1::GetStatusRequest>(job_id)));
  }

  absl::StatusOr<v1::ListJobsResponse> ListJobs(v1::ListJobsRequest request) override {
    return Call<v1::ListJobsResponse>(*jobs_, &v1::FineTuneService::Stub::ListJobs,
                                      std::move(request));
  }

  absl::StatusOr<v1::Job> CancelJob(const std::string& job_id) override {
    return JobOf(Call<v1::CancelJobResponse>(*jobs_, &v1::FineTuneService::Stub::CancelJob,
                                             JobRequest<v1::CancelJobRequest>(job_id)));
  }

  absl::StatusOr<v1::Job> PauseJob(const std::string& job_id) override {
    return JobOf(Call<v1::PauseJobResponse>(*jobs_, &v1::FineTuneService::Stub::PauseJob,
                                            JobRequest<v1::PauseJobRequest>(job_id)));
  }

  absl::StatusOr<v1::Job> ResumeJob(const std::string& job_id) override {
    return JobOf(Call<v1::ResumeJobResponse>(*jobs_, &v1::FineTuneService::Stub::ResumeJob,
                                             JobRequest<v1::ResumeJobRequest>(job_id)));
  }

  absl::StatusOr<v1::Job> StopJob(const std::string& job_id) override {
    return JobOf(Call<v1::StopJobResponse>(*jobs_, &v1::FineTuneService::Stub::StopJob,
                                           JobRequest<v1::StopJobRequest>(job_id)));
  }

  absl::Status DeleteJob(const std::string& job_id) override {
    return Call<v1::DeleteJobResponse>(*jobs_, &v1::FineTuneService::Stub::DeleteJob,
                                       JobRequest<v1::DeleteJobRequest>(job_id))
        .status();
  }

  absl::StatusOr<v1::Job> Watch(const std::string& job_id, uint64_t after_sequence,
                                const WatchCallbacks& callbacks) override {
    ExponentialBackoff pause(absl::Milliseconds(100), absl::Seconds(5));
    bool reached = false;
    bool lost = false;
    absl::Duration give_up;  // while lost
    while (true) {
      const absl::Duration opened = options_.timer->Monotonic();
      grpc::ClientContext context;
      const Cancellation::Scope scope(*cancellation_, context);
      v1::WatchRequest request = JobRequest<v1::WatchRequest>(job_id);
      request.set_after_sequence(after_sequence);
      request.set_project(options_.project);
      auto stream = jobs_->Watch(&context, request);
      v1::WatchResponse response;
      while (stream->Read(&response)) {
        const v1::JobEvent& event = response.event();
        after_sequence = event.sequence();
        reached = true;
        lost = false;
        pause.Reset();
        const bool go_on = callbacks.on_event(event);
        if (event.has_state() && event.state().has_job()) {
          context.TryCancel();
          stream->Finish();
          return event.state().job();
        }
        if (!go_on) {
          context.TryCancel();
          stream->Finish();
          return absl::CancelledError("stopped watching");
        }
      }
      const absl::Status status = Answer(stream->Finish());
      // The stream ends by itself only behind the terminal event: all seen before this call.
      if (status.ok()) return GetJob(job_id);
      // A server that never was there is no connection lost: whoever waits wants to know at once.
      reached |= Reached(*channel_);
      if (!reached || !IsTransient(status) || cancellation_->cancelled()) return status;
      const absl::Duration now = options_.timer->Monotonic();
      if (!lost || now - opened > kLongestConnect) {  // a stream without events was one, too
        lost = true;
        give_up = now + options_.reconnect_for;
        if (now < give_up && callbacks.on_lost) callbacks.on_lost(status);
      }
      if (now >= give_up) return status;
      options_.timer->Wait(pause.Next(), *cancellation_);
    }
  }

  absl::StatusOr<v1::UploadDatasetResponse> UploadDataset(
      const std::filesystem::path& path, const UploadOptions& options,
      const UploadCallbacks& callbacks) override {
    absl::StatusOr<v1::UploadHeader> header = HeaderOf(options);
    if (!header.ok()) return header.status();
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
      if (!options.sha256.empty()) {
        return absl::InvalidArgumentError(
            "a folder has no sha256: it is packed while it is sent; give that of an archive");
      }
      const absl::StatusOr<FolderContent> content = ListFolder(path);
      if (!content.ok()) return content.status();
      if (callbacks.on_left_out && !Describe(content->left_out).empty()) {
        callbacks.on_left_out(content->left_out);
      }
      header->set_format(v1::ARCHIVE_FORMAT_TAR);
      return Upload(*std::move(header), content->bytes, callbacks, [&](const ChunkSink& sink) {
        return StreamFolderAsTar(path, *content, kChunkBytes, sink);
      });
    }
    const absl::StatusOr<uint64_t> bytes = FileBytes(path);
    if (!bytes.ok()) return bytes.status();
    header->set_total_bytes(static_cast<int64_t>(*bytes));
    return Upload(*std::move(header), *bytes, callbacks,
                  [&](const ChunkSink& sink) { return StreamFile(path, kChunkBytes, sink); });
  }

  absl::StatusOr<v1::Dataset> GetDataset(const std::string& dataset_id) override {
    v1::GetDatasetRequest request;
    request.set_dataset_id(dataset_id);
    auto response = Call<v1::GetDatasetResponse>(*datasets_, &v1::DatasetService::Stub::GetDataset,
                                                 std::move(request));
    if (!response.ok()) return response.status();
    return std::move(*response->mutable_dataset());
  }

  absl::StatusOr<v1::ListDatasetsResponse> ListDatasets(v1::ListDatasetsRequest request) override {
    return Call<v1::ListDatasetsResponse>(*datasets_, &v1::DatasetService::Stub::ListDatasets,
                                          std::move(request));
  }

  absl::Status DeleteDataset(const std::string& dataset_id) override {
    v1::DeleteDatasetRequest request;
    request.set_dataset_id(dataset_id);
    return Call<v1::DeleteDatasetResponse>(*datasets_, &v1::DatasetService::Stub::DeleteDataset,
                                           std::move(request))
        .status();
  }

  absl::StatusOr<v1::ListModelsResponse> ListModels(v1::ListModelsRequest request) override {
    return Call<v1::ListModelsResponse>(*models_, &v1::ModelService::Stub::ListModels,
                                        std::move(request));
  }

  absl::StatusOr<v1::GetModelResponse> GetModel(v1::GetModelRequest request) override {
    return Call<v1::GetModelResponse>(*models_, &v1::ModelService::Stub::GetModel,
                                      std::move(request));
  }

  absl::Status DeleteModel(const std::string& model, int64_t version) override {
    v1::DeleteModelRequest request;
    request.set_model(model);
    request.set_version(version);
    return Call<v1::DeleteModelResponse>(*models_, &v1::ModelService::Stub::DeleteModel,
                                         std::move(request))
        .status();
  }

  absl::Status SetModelPin(const std::string& model, bool pinned) override {
    v1::SetModelPinRequest request;
    request.set_model(model);
    request.set_pinned(pinned);
    return Call<v1::SetModelPinResponse>(*models_, &v1::ModelService::Stub::SetModelPin,
                                         std::move(request))
        .status();
  }

  absl::StatusOr<v1::SetModelLabelResponse> SetModelLabel(
      v1::SetModelLabelRequest request) override {
    return Call<v1::SetModelLabelResponse>(*models_, &v1::ModelService::Stub::SetModelLabel,
                                           std::move(request));
  }

  absl::StatusOr<v1::SetCapturePolicyResponse> SetCapturePolicy(
      v1::SetCapturePolicyRequest request) override {
    return Call<v1::SetCapturePolicyResponse>(
        *captures_, &v1::CaptureService::Stub::SetCapturePolicy, std::move(request));
  }
  absl::StatusOr<v1::GetCapturePolicyResponse> GetCapturePolicy(const std::string& model) override {
    v1::GetCapturePolicyRequest request;
    request.set_model(model);
    return Call<v1::GetCapturePolicyResponse>(
        *captures_, &v1::CaptureService::Stub::GetCapturePolicy, std::move(request));
  }
  absl::StatusOr<v1::ListCapturedPicturesResponse> ListCapturedPictures(
      v1::ListCapturedPicturesRequest request) override {
    return Call<v1::ListCapturedPicturesResponse>(
        *captures_, &v1::CaptureService::Stub::ListCapturedPictures, std::move(request));
  }
  absl::StatusOr<v1::GetCapturedPictureResponse> GetCapturedPicture(
      const std::string& picture_id) override {
    v1::GetCapturedPictureRequest request;
    request.set_picture_id(picture_id);
    return Call<v1::GetCapturedPictureResponse>(
        *captures_, &v1::CaptureService::Stub::GetCapturedPicture, std::move(request));
  }
  absl::StatusOr<v1::DeleteCapturedPicturesResponse> DeleteCapturedPictures(
      v1::DeleteCapturedPicturesRequest request) override {
    return Call<v1::DeleteCapturedPicturesResponse>(
        *captures_, &v1::CaptureService::Stub::DeleteCapturedPictures, std::move(request));
  }

  absl::StatusOr<v1::ListBackbonesResponse> ListBackbones() override {
    grpc::ClientContext context;
    const Cancellation::Scope scope(*cancellation_, context);
    SetDeadline(context, options_.timeout);
    v1::ListBackbonesResponse response;
    const grpc::Status status = backbones_->ListBackbones(&context, {}, &response);
    if (!status.ok()) return Answer(status);
    return response;
  }

  absl::StatusOr<v1::PredictResponse> Predict(v1::PredictRequest request) override {
    return Call<v1::PredictResponse>(*predictions_, &v1::PredictionService::Stub::Predict,
                                     std::move(request));
  }
  absl::StatusOr<v1::PredictManyResponse> PredictMany(v1::PredictManyRequest request) override {
    return Call<v1::PredictManyResponse>(*predictions_, &v1::PredictionService::Stub::PredictMany,
                                         std::move(request));
  }
  absl::StatusOr<v1::EmbedResponse> Embed(v1::EmbedRequest request) override {
    return Call<v1::EmbedResponse>(*predictions_, &v1::PredictionService::Stub::Embed,
                                   std::move(request));
  }
  absl::StatusOr<v1::ExplainResponse> Explain(v1::ExplainRequest request) override {
    return Call<v1::ExplainResponse>(*predictions_, &v1::PredictionService::Stub::Explain,
                                     std::move(request));
  }

 private:
  static void SetDeadline(grpc::ClientContext& context, absl::Duration timeout) {
    if (timeout == absl::InfiniteDuration()) return;
    context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMicroseconds(timeout));
  }

  absl::Status Answer(const grpc::Status& status) const {
    if (status.error_code() != grpc::StatusCode::CANCELLED) return FromGrpc(status);
    if (cancellation_->cancelled()) return absl::CancelledError("interrupted");
    // Nobody else cancels a call, except a server that stops before it has answered.
    return absl::UnavailableError("the server ended the call without an answer");
  }

  template <typename Request>
  static Request JobRequest(const std::string& job_id) {
    Request request;
    request.set_job_id(job_id);
    return request;
  }

  template <typename Response>
  static absl::StatusOr<v1::Job> JobOf(absl::StatusOr<Response> response) {
    if (!response.ok()) return response.status();
    return std::move(*response->mutable_job());
  }

  // One unary call with the client's project and time limit.
  template <typename Response, typename Stub, typename Request>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                Request request) {
    if (request.project().empty()) request.set_project(options_.project);
    grpc::ClientContext context;
    const Cancellation::Scope scope(*cancellation_, context);
    SetDeadline(context, options_.timeout);
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (!status.ok()) return Answer(status);
    return response;
  }

  // Sends what `stream` gives to its sink, `total` bytes or a little more.
  absl::StatusOr<v1::UploadDatasetResponse> Upload(
      v1::UploadHeader header, uint64_t total, const UploadCallbacks& callbacks,
      const std::function<absl::Status(const ChunkSink&)>& stream) {
    grpc::ClientContext context;
    const Cancellation::Scope scope(*cancellation_, context);
    SetDeadline(context, options_.upload_timeout);
    v1::UploadDatasetResponse response;
    auto writer = datasets_->UploadDataset(&context, &response);
    header.set_project(options_.project);
    v1::UploadDatasetRequest message;
    *message.mutable_header() = std::move(header);
    bool open = writer->Write(message);
    uint64_t sent = 0;
    absl::Status local;
    if (open) {
      local = stream([&](absl::string_view chunk) {
        message.set_chunk(chunk.data(), chunk.size());
        open = writer->Write(message);
        sent += chunk.size();
        if (callbacks.on_progress) callbacks.on_progress(std::min(sent, total), total);
        return open;
      });
    }
    if (!local.ok()) {
      context.TryCancel();  // half an archive must not become a dataset
      writer->Finish();
      return local;
    }
    writer->WritesDone();
    const absl::Status status = Answer(writer->Finish());
    if (!status.ok()) return status;
    return response;
  }

  const ClientOptions options_;
  const std::shared_ptr<Cancellation> cancellation_;
  const std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::FineTuneService::Stub> jobs_;
  std::unique_ptr<v1::DatasetService::Stub> datasets_;
  std::unique_ptr<v1::ModelService::Stub> models_;
  std::unique_ptr<v1::CaptureService::Stub> captures_;
  std::unique_ptr<v1::BackboneService::Stub> backbones_;
  std::unique_ptr<v1::PredictionService::Stub> predictions_;
};

}  // namespace

std::unique_ptr<Client> Client::Create(const ClientOptions& options) {
  return std::make_unique<GrpcClient>(options);
}

}  // namespace graft::client
