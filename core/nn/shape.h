#ifndef GRAFT_CORE_NN_SHAPE_H_
#define GRAFT_CORE_NN_SHAPE_H_

#include <array>
#include <cassert>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"

namespace graft::nn {

// The sizes of a tensor, without the batch where it is an activation. Layouts:
//   an image or a feature map   [channels, height, width]
//   a sequence of tokens        [tokens, channels]
//   a vector                    [channels]
//   token ids, a mask           [tokens]
// The dimensions are held in place: shapes are made and compared by the thousand.
class Shape {
 public:
  static constexpr int kMaxRank = 6;

  constexpr Shape() = default;  // of a scalar
  // At most kMaxRank dimensions.
  Shape(std::initializer_list<int64_t> dims) {
    for (const int64_t dim : dims) Append(dim);
  }

  int rank() const { return rank_; }
  int64_t operator[](int i) const { return dims_[static_cast<size_t>(i)]; }
  // The last dimension: the channels of tokens and vectors. The rank must not be 0.
  int64_t back() const { return dims_[static_cast<size_t>(rank_ - 1)]; }
  absl::Span<const int64_t> dims() const { return {dims_.data(), static_cast<size_t>(rank_)}; }

  Shape& Append(int64_t dim) {
    assert(rank_ < kMaxRank);
    dims_[static_cast<size_t>(rank_++)] = dim;
    return *this;
  }
  // The same but for the last dimension. The rank must not be 0.
  Shape WithLast(int64_t dim) const {
    Shape changed = *this;
    changed.dims_[static_cast<size_t>(rank_ - 1)] = dim;
    return changed;
  }

  // 1 for a scalar.
  int64_t elements() const {
    int64_t count = 1;
    for (const int64_t dim : dims()) count *= dim;
    return count;
  }
  std::vector<int64_t> ToVector() const { return {dims().begin(), dims().end()}; }
  std::string ToString() const { return absl::StrCat("[", absl::StrJoin(dims(), ", "), "]"); }

  friend bool operator==(const Shape& a, const Shape& b) { return a.dims() == b.dims(); }

 private:
  std::array<int64_t, kMaxRank> dims_ = {};
  int rank_ = 0;
};

}  // namespace graft::nn

#endif  // GRAFT_CORE_NN_SHAPE_H_
