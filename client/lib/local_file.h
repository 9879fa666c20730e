#ifndef GRAFT_CLIENT_LIB_LOCAL_FILE_H_
#define GRAFT_CLIENT_LIB_LOCAL_FILE_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft::client {

// "cannot read 'PATH': REASON". INVALID_ARGUMENT whatever the reason: a file of this machine is
// part of what the caller asked, and NOT_FOUND is for what the server does not have.
absl::Status CannotRead(const std::filesystem::path& path, std::error_code why);
// The same, where errno says why.
absl::Status CannotRead(const std::filesystem::path& path);

// Bytes of a plain file.
absl::StatusOr<uint64_t> FileBytes(const std::filesystem::path& path);

// The whole of a file, which must hold at most `max_bytes`.
absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path, uint64_t max_bytes);

// Makes a file, or replaces it as a whole. INVALID_ARGUMENT where it cannot: what was there stays.
absl::Status WriteFile(const std::filesystem::path& path, absl::string_view bytes);

}  // namespace graft::client

#endif  // GRAFT_CLIENT_LIB_LOCAL_FILE_H_
