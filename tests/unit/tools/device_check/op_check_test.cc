#include "tools/device_check/op_check.h"

#include <set>
#include <string>
#include <variant>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft {
namespace {

using ::testing::HasSubstr;

CheckOptions InDoubleAndFloat() {
  CheckOptions options;
  options.reference = {at::kCPU, at::kDouble};
  options.subject = {at::kCPU, at::kFloat};
  options.repeats = 1;
  options.batch = 2;
  return options;
}

TEST(OpCasesTest, EveryOperationHasACaseAndEveryCaseItsName) {
  std::vector<bool> seen(std::variant_size_v<nn::Op>);
  std::set<std::string> names;
  for (const OpCase& each : AllOpCases()) {
    seen[each.op.index()] = true;
    EXPECT_TRUE(names.insert(each.name).second) << each.name;
    EXPECT_GT(each.tolerance, 0) << each.name;
  }
  for (size_t i = 0; i < seen.size(); ++i) EXPECT_TRUE(seen[i]) << "operation " << i;
}

TEST(OpCheckTest, EveryOperationIsWithinItsToleranceInFloat32) {
  for (const OpCase& each : AllOpCases()) {
    const OpResult result = CheckOpCase(each, InDoubleAndFloat());
    EXPECT_TRUE(result.ok()) << each.name << ": " << result.status << ", forward "
                             << result.forward.relative << ", backward "
                             << result.backward.relative;
  }
}

// bfloat16 keeps 8 bits: a device that is as wrong as that is found.
TEST(OpCheckTest, ADeviceThatRoundsTooMuchIsFound) {
  CheckOptions options = InDoubleAndFloat();
  options.subject.dtype = at::kBFloat16;
  for (const OpCase& each : AllOpCases()) {
    if (!std::holds_alternative<nn::Linear>(each.op)) continue;
    const OpResult result = CheckOpCase(each, options);
    EXPECT_TRUE(result.status.ok()) << result.status;
    EXPECT_FALSE(result.ok()) << each.name;
  }
}

TEST(OpCheckTest, WhatDoesNotRunSaysWhy) {
  const OpCase odd{.name = "Odd",
                   .op = nn::Linear{3, 2},
                   .inputs = {{{.name = "x", .shape = {4}}}},
                   .tolerance = 1};
  const OpResult result = CheckOpCase(odd, InDoubleAndFloat());
  EXPECT_FALSE(result.ok());
  EXPECT_THAT(result.status.message(), HasSubstr("takes 3 channels"));
}

}  // namespace
}  // namespace graft
