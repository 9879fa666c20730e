#ifndef GRAFT_SERVER_API_BACKBONE_DIRECTORY_H_
#define GRAFT_SERVER_API_BACKBONE_DIRECTORY_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "graft/v1/backbone.pb.h"

#include "core/model/head_spec.h"
#include "core/recipes/cost.h"

namespace graft::server {

// A backbone whose weights are installed: what the API says of it and what estimates need.
struct InstalledBackbone {
  v1::Backbone description;
  std::vector<int64_t> stage_parameters;     // bottom first
  std::vector<model::StageFeatures> stages;  // what each gives for one image, bottom first

  // What training with this head costs, on the lowest `stages_read` stages (core/recipes/cost.h).
  recipes::NetworkCost Cost(const model::HeadSpec& head, int stages_read) const;
};

// The installed backbones, constant after construction. Safe for concurrent use.
class BackboneDirectory {
 public:
  // `default_id` is what a request without a backbone gets.
  BackboneDirectory(std::vector<InstalledBackbone> backbones, std::string default_id);

  const std::vector<InstalledBackbone>& all() const { return backbones_; }

  // By id; "" is the default. NOT_FOUND says which there are.
  absl::StatusOr<const InstalledBackbone*> Find(absl::string_view id) const;

 private:
  std::vector<InstalledBackbone> backbones_;
  const std::string default_id_;
};

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_BACKBONE_DIRECTORY_H_
