#include "client/lib/channel.h"

#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft::client {
namespace {

using ::testing::Contains;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

std::map<std::string, int> IntegersFor(absl::string_view server) {
  const grpc::ChannelArguments arguments = ArgumentsFor(server);
  const grpc_channel_args raw = arguments.c_channel_args();
  std::map<std::string, int> integers;
  if (raw.args == nullptr) return integers;
  for (size_t i = 0; i < raw.num_args; ++i) {
    if (raw.args[i].type == GRPC_ARG_INTEGER) integers[raw.args[i].key] = raw.args[i].value.integer;
  }
  return integers;
}

TEST(ChannelTest, KnowsWhatIsOnThisMachine) {
  for (const char* const local :
       {"unix:/run/graft.sock", "unix:///run/graft.sock", "unix-abstract:graft", "127.0.0.1:8600",
        "127.1.2.3:8600", "localhost:8600", "LocalHost:8600", "[::1]:8600", "dns:///localhost:8600",
        "ipv4:127.0.0.1:8600", "ipv6:[::1]:8600"}) {
    EXPECT_TRUE(IsLocal(local)) << local;
  }
  for (const char* const remote :
       {"graft.example.com:8600", "localhost.example.com:8600", "10.0.0.127:8600", "[::12]:8600",
        "128.0.0.1:8600", "dns:///graft:8600", ""}) {
    EXPECT_FALSE(IsLocal(remote)) << remote;
  }
}

TEST(ChannelTest, GoesRoundAProxyOnThisMachineAlone) {
  EXPECT_THAT(IntegersFor("127.0.0.1:8600"), Contains(Pair(GRPC_ARG_ENABLE_HTTP_PROXY, 0)));
  EXPECT_THAT(IntegersFor("graft.example.com:8600"),
              Not(Contains(Key(std::string(GRPC_ARG_ENABLE_HTTP_PROXY)))));
}

// More often than the server allows, and it would close the connection.
TEST(ChannelTest, PingsAStreamThatStandsStill) {
  const std::map<std::string, int> arguments = IntegersFor("graft.example.com:8600");
  EXPECT_THAT(arguments, Contains(Pair(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000)));
  EXPECT_THAT(arguments, Contains(Pair(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000)));
  EXPECT_THAT(arguments, Contains(Pair(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0)));
  EXPECT_THAT(arguments, Contains(Pair(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0)));
}

}  // namespace
}  // namespace graft::client
