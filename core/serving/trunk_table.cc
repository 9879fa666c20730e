#include "core/serving/trunk_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"

namespace graft::serving {
namespace {

// Most keys have one trunk: its id is the key.
std::string IdOf(const std::string& key, size_t number) {
  return number == 0 ? key : absl::StrCat(key, " ", number);
}

// The lowest number that is free.
size_t FreeIn(const std::vector<std::shared_ptr<Trunk>>& known) {
  return static_cast<size_t>(std::find(known.begin(), known.end(), nullptr) - known.begin());
}

}  // namespace

std::vector<std::shared_ptr<Trunk>> TrunkTable::Known(const std::string& key) const {
  std::vector<std::shared_ptr<Trunk>> known;
  const auto it = trunks_.find(key);
  if (it == trunks_.end()) return known;
  for (const std::weak_ptr<Trunk>& each : it->second) known.push_back(each.lock());
  return known;
}

std::shared_ptr<Trunk> TrunkTable::Next(const std::string& key,
                                        const std::vector<std::shared_ptr<Trunk>>& asked) {
  absl::MutexLock lock(&mutex_);
  absl::erase_if(trunks_, [](const auto& pair) {
    return std::all_of(pair.second.begin(), pair.second.end(),
                       [](const std::weak_ptr<Trunk>& each) { return each.expired(); });
  });
  const std::vector<std::shared_ptr<Trunk>> known = Known(key);
  for (const auto& trunk : known) {
    if (trunk == nullptr || std::find(asked.begin(), asked.end(), trunk) != asked.end()) continue;
    return trunk;
  }
  // Others that load at this time find it, and wait for its first piece.
  const size_t number = FreeIn(known);
  auto made = std::make_shared<Trunk>(IdOf(key, number));
  Numbered& numbered = trunks_[key];
  if (number == numbered.size()) numbered.emplace_back();
  numbered[number] = made;
  return made;
}

absl::StatusOr<std::unique_ptr<const Trunk::Place>> TrunkTable::Join(const std::string& key,
                                                                     const Trunk::Joining& joining,
                                                                     Trunk::MakePiece make) {
  std::vector<std::shared_ptr<Trunk>> asked;
  while (true) {
    asked.push_back(Next(key, asked));
    GRAFT_ASSIGN_OR_RETURN(std::unique_ptr<const Trunk::Place> place,
                           Trunk::Join(asked.back(), joining, make));
    if (place != nullptr) return place;
  }
}

std::unique_ptr<const Trunk::Place> TrunkTable::Expect(const std::string& key,
                                                       const Trunk::Joining& joining) {
  std::vector<std::shared_ptr<Trunk>> asked;
  do {
    asked.push_back(Next(key, asked));
  } while (!asked.back()->Agrees(joining));
  return Trunk::Expect(asked.back(), joining.exit);
}

TrunkTable::Outlook TrunkTable::Foresee(const std::string& key,
                                        const Trunk::Joining& joining) const {
  std::vector<std::shared_ptr<Trunk>> known;
  {
    absl::MutexLock lock(&mutex_);
    known = Known(key);
  }
  for (const auto& trunk : known) {
    if (trunk == nullptr || !trunk->Agrees(joining)) continue;
    return {trunk->id(), trunk->Replacing(joining.exit)};
  }
  return {IdOf(key, FreeIn(known)), {}};
}

}  // namespace graft::serving
