#ifndef GRAFT_CORE_BASE_RELEASE_MEMORY_H_
#define GRAFT_CORE_BASE_RELEASE_MEMORY_H_

namespace graft {

// Hands memory that is freed back to the kernel, in programs that link jemalloc: they are told to
// keep it (jemalloc_options.cc), which is right within a job and wrong between two. Elsewhere it
// does nothing. Safe for concurrent use.
void ReleaseFreeMemory();

}  // namespace graft

#endif  // GRAFT_CORE_BASE_RELEASE_MEMORY_H_
