#ifndef GRAFT_CLIENT_LIB_ARCHIVE_STREAM_H_
#define GRAFT_CLIENT_LIB_ARCHIVE_STREAM_H_

#include <cstdint>
#include <filesystem>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft::client {

// Takes the next piece of an archive; false ends the stream early (the receiver has gone).
using ChunkSink = std::function<bool(absl::string_view chunk)>;

// Streams a folder as an uncompressed tar: pictures are compressed already. Names are relative to
// `folder`, in sorted order; hidden files, links and anything that is not a plain file stay out.
// Nothing is written to disk. NOT_FOUND if there is no such folder, INVALID_ARGUMENT if it holds
// no file or a name that is not UTF-8, PERMISSION_DENIED if a part of it cannot be read.
absl::Status StreamFolderAsTar(const std::filesystem::path& folder, size_t chunk_bytes,
                               const ChunkSink& sink);

// Streams an archive as it is.
absl::Status StreamFile(const std::filesystem::path& file, size_t chunk_bytes,
                        const ChunkSink& sink);

// Bytes of the plain files in `folder` (recursively), or of the file.
absl::StatusOr<uint64_t> ContentBytes(const std::filesystem::path& path);

}  // namespace graft::client

#endif  // GRAFT_CLIENT_LIB_ARCHIVE_STREAM_H_
