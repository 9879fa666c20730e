#ifndef GRAFT_CLIENT_CLI_PROGRESS_BAR_H_
#define GRAFT_CLIENT_CLI_PROGRESS_BAR_H_

#include <string>

#include "absl/strings/string_view.h"

namespace graft::cli {

// One line of a bar: "[#####-----]  50 %  text", less than `columns` wide and safe for a terminal.
// A pure function.
std::string RenderBar(double fraction, absl::string_view text, int columns);

// A line on standard error that is drawn over itself on a terminal; elsewhere it draws nothing.
// Not safe for concurrent use.
class ProgressBar {
 public:
  explicit ProgressBar(bool terminal) : terminal_(terminal) {}
  ~ProgressBar() { Clear(); }

  void Show(double fraction, absl::string_view text);
  // Removes the bar, so that other output can be printed; Show draws it again.
  void Clear();

 private:
  const bool terminal_;
  bool drawn_ = false;
  std::string last_;
};

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_PROGRESS_BAR_H_
