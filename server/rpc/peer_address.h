#ifndef GRAFT_SERVER_RPC_PEER_ADDRESS_H_
#define GRAFT_SERVER_RPC_PEER_ADDRESS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace graft::server {

// The address of a client as gRPC names it ("ipv4:10.0.0.7:41234", "ipv6:[fe80::1%25eth0]:41234",
// the brackets as %5B and %5D in newer versions) without scheme and port: "10.0.0.7", "fe80::1". An
// IPv4 address in IPv6's clothes is the IPv4 address. "" for Unix sockets and what is none of
// these. Pure.
std::string PeerAddress(absl::string_view peer);

}  // namespace graft::server

#endif  // GRAFT_SERVER_RPC_PEER_ADDRESS_H_
