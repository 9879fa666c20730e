#include "core/model/activation_range.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft::model {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ActivationRanges, ComeBackFromTheirJsonBitForBit) {
  const std::vector<ActivationRange> ranges = {
      {"one", 0, 0.1f}, {"blocks.0.two", -1.f / 3, 1e-30f}, {"three", -7, 3e38f}};
  const auto read = ActivationRangesFromJson(ActivationRangesToJson(ranges));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, ranges);
  EXPECT_THAT(ActivationRangesFromJson("[]").value(), IsEmpty());
}

TEST(ActivationRanges, HaveADigestOfAllThatIsInThem) {
  const std::vector<ActivationRange> ranges = {{"one", -1, 2}, {"two", 0, 1}};
  std::vector<ActivationRange> other = ranges;
  EXPECT_EQ(Digest(ranges), Digest(other));
  other[0].low = -1.0000001f;
  EXPECT_NE(Digest(ranges), Digest(other));
  other = {ranges[0]};
  EXPECT_NE(Digest(ranges), Digest(other));
  EXPECT_EQ(Digest({}), "");
}

TEST(ActivationRanges, WhatIsWrongIsNamed) {
  std::string many = R"([["n0",0,1])";
  for (size_t i = 1; i <= kMostActivationRanges; ++i) {
    absl::StrAppend(&many, ",[\"n", i, "\",0,1]");
  }
  many += "]";
  const std::pair<std::string, const char*> cases[] = {
      {"{}", "no list"},
      {"[", "parse error"},
      {R"([["one",0]])", "two numbers"},
      {R"([["one",0,"1"]])", "type"},
      {R"([["",0,1]])", "names no layer"},
      {R"([["one",0,1],["one",0,2]])", "\"one\" has two"},
      {R"([["one",0.5,1]])", "begin at 0 or below"},
      {R"([["one",-1,0]])", "end above 0"},
      {R"([["one",0,1e39]])", "end above 0"},
      {R"([["one",-1e39,1]])", "begin at 0"},
      {many, "more than 4096"},
  };
  for (const auto& [json, message] : cases) {
    const auto status = ActivationRangesFromJson(json).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << json.substr(0, 80);
    EXPECT_THAT(status.message(), HasSubstr(message));
  }
}

}  // namespace
}  // namespace graft::model
