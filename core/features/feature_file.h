#ifndef GRAFT_CORE_FEATURES_FEATURE_FILE_H_
#define GRAFT_CORE_FEATURES_FEATURE_FILE_H_

#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "core/base/sha256.h"
#include "core/features/feature_block.h"
#include "core/features/feature_cache.h"

namespace graft {

// The file of a block: 4,096 bytes of header (the magic, then JSON, then zeros), then the floats.
// The header names the key, the shape and the SHA-256 of the floats, and is written last.
inline constexpr size_t kFeatureFileHeaderBytes = 4'096;

// Writes a feature file at `path`, which is overwritten. Not safe for concurrent use. The file is
// removed by the destructor unless Finish was called.
class FeatureFileWriter final : public FeatureSink {
 public:
  static absl::StatusOr<std::unique_ptr<FeatureFileWriter>> Create(std::filesystem::path path);
  ~FeatureFileWriter() override;

  absl::Status Append(absl::Span<const float> rows) override;
  // Writes the header, syncs, and renames the file to `final_path`.
  absl::Status Finish(const std::string& key_digest, const FeatureShape& shape,
                      const std::filesystem::path& final_path);

  // The first error of the disk, as opposed to one of whoever computes the rows.
  const absl::Status& disk_status() const { return disk_status_; }

 private:
  FeatureFileWriter(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}
  absl::Status Write(absl::string_view bytes, uint64_t offset);

  const std::filesystem::path path_;
  int fd_;
  uint64_t written_ = 0;  // bytes of floats
  Sha256 hash_;
  absl::Status disk_status_;
};

// Maps and checks a feature file. NOT_FOUND, or DATA_LOSS when it is not whole, not of this key or
// not of this shape.
absl::StatusOr<std::shared_ptr<const FeatureBlock>> OpenFeatureFile(
    const std::filesystem::path& path, const std::string& key_digest, const FeatureShape& shape);

}  // namespace graft

#endif  // GRAFT_CORE_FEATURES_FEATURE_FILE_H_
