#include "core/base/ids.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace graft {
namespace {

TEST(IdsTest, IdsAreDistinctPrefixedAndValidNames) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = IdGenerator::System()->NewId("job");
    EXPECT_THAT(id, testing::StartsWith("job-"));
    EXPECT_EQ(id.size(), 30u);
    EXPECT_TRUE(IsValidResourceName(id)) << id;
    EXPECT_TRUE(seen.insert(id).second) << id;
  }
}

TEST(IdsTest, ResourceNames) {
  for (const char* good : {"a", "0", "cats-vs-dogs", "efficientnet_lite0", "v1.2"}) {
    EXPECT_TRUE(IsValidResourceName(good)) << good;
  }
  for (const char* bad : {"", "-a", ".a", "a/b", "A", "a..b", "a b", "a\n", "é"}) {
    EXPECT_FALSE(IsValidResourceName(bad)) << bad;
  }
  EXPECT_TRUE(IsValidResourceName(std::string(63, 'a')));
  EXPECT_FALSE(IsValidResourceName(std::string(64, 'a')));
}

}  // namespace
}  // namespace graft
