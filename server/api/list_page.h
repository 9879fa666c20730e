#ifndef GRAFT_SERVER_API_LIST_PAGE_H_
#define GRAFT_SERVER_API_LIST_PAGE_H_

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_field.h"

#include "core/base/status_macros.h"
#include "core/store/metadata_store.h"
#include "server/api/resource_names.h"

namespace graft::server {

// What a page of a list may hold, as it is on the wire: a client that sets nothing takes messages
// of 4 MiB (gRPC's default in every language).
inline constexpr size_t kMaxPageBytes = size_t{3} << 20;

// Rows that are read from the store at one time: what a page of 1,000 may keep in memory that does
// not go out.
inline constexpr int kRowsARead = 50;

// Fills `shown` with a page of a list: `page_size` items, or fewer where they come to more than
// `max_bytes`; one at least while there are any, so that a client gets on. A page that ends early
// has a token like any other.
//   read(PageOptions) -> absl::StatusOr<Page<Item>>
//   show(const Item&) -> absl::StatusOr<std::optional<Message>>   nothing: the item has gone
// Answers the token of the next page. An item that is deleted meanwhile may be shown or not; no
// other is left out or shown twice.
template <typename Message, typename Read, typename Show>
absl::StatusOr<std::string> FillPage(int page_size, std::string token, Read read, Show show,
                                     google::protobuf::RepeatedPtrField<Message>* shown,
                                     size_t max_bytes = kMaxPageBytes) {
  size_t bytes = 0;
  int left = page_size;
  int rows = std::min(left, kRowsARead);
  bool last = false;
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const auto page, NamingPageToken(read(store::PageOptions{rows, token})));
    std::vector<Message> messages;
    size_t more_bytes = 0;
    int fitting = 0;
    for (const auto& item : page.items) {
      GRAFT_ASSIGN_OR_RETURN(std::optional<Message> message, show(item));
      if (message.has_value()) {
        more_bytes += message->ByteSizeLong();
        const bool first = shown->empty() && messages.empty();
        if (bytes + more_bytes > max_bytes && !first) break;
        messages.push_back(*std::move(message));
      }
      ++fitting;
    }
    if (fitting < static_cast<int>(page.items.size())) {
      // The store has tokens for the ends of its pages alone: the same page again, as much of it as
      // fits.
      if (fitting == 0) return token;
      rows = fitting;
      last = true;
      continue;
    }
    for (Message& message : messages) *shown->Add() = std::move(message);
    bytes += more_bytes;
    left -= fitting;
    token = page.next_page_token;
    if (last || token.empty() || left <= 0) return token;
    rows = std::min(left, kRowsARead);
  }
}

}  // namespace graft::server

#endif  // GRAFT_SERVER_API_LIST_PAGE_H_
