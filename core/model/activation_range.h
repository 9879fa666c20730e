#ifndef GRAFT_CORE_MODEL_ACTIVATION_RANGE_H_
#define GRAFT_CORE_MODEL_ACTIVATION_RANGE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft::model {

// Between which values lies what a layer reads. By it 8-bit integers stand for them; what lies
// outside is computed as the nearest end.
struct ActivationRange {
  std::string node;  // the layer, by the prefix of its state-dict names: "blocks.1.0.conv_pw"
  float low = 0;     // 0 or below
  float high = 0;    // above 0

  friend bool operator==(const ActivationRange&, const ActivationRange&) = default;
};

inline constexpr size_t kMostActivationRanges = 4'096;

// INVALID_ARGUMENT names a range that is none, or a layer that has two.
absl::Status Validate(const std::vector<ActivationRange>& ranges);

// [["blocks.1.0.conv_pw",0.0,5.81],...]
std::string ActivationRangesToJson(const std::vector<ActivationRange>& ranges);
// The inverse; validates. INVALID_ARGUMENT says what is wrong.
absl::StatusOr<std::vector<ActivationRange>> ActivationRangesFromJson(absl::string_view json);

// SHA-256 over all of them; "" for none.
std::string Digest(const std::vector<ActivationRange>& ranges);

}  // namespace graft::model

#endif  // GRAFT_CORE_MODEL_ACTIVATION_RANGE_H_
