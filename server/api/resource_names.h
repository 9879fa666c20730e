#ifndef GRAFT_SERVER_API_RESOURCE_NAMES_H_
#define GRAFT_SERVER_API_RESOURCE_NAMES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/base/status_details.h"
#include "core/store/metadata_store.h"

namespace graft::server {

// Checks that every service makes on its requests. INVALID_ARGUMENT names the field.

// The project a request is about: "default" where it names none.
absl::StatusOr<std::string> ProjectOf(const std::string& project);

// A name or id that must be there: at most 128 visible ASCII characters, no '/'.
absl::Status CheckId(absl::string_view field, absl::string_view id);

// A name that follows IsValidResourceName.
absl::Status CheckName(absl::string_view field, absl::string_view name);

// The version that a label of a model names. NOT_FOUND (MODEL_NOT_FOUND) where it names none.
absl::StatusOr<int64_t> LabelledVersion(store::MetadataStore& store, const std::string& project,
                                        const std::string& model, const std::string& label);

// page_size as asked for: 0 is 50; 1 to 1,000 otherwise.
absl::StatusOr<int> PageSize(int requested);

// A store's answer about one resource, with `refusal` (JobNotFound) in place of its NOT_FOUND.
template <typename T>
absl::StatusOr<T> NotFoundAs(const absl::Status& refusal, absl::StatusOr<T> result) {
  if (absl::IsNotFound(result.status())) return refusal;
  return result;
}

// A store's answer to a list: INVALID_ARGUMENT, which can only be about the token, names the field.
template <typename Page>
absl::StatusOr<Page> NamingPageToken(absl::StatusOr<Page> page) {
  if (absl::IsInvalidArgument(page.status())) {
    return InvalidField("page_token", page.status().message());
  }
  return page;
}

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_RESOURCE_NAMES_H_
