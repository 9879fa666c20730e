#ifndef GRAFT_CORE_NOVELTY_TRAINING_FEATURES_H_
#define GRAFT_CORE_NOVELTY_TRAINING_FEATURES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"

#include "core/model/novelty.h"

namespace graft::novelty {

// Whether an input is like those that a model was trained on: by the distance of its features to
// those of the nearest training examples, all of length 1 (Sun et al. 2022, "Out-of-Distribution
// Detection with Deep Nearest Neighbors"). The second nearest counts, so that one odd training
// example vouches for nothing. Distances are told in units of what is usual: the 95 % quantile of
// the held-out examples' own.

// Vectors of length 1 as bytes: row i is scale[i] * bytes[i * width ...].
struct UnitVectors {
  int64_t width = 0;
  std::vector<int8_t> rows;
  std::vector<float> scales;  // one a row; 0 for a vector of zeros

  int64_t count() const { return static_cast<int64_t>(scales.size()); }
  friend bool operator==(const UnitVectors&, const UnitVectors&) = default;
};

// Appends a vector of any length; it has `width` numbers.
void Append(absl::Span<const float> vector, UnitVectors* to);

// Training examples of a model, and what distance to them is usual.
class TrainingFeatures {
 public:
  // Borrows the rows: training_examples * width bytes, and as many scales as examples. There are
  // two examples or more.
  TrainingFeatures(const model::NoveltyRecord& record, absl::Span<const int8_t> rows,
                   absl::Span<const float> scales)
      : width_(record.width),
        usual_distance_(record.usual_distance),
        rows_(rows),
        scales_(scales) {}

  // 1 or more: unlike the training examples. `features` has as many numbers as they. Safe for
  // concurrent use.
  float UnknownScore(absl::Span<const float> features) const;

 private:
  const int64_t width_;
  const double usual_distance_;
  const absl::Span<const int8_t> rows_;
  const absl::Span<const float> scales_;
};

struct Fit {
  model::NoveltyRecord record;
  UnitVectors training;
};

// So many training examples of this width are worth keeping: more tell little more, and all of them
// are compared with every input. At least 2. Pure.
int64_t ExamplesToKeep(int64_t width);

// Fewer held-out examples tell no quantile.
inline constexpr int64_t kFewestHeldOut = 10;

// Nothing where there are fewer than kFewestHeldOut, or than two training examples. All vectors
// have the same width and finite numbers. Pure.
std::optional<Fit> FitNovelty(const std::vector<std::vector<float>>& training,
                              const std::vector<std::vector<float>>& held_out);

}  // namespace graft::novelty

#endif  // GRAFT_CORE_NOVELTY_TRAINING_FEATURES_H_
