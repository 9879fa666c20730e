#include "core/model/drift.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "core/base/status_macros.h"

namespace graft::model {
namespace {

constexpr int64_t kMostExamples = int64_t{1} << 32;  // so that no sum of counts overflows

absl::Status Wrong(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("drift: ", what));
}

nlohmann::json ToJson(const Distribution& distribution) {
  nlohmann::json json = {{"counts", distribution.counts}};
  if (!distribution.of.empty()) json["of"] = distribution.of;
  if (distribution.edges.empty()) return json;
  json["edges"] = distribution.edges;
  json["mean"] = distribution.mean;
  json["deviation"] = distribution.deviation;
  return json;
}

absl::Status Check(const Distribution& distribution) {
  const std::vector<double>& edges = distribution.edges;
  if (distribution.counts.empty()) return Wrong("counts are missing");
  if (!edges.empty() && distribution.counts.size() != edges.size() + 1) {
    return Wrong("there must be one more of counts than of edges");
  }
  for (const int64_t count : distribution.counts) {
    if (count < 0 || count > kMostExamples) return Wrong("a count is negative, or too large");
  }
  for (const double edge : edges) {
    if (!std::isfinite(edge)) return Wrong("an edge is not finite");
  }
  if (std::adjacent_find(edges.begin(), edges.end(), std::greater_equal<>()) != edges.end()) {
    return Wrong("edges must ascend");
  }
  if (!std::isfinite(distribution.mean) || !std::isfinite(distribution.deviation) ||
      distribution.deviation < 0) {
    return Wrong("mean or deviation is no such number");
  }
  if (Total(distribution) < 1) return Wrong("there are no examples");
  return absl::OkStatus();
}

// May throw what nlohmann throws.
absl::StatusOr<std::vector<Distribution>> ReadAll(const nlohmann::json& list) {
  std::vector<Distribution> all;
  for (const nlohmann::json& json : list) {
    Distribution one;
    one.of = json.value("of", "");
    one.counts = json.at("counts").get<std::vector<int64_t>>();
    if (json.contains("edges")) {
      one.edges = json.at("edges").get<std::vector<double>>();
      one.mean = json.at("mean").get<double>();
      one.deviation = json.at("deviation").get<double>();
    }
    GRAFT_RETURN_IF_ERROR(Check(one));
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

int64_t Total(const Distribution& distribution) {
  return std::accumulate(distribution.counts.begin(), distribution.counts.end(), int64_t{0});
}

size_t BinOf(const Distribution& distribution, double value) {
  const std::vector<double>& edges = distribution.edges;
  if (!edges.empty()) {
    return static_cast<size_t>(std::lower_bound(edges.begin(), edges.end(), value) - edges.begin());
  }
  const size_t last = distribution.counts.size() - 1;
  return value >= 0 && value < static_cast<double>(last) ? static_cast<size_t>(value) : last;
}

std::string DriftRecordToJson(const DriftRecord& record) {
  nlohmann::json pictures = nlohmann::json::array();
  for (const Distribution& each : record.pictures) pictures.push_back(ToJson(each));
  nlohmann::json answers = nlohmann::json::array();
  for (const Distribution& each : record.answers) answers.push_back(ToJson(each));
  return nlohmann::json{{"pictures", pictures}, {"answers", answers}, {"held_out", record.held_out}}
      .dump();
}

absl::StatusOr<DriftRecord> DriftRecordFromJson(absl::string_view json) {
  DriftRecord record;
  try {
    const auto parsed = nlohmann::json::parse(json);
    GRAFT_ASSIGN_OR_RETURN(record.pictures, ReadAll(parsed.at("pictures")));
    GRAFT_ASSIGN_OR_RETURN(record.answers, ReadAll(parsed.at("answers")));
    record.held_out = parsed.at("held_out").get<bool>();
  } catch (const nlohmann::json::exception& e) {
    return Wrong(e.what());
  }
  return record;
}

}  // namespace graft::model
