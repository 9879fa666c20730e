#include "core/tasks/decoders.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace graft::tasks {

Decoders::Decoders(std::vector<DecoderFactory> factories) : factories_(std::move(factories)) {}

absl::StatusOr<std::unique_ptr<const Decoder>> Decoders::Make(
    absl::string_view task, absl::string_view outputs_json) const {
  std::vector<std::string> known;
  for (const DecoderFactory& factory : factories_) {
    if (factory.task == task) return factory.make(outputs_json);
    known.push_back(factory.task);
  }
  return absl::UnimplementedError(
      absl::StrCat("task \"", task, "\" is not served by this program, only ",
                   known.empty() ? "none" : absl::StrJoin(known, ", ")));
}

absl::StatusOr<int64_t> FindNamedOutput(absl::string_view name,
                                        const std::vector<std::string>& names,
                                        absl::Span<const float> row) {
  if (name.empty()) return std::max_element(row.begin(), row.end()) - row.begin();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    return absl::InvalidArgumentError(absl::StrCat("the model has no output \"", name, "\""));
  }
  return found - names.begin();
}

}  // namespace graft::tasks
