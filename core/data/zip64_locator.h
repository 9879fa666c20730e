#ifndef GRAFT_CORE_DATA_ZIP64_LOCATOR_H_
#define GRAFT_CORE_DATA_ZIP64_LOCATOR_H_

#include <cstdint>
#include <cstdio>
#include <optional>

namespace graft::data {

// OneDrive and SharePoint write zips of more than 4 GB whose "zip64 end of central directory
// locator" (APPNOTE 4.3.15) says that there are 0 disks where it must say 1; libarchive then sees
// no table of contents. Where in `file`, of `bytes`, the first byte of that number is; nothing if
// it is right, or not there. Leaves `file` at its beginning.
std::optional<uint64_t> FindZeroDisks(std::FILE* file, uint64_t bytes);

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_ZIP64_LOCATOR_H_
