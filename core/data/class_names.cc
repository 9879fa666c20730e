#include "core/data/class_names.h"

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "core/data/archive_names.h"
#include "core/data/unicode.h"

namespace graft::data {
namespace {

// What Windows leaves of a name.
absl::string_view WithoutDots(absl::string_view name) {
  name = absl::StripAsciiWhitespace(name);
  return name.substr(0, name.find_last_not_of(". ") + 1);
}

absl::string_view Difference(absl::string_view a, absl::string_view b) {
  if (absl::EqualsIgnoreCase(a, b)) return "case";
  if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(a), absl::StripAsciiWhitespace(b))) {
    return "blanks at an end";
  }
  if (absl::EqualsIgnoreCase(WithoutDots(a), WithoutDots(b))) return "dots or blanks at an end";
  return "case, accents, blanks or invisible characters";
}

}  // namespace

absl::Status CheckSpelling(const std::vector<std::string>& names, absl::string_view kind) {
  absl::flat_hash_map<std::string, const std::string*> spelled;
  for (const std::string& name : names) {
    const auto [known, inserted] = spelled.emplace(FoldName(name), &name);
    if (known->first.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(kind, ": nothing can be seen of the name '",
                                                     PrintableName(name), "': give it another"));
    }
    if (inserted) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(kind, " '", PrintableName(*known->second), "' and '", PrintableName(name),
                     "' differ in ", Difference(*known->second, name),
                     " only: put their images into one, or give one another name"));
  }
  return absl::OkStatus();
}

}  // namespace graft::data
