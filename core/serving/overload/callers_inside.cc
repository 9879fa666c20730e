#include "core/serving/overload/callers_inside.h"

namespace graft::serving {

bool CallersInside::Admits(absl::string_view caller, int inputs) const {
  const int inside = Of(caller);
  return most_ == 0 || inside == 0 || inside + inputs <= most_;
}

int CallersInside::Of(absl::string_view caller) const {
  const auto it = inside_.find(caller);
  return it == inside_.end() ? 0 : it->second;
}

void CallersInside::Enter(absl::string_view caller, int inputs) {
  if (most_ == 0) return;
  const auto [it, added] = inside_.try_emplace(caller, 0);
  it->second += inputs;
}

void CallersInside::Leave(absl::string_view caller, int inputs) {
  if (most_ == 0) return;
  const auto it = inside_.find(caller);
  if ((it->second -= inputs) == 0) inside_.erase(it);
}

}  // namespace graft::serving
