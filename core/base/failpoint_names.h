#ifndef GRAFT_CORE_BASE_FAILPOINT_NAMES_H_
#define GRAFT_CORE_BASE_FAILPOINT_NAMES_H_

#include <array>
#include <string_view>

namespace graft {

struct FailpointName {
  std::string_view name;
  std::string_view where;  // what is done and what is not when it is hit
};

// Every point where a fault can be injected: a durable step, before it and after it. Each name
// stands here once and in the code once (tests/python/test_failpoints.py), and GRAFT_FAILPOINT
// takes no other.
inline constexpr std::array kFailpoints = {
    // core/base/files.cc: a file that is written aside and renamed.
    FailpointName{"file.before_write", "the temporary file is there, and empty"},
    FailpointName{"file.before_sync", "its bytes are written, perhaps not on the disk"},
    FailpointName{"file.before_rename", "they are on the disk, under the temporary name"},
    FailpointName{"file.after_rename",
                  "the name is the new file's, perhaps not after a power loss"},
    // core/artifacts/blob/local
    FailpointName{"blob.put.before_link", "the blob is whole and synced in the staging folder"},
    FailpointName{"blob.put.after_link", "it has its key; its folder is not synced"},
    FailpointName{"blob.put_file.before_sync",
                  "a file is linked or copied into the staging folder"},
    FailpointName{"blob.delete.before", "nothing is deleted"},
    // core/features/feature_file.cc
    FailpointName{"feature_file.before_write", "a part of a shard's rows is written"},
    FailpointName{"feature_file.before_sync", "the header, which makes the file valid, is written"},
    FailpointName{"feature_file.before_rename", "the file is synced, and mapped by who made it"},
    // core/store/sqlite: every verb is one transaction.
    FailpointName{"store.before_commit", "all statements of a verb have run"},
    FailpointName{"store.after_commit", "the verb is durable; nobody has been told"},
    FailpointName{"store.enqueue.after_insert", "the job's row is inserted, without its event"},
    FailpointName{"store.claim.before_update", "a job is chosen for a worker"},
    FailpointName{"store.renew.before_update", "a heartbeat was read"},
    FailpointName{"store.report.before_insert", "a batch of events was read and is new"},
    FailpointName{"store.finish.before_publish", "the fence is right; no version row"},
    FailpointName{"store.finish.after_publish", "the version row is inserted; the job still runs"},
    // server/services/worker_service.cc
    FailpointName{"server.lease.after_claim", "a job is leased; its worker has not heard of it"},
    FailpointName{"server.finish.before_verify", "a worker asks to publish what it has written"},
    FailpointName{"server.finish.before_commit", "all hashes are right; the job still runs"},
    FailpointName{"server.finish.before_flip", "the version is durable; its model is not loaded"},
    // worker/
    FailpointName{"worker.checkpoint.before_put", "an epoch has ended"},
    FailpointName{"worker.checkpoint.after_put", "its checkpoint is kept; older ones are too"},
    FailpointName{"worker.publish.before_model", "training has ended; nothing is written"},
    FailpointName{"worker.publish.before_card", "the weights are written"},
    FailpointName{"worker.publish.before_manifest", "weights and card are written"},
    FailpointName{"worker.publish.after_manifest",
                  "all is written; the server knows nothing of it"},
    FailpointName{"worker.finish.before_call", "the same, and every event has been reported"},
    FailpointName{"worker.finish.after_call",
                  "the server has answered; checkpoints are still there"},
};

constexpr bool IsFailpoint(std::string_view name) {
  for (const FailpointName& each : kFailpoints) {
    if (each.name == name) return true;
  }
  return false;
}

}  // namespace graft

#endif  // GRAFT_CORE_BASE_FAILPOINT_NAMES_H_
