#include "server/api/resource_names.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "core/base/error_reasons.h"
#include "core/base/ids.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"

namespace graft::server {

absl::StatusOr<std::string> ProjectOf(const std::string& project) {
  if (project.empty()) return std::string("default");
  GRAFT_RETURN_IF_ERROR(CheckName("project", project));
  return project;
}

absl::Status CheckId(absl::string_view field, absl::string_view id) {
  if (id.empty()) return InvalidField(field, "is required");
  const bool plain =
      std::all_of(id.begin(), id.end(), [](char c) { return absl::ascii_isgraph(c) && c != '/'; });
  if (id.size() > 128 || !plain) {
    return InvalidField(field, "must be at most 128 visible characters without '/'");
  }
  return absl::OkStatus();
}

absl::Status CheckName(absl::string_view field, absl::string_view name) {
  if (name.empty()) return InvalidField(field, "is required");
  if (!IsValidResourceName(name)) {
    return InvalidField(field, "must be 1 to 63 of a-z 0-9 - _ . and begin with a letter or digit");
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> LabelledVersion(store::MetadataStore& store, const std::string& project,
                                        const std::string& model, const std::string& label) {
  GRAFT_ASSIGN_OR_RETURN(const std::vector<store::ModelLabel> labels,
                         store.ListModelLabels(project, model));
  for (const store::ModelLabel& each : labels) {
    if (each.label == label) return each.version;
  }
  return WithReason(
      absl::NotFoundError(absl::StrCat("model \"", model, "\" has no label \"", label, "\"")),
      reasons::kModelNotFound);
}

absl::StatusOr<int> PageSize(int requested) {
  if (requested == 0) return 50;
  if (requested < 1 || requested > 1000) {
    return InvalidField("page_size", absl::StrCat("must be 1 to 1,000, not ", requested));
  }
  return requested;
}

}  // namespace graft::server
