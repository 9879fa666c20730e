#ifndef GRAFT_CORE_BACKBONES_CATALOG_H_
#define GRAFT_CORE_BACKBONES_CATALOG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/nn/network_spec.h"

namespace graft::backbones {

// An architecture graft can build. What its input should be depends on the weights, not on it:
// scripts/import_weights.py knows, and writes it beside them.
struct Architecture {
  std::string name;  // torchvision's or timm's
  // Top-1 on ImageNet of the weights usually published for it, in [0, 1], as their publishers
  // report it.
  double imagenet_top1 = 0;
};

// All of them, by family and size.
std::vector<Architecture> Architectures();

// NOT_FOUND names those there are.
absl::StatusOr<nn::NetworkSpec> BuildArchitecture(absl::string_view name);

}  // namespace graft::backbones

#endif  // GRAFT_CORE_BACKBONES_CATALOG_H_
