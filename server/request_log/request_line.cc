#include "server/request_log/request_line.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace graft::server {
namespace {

using Json = nlohmann::ordered_json;

// To the microsecond.
double Milliseconds(absl::Duration duration) {
  return std::round(absl::ToDoubleMicroseconds(duration)) / 1000;
}

// Four digits are plenty, and a float's 17 are hard to read.
double Rounded(double value) { return std::round(value * 1e4) / 1e4; }

Json AnswerJson(const RequestLine::Answer& answer) {
  Json json = {{"answer", answer.text.substr(0, kMostAnswerBytes)}};
  if (answer.probability.has_value()) json["probability"] = Rounded(*answer.probability);
  if (answer.unknown_score.has_value()) json["unknown_score"] = Rounded(*answer.unknown_score);
  return json;
}

}  // namespace

std::string ToJsonLine(const RequestLine& line) {
  Json json = {
      {"time", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", line.time, absl::UTCTimeZone())},
      {"request", line.request_id},
      {"method", line.method},
      {"project", line.project},
      {"code", absl::StatusCodeToString(line.code)},
  };
  if (!line.reason.empty()) json["reason"] = line.reason;
  json["inputs"] = line.inputs;
  json["bytes"] = line.bytes;
  if (line.queue.has_value()) json["queue_ms"] = Milliseconds(*line.queue);
  if (line.decode.has_value()) json["decode_ms"] = Milliseconds(*line.decode);
  if (line.compute.has_value()) json["compute_ms"] = Milliseconds(*line.compute);
  json["total_ms"] = Milliseconds(line.total);
  Json models = Json::array();
  size_t room = kMostLoggedAnswers;
  size_t left_out = 0;
  for (const RequestLine::Model& model : line.models) {
    if (models.size() == kMostLoggedModels) {
      left_out += model.answers.size();
      continue;
    }
    Json one = {{"model", model.model}, {"version", model.version}};
    for (const RequestLine::Answer& answer : model.answers) {
      if (room == 0) {
        ++left_out;
        continue;
      }
      --room;
      one["answers"].push_back(AnswerJson(answer));
    }
    models.push_back(std::move(one));
  }
  json["models"] = std::move(models);
  if (left_out > 0) json["left_out"] = left_out;
  // A label may be cut within a character, and is whatever its dataset says.
  return absl::StrCat(json.dump(-1, ' ', false, Json::error_handler_t::replace), "\n");
}

}  // namespace graft::server
