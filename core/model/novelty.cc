#include "core/model/novelty.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace graft::model {

std::string NoveltyRecordToJson(const NoveltyRecord& record) {
  return nlohmann::json{{"training_examples", record.training_examples},
                        {"width", record.width},
                        {"held_out_examples", record.held_out_examples},
                        {"usual_distance", record.usual_distance}}
      .dump();
}

absl::StatusOr<NoveltyRecord> NoveltyRecordFromJson(absl::string_view json) {
  NoveltyRecord record;
  try {
    const auto parsed = nlohmann::json::parse(json);
    record.training_examples = parsed.at("training_examples").get<int64_t>();
    record.width = parsed.at("width").get<int64_t>();
    record.held_out_examples = parsed.at("held_out_examples").get<int64_t>();
    record.usual_distance = parsed.at("usual_distance").get<double>();
  } catch (const nlohmann::json::exception& e) {
    return absl::InvalidArgumentError(absl::StrCat("novelty: ", e.what()));
  }
  if (record.training_examples < 1 || record.width < 1 || record.held_out_examples < 1 ||
      !(record.usual_distance > 0) || !std::isfinite(record.usual_distance)) {
    return absl::InvalidArgumentError("novelty: every number must be above 0");
  }
  return record;
}

}  // namespace graft::model
