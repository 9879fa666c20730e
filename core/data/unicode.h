#ifndef GRAFT_CORE_DATA_UNICODE_H_
#define GRAFT_CORE_DATA_UNICODE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace graft::data {

// Names as Unicode sees them (utf8proc). Pure functions.

bool IsValidUtf8(absl::string_view text);

// Normalisation Form C (Unicode Standard Annex 15): an accent is one character with its letter
// where there is such a character. macOS takes names apart, all others leave them whole; so packed,
// one folder has two names. `text` must be valid UTF-8. ASCII stays as it is.
std::string ToNfc(absl::string_view text);

// Equal for two names that a person would take for one: upper and lower case (full case folding),
// the ways to write an accent, wide and narrow letters, ligatures and fonts, invisible characters,
// kinds of dashes and blanks, blanks at the ends and repeated ones, and dots at the end, which
// Windows drops, do not count. Raised, lowered and circled digits do: x2 is not x squared. `text`
// must be valid UTF-8. For comparing, not for showing. Empty where nothing can be seen of it.
std::string FoldName(absl::string_view text);

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_UNICODE_H_
