#include "core/model/precision.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft::model {
namespace {

using ::testing::HasSubstr;

TEST(Precision, NamesAndBack) {
  EXPECT_EQ(PrecisionName(Precision::kBf16), "bf16");
  for (const Precision precision : {Precision::kF32, Precision::kBf16, Precision::kInt8}) {
    EXPECT_EQ(PrecisionFromName(PrecisionName(precision)), precision);
  }
  EXPECT_EQ(PrecisionFromName("BF16"), std::nullopt);
  EXPECT_EQ(PrecisionFromName(""), std::nullopt);
}

TEST(PrecisionRecordTest, ComesBackFromItsJson) {
  PrecisionRecord record;
  record.chosen = Precision::kBf16;
  record.reason = "it is \"good\"";
  record.figure = "accuracy";
  record.trials = {{.precision = Precision::kBf16,
                    .rows = 1'000,
                    .agreement = .999,
                    .score_f32 = .95,
                    .score = .951},
                   {.precision = Precision::kBf16, .declined = "no instructions"}};
  record.ranges = {{"one", -1.5f, 2}, {"two", 0, 0.1f}};
  const auto read = PrecisionRecordFromJson(PrecisionRecordToJson(record));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, record);
}

TEST(PrecisionRecordTest, WhatIsWrongIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"[]", "precision record"},
      {R"({"reason":"","figure":"","trials":[]})", "chosen"},
      {R"({"chosen":"f8","reason":"","figure":"","trials":[]})", "no precision \"f8\""},
      {R"({"chosen":"f32","reason":"","figure":"","trials":[{"precision":"bf16"}]})", "rows"},
      {R"({"chosen":"f32","reason":"","figure":"","trials":[{"precision":7}]})", "type"},
      {R"({"chosen":"int8","reason":"","figure":"","trials":[],"ranges":[["one",0]]})", "ranges"},
  };
  for (const auto& [json, message] : cases) {
    const auto status = PrecisionRecordFromJson(json).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << json;
    EXPECT_THAT(status.message(), HasSubstr(message)) << json;
  }
}

}  // namespace
}  // namespace graft::model
