#ifndef GRAFT_CORE_PUBLISHING_SHARED_RANGES_H_
#define GRAFT_CORE_PUBLISHING_SHARED_RANGES_H_

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "core/model/activation_range.h"

namespace graft::publishing {

// The ranges by which a backbone, as it is, is computed in 8-bit integers: those that the first
// model over all of it was published with. Models that have changed its upper stages take those of
// the layers below. With ranges of its own each model would need an engine of its own, and its rows
// could not ride with those of others. Files in a folder, one for each trunk that models share.
// Safe for concurrent use, also by several processes: where two keep at once, one of them stays.
class SharedRanges {
 public:
  explicit SharedRanges(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // `trunk` names what the models share (serving::Servable::batch_key in float32). A layer that has
  // no range is not to have one. Nothing where there are none, or they cannot be read.
  std::optional<std::vector<model::ActivationRange>> Find(absl::string_view trunk) const;

  // Of all layers of the trunk. Where it cannot be written the next model finds its own.
  void Keep(absl::string_view trunk, const std::vector<model::ActivationRange>& ranges) const;

 private:
  std::filesystem::path FileOf(absl::string_view trunk) const;

  const std::filesystem::path folder_;
};

}  // namespace graft::publishing

#endif  // GRAFT_CORE_PUBLISHING_SHARED_RANGES_H_
