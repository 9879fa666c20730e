#include "server/capture/capture_rule.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace graft::server {
namespace {

store::CapturePolicy Policy(double max_confidence, bool unknown) {
  store::CapturePolicy policy;
  policy.max_confidence = max_confidence;
  policy.unknown = unknown;
  return policy;
}

TEST(Qualifies, AFirstAnswerThatIsLessProbable) {
  const store::CapturePolicy policy = Policy(0.6, false);
  EXPECT_TRUE(Qualifies(policy, {"cat", 0.59}, {}));
  EXPECT_FALSE(Qualifies(policy, {"cat", 0.6}, {}));
  EXPECT_FALSE(Qualifies(policy, {"cat", 0.9}, 7.0)) << "unknown was not asked for";
  EXPECT_TRUE(Qualifies(policy, {"", 0}, {})) << "no label was given";
  EXPECT_FALSE(Qualifies(policy, {"age 41", {}}, {})) << "numbers have no probability";
}

TEST(Qualifies, OneThatIsUnknown) {
  const store::CapturePolicy policy = Policy(0, true);
  EXPECT_TRUE(Qualifies(policy, {"cat", 0.99}, 1.0));
  EXPECT_TRUE(Qualifies(policy, {"age 41", {}}, 1.5));
  EXPECT_FALSE(Qualifies(policy, {"cat", 0.99}, 0.999));
  EXPECT_FALSE(Qualifies(policy, {"cat", 0.01}, {})) << "the model cannot tell";
  EXPECT_FALSE(Qualifies(policy, {"", 0}, {}));
}

TEST(Qualifies, EitherIsEnoughAndNeitherIsNone) {
  EXPECT_TRUE(Qualifies(Policy(0.6, true), {"cat", 0.5}, 0.1));
  EXPECT_TRUE(Qualifies(Policy(0.6, true), {"cat", 0.9}, 1.1));
  EXPECT_FALSE(Qualifies(Policy(0.6, true), {"cat", 0.9}, 0.1));
  EXPECT_FALSE(Qualifies(Policy(0, false), {"cat", 0}, 9.0));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(Qualifies(Policy(0.6, true), {"cat", nan}, nan));
}

TEST(IsDrawn, APictureIsInOrOutForGood) {
  store::CapturePolicy policy;
  policy.share = 0.1;
  EXPECT_TRUE(IsDrawn(policy, "req-7"));
  EXPECT_FALSE(IsDrawn(policy, "req-0"));
  policy.share = 1;
  EXPECT_TRUE(IsDrawn(policy, "req-0"));
  policy.share = 0;
  EXPECT_FALSE(IsDrawn(policy, "req-7"));
}

}  // namespace
}  // namespace graft::server
