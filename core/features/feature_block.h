#ifndef GRAFT_CORE_FEATURES_FEATURE_BLOCK_H_
#define GRAFT_CORE_FEATURES_FEATURE_BLOCK_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/types/span.h"

#include "core/base/files.h"

namespace graft {

// What a block holds: `rows` feature arrays of `row_shape` each ([channels], or [channels, height,
// width] for a feature map), float32, row-major.
struct FeatureShape {
  int64_t rows = 0;
  std::vector<int64_t> row_shape;

  int64_t row_size() const {  // floats
    int64_t size = 1;
    for (int64_t extent : row_shape) size *= extent;
    return size;
  }
  uint64_t bytes() const { return static_cast<uint64_t>(rows * row_size()) * sizeof(float); }
  bool operator==(const FeatureShape& other) const {
    return rows == other.rows && row_shape == other.row_shape;
  }
};

// Features of a dataset's images in their order, memory-mapped from a cache file or held in
// memory. Immutable; safe for concurrent use. Stays valid when the cache evicts its file.
class FeatureBlock {
 public:
  // `file` holds the floats from `offset` on.
  FeatureBlock(FeatureShape shape, std::unique_ptr<MappedFile> file, size_t offset)
      : shape_(std::move(shape)),
        file_(std::move(file)),
        data_(reinterpret_cast<const float*>(file_->bytes().data() + offset)) {}
  FeatureBlock(FeatureShape shape, std::vector<float> values)
      : shape_(std::move(shape)), values_(std::move(values)), data_(values_.data()) {}
  FeatureBlock(const FeatureBlock&) = delete;
  FeatureBlock& operator=(const FeatureBlock&) = delete;

  const FeatureShape& shape() const { return shape_; }
  absl::Span<const float> row(int64_t index) const {
    const int64_t size = shape_.row_size();
    return {data_ + index * size, static_cast<size_t>(size)};
  }
  // All rows, one after the other.
  const float* data() const { return data_; }

 private:
  const FeatureShape shape_;
  const std::unique_ptr<MappedFile> file_;
  const std::vector<float> values_;
  const float* const data_;
};

}  // namespace graft

#endif  // GRAFT_CORE_FEATURES_FEATURE_BLOCK_H_
