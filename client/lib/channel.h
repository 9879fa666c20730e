#ifndef GRAFT_CLIENT_LIB_CHANNEL_H_
#define GRAFT_CLIENT_LIB_CHANNEL_H_

#include <cstdint>
#include <memory>
#include <string>

#include <grpcpp/channel.h>
#include <grpcpp/support/channel_arguments.h>

#include "absl/strings/string_view.h"

namespace graft::client {

// The largest message either way.
inline constexpr uint64_t kMaxMessageBytes = uint64_t{256} << 20;
// The largest picture in one: besides, it holds the names of model and project.
inline constexpr uint64_t kMaxPictureBytes = kMaxMessageBytes - (64 << 10);

// Whether `server` is on this machine: a unix socket, or an address of loopback.
bool IsLocal(absl::string_view server);

// How to talk to `server`. A connection that died without a word is found out within a minute, by
// pings while a call is under way; one on this machine goes round http_proxy.
grpc::ChannelArguments ArgumentsFor(absl::string_view server);

// Connects lazily.
std::shared_ptr<grpc::Channel> OpenChannel(const std::string& server);

// Whether the channel's last attempt got through to a server, whatever came of the call.
bool Reached(grpc::Channel& channel);

}  // namespace graft::client

#endif  // GRAFT_CLIENT_LIB_CHANNEL_H_
