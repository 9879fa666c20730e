#ifndef GRAFT_CLIENT_LIB_ARCHIVE_STREAM_H_
#define GRAFT_CLIENT_LIB_ARCHIVE_STREAM_H_

#include <cstddef>
#include <filesystem>
#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "client/lib/folder.h"

namespace graft::client {

// Takes the next piece of an archive; false ends the stream early (the receiver has gone).
using ChunkSink = std::function<bool(absl::string_view chunk)>;

// Streams the files that ListFolder found in `folder`, and entries for its empty folders, as an
// uncompressed tar: pictures are compressed already. Names are relative to `folder`. Nothing is
// written to disk. INVALID_ARGUMENT if a file cannot be read or has a name that is not UTF-8,
// DATA_LOSS if one became shorter meanwhile.
absl::Status StreamFolderAsTar(const std::filesystem::path& folder, const FolderContent& content,
                               size_t chunk_bytes, const ChunkSink& sink);

// Streams an archive as it is. INVALID_ARGUMENT if it cannot be read.
absl::Status StreamFile(const std::filesystem::path& file, size_t chunk_bytes,
                        const ChunkSink& sink);

}  // namespace graft::client

#endif  // GRAFT_CLIENT_LIB_ARCHIVE_STREAM_H_
