#include "server/rpc/peer_address.h"

#include <gtest/gtest.h>

namespace graft::server {
namespace {

TEST(PeerAddress, IsWithoutSchemeAndPort) {
  EXPECT_EQ(PeerAddress("ipv4:10.0.0.7:41234"), "10.0.0.7");
  EXPECT_EQ(PeerAddress("ipv6:[2001:db8::1]:41234"), "2001:db8::1");
  EXPECT_EQ(PeerAddress("ipv6:%5B2001:DB8::1%5D:41234"), "2001:db8::1");
  EXPECT_EQ(PeerAddress("ipv6:%5Bfe80::1%25eth0%5D:41234"), "fe80::1");
  EXPECT_EQ(PeerAddress("ipv6:[::1]:41234"), "::1");
  EXPECT_EQ(PeerAddress("ipv6:[::ffff:10.0.0.7]:41234"), "10.0.0.7");
}

TEST(PeerAddress, WhatHasNoneHasTheSameForAll) {
  for (const char* peer : {"", "unix:", "unix:/tmp/client.sock", "unix-abstract:x", "vsock:2:41234",
                           "unknown", "ipv4:", "ipv6:", "ipv6:2001:db8::1", "ipv4:nonsense:1"}) {
    EXPECT_EQ(PeerAddress(peer), "") << peer;
  }
}

}  // namespace
}  // namespace graft::server
