#include "client/lib/request_id.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft::client {
namespace {

TEST(RequestIdTest, NeverRepeats) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = NewRequestId();
    EXPECT_THAT(id, testing::MatchesRegex("[0-9a-f]{32}"));
    EXPECT_TRUE(ids.insert(id).second);
  }
}

}  // namespace
}  // namespace graft::client
