#ifndef GRAFT_SERVER_REQUEST_LOG_REQUEST_LINE_H_
#define GRAFT_SERVER_REQUEST_LOG_REQUEST_LINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace graft::server {

// What the request log tells of one request for predictions. No picture, no address, no message of
// an error: nothing that a caller wrote but the request's id and names that are in the store.
struct RequestLine {
  // What a model said first of an input.
  struct Answer {
    std::string text;  // at most kMostAnswerBytes are written
    std::optional<double> probability;
    std::optional<double> unknown_score;
  };
  struct Model {
    std::string model;
    int64_t version = 0;  // that answered, else that was asked for; 0: the latest
    std::vector<Answer> answers;
  };

  absl::Time time = absl::InfinitePast();
  std::string request_id;
  std::string method;  // "Predict"
  std::string project;
  std::vector<Model> models;
  absl::StatusCode code = absl::StatusCode::kOk;
  std::string reason;  // of an error (core/base/error_reasons.h)
  int64_t inputs = 0;
  uint64_t bytes = 0;  // of the inputs, as they were sent
  // Of one that was answered.
  std::optional<absl::Duration> queue;
  std::optional<absl::Duration> decode;
  std::optional<absl::Duration> compute;
  absl::Duration total;
};

inline constexpr size_t kMostAnswerBytes = 80;
inline constexpr size_t kMostLoggedModels = 16;
inline constexpr size_t kMostLoggedAnswers = 64;  // of all models together

// As one line of JSON, with its end. What is beyond the limits above is counted in "left_out". Some
// 16 KiB at most. Pure.
std::string ToJsonLine(const RequestLine& line);

}  // namespace graft::server

#endif  // GRAFT_SERVER_REQUEST_LOG_REQUEST_LINE_H_
