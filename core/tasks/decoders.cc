#include "core/tasks/decoders.h"

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

}  // namespace graft::tasks
