#include "server/api/prediction_requests.h"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "core/base/status_details.h"
#include "core/base/status_macros.h"
#include "server/api/resource_names.h"
#include "wire/tasks/catalog.h"
#include "wire/time.h"

namespace graft::server {
namespace {

constexpr int kMostModels = 1'024;

using Inputs = google::protobuf::RepeatedPtrField<v1::PredictInput>;

// Which model; `field` stands before the names of its fields.
template <typename Message>
absl::StatusOr<serving::ModelAsk> ReadModel(const Message& message, const std::string& field) {
  GRAFT_RETURN_IF_ERROR(CheckName(absl::StrCat(field, "model"), message.model()));
  if (message.version() < 0) {
    return InvalidField(absl::StrCat(field, "version"), "must not be negative");
  }
  if (message.version() != 0 && !message.label().empty()) {
    return InvalidField(absl::StrCat(field, "label"), "is in place of version: give one of them");
  }
  serving::ModelAsk ask;
  ask.model = message.model();
  ask.version = message.version();
  ask.label = message.label();
  ask.field = field;
  return ask;
}

// `status`, which names fields of a message, with `field` before each.
absl::Status InField(const absl::Status& status, const std::string& field) {
  std::vector<FieldError> errors = InvalidFieldsOf(status);
  if (field.empty() || errors.empty()) return status;
  for (FieldError& error : errors) error.field = absl::StrCat(field, error.field);
  return InvalidFields(errors);
}

// With what is wanted of its answers.
template <typename Message>
absl::StatusOr<serving::ModelAsk> ReadQuestion(const Message& message, const std::string& field) {
  GRAFT_ASSIGN_OR_RETURN(serving::ModelAsk ask, ReadModel(message, field));
  auto options = wire::ReadPredictOptions(message.options());
  if (!options.ok()) return InField(options.status(), field);
  ask.options = *std::move(options);
  return ask;
}

absl::StatusOr<serving::Priority> ReadPriority(v1::Priority priority) {
  switch (priority) {
    case v1::PRIORITY_UNSPECIFIED:
    case v1::PRIORITY_INTERACTIVE:
      return serving::Priority::kInteractive;
    case v1::PRIORITY_BULK:
      return serving::Priority::kBulk;
    default:
      return InvalidField("priority", absl::StrCat("is none: ", static_cast<int>(priority)));
  }
}

absl::StatusOr<std::vector<serving::PredictInput>> TakeInputs(Inputs* inputs) {
  if (inputs->empty()) return InvalidField("inputs", "holds no image");
  std::vector<serving::PredictInput> taken;
  taken.reserve(static_cast<size_t>(inputs->size()));
  for (int i = 0; i < inputs->size(); ++i) {
    v1::PredictInput& input = *inputs->Mutable(i);
    if (input.input_case() != v1::PredictInput::kImage) {
      return InvalidField(absl::StrCat("inputs[", i, "]"), "must carry an image");
    }
    taken.push_back(serving::EncodedImage{std::move(*input.mutable_image())});
  }
  return taken;
}

// All but the models.
template <typename Message>
absl::StatusOr<serving::PredictRequest> ReadRest(const std::string& project, Message* message) {
  serving::PredictRequest request;
  request.project = project;
  GRAFT_ASSIGN_OR_RETURN(request.priority, ReadPriority(message->priority()));
  GRAFT_ASSIGN_OR_RETURN(request.inputs, TakeInputs(message->mutable_inputs()));
  return request;
}

v1::PredictTiming ToProto(const serving::PredictTiming& timing) {
  v1::PredictTiming message;
  *message.mutable_queue() = wire::ToProto(timing.queue);
  *message.mutable_decode() = wire::ToProto(timing.decode);
  *message.mutable_compute() = wire::ToProto(timing.compute);
  *message.mutable_total() = wire::ToProto(timing.total);
  return message;
}

// Into a message with the fields of ModelAnswer.
template <typename Message>
absl::Status Fill(const serving::ModelAnswer& answer, Message* message) {
  message->set_model(answer.model);
  message->set_version(answer.version);
  for (size_t i = 0; i < answer.outputs.size(); ++i) {
    absl::StatusOr<v1::TaskOutput> converted = wire::OutputToProto(*answer.outputs[i]);
    if (!converted.ok()) return absl::InternalError(converted.status().message());
    v1::TaskOutput& output = *message->add_outputs();
    output = *std::move(converted);
    if (answer.unknown_scores[i].has_value()) output.set_unknown_score(*answer.unknown_scores[i]);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<serving::PredictRequest> ReadRequest(const std::string& project,
                                                    v1::PredictRequest* request) {
  GRAFT_ASSIGN_OR_RETURN(serving::ModelAsk ask, ReadQuestion(*request, ""));
  GRAFT_ASSIGN_OR_RETURN(serving::PredictRequest converted, ReadRest(project, request));
  converted.models.push_back(std::move(ask));
  return converted;
}

absl::StatusOr<serving::PredictRequest> ReadRequest(const std::string& project,
                                                    v1::PredictManyRequest* request) {
  if (request->models().empty()) return InvalidField("models", "names no model");
  // Before anything is made of each: they are small on the wire.
  if (request->models_size() > kMostModels) {
    return InvalidField(
        "models", absl::StrCat("names ", request->models_size(), " models; at most ", kMostModels,
                               " may be asked at once"));
  }
  std::vector<serving::ModelAsk> asks;
  for (int i = 0; i < request->models_size(); ++i) {
    GRAFT_ASSIGN_OR_RETURN(asks.emplace_back(),
                           ReadQuestion(request->models(i), absl::StrCat("models[", i, "].")));
  }
  GRAFT_ASSIGN_OR_RETURN(serving::PredictRequest converted, ReadRest(project, request));
  converted.models = std::move(asks);
  return converted;
}

absl::StatusOr<serving::PredictRequest> ReadRequest(const std::string& project,
                                                    v1::EmbedRequest* request) {
  GRAFT_ASSIGN_OR_RETURN(serving::ModelAsk ask, ReadModel(*request, ""));
  ask.want = serving::Want::kEmbeddings;
  GRAFT_ASSIGN_OR_RETURN(serving::PredictRequest converted, ReadRest(project, request));
  converted.models.push_back(std::move(ask));
  return converted;
}

absl::StatusOr<serving::ModelAsk> ReadAsk(const v1::ExplainRequest& request) {
  return ReadModel(request, "");
}

absl::StatusOr<v1::PredictResponse> ToPredictResponse(const serving::PredictResponse& result) {
  v1::PredictResponse response;
  GRAFT_RETURN_IF_ERROR(Fill(result.answers.front(), &response));
  *response.mutable_timing() = ToProto(result.timing);
  return response;
}

absl::StatusOr<v1::PredictManyResponse> ToPredictManyResponse(
    const serving::PredictResponse& result) {
  v1::PredictManyResponse response;
  for (const serving::ModelAnswer& answer : result.answers) {
    GRAFT_RETURN_IF_ERROR(Fill(answer, response.add_answers()));
  }
  *response.mutable_timing() = ToProto(result.timing);
  return response;
}

absl::StatusOr<v1::EmbedResponse> ToEmbedResponse(const serving::PredictResponse& result) {
  const serving::ModelAnswer& answer = result.answers.front();
  v1::EmbedResponse response;
  response.set_model(answer.model);
  response.set_version(answer.version);
  for (const std::vector<float>& embedding : answer.embeddings) {
    response.add_embeddings()->mutable_values()->Add(embedding.begin(), embedding.end());
  }
  *response.mutable_timing() = ToProto(result.timing);
  return response;
}

}  // namespace graft::server
