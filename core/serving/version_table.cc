#include "core/serving/version_table.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"

#include "core/serving/eviction_policy.h"

namespace graft::serving {

VersionTable::EntryPtr VersionTable::Find(const ModelKey& key) const {
  const auto it = entries_.find(key);
  return it == entries_.end() ? nullptr : it->second;
}

VersionTable::EntryPtr VersionTable::Begin(const ModelKey& key) {
  auto entry = std::make_shared<Entry>();
  EntryPtr& place = entries_[key];
  if (place != nullptr) {
    entry->make_latest = place->make_latest;
    entry->failures = place->failures;
  }
  place = entry;
  return entry;
}

void VersionTable::Finish(const ModelKey& key, Entry& entry,
                          std::shared_ptr<const Servable> servable, uint64_t account,
                          absl::Duration now) {
  entry.servable = std::move(servable);
  entry.account = account;
  entry.last_used = ++uses_;
  entry.last_used_at = now;
  entry.failures = 0;
  if (entry.make_latest) MakeLatest(key);
}

void VersionTable::Fail(const ModelKey& key, Entry& entry, const absl::Status& error,
                        absl::Duration retry_at) {
  entry.error = error;
  entry.retry_at = retry_at;
  if (!entry.make_latest) return;
  const auto it = latest_.find({key.project, key.model});
  if (it == latest_.end()) return;
  if (it->second.version < key.version) {
    it->second.overdue = std::max(it->second.overdue, key.version);
  } else if (it->second.version == key.version && entry.replaces != 0) {
    it->second = {.version = entry.replaces, .overdue = key.version};
  } else if (it->second.version == key.version) {
    latest_.erase(it);  // a version that does not load must not stand in for one that does
  }
}

void VersionTable::Drop(const ModelKey& key) {
  entries_.erase(key);
  const auto it = latest_.find({key.project, key.model});
  if (it == latest_.end()) return;
  if (it->second.overdue == key.version) it->second.overdue = 0;
  if (it->second.version == key.version) latest_.erase(it);
}

std::vector<VersionTable::EntryPtr> VersionTable::Take(
    absl::FunctionRef<bool(const ModelKey&, const Entry&)> which) {
  std::vector<EntryPtr> taken;
  absl::erase_if(entries_, [&](auto& pair) {
    auto& [key, entry] = pair;
    if (!which(key, *entry)) return false;
    Retire(key, *entry);
    taken.push_back(std::move(entry));
    return true;
  });
  return taken;
}

std::vector<VersionTable::EntryPtr> VersionTable::Forget(const std::string& project,
                                                         const std::string& model,
                                                         int64_t version) {
  for (const auto& [key, entry] : entries_) {
    if (key.project == project && key.model == model && entry->replaces == version) {
      entry->replaces = 0;
    }
  }
  if (version == 0) named_.erase({project, model});
  const auto latest = latest_.find({project, model});
  if (latest != latest_.end()) {
    if (latest->second.overdue == version) latest->second.overdue = 0;
    if (version == 0 || latest->second.version == version) latest_.erase(latest);
  }
  return Take([&](const ModelKey& key, const Entry&) {
    return key.project == project && key.model == model && (version == 0 || key.version == version);
  });
}

std::vector<VersionTable::EntryPtr> VersionTable::Unload(const std::string& project,
                                                         const std::string& model) {
  return Take([&](const ModelKey& key, const Entry& entry) {
    return key.project == project && key.model == model && entry.servable != nullptr;
  });
}

std::vector<VersionTable::EntryPtr> VersionTable::TakeIdle(absl::Duration before) {
  return Take([&](const ModelKey& key, const Entry& entry) {
    return entry.servable != nullptr && entry.last_used_at < before &&
           entry.servable.use_count() == 1 && !Stays(key);
  });
}

AcquiredModel VersionTable::Use(const ModelKey& key, Entry& entry, absl::Duration now) {
  entry.last_used = ++uses_;
  entry.last_used_at = now;
  return {key, entry.servable};
}

int64_t VersionTable::Latest(const std::string& project, const std::string& model) const {
  const auto it = latest_.find({project, model});
  return it == latest_.end() ? 0 : it->second.version;
}

int64_t VersionTable::Overdue(const std::string& project, const std::string& model) const {
  const auto it = latest_.find({project, model});
  return it == latest_.end() ? 0 : it->second.overdue;
}

void VersionTable::RememberLatest(const ModelKey& key) {
  // Forgetting all of them costs a query each, seldom; it needs no bookkeeping of ages.
  if (static_cast<int>(latest_.size()) >= max_remembered_latest_) latest_.clear();
  Latests& latest = latest_[{key.project, key.model}];
  latest.version = key.version;
  if (latest.overdue <= key.version) latest.overdue = 0;
}

void VersionTable::MakeLatest(const ModelKey& key) {
  const int64_t before = Latest(key.project, key.model);
  if (before > key.version) return;  // published later, and ready earlier
  if (before < key.version) {
    if (const EntryPtr old = Find({key.project, key.model, before})) old->last_used = 0;
  }
  RememberLatest(key);
}

int64_t VersionTable::Labelled(const std::string& project, const std::string& model,
                               const std::string& label) const {
  const auto it = named_.find({project, model});
  if (it == named_.end()) return 0;
  const auto named = it->second.find(label);
  return named == it->second.end() ? 0 : named->second;
}

void VersionTable::SetLabel(const std::string& project, const std::string& model,
                            const std::string& label, int64_t version) {
  if (version != 0) {
    named_[{project, model}][label] = version;
    return;
  }
  const auto it = named_.find({project, model});
  if (it == named_.end()) return;
  it->second.erase(label);
  if (it->second.empty()) named_.erase(it);
}

std::vector<std::string> VersionTable::LabelNames(const std::string& project,
                                                  const std::string& model) const {
  std::vector<std::string> names;
  const auto it = named_.find({project, model});
  if (it == named_.end()) return names;
  for (const auto& [label, version] : it->second) names.push_back(label);
  return names;
}

void VersionTable::SetPinned(const std::string& project, const std::string& model, bool pinned) {
  if (pinned) {
    pinned_.emplace(project, model);
  } else {
    pinned_.erase({project, model});
  }
}

bool VersionTable::IsPinned(const std::string& project, const std::string& model) const {
  return pinned_.contains({project, model});
}

std::vector<std::pair<std::string, std::string>> VersionTable::Pinned() const {
  return {pinned_.begin(), pinned_.end()};
}

bool VersionTable::Stays(const ModelKey& key) const {
  if (!IsPinned(key.project, key.model)) return false;
  if (Latest(key.project, key.model) == key.version) return true;
  const auto it = named_.find({key.project, key.model});
  return it != named_.end() &&
         std::any_of(it->second.begin(), it->second.end(),
                     [&](const auto& named) { return named.second == key.version; });
}

VersionTable::RoomPlan VersionTable::PlanRoom(const ModelBytes& most, const MemoryLedger& ledger,
                                              const absl::flat_hash_set<uint64_t>& loading) const {
  absl::flat_hash_map<uint64_t, ModelKey> keys;  // of what is loaded, by account
  for (const auto& [key, entry] : entries_) {
    if (entry->servable != nullptr) keys.emplace(entry->account, key);
  }
  std::vector<LoadedItem> items;
  std::vector<uint64_t> accounts;  // of `items`
  std::vector<LoadedItem> under_way;
  for (const auto& [account, entry] : ledger.Entries()) {
    LoadedItem item{.bytes = entry.bytes, .in_use = true};
    if (loading.contains(account)) {
      under_way.push_back(std::move(item));
      continue;
    }
    if (const auto it = keys.find(account); it != keys.end()) {
      const Entry& loaded = *entries_.at(it->second);
      item.last_used = loaded.last_used;
      item.in_use = loaded.servable.use_count() > 1 || Stays(it->second);
    }
    items.push_back(std::move(item));
    accounts.push_back(account);
  }
  const uint64_t budget = ledger.budget_bytes();
  if (!PlanEviction(items, most, budget).fits) return {.when = RoomPlan::When::kNo};
  items.insert(items.end(), under_way.begin(), under_way.end());
  const EvictionPlan plan = PlanEviction(items, most, budget);
  if (!plan.fits) return {.when = RoomPlan::When::kAfterAnotherLoad};
  RoomPlan room{.when = RoomPlan::When::kNow};
  for (const size_t index : plan.evict) room.evict.push_back(keys.at(accounts[index]));
  return room;
}

std::vector<std::shared_ptr<const Servable>> VersionTable::Evict(const std::vector<ModelKey>& keys,
                                                                 const ModelKey& for_key,
                                                                 Entry& for_entry) {
  std::vector<std::shared_ptr<const Servable>> evicted;
  for (const ModelKey& key : keys) {
    const auto it = entries_.find(key);
    // Taken from the entry: whoever still has that keeps no memory by it.
    evicted.push_back(std::move(it->second->servable));
    entries_.erase(it);
    const bool was_latest = key.project == for_key.project && key.model == for_key.model &&
                            key.version == Latest(key.project, key.model);
    if (was_latest && for_entry.make_latest && key.version < for_key.version) {
      for_entry.replaces = key.version;
      RememberLatest(for_key);
    }
  }
  return evicted;
}

LoadedStats VersionTable::Stats(const MemoryLedger& ledger) const {
  LoadedStats stats;
  for (const auto& [key, entry] : entries_) {
    if (entry->servable != nullptr) ++stats.models;
  }
  std::vector<ModelBytes> committed;
  absl::flat_hash_set<std::string> backbones;
  for (const auto& [account, entry] : ledger.Entries()) {
    if (!entry.committed) continue;
    backbones.insert(entry.bytes.backbone_digest);
    committed.push_back(entry.bytes);
  }
  stats.backbones = static_cast<int>(backbones.size());
  stats.bytes = TotalBytes(committed);
  return stats;
}

std::optional<ModelStatus> VersionTable::StatusOf(const ModelKey& key) const {
  const EntryPtr entry = Find(key);
  if (entry == nullptr || entry->servable == nullptr) return std::nullopt;
  return ModelStatus{.key = key,
                     .state = ModelState::kReady,
                     .latest = Latest(key.project, key.model) == key.version,
                     .own_bytes = entry->servable->memory().own_bytes,
                     .backbone_digest = entry->servable->memory().backbone_digest,
                     .engine = entry->servable->engine_use(),
                     .drift_watch = entry->servable->drift_watch(),
                     .last_used = entry->last_used_at};
}

std::vector<ModelStatus> VersionTable::List() const {
  std::vector<ModelStatus> list;
  for (const auto& [key, entry] : entries_) {
    if (!entry->error.ok()) continue;
    list.push_back(StatusOf(key).value_or(
        ModelStatus{.key = key, .latest = Latest(key.project, key.model) == key.version}));
  }
  for (const Retired& retired : retired_) {
    if (retired.servable.expired()) continue;
    list.push_back({.key = retired.key,
                    .state = ModelState::kUnloading,
                    .own_bytes = retired.bytes.own_bytes,
                    .backbone_digest = retired.bytes.backbone_digest});
  }
  return list;
}

void VersionTable::Retire(const ModelKey& key, const Entry& entry) {
  retired_.erase(std::remove_if(retired_.begin(), retired_.end(),
                                [](const Retired& r) { return r.servable.expired(); }),
                 retired_.end());
  if (entry.servable == nullptr) return;
  retired_.push_back({key, entry.servable, entry.servable->memory()});
}

}  // namespace graft::serving
