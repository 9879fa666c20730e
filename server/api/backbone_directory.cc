#include "server/api/backbone_directory.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "core/base/error_reasons.h"
#include "core/base/status_details.h"

namespace graft::server {

recipes::NetworkCost InstalledBackbone::Cost(const model::HeadSpec& head, int stages_read) const {
  recipes::NetworkCost cost;
  cost.stage_parameters.assign(stage_parameters.begin(), stage_parameters.begin() + stages_read);
  // At most: of a head on lower stages too, what lies above them is counted.
  cost.forward_gflops = description.forward_gflops();
  cost.head_parameters = head.parameters();
  return cost;
}

BackboneDirectory::BackboneDirectory(std::vector<InstalledBackbone> backbones,
                                     std::string default_id)
    : backbones_(std::move(backbones)), default_id_(std::move(default_id)) {
  for (InstalledBackbone& backbone : backbones_) {
    backbone.description.set_is_default(backbone.description.id() == default_id_);
  }
}

absl::StatusOr<const InstalledBackbone*> BackboneDirectory::Find(absl::string_view id) const {
  const absl::string_view wanted = id.empty() ? absl::string_view(default_id_) : id;
  const auto found = std::find_if(
      backbones_.begin(), backbones_.end(),
      [&](const InstalledBackbone& backbone) { return backbone.description.id() == wanted; });
  if (found != backbones_.end()) return &*found;
  const std::string installed =
      backbones_.empty() ? "none is; import weights with scripts/import_weights.py"
                         : absl::StrJoin(backbones_, ", ",
                                         [](std::string* out, const InstalledBackbone& backbone) {
                                           absl::StrAppend(out, backbone.description.id());
                                         });
  return WithReason(absl::NotFoundError(absl::StrCat(
                        "backbone \"", wanted, "\" is not installed; installed: ", installed)),
                    reasons::kBackboneNotFound);
}

}  // namespace graft::server
