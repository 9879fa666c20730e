#include "wire/tasks/image_counts.h"

namespace graft::wire {

v1::ImageCounts CountImages(const data::DatasetManifest& manifest) {
  v1::ImageCounts counts;
  for (const data::DatasetEntry& entry : manifest.entries) CountImage(entry.split, &counts);
  return counts;
}

HeldOut HeldOutOf(const v1::ImageCounts& counts) {
  return {counts.validation_images(), counts.test_images()};
}

}  // namespace graft::wire
