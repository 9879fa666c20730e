#ifndef GRAFT_CLIENT_CLI_PROGRESS_H_
#define GRAFT_CLIENT_CLI_PROGRESS_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

#include "client/cli/progress_bar.h"

namespace graft::cli {

// How far something was when a line last said so.
struct ProgressMark {
  std::string stage;
  double fraction = 0;
};

// Whether a plain line is due: at first, where the stage changes, and at every tenth of the way. A
// pure function.
bool IsLineDue(const std::optional<ProgressMark>& last, absl::string_view stage, double fraction);

// How far something is, on standard error: a bar on a terminal; elsewhere now and then a line.
// Not safe for concurrent use.
class Progress {
 public:
  enum class Style { kBar, kLines, kSilent };

  explicit Progress(Style style) : style_(style), bar_(style == Style::kBar) {}

  // `text` says more than `stage`, and may change at every call.
  void Show(double fraction, absl::string_view stage, absl::string_view text);
  // Removes the bar, so that other output can be printed; Show draws it again.
  void Clear() { bar_.Clear(); }

 private:
  const Style style_;
  ProgressBar bar_;
  std::optional<ProgressMark> last_;
};

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_PROGRESS_H_
