#ifndef GRAFT_CORE_DATA_LEFT_OUT_H_
#define GRAFT_CORE_DATA_LEFT_OUT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "core/data/dataset_manifest.h"

namespace graft::data {

// The files of an upload that do not become part of the dataset, and why. For one thread.
class LeftOut {
 public:
  // Meant as a picture, and not usable as one.
  void AddBroken(absl::string_view name, absl::string_view reason);
  // No picture, or none that is asked for.
  void AddOther(absl::string_view name, absl::string_view reason);
  void AddArchive(absl::string_view name);
  void AddHidden(absl::string_view name);

  // In their order, with true names.
  const std::vector<SkippedEntry>& broken() const { return broken_; }
  const std::vector<SkippedEntry>& others() const { return others_; }

  // " (2 images could not be read: cats/1.jpg: truncated JPEG)", or "": what may be why the rest
  // does not make a dataset. Archives are named where there is nothing else.
  std::string Hint() const;

  // "3 of 21 images cannot be read: ..." with the first few.
  std::string DescribeBroken(size_t images) const;

  // Lists up to `max_listed` in `manifest`, what was meant as a picture first, and of hidden files
  // a few with the number of the rest; counts all.
  void Report(size_t max_listed, DatasetManifest& manifest) const;

 private:
  std::vector<SkippedEntry> broken_;
  std::vector<SkippedEntry> others_;
  std::vector<std::string> hidden_;  // the first few
  std::string archive_;              // the first
  int64_t hidden_total_ = 0;
  int64_t archives_total_ = 0;
};

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_LEFT_OUT_H_
