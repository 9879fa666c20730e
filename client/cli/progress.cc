#include "client/cli/progress.h"

#include <cmath>
#include <cstdio>

#include "client/cli/text.h"

namespace graft::cli {

bool IsLineDue(const std::optional<ProgressMark>& last, absl::string_view stage, double fraction) {
  if (!last.has_value() || last->stage != stage) return true;
  return std::floor(fraction * 10) != std::floor(last->fraction * 10);
}

void Progress::Show(double fraction, absl::string_view stage, absl::string_view text) {
  if (style_ == Style::kBar) return bar_.Show(fraction, text);
  if (style_ == Style::kSilent || !IsLineDue(last_, stage, fraction)) return;
  std::fprintf(stderr, "%3.0f %%  %s\n", 100 * fraction, PrintableLine(text).c_str());
  last_ = ProgressMark{std::string(stage), fraction};
}

}  // namespace graft::cli
