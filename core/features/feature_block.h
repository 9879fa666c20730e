#ifndef GRAFT_CORE_FEATURES_FEATURE_BLOCK_H_
#define GRAFT_CORE_FEATURES_FEATURE_BLOCK_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/types/span.h"

#include "core/base/files.h"

namespace graft::features {

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

// A run of rows: a mapped cache file, or floats in memory. Immutable.
class FeatureShard {
 public:
  // `file` holds the floats from `offset` on. The file may be removed meanwhile.
  FeatureShard(std::unique_ptr<MappedFile> file, size_t offset)
      : file_(std::move(file)),
        data_(reinterpret_cast<const float*>(file_->bytes().data() + offset)) {}
  explicit FeatureShard(std::vector<float> values)
      : values_(std::move(values)), data_(values_.data()) {}
  FeatureShard(const FeatureShard&) = delete;
  FeatureShard& operator=(const FeatureShard&) = delete;

  const float* data() const { return data_; }
  uint64_t bytes_in_memory() const { return values_.size() * sizeof(float); }

 private:
  const std::unique_ptr<MappedFile> file_;
  const std::vector<float> values_;
  const float* const data_;
};

// Features of a dataset's images in their order. Immutable; safe for concurrent use. Stays valid
// when the cache evicts its files.
class FeatureBlock {
 public:
  // Each shard but the last has `rows_per_shard` rows.
  FeatureBlock(FeatureShape shape, int64_t rows_per_shard,
               std::vector<std::unique_ptr<FeatureShard>> shards)
      : shape_(std::move(shape)),
        row_size_(shape_.row_size()),
        rows_per_shard_(rows_per_shard),
        shards_(std::move(shards)) {}
  FeatureBlock(const FeatureBlock&) = delete;
  FeatureBlock& operator=(const FeatureBlock&) = delete;

  const FeatureShape& shape() const { return shape_; }
  absl::Span<const float> row(int64_t index) const {
    const float* const shard = shards_[index / rows_per_shard_]->data();
    return {shard + index % rows_per_shard_ * row_size_, static_cast<size_t>(row_size_)};
  }
  // Of it all, what is not in files.
  uint64_t bytes_in_memory() const {
    uint64_t sum = 0;
    for (const auto& shard : shards_) sum += shard->bytes_in_memory();
    return sum;
  }

 private:
  const FeatureShape shape_;
  const int64_t row_size_;
  const int64_t rows_per_shard_;
  const std::vector<std::unique_ptr<FeatureShard>> shards_;
};

}  // namespace graft::features

#endif  // GRAFT_CORE_FEATURES_FEATURE_BLOCK_H_
