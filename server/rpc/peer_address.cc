#include "server/rpc/peer_address.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace graft::server {
namespace {

bool IsIpv4(absl::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == absl::string_view::npos;
}

}  // namespace

std::string PeerAddress(absl::string_view peer) {
  if (absl::ConsumePrefix(&peer, "ipv4:")) {
    const absl::string_view address = peer.substr(0, peer.rfind(':'));
    return IsIpv4(address) ? std::string(address) : "";
  }
  if (!absl::ConsumePrefix(&peer, "ipv6:")) return "";
  const std::string plain = absl::StrReplaceAll(peer, {{"%5B", "["}, {"%5D", "]"}});
  absl::string_view address = plain;
  if (!absl::ConsumePrefix(&address, "[")) return "";
  // The interface of a link-local address says nothing of who is behind it.
  address = address.substr(0, address.find_first_of("]%"));
  absl::string_view inside = address;
  if (absl::ConsumePrefix(&inside, "::ffff:") && IsIpv4(inside)) return std::string(inside);
  return absl::AsciiStrToLower(address);
}

}  // namespace graft::server
