#include "core/model/activation_range.h"

#include <cmath>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "core/base/sha256.h"
#include "core/base/status_macros.h"

namespace graft::model {
namespace {

absl::Status Wrong(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("activation ranges: ", what));
}

// A number beyond float32 becomes infinite, which is no range.
float ToFloat(double value) {
  if (std::abs(value) > std::numeric_limits<float>::max()) {
    return std::numeric_limits<float>::infinity();
  }
  return static_cast<float>(value);
}

}  // namespace

absl::Status Validate(const std::vector<ActivationRange>& ranges) {
  if (ranges.size() > kMostActivationRanges) {
    return Wrong(absl::StrCat("there are more than ", kMostActivationRanges));
  }
  absl::flat_hash_set<absl::string_view> named;
  for (const ActivationRange& range : ranges) {
    if (range.node.empty()) return Wrong("one names no layer");
    if (!named.insert(range.node).second) {
      return Wrong(absl::StrCat("layer \"", range.node, "\" has two"));
    }
    const bool sound =
        range.low <= 0 && range.high > 0 && std::isfinite(range.low) && std::isfinite(range.high);
    if (!sound) {
      return Wrong(absl::StrCat("that of layer \"", range.node,
                                "\" must begin at 0 or below and end above 0"));
    }
  }
  return absl::OkStatus();
}

std::string ActivationRangesToJson(const std::vector<ActivationRange>& ranges) {
  nlohmann::json json = nlohmann::json::array();
  for (const ActivationRange& range : ranges) {
    json.push_back(nlohmann::json::array({range.node, range.low, range.high}));
  }
  return json.dump();
}

absl::StatusOr<std::vector<ActivationRange>> ActivationRangesFromJson(absl::string_view json) {
  std::vector<ActivationRange> ranges;
  try {
    const auto parsed = nlohmann::json::parse(json);
    if (!parsed.is_array()) return Wrong("are no list");
    for (const auto& each : parsed) {
      if (!each.is_array() || each.size() != 3) return Wrong("one is no name and two numbers");
      ranges.push_back({each.at(0).get<std::string>(), ToFloat(each.at(1).get<double>()),
                        ToFloat(each.at(2).get<double>())});
    }
  } catch (const nlohmann::json::exception& e) {
    return Wrong(e.what());
  }
  GRAFT_RETURN_IF_ERROR(Validate(ranges));
  return ranges;
}

std::string Digest(const std::vector<ActivationRange>& ranges) {
  return ranges.empty() ? "" : Sha256Hex(ActivationRangesToJson(ranges));
}

}  // namespace graft::model
