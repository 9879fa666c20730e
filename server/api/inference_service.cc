#include "server/api/inference_service.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "core/base/error_reasons.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "core/base/version.h"
#include "server/api/hide_folders.h"
#include "server/api/inference_names.h"
#include "server/api/logged_request.h"
#include "server/api/resource_names.h"
#include "wire/inference/tensors.h"
#include "wire/tasks/catalog.h"

namespace graft::server {
namespace {

using inference::ModelInferRequest;
using inference::ModelInferResponse;

constexpr int64_t kBatch = -1;          // in shapes
constexpr char kPlatform[] = "graft_";  // and the task
constexpr int kMostIndexed = 10'000;
constexpr int kPage = 1'000;

absl::Status NotFound(absl::string_view message) {
  return WithReason(absl::NotFoundError(message), reasons::kModelNotFound);
}

// What a request is about, its parts that are only checked taken out.
struct Infer {
  serving::PredictRequest predict;
  std::vector<wire::AskedOutput> asked;
};

// Triton's: 0 is the default, 1 the most urgent, larger numbers are less so.
absl::StatusOr<serving::Priority> ReadPriority(const ModelInferRequest& request) {
  const auto found = request.parameters().find("priority");
  if (found == request.parameters().end()) return serving::Priority::kInteractive;
  const inference::InferParameter& given = found->second;
  uint64_t priority = given.uint64_param();
  if (given.has_int64_param() && given.int64_param() >= 0) {
    priority = static_cast<uint64_t>(given.int64_param());
  } else if (!given.has_uint64_param()) {
    return InvalidField("parameters.priority", "must be a number: 0 or 1, or more for bulk work");
  }
  return priority > 1 ? serving::Priority::kBulk : serving::Priority::kInteractive;
}

absl::StatusOr<Infer> Convert(const std::string& project, ModelInferRequest& request,
                              int64_t max_inputs) {
  Infer infer;
  const std::string model = SplitInferenceName(request.model_name()).model;
  GRAFT_RETURN_IF_ERROR(CheckName("model_name", model));
  GRAFT_ASSIGN_OR_RETURN(const InferenceVersion version,
                         ReadInferenceVersion("model_version", request.model_version()));
  GRAFT_ASSIGN_OR_RETURN(infer.asked, wire::ReadAskedOutputs(request));
  GRAFT_ASSIGN_OR_RETURN(wire::InferInputs inputs, wire::TakeInputs(&request, max_inputs));
  infer.predict.project = project;
  infer.predict.models.push_back({.model = model,
                                  .version = version.version,
                                  .label = version.label,
                                  .want = serving::Want::kWholeAnswers});
  GRAFT_ASSIGN_OR_RETURN(infer.predict.priority, ReadPriority(request));
  for (std::string& image : inputs.images) {
    infer.predict.inputs.push_back(serving::EncodedImage{std::move(image)});
  }
  for (std::vector<float>& pixels : inputs.pixels) {
    infer.predict.inputs.push_back(serving::PixelTensor{inputs.pixel_shape, std::move(pixels)});
  }
  return infer;
}

absl::StatusOr<ModelInferResponse> ResponseOf(const serving::PredictResponse& result,
                                              const std::vector<wire::AskedOutput>& asked,
                                              std::string name, std::string id) {
  const bool with_labels = std::any_of(asked.begin(), asked.end(),
                                       [](const auto& output) { return output.classes > 0; });
  std::vector<wire::AnswerTensor> answers;
  const serving::ModelAnswer& answer = result.answers.front();
  for (const std::unique_ptr<tasks::TaskOutput>& output : answer.outputs) {
    const absl::StatusOr<const wire::TaskWire*> task = wire::FindTask(output->task());
    if (!task.ok()) return absl::InternalError(task.status().message());
    answers.push_back((*task)->Tensor(*output, with_labels));
  }
  ModelInferResponse response;
  response.set_model_name(std::move(name));
  response.set_model_version(absl::StrCat(answer.version));
  response.set_id(std::move(id));
  GRAFT_RETURN_IF_ERROR(wire::FillOutputs(answers, asked, &response));
  return response;
}

void AddTensor(absl::string_view name, absl::string_view datatype, int64_t width,
               inference::ModelMetadataResponse::TensorMetadata* tensor) {
  tensor->set_name(std::string(name));
  tensor->set_datatype(std::string(datatype));
  tensor->add_shape(kBatch);
  tensor->add_shape(width);
}

void Set(const InferenceStatistics::Sum& sum, inference::StatisticDuration* duration) {
  duration->set_count(sum.count);
  duration->set_ns(static_cast<uint64_t>(absl::ToInt64Nanoseconds(sum.time)));
}

// The model that a request of the repository extension names: with its project, where it has no
// repository.
template <typename Request>
std::string NameIn(const Request& request) {
  return request.repository_name().empty() ? SplitInferenceName(request.model_name()).model
                                           : request.model_name();
}

template <typename Parameters>
absl::Status NoParameters(const Parameters& parameters) {
  if (parameters.empty()) return absl::OkStatus();
  return InvalidField(absl::StrCat("parameters.", parameters.begin()->first),
                      "is not supported: models are what jobs have made");
}

}  // namespace

absl::StatusOr<store::ModelVersion> InferenceService::Find(const Caller& caller,
                                                           const std::string& model,
                                                           const std::string& version) const {
  GRAFT_RETURN_IF_ERROR(CheckName("name", model));
  GRAFT_ASSIGN_OR_RETURN(const InferenceVersion asked, ReadInferenceVersion("version", version));
  int64_t number = asked.version;
  if (!asked.label.empty()) {
    GRAFT_ASSIGN_OR_RETURN(
        number, LabelledVersion(*environment_.store, caller.project(), model, asked.label));
  }
  absl::StatusOr<store::ModelVersion> row =
      environment_.store->GetModelVersion(caller.project(), model, number);
  if (absl::IsNotFound(row.status())) return NotFound(row.status().message());
  return row;
}

absl::StatusOr<inference::ServerLiveResponse> InferenceService::ServerLive(
    const Caller& /*caller*/, const inference::ServerLiveRequest& /*request*/) {
  inference::ServerLiveResponse response;
  response.set_live(true);
  return response;
}

absl::StatusOr<inference::ServerReadyResponse> InferenceService::ServerReady(
    const Caller& /*caller*/, const inference::ServerReadyRequest& /*request*/) {
  inference::ServerReadyResponse response;
  response.set_ready(environment_.ready().ok());
  return response;
}

absl::StatusOr<inference::ModelReadyResponse> InferenceService::ModelReady(
    const Caller& caller, const inference::ModelReadyRequest& request) {
  const std::string model = SplitInferenceName(request.name()).model;
  const absl::StatusOr<store::ModelVersion> row = Find(caller, model, request.version());
  // One that is not there is not ready, which is no error to whoever waits for it.
  if (!row.ok() && !absl::IsNotFound(row.status())) return row.status();
  inference::ModelReadyResponse response;
  // Where the newest cannot be loaded the version before goes on for whoever asks for the latest.
  const bool goes_on = row.ok() && request.version().empty() &&
                       environment_.models->FindLatest(row->project, row->model).has_value();
  response.set_ready(
      row.ok() &&
      (goes_on || environment_.models->LoadError({row->project, row->model, row->version}).ok()));
  return response;
}

absl::StatusOr<inference::ServerMetadataResponse> InferenceService::ServerMetadata(
    const Caller& /*caller*/, const inference::ServerMetadataRequest& /*request*/) {
  inference::ServerMetadataResponse response;
  response.set_name("graft");
  response.set_version(Version());
  response.add_extensions("classification");
  response.add_extensions("model_repository");
  response.add_extensions("statistics");
  return response;
}

absl::StatusOr<InferenceService::Described> InferenceService::Describe(
    const Caller& caller, const std::string& model, const std::string& version) const {
  Described described;
  GRAFT_ASSIGN_OR_RETURN(described.row, Find(caller, model, version));
  GRAFT_ASSIGN_OR_RETURN(described.answers, wire::AnswerFormOf(described.row));
  return described;
}

absl::StatusOr<inference::ModelMetadataResponse> InferenceService::ModelMetadata(
    const Caller& caller, const inference::ModelMetadataRequest& request) {
  GRAFT_ASSIGN_OR_RETURN(
      const Described described,
      Describe(caller, SplitInferenceName(request.name()).model, request.version()));
  GRAFT_ASSIGN_OR_RETURN(
      const std::vector<int64_t> numbers,
      environment_.store->ListVersionNumbers(described.row.project, described.row.model));
  inference::ModelMetadataResponse response;
  response.set_name(request.name());
  for (const int64_t number : numbers) response.add_versions(absl::StrCat(number));
  response.set_platform(absl::StrCat(kPlatform, described.answers.task));
  AddTensor(wire::kImageTensor, "BYTES", 1, response.add_inputs());
  AddTensor(described.answers.tensor.name, "FP32",
            static_cast<int64_t>(described.answers.tensor.labels.size()), response.add_outputs());
  return response;
}

absl::StatusOr<inference::ModelConfigResponse> InferenceService::ModelConfig(
    const Caller& caller, const inference::ModelConfigRequest& request) {
  GRAFT_ASSIGN_OR_RETURN(
      const Described described,
      Describe(caller, SplitInferenceName(request.name()).model, request.version()));
  inference::ModelConfigResponse response;
  inference::ModelConfig& config = *response.mutable_config();
  config.set_name(request.name());
  config.set_platform(absl::StrCat(kPlatform, described.answers.task));
  config.set_backend("graft");
  config.set_max_batch_size(environment_.max_inputs);
  config.mutable_dynamic_batching();
  inference::ModelInput* const input = config.add_input();
  input->set_name(wire::kImageTensor);
  input->set_data_type(inference::TYPE_STRING);
  input->add_dims(1);
  inference::ModelOutput* const output = config.add_output();
  output->set_name(described.answers.tensor.name);
  output->set_data_type(inference::TYPE_FP32);
  output->add_dims(static_cast<int64_t>(described.answers.tensor.labels.size()));
  return response;
}

absl::StatusOr<inference::ModelStatisticsResponse> InferenceService::ModelStatistics(
    const Caller& caller, const inference::ModelStatisticsRequest& request) {
  if (request.name().empty() && !request.version().empty()) {
    return InvalidField("name", "is required with a version");
  }
  std::optional<store::ModelVersion> asked;
  const std::string model = SplitInferenceName(request.name()).model;
  if (!request.name().empty()) {
    GRAFT_ASSIGN_OR_RETURN(asked, Find(caller, model, request.version()));
  }
  inference::ModelStatisticsResponse response;
  for (const InferenceStatistics::Version& version :
       environment_.statistics->Of(caller.project())) {
    if (asked.has_value() && version.key.model != asked->model) continue;
    // No version: all that were asked.
    if (!request.version().empty() && version.key.version != asked->version) continue;
    inference::ModelStatistics& statistics = *response.add_model_stats();
    statistics.set_name(request.name().empty() ? version.key.model : request.name());
    statistics.set_version(absl::StrCat(version.key.version));
    statistics.set_last_inference(
        static_cast<uint64_t>(absl::ToUnixMillis(version.last_inference)));
    statistics.set_inference_count(version.inputs);
    statistics.set_execution_count(version.success.count);
    inference::InferStatistics& sums = *statistics.mutable_inference_stats();
    Set(version.success, sums.mutable_success());
    Set(version.fail, sums.mutable_fail());
    Set(version.queue, sums.mutable_queue());
    Set(version.decode, sums.mutable_compute_input());
    Set(version.compute, sums.mutable_compute_infer());
    Set({version.success.count, {}}, sums.mutable_compute_output());
  }
  return response;
}

void InferenceService::Index(const serving::ModelKey& key, bool only_ready,
                             inference::RepositoryIndexResponse* response) const {
  const serving::ModelManager& models = *environment_.models;
  const std::optional<serving::ModelState> state = models.StateOf(key);
  const bool ready = state == serving::ModelState::kReady;
  if (only_ready && !ready) return;
  auto* const entry = response->add_models();
  entry->set_name(key.model);
  entry->set_version(absl::StrCat(key.version));
  if (ready) return entry->set_state("READY");
  if (state == serving::ModelState::kLoading) return entry->set_state("LOADING");
  entry->set_state("UNAVAILABLE");
  const absl::Status error = models.LoadError(key);
  entry->set_reason(error.ok() ? "not in memory: it is loaded when it is asked for"
                               : ErrorText(error));
}

std::string InferenceService::ErrorText(const absl::Status& status) const {
  return HideFolders(status.message(), environment_.private_folders);
}

absl::StatusOr<inference::RepositoryIndexResponse> InferenceService::RepositoryIndex(
    const Caller& caller, const inference::RepositoryIndexRequest& request) {
  inference::RepositoryIndexResponse response;
  store::PageOptions page;
  page.page_size = kPage;
  do {
    GRAFT_ASSIGN_OR_RETURN(const store::Page<store::Model> models,
                           environment_.store->ListModels(caller.project(), page));
    for (const store::Model& model : models.items) {
      const absl::StatusOr<std::vector<int64_t>> numbers =
          environment_.store->ListVersionNumbers(model.project, model.name);
      if (absl::IsNotFound(numbers.status())) continue;  // deleted since the page was read
      if (!numbers.ok()) return numbers.status();
      for (const int64_t number : *numbers) {
        Index({model.project, model.name, number}, request.ready(), &response);
      }
    }
    if (response.models_size() > kMostIndexed) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the project has more than ", kMostIndexed,
                       " versions: page through them with graft.v1.ModelService/ListModels"));
    }
    page.page_token = models.next_page_token;
  } while (!page.page_token.empty());
  return response;
}

void InferenceService::RepositoryModelLoad(const Caller& caller,
                                           inference::RepositoryModelLoadRequest request,
                                           LoadDone done) {
  const std::string model = NameIn(request);
  absl::Status wrong = CheckName("model_name", model);
  if (wrong.ok()) wrong = NoParameters(request.parameters());
  if (!wrong.ok()) return done(std::move(wrong));
  environment_.models->Acquire(
      caller.project(), model, 0,
      [done = std::move(done)](const absl::StatusOr<serving::AcquiredModel>& loaded) {
        if (!loaded.ok()) return done(loaded.status());
        done(inference::RepositoryModelLoadResponse());
      });
}

absl::StatusOr<inference::RepositoryModelUnloadResponse> InferenceService::RepositoryModelUnload(
    const Caller& caller, const inference::RepositoryModelUnloadRequest& request) {
  const std::string model = NameIn(request);
  GRAFT_RETURN_IF_ERROR(Find(caller, model, "").status());
  // Triton's unload_dependents, which clients send unasked: there are none.
  auto parameters = request.parameters();
  parameters.erase("unload_dependents");
  GRAFT_RETURN_IF_ERROR(NoParameters(parameters));
  GRAFT_RETURN_IF_ERROR(environment_.models->Unload(caller.project(), model));
  return inference::RepositoryModelUnloadResponse();
}

void InferenceService::OnRefused(const ModelInferRequest& request,
                                 const absl::Status& status) const {
  if (environment_.observer == nullptr) return;
  InferenceName name = SplitInferenceName(request.model_name());
  environment_.observer->OnRequest({.project = std::move(name.project),
                                    .model = std::move(name.model),
                                    .code = status.code(),
                                    .inputs = request.inputs_size()});
}

void InferenceService::ModelInfer(const Caller& caller, ModelInferRequest request, Done done) {
  const std::shared_ptr<LoggedRequest> logged =
      LoggedRequest::Begin(environment_.log, environment_.clock, caller, "ModelInfer");
  absl::StatusOr<Infer> infer = Convert(caller.project(), request, environment_.max_inputs);
  if (!infer.ok()) {
    OnRefused(request, infer.status());
    if (logged != nullptr) logged->End(infer.status());
    return done(infer.status());
  }
  if (logged != nullptr) logged->Ask(infer->predict);
  infer->predict.caller = caller.share();
  environment_.predictor->Submit(
      std::move(infer->predict), MonotonicDeadline(caller, *environment_.clock),
      [done = std::move(done), asked = std::move(infer->asked), name = request.model_name(),
       id = request.id(), logged](absl::StatusOr<serving::PredictResponse> result) mutable {
        if (logged != nullptr) logged->End(result);
        if (!result.ok()) return done(std::move(result).status());
        done(ResponseOf(*result, asked, std::move(name), std::move(id)));
      },
      caller.cancel());
}

}  // namespace graft::server
