#include "core/publishing/trial_rows.h"

#include <algorithm>

#include "core/data/random.h"

namespace graft::publishing {
namespace {

// Apart from the views that were trained on.
constexpr uint64_t kTrialViews = 0x7472'6961'6c73;

}  // namespace

std::vector<training::ExampleRequest> TrialRows(absl::Span<const int64_t> entries, int64_t rows,
                                                uint64_t seed) {
  std::vector<training::ExampleRequest> requests;
  const auto count = static_cast<int64_t>(entries.size());
  if (count == 0) return requests;
  requests.reserve(static_cast<size_t>(rows));
  for (int64_t row = 0; row < rows; ++row) {
    if (count >= rows) {
      requests.push_back({entries[row * count / rows]});
      continue;
    }
    const int64_t entry = entries[row % count];
    const auto view = static_cast<uint64_t>(row / count);
    // 0 stands for the plain example.
    const uint64_t augmentation =
        view == 0
            ? 0
            : std::max<uint64_t>(
                  1, data::Random::For({seed, kTrialViews, view, static_cast<uint64_t>(entry)})
                         .Next());
    requests.push_back({entry, augmentation});
  }
  return requests;
}

std::vector<training::ExampleRequest> PlainRows(absl::Span<const int64_t> entries, int64_t most) {
  return TrialRows(entries, std::min(static_cast<int64_t>(entries.size()), most), /*seed=*/0);
}

}  // namespace graft::publishing
