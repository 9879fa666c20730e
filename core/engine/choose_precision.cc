#include "core/engine/choose_precision.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "core/base/group_digits.h"

namespace graft::engine {
namespace {

using model::Precision;
using model::PrecisionRecord;
using model::PrecisionTrial;

// Down, so that 99.49 % never reads as the 99.5 % that are asked for.
std::string Percent(double share) {
  return absl::StrFormat("%.1f %%", static_cast<double>(static_cast<int64_t>(share * 1000)) / 10);
}

std::string Count(int64_t rows) { return GroupDigits(absl::StrCat(rows)); }

// "99.9 % of 1,000 answers are those of f32, accuracy 0.951 (f32: 0.950)"
std::string Shown(const PrecisionTrial& trial, const std::string& figure) {
  std::string shown = absl::StrCat(Percent(trial.agreement), " of ", Count(trial.rows),
                                   " answers are those of f32");
  if (!figure.empty()) {
    absl::StrAppendFormat(&shown, ", %s %.3f (f32: %.3f)", figure, trial.score, trial.score_f32);
  }
  return shown;
}

std::string Named(Precision precision, absl::string_view what) {
  return absl::StrCat(model::PrecisionName(precision), ": ", what);
}

}  // namespace

std::string WhyNot(const PrecisionTrial& trial, const std::string& figure,
                   const PrecisionRules& rules) {
  if (!trial.declined.empty()) return trial.declined;
  if (trial.rows < rules.min_rows) {
    return absl::StrCat("tried on ", Count(trial.rows), " rows, and ", Count(rules.min_rows),
                        " are asked for");
  }
  // A sum of shares may come out a rounding below what it stands for.
  constexpr double kRounding = 1e-9;
  if (trial.agreement < rules.min_agreement - kRounding) {
    return absl::StrCat(Shown(trial, figure), "; ", Percent(rules.min_agreement + kRounding),
                        " of the answers are asked for");
  }
  if (!figure.empty() && trial.score_f32 - trial.score > rules.max_score_drop + kRounding) {
    return absl::StrFormat("%s; it may fall by %.3f at most", Shown(trial, figure),
                           rules.max_score_drop);
  }
  return "";
}

PrecisionRecord DecidePrecision(std::vector<PrecisionTrial> trials, std::string figure,
                                std::optional<Precision> asked, const PrecisionRules& rules) {
  PrecisionRecord record;
  record.figure = std::move(figure);
  record.trials = std::move(trials);
  if (asked.has_value()) {
    record.chosen = *asked;
    record.reason = Named(*asked, "the job asks for it");
    for (const PrecisionTrial& trial : record.trials) {
      if (trial.precision != *asked) continue;
      absl::StrAppend(&record.reason, "; ",
                      trial.declined.empty() ? Shown(trial, record.figure) : trial.declined);
    }
    return record;
  }
  std::string refused;
  for (const PrecisionTrial& trial : record.trials) {
    const std::string why_not = WhyNot(trial, record.figure, rules);
    if (why_not.empty()) {
      record.chosen = trial.precision;
      record.reason = Named(trial.precision, Shown(trial, record.figure));
      return record;
    }
    absl::StrAppend(&refused, refused.empty() ? "" : "; ", Named(trial.precision, why_not));
  }
  record.reason = refused.empty() ? "no other precision was tried" : std::move(refused);
  return record;
}

ServedPrecision ChoosePrecision(const std::optional<PrecisionRecord>& record,
                                std::optional<Precision> forced) {
  if (forced.has_value()) return {*forced, "--serving-precision asks for it"};
  if (!record.has_value()) {
    return {Precision::kF32,
            "the model was made before others were tried: train it again to have "
            "them tried"};
  }
  return {record->chosen, record->reason};
}

}  // namespace graft::engine
