#ifndef GRAFT_CORE_MODEL_PRECISION_H_
#define GRAFT_CORE_MODEL_PRECISION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/model/activation_range.h"

namespace graft::model {

// What a network is computed in when it serves. Its inputs and outputs are the same in each.
enum class Precision {
  kF32,
  kBf16,  // 8 bits of mantissa; sums in float32
  kInt8,  // layers that have ranges: 8-bit integers, sums in 32 bits; the rest in kBf16 or kF32
};

// "f32", "bf16", "int8".
absl::string_view PrecisionName(Precision precision);
// Empty where there is no such name.
std::optional<Precision> PrecisionFromName(absl::string_view name);

// A trained model computed in another precision, row by row against itself in float32.
struct PrecisionTrial {
  Precision precision = Precision::kBf16;
  std::string declined;  // why it was not tried: the rest is then 0; "" where it was
  int64_t rows = 0;
  double agreement = 0;  // share of the answers that stayed the same, 0 to 1
  // Of the task's main figure on those rows, in float32 and in this precision; 0 where no labels
  // are there to judge by.
  double score_f32 = 0;
  double score = 0;

  friend bool operator==(const PrecisionTrial&, const PrecisionTrial&) = default;
};

// What was found out about a model's precision before it was published, and what follows from it.
struct PrecisionRecord {
  Precision chosen = Precision::kF32;
  std::string reason;                  // why that one: a sentence without its full stop
  std::string figure;                  // what the scores are, "accuracy"; "" where there are none
  std::vector<PrecisionTrial> trials;  // in the order they were tried
  // Of the layers that are computed in 8-bit integers where the model is served in kInt8, in the
  // network's order; empty: it cannot be.
  std::vector<ActivationRange> ranges;

  friend bool operator==(const PrecisionRecord&, const PrecisionRecord&) = default;
};

// {"chosen":"bf16","reason":"...","figure":"accuracy","trials":[{"precision":"bf16","rows":1000,
//  "agreement":0.999,"score_f32":0.95,"score":0.951},{"precision":...,"declined":"..."}]}, and
//  "ranges" (ActivationRangesToJson) where there are such.
std::string PrecisionRecordToJson(const PrecisionRecord& record);
// The inverse. INVALID_ARGUMENT names what is missing or wrong.
absl::StatusOr<PrecisionRecord> PrecisionRecordFromJson(absl::string_view json);

}  // namespace graft::model

#endif  // GRAFT_CORE_MODEL_PRECISION_H_
