#include "client/lib/request_id.h"

#include <array>
#include <cstdlib>
#include <unistd.h>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace graft::client {

std::string NewRequestId() {
  std::array<char, 16> bytes;
  // Without entropy an id could repeat, and a request would pass for another: better none at all.
  if (::getentropy(bytes.data(), bytes.size()) != 0) std::abort();
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

}  // namespace graft::client
