#include "client/cli/progress_bar.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <unistd.h>

#include <sys/ioctl.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "client/cli/text.h"

namespace graft::cli {
namespace {

constexpr int kBarWidth = 28;

int TerminalColumns() {
  winsize size;
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

}  // namespace

std::string RenderBar(double fraction, absl::string_view text, int columns) {
  fraction = std::isnan(fraction) ? 0 : std::clamp(fraction, 0.0, 1.0);
  const int filled = static_cast<int>(fraction * kBarWidth);
  const std::string line =
      absl::StrCat("[", std::string(filled, '#'), std::string(kBarWidth - filled, '-'), "] ",
                   absl::StrFormat("%3.0f %%  ", 100 * fraction), PrintableLine(text));
  // One column stays free: a full line would wrap and could not be drawn over.
  return std::string(CutTo(line, static_cast<size_t>(std::max(columns - 1, 0))));
}

void ProgressBar::Show(double fraction, absl::string_view text) {
  if (!terminal_) return;
  std::string line = RenderBar(fraction, text, TerminalColumns());
  if (drawn_ && line == last_) return;
  std::fprintf(stderr, "\r%s\033[K", line.c_str());
  std::fflush(stderr);
  drawn_ = true;
  last_ = std::move(line);
}

void ProgressBar::Clear() {
  if (!drawn_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace graft::cli
