#include "core/serving/memory_ledger.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace graft::serving {
namespace {

// A sum that is too large stays too large.
uint64_t Add(uint64_t a, uint64_t b) {
  const uint64_t most = std::numeric_limits<uint64_t>::max();
  return a > most - b ? most : a + b;
}

}  // namespace

uint64_t TotalBytes(const std::vector<ModelBytes>& models) {
  uint64_t total = 0;
  absl::flat_hash_map<std::string, uint64_t> backbones;
  absl::flat_hash_map<std::string, uint64_t> segments;
  const auto largest = [](uint64_t& so_far, uint64_t bytes) { so_far = std::max(so_far, bytes); };
  for (const ModelBytes& model : models) {
    total = Add(total, model.own_bytes);
    largest(backbones[model.backbone_digest], model.backbone_bytes);
    largest(segments[model.segment_id], model.segment_bytes);
  }
  for (const auto& [digest, bytes] : backbones) total = Add(total, bytes);
  for (const auto& [id, bytes] : segments) total = Add(total, bytes);
  return total;
}

MemoryLedger::Account::~Account() { ledger_->Release(id_); }

bool MemoryLedger::Account::Commit(const ModelBytes& actual) {
  return ledger_->CommitAs(id_, actual);
}

std::unique_ptr<MemoryLedger::Account> MemoryLedger::Reserve(
    const std::shared_ptr<MemoryLedger>& ledger, const ModelBytes& most) {
  absl::MutexLock lock(&ledger->mutex_);
  const uint64_t id = ledger->last_id_ + 1;
  if (!ledger->Fits(id, most)) return nullptr;
  ledger->last_id_ = id;
  ledger->entries_[id] = {.bytes = most, .committed = false};
  return std::unique_ptr<Account>(new Account(ledger, id));
}

std::map<uint64_t, MemoryLedger::Entry> MemoryLedger::Entries() const {
  absl::MutexLock lock(&mutex_);
  return entries_;
}

bool MemoryLedger::Fits(uint64_t id, const ModelBytes& bytes) const {
  std::vector<ModelBytes> all = {bytes};
  for (const auto& [other, entry] : entries_) {
    if (other != id) all.push_back(entry.bytes);
  }
  return TotalBytes(all) <= budget_bytes_;
}

bool MemoryLedger::CommitAs(uint64_t id, const ModelBytes& actual) {
  absl::MutexLock lock(&mutex_);
  if (!Fits(id, actual)) return false;
  entries_[id] = {.bytes = actual, .committed = true};
  return true;
}

void MemoryLedger::Release(uint64_t id) {
  absl::MutexLock lock(&mutex_);
  entries_.erase(id);
}

}  // namespace graft::serving
