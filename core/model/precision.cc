#include "core/model/precision.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "core/base/status_macros.h"

namespace graft::model {
namespace {

constexpr std::pair<Precision, absl::string_view> kNames[] = {
    {Precision::kF32, "f32"}, {Precision::kBf16, "bf16"}, {Precision::kInt8, "int8"}};

absl::Status Wrong(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("precision record: ", what));
}

absl::StatusOr<Precision> ReadPrecision(const nlohmann::json& json) {
  const std::string name = json.get<std::string>();
  const std::optional<Precision> precision = PrecisionFromName(name);
  if (precision.has_value()) return *precision;
  return Wrong(absl::StrCat("there is no precision \"", name, "\""));
}

nlohmann::json TrialToJson(const PrecisionTrial& trial) {
  nlohmann::json json = {{"precision", PrecisionName(trial.precision)}};
  if (!trial.declined.empty()) {
    json["declined"] = trial.declined;
    return json;
  }
  json["rows"] = trial.rows;
  json["agreement"] = trial.agreement;
  json["score_f32"] = trial.score_f32;
  json["score"] = trial.score;
  return json;
}

}  // namespace

absl::string_view PrecisionName(Precision precision) {
  for (const auto& [each, name] : kNames) {
    if (each == precision) return name;
  }
  return "";
}

std::optional<Precision> PrecisionFromName(absl::string_view name) {
  for (const auto& [precision, each] : kNames) {
    if (each == name) return precision;
  }
  return std::nullopt;
}

std::string PrecisionRecordToJson(const PrecisionRecord& record) {
  nlohmann::json trials = nlohmann::json::array();
  for (const PrecisionTrial& trial : record.trials) trials.push_back(TrialToJson(trial));
  nlohmann::json json = {{"chosen", PrecisionName(record.chosen)},
                         {"reason", record.reason},
                         {"figure", record.figure},
                         {"trials", std::move(trials)}};
  if (!record.ranges.empty()) {
    json["ranges"] = nlohmann::json::parse(ActivationRangesToJson(record.ranges));
  }
  return json.dump();
}

absl::StatusOr<PrecisionRecord> PrecisionRecordFromJson(absl::string_view json) {
  PrecisionRecord record;
  try {
    const auto parsed = nlohmann::json::parse(json);
    GRAFT_ASSIGN_OR_RETURN(record.chosen, ReadPrecision(parsed.at("chosen")));
    record.reason = parsed.at("reason").get<std::string>();
    record.figure = parsed.at("figure").get<std::string>();
    for (const auto& each : parsed.at("trials")) {
      PrecisionTrial trial;
      GRAFT_ASSIGN_OR_RETURN(trial.precision, ReadPrecision(each.at("precision")));
      if (each.contains("declined")) {
        trial.declined = each.at("declined").get<std::string>();
      } else {
        trial.rows = each.at("rows").get<int64_t>();
        trial.agreement = each.at("agreement").get<double>();
        trial.score_f32 = each.at("score_f32").get<double>();
        trial.score = each.at("score").get<double>();
      }
      record.trials.push_back(std::move(trial));
    }
    if (parsed.contains("ranges")) {
      GRAFT_ASSIGN_OR_RETURN(record.ranges, ActivationRangesFromJson(parsed.at("ranges").dump()));
    }
  } catch (const nlohmann::json::exception& e) {
    return Wrong(e.what());
  }
  return record;
}

}  // namespace graft::model
