#ifndef GRAFT_CORE_ENGINE_CHOOSE_PRECISION_H_
#define GRAFT_CORE_ENGINE_CHOOSE_PRECISION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model/precision.h"

namespace graft::engine {

// What a trial must show for the model to be served in its precision.
struct PrecisionRules {
  int64_t min_rows = 1'000;
  double min_agreement = 0.995;
  double max_score_drop = 0.005;  // in the unit of the score: half a point of accuracy
};

// Why the trial does not pass, as the owner of the model is told; "" where it does. `figure` is
// what its scores are; "" where there are none. Pure.
std::string WhyNot(const model::PrecisionTrial& trial, const std::string& figure,
                   const PrecisionRules& rules);

// What is to be served: the precision that the job asks for, or else the first of `trials`, which
// are in the order of their speed, that passes; float32 where none does. Pure.
model::PrecisionRecord DecidePrecision(std::vector<model::PrecisionTrial> trials,
                                       std::string figure, std::optional<model::Precision> asked,
                                       const PrecisionRules& rules = {});

// In what a server loads a model, and why.
struct ServedPrecision {
  model::Precision precision = model::Precision::kF32;
  std::string reason;

  friend bool operator==(const ServedPrecision&, const ServedPrecision&) = default;
};

// `forced`: by the server's owner. `record`: absent of models that are older than the question.
// Whether this machine can do it shows when its engines are asked. Pure.
ServedPrecision ChoosePrecision(const std::optional<model::PrecisionRecord>& record,
                                std::optional<model::Precision> forced);

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_CHOOSE_PRECISION_H_
