#include "core/features/block_builder.h"

#include <algorithm>
#include <fcntl.h>
#include <system_error>
#include <utility>

#include <sys/stat.h>

#include "absl/strings/str_cat.h"

#include "core/base/error_reasons.h"
#include "core/base/status_details.h"
#include "core/base/status_macros.h"

namespace graft::features {

// Cuts rows into shards, from `begin_shard` up to, not with, `end_shard`.
class BlockBuilder::ShardSink final : public FeatureSink {
 public:
  ShardSink(BlockBuilder* owner, size_t begin_shard, size_t end_shard, bool to_disk,
            DiskReserve* reserve)
      : owner_(owner), reserve_(reserve), shard_(begin_shard), end_(end_shard), to_disk_(to_disk) {}

  absl::Status Append(absl::Span<const float> rows) override {
    const int64_t row_size = owner_->shape_.row_size();
    while (!rows.empty()) {
      if (shard_ == end_) return absl::DataLossError("features: more rows than were asked for");
      const int64_t missing = (owner_->rows_of(shard_) - rows_) * row_size;
      const absl::Span<const float> part = rows.subspan(0, static_cast<size_t>(missing));
      GRAFT_RETURN_IF_ERROR(to_disk_ ? ToFile(part) : ToMemory(part));
      rows.remove_prefix(part.size());
      rows_ += static_cast<int64_t>(part.size()) / row_size;
      if (rows_ == owner_->rows_of(shard_)) GRAFT_RETURN_IF_ERROR(FinishShard());
    }
    return absl::OkStatus();
  }

  // The shard that is not whole yet.
  size_t shard() const { return shard_; }
  bool disk_failed() const { return disk_failed_; }

 private:
  absl::Status ToFile(absl::Span<const float> rows) {
    if (writer_ == nullptr) {
      auto writer = FeatureFileWriter::Create(
          owner_->folder_ / absl::StrCat(owner_->name_of(shard_), kPartialSuffix), reserve_);
      if (!writer.ok()) {
        disk_failed_ = true;
        return writer.status();
      }
      writer_ = *std::move(writer);
    }
    const absl::Status status = writer_->Append(rows);
    disk_failed_ = !status.ok();
    return status;
  }

  absl::Status ToMemory(absl::Span<const float> rows) {
    if (values_.empty()) {
      values_.reserve(static_cast<size_t>(owner_->rows_of(shard_) * owner_->shape_.row_size()));
    }
    values_.insert(values_.end(), rows.begin(), rows.end());
    return absl::OkStatus();
  }

  absl::Status FinishShard() {
    std::unique_ptr<FeatureShard>& whole = owner_->shards_[shard_];
    if (to_disk_) {
      const std::string name = owner_->name_of(shard_);
      auto finished = writer_->Finish(name, {rows_, owner_->shape_.row_shape},
                                      owner_->folder_ / absl::StrCat(name, kFeatureFileSuffix));
      disk_failed_ = !finished.ok();
      GRAFT_RETURN_IF_ERROR(finished.status());
      whole = *std::move(finished);
      writer_.reset();
    } else {
      whole = std::make_unique<FeatureShard>(std::move(values_));
      values_.clear();
    }
    ++shard_;
    rows_ = 0;
    return absl::OkStatus();
  }

  BlockBuilder* const owner_;
  DiskReserve* const reserve_;
  size_t shard_;
  const size_t end_;
  const bool to_disk_;
  bool disk_failed_ = false;
  int64_t rows_ = 0;  // of shard_
  std::unique_ptr<FeatureFileWriter> writer_;
  std::vector<float> values_;
};

BlockBuilder::BlockBuilder(std::filesystem::path folder, std::string digest, FeatureShape shape,
                           int64_t rows_per_shard)
    : folder_(std::move(folder)),
      digest_(std::move(digest)),
      shape_(std::move(shape)),
      rows_per_shard_(rows_per_shard),
      shards_((shape_.rows + rows_per_shard - 1) / rows_per_shard) {}

int64_t BlockBuilder::rows_of(size_t shard) const {
  const int64_t begin = static_cast<int64_t>(shard) * rows_per_shard_;
  return std::min(rows_per_shard_, shape_.rows - begin);
}

std::string BlockBuilder::name_of(size_t shard) const { return absl::StrCat(digest_, "-", shard); }

void BlockBuilder::Find() {
  for (size_t i = 0; i < shards_.size(); ++i) {
    if (shards_[i] != nullptr) continue;
    const std::filesystem::path path = folder_ / absl::StrCat(name_of(i), kFeatureFileSuffix);
    auto shard = OpenFeatureFile(path, name_of(i), {rows_of(i), shape_.row_shape});
    if (shard.ok()) {
      shards_[i] = *std::move(shard);
      // The time of last use is the file's own, so that all processes see it.
      ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
    } else if (absl::IsDataLoss(shard.status())) {
      std::error_code ignored;
      std::filesystem::remove(path, ignored);
    }
  }
}

int64_t BlockBuilder::missing_rows() const {
  int64_t rows = 0;
  for (size_t i = 0; i < shards_.size(); ++i) rows += shards_[i] == nullptr ? rows_of(i) : 0;
  return rows;
}

uint64_t BlockBuilder::missing_bytes() const {
  uint64_t bytes = FeatureShape{missing_rows(), shape_.row_shape}.bytes();
  for (const auto& shard : shards_) bytes += shard == nullptr ? kFeatureFileHeaderBytes : 0;
  return bytes;
}

absl::Status BlockBuilder::Compute(const FeatureProducer& produce, bool to_disk,
                                   uint64_t max_in_memory, DiskReserve* reserve) {
  for (size_t begin = 0; begin < shards_.size();) {
    if (shards_[begin] != nullptr) {
      ++begin;
      continue;
    }
    size_t end = begin;
    while (end < shards_.size() && shards_[end] == nullptr) ++end;
    if (!to_disk) {
      const uint64_t bytes = FeatureShape{missing_rows(), shape_.row_shape}.bytes();
      if (bytes > max_in_memory) {
        return WithReason(
            absl::ResourceExhaustedError(absl::StrCat("features: the cache cannot take them, and ",
                                                      bytes, " bytes are too many for memory")),
            reasons::kFeaturesTooLarge);
      }
    }
    ShardSink sink(this, begin, end, to_disk, reserve);
    const int64_t end_row = std::min(static_cast<int64_t>(end) * rows_per_shard_, shape_.rows);
    const absl::Status status =
        produce(static_cast<int64_t>(begin) * rows_per_shard_, end_row, sink);
    begin = sink.shard();
    if (sink.disk_failed()) {
      to_disk = false;  // a full disk must not end the job: it does the rest of the work in memory
      continue;
    }
    GRAFT_RETURN_IF_ERROR(status);
    if (begin != end) return absl::DataLossError("features: fewer rows than were asked for");
  }
  return absl::OkStatus();
}

std::shared_ptr<const FeatureBlock> BlockBuilder::Take() {
  return std::make_shared<const FeatureBlock>(shape_, rows_per_shard_, std::move(shards_));
}

}  // namespace graft::features
