#ifndef GRAFT_SERVER_API_INFERENCE_NAMES_H_
#define GRAFT_SERVER_API_INFERENCE_NAMES_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft::server {

// How clients of the Open Inference Protocol, which knows no projects and no labels, name things:
// a model "pets", or "team/pets" of another project than the default one; a version "" (the
// latest), "3" or "stable" (a label).

struct InferenceName {
  std::string project;  // "" where none is named
  std::string model;
};
// Not checked: what is behind the first '/', if there is one, is the model.
InferenceName SplitInferenceName(absl::string_view name);

struct InferenceVersion {
  int64_t version = 0;  // 0: the latest, or the label's
  std::string label;
};
// INVALID_ARGUMENT names `field`.
absl::StatusOr<InferenceVersion> ReadInferenceVersion(absl::string_view field,
                                                      const std::string& version);

// The project that a request of the API is about, as it names it; "" for the default one.
template <typename Request>
std::string ProjectNamedIn(const Request& request) {
  if constexpr (requires { request.project(); }) {
    return request.project();
  } else if constexpr (requires {
                         request.repository_name();
                         request.model_name();
                       }) {
    return request.repository_name().empty() ? SplitInferenceName(request.model_name()).project
                                             : request.repository_name();
  } else if constexpr (requires { request.repository_name(); }) {
    return request.repository_name();
  } else if constexpr (requires { request.model_name(); }) {
    return SplitInferenceName(request.model_name()).project;
  } else if constexpr (requires { request.name(); }) {
    return SplitInferenceName(request.name()).project;
  } else {
    return "";
  }
}

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_INFERENCE_NAMES_H_
