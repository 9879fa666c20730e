#include "server/api/logged_request.h"

#include <utility>

#include "core/base/ids.h"
#include "core/base/status_details.h"
#include "wire/tasks/catalog.h"

namespace graft::server {
namespace {

RequestLine::Model ModelOf(const serving::ModelAnswer& answer) {
  RequestLine::Model model{answer.model, answer.version, {}};
  for (size_t i = 0; i < answer.outputs.size() && i < kMostLoggedAnswers; ++i) {
    absl::StatusOr<wire::FirstAnswer> first = wire::FirstAnswerOf(*answer.outputs[i]);
    if (!first.ok()) break;  // of a task that has no words
    model.answers.push_back({std::move(first->text), first->probability, {}});
    if (answer.unknown_scores[i].has_value()) {
      model.answers.back().unknown_score = *answer.unknown_scores[i];
    }
  }
  return model;
}

}  // namespace

std::shared_ptr<LoggedRequest> LoggedRequest::Begin(RequestLog* log, Clock* clock,
                                                    const Caller& caller,
                                                    absl::string_view method) {
  if (log == nullptr || !log->Wants(caller.request_id())) return nullptr;
  std::shared_ptr<LoggedRequest> request(new LoggedRequest(log, clock));
  request->line_.time = clock->Now();
  request->line_.request_id = caller.request_id();
  request->line_.method = std::string(method);
  request->line_.project = caller.project();
  return request;
}

void LoggedRequest::AskModel(const std::string& model, int64_t version) {
  // What is no name is text of the caller's, and has no place here.
  line_.models.push_back({IsValidResourceName(model) ? model : "", version, {}});
}

void LoggedRequest::Ask(const serving::PredictRequest& request) {
  for (const serving::ModelAsk& ask : request.models) {
    if (line_.models.size() == kMostLoggedModels) break;
    AskModel(ask.model, ask.version);
  }
  line_.inputs = static_cast<int64_t>(request.inputs.size());
  for (const serving::PredictInput& input : request.inputs) {
    line_.bytes += serving::InputBytes(input);
  }
}

void LoggedRequest::Ask(const v1::ExplainRequest& request) {
  AskModel(request.model(), request.version());
  line_.inputs = 1;
  line_.bytes = request.input().image().size();
}

void LoggedRequest::End(const absl::Status& status) {
  line_.code = status.code();
  line_.reason = ErrorReason(status);
  line_.total = clock_->Monotonic() - begun_;
  log_->Write(std::move(line_));
}

void LoggedRequest::End(const absl::StatusOr<serving::PredictResponse>& result) {
  if (result.ok()) {
    line_.models.clear();
    for (const serving::ModelAnswer& answer : result->answers) {
      if (line_.models.size() == kMostLoggedModels) break;
      line_.models.push_back(ModelOf(answer));
    }
    line_.queue = result->timing.queue;
    line_.decode = result->timing.decode;
    line_.compute = result->timing.compute;
  }
  End(result.status());
}

void LoggedRequest::End(const absl::StatusOr<v1::ExplainResponse>& response) {
  if (response.ok()) line_.models = {{response->model(), response->version(), {}}};
  End(response.status());
}

}  // namespace graft::server
