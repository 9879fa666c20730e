#ifndef GRAFT_CORE_STORE_BLOB_REFERENCES_H_
#define GRAFT_CORE_STORE_BLOB_REFERENCES_H_

#include <set>
#include <string>
#include <utility>

namespace graft::store {

// Everything in the store that blobs may belong to, over all projects. Blobs of nothing in here
// are left from a crash.
struct BlobReferences {
  std::set<std::string> artifact_prefixes;                 // of all model versions
  std::set<std::string> live_jobs;                         // ids of jobs that are not terminal
  std::set<std::pair<std::string, std::string>> datasets;  // project and digest
  std::set<std::pair<std::string, std::string>> captures;  // likewise, of the pictures kept
};

}  // namespace graft::store

#endif  // GRAFT_CORE_STORE_BLOB_REFERENCES_H_
