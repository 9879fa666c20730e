#include "core/tasks/regression/options.h"

namespace graft::tasks {
namespace {

constexpr char kPath[] = "task.regression";  // in FineTuneSpec

// The edge between small and large errors is HUBER's alone.
std::string CheckHuberDelta(const recipes::CheckInput& in) {
  const auto& asked = in.asked.task.As<RegressionOptions>();
  return asked.huber_delta.has_value() && asked.loss == RegressionLossKind::kSquared
             ? "is only used with the loss HUBER"
             : "";
}

std::optional<double> DeriveHuberDelta(const recipes::FineTuneConfig& config,
                                       std::optional<double> /*recipe*/) {
  if (config.task.As<RegressionOptions>().loss == RegressionLossKind::kSquared) return std::nullopt;
  return kDefaultHuberDelta;
}

}  // namespace

absl::Span<const recipes::EnumWord<RegressionLossKind>> WordsOf(RegressionLossKind) {
  static constexpr recipes::EnumWord<RegressionLossKind> kWords[] = {
      {RegressionLossKind::kHuber, "huber",
       "Squared for small errors, linear beyond huber_delta (Huber 1964): a few wrong numbers do "
       "little harm"},
      {RegressionLossKind::kSquared, "squared", "Half the squared error"},
  };
  return kWords;
}

const recipes::TaskOptionGroup& RegressionOptions::Group() {
  static const recipes::TaskOptionGroup group = {
      .task = "regression",
      .group = {kPath,
                "Regression",
                {
#define GRAFT_OPTION(type, name, ...)                                                  \
  recipes::MakeOption<RegressionOptions, type>(kPath, #name, &RegressionOptions::name, \
                                               {__VA_ARGS__}),
#include "core/tasks/regression/options.def"
#undef GRAFT_OPTION
                }},
      .convex = true,
      .make = [] { return recipes::TaskOptions(RegressionOptions{}); },
  };
  return group;
}

}  // namespace graft::tasks
