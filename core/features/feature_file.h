#ifndef GRAFT_CORE_FEATURES_FEATURE_FILE_H_
#define GRAFT_CORE_FEATURES_FEATURE_FILE_H_

#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "core/base/disk_reserve.h"
#include "core/base/sha256.h"
#include "core/features/feature_block.h"
#include "core/features/feature_sink.h"

namespace graft::features {

// The file of a shard: 4,096 bytes of header (the magic, then JSON, then zeros), then the floats.
// The header names the key, the shape and the SHA-256 of the floats, and is written last.
inline constexpr size_t kFeatureFileHeaderBytes = 4'096;
inline constexpr char kFeatureFileSuffix[] = ".features";
inline constexpr char kPartialSuffix[] = ".partial";  // while it is written

// Writes a feature file at `path`, which is overwritten. Not safe for concurrent use. The file is
// removed by the destructor unless Finish was called.
class FeatureFileWriter final : public FeatureSink {
 public:
  // `reserve`, where given, is asked before each write, and is borrowed.
  static absl::StatusOr<std::unique_ptr<FeatureFileWriter>> Create(std::filesystem::path path,
                                                                   DiskReserve* reserve = nullptr);
  ~FeatureFileWriter() override;

  absl::Status Append(absl::Span<const float> rows) override;
  // Writes the header, syncs, maps the file and renames it to `final_path`: another process may
  // evict it at once, the shard stays valid. `key` is what the header calls it; `shape` must be
  // that of the rows appended. Any error is the disk's.
  absl::StatusOr<std::unique_ptr<FeatureShard>> Finish(const std::string& key,
                                                       const FeatureShape& shape,
                                                       const std::filesystem::path& final_path);

 private:
  FeatureFileWriter(std::filesystem::path path, int fd, DiskReserve* reserve)
      : path_(std::move(path)), reserve_(reserve), fd_(fd) {}
  absl::Status Write(absl::string_view bytes, uint64_t offset);

  const std::filesystem::path path_;
  DiskReserve* const reserve_;
  int fd_;
  uint64_t written_ = 0;  // bytes of floats
  Sha256 hash_;
};

// Maps and checks a feature file. NOT_FOUND, or DATA_LOSS when it is not whole, not of this key or
// not of this shape.
absl::StatusOr<std::unique_ptr<FeatureShard>> OpenFeatureFile(const std::filesystem::path& path,
                                                              const std::string& key,
                                                              const FeatureShape& shape);

}  // namespace graft::features

#endif  // GRAFT_CORE_FEATURES_FEATURE_FILE_H_
