#ifndef GRAFT_CLIENT_CLI_TEXT_H_
#define GRAFT_CLIENT_CLI_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace graft::cli {

// A text from outside for a terminal, so that a file name cannot move the cursor or turn a line
// round: control characters, marks of writing direction and bytes that are not UTF-8 become '?'.
// Line ends and tabs stay.
std::string Printable(absl::string_view text);

// The same for one line: line ends and tabs become '?' as well.
std::string PrintableLine(absl::string_view text);

// Code points, near enough to columns for names people give.
size_t Width(absl::string_view text);

// The first `width` code points.
absl::string_view CutTo(absl::string_view text, size_t width);

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_TEXT_H_
