#ifndef GRAFT_CORE_SERVING_MEMORY_LEDGER_H_
#define GRAFT_CORE_SERVING_MEMORY_LEDGER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace graft::serving {

// What one version of a model takes in memory.
struct ModelBytes {
  uint64_t own_bytes = 0;
  std::string backbone_digest;  // versions of equal digest share the next: the largest counts, once
  uint64_t backbone_bytes = 0;
  std::string segment_id;  // likewise: what an engine takes to run what they have in common
  uint64_t segment_bytes = 0;

  friend bool operator==(const ModelBytes&, const ModelBytes&) = default;
};

// Bytes of all, each shared backbone and segment once. Pure.
uint64_t TotalBytes(const std::vector<ModelBytes>& models);

// What models may take in memory together, and who has how much of it. A load reserves the most it
// can take before it reads anything, and then commits what it took or gives all of it back: the
// reserved and the committed bytes together never exceed the budget, whoever loads at the same
// time. An account is given back when what it stands for is gone, not when that is decided.
// (TensorFlow Serving's ResourceTracker is the model.) Safe for concurrent use.
class MemoryLedger {
 public:
  explicit MemoryLedger(uint64_t budget_bytes) : budget_bytes_(budget_bytes) {}

  // One load's part of the budget; its destructor gives it back. Keeps the ledger alive.
  class Account {
   public:
    Account(const Account&) = delete;
    Account& operator=(const Account&) = delete;
    ~Account();

    // The load is done and took `actual`. False, with nothing changed, where that is more than was
    // reserved and the rest does not fit.
    bool Commit(const ModelBytes& actual);

    uint64_t id() const { return id_; }

   private:
    friend class MemoryLedger;
    Account(std::shared_ptr<MemoryLedger> ledger, uint64_t id)
        : ledger_(std::move(ledger)), id_(id) {}

    const std::shared_ptr<MemoryLedger> ledger_;
    const uint64_t id_;
  };

  // Sets `most` aside. Null where it does not fit.
  static std::unique_ptr<Account> Reserve(const std::shared_ptr<MemoryLedger>& ledger,
                                          const ModelBytes& most);

  struct Entry {
    ModelBytes bytes;
    bool committed = false;  // false: reserved, by a load under way
  };
  // By id.
  std::map<uint64_t, Entry> Entries() const ABSL_LOCKS_EXCLUDED(mutex_);

  uint64_t budget_bytes() const { return budget_bytes_; }

 private:
  // Whether `bytes` fits besides all accounts but `id`'s.
  bool Fits(uint64_t id, const ModelBytes& bytes) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool CommitAs(uint64_t id, const ModelBytes& actual) ABSL_LOCKS_EXCLUDED(mutex_);
  void Release(uint64_t id) ABSL_LOCKS_EXCLUDED(mutex_);

  const uint64_t budget_bytes_;
  mutable absl::Mutex mutex_;  // no other is taken while it is held
  uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, Entry> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace graft::serving

#endif  // GRAFT_CORE_SERVING_MEMORY_LEDGER_H_
