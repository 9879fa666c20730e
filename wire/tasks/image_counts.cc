#include "wire/tasks/image_counts.h"

namespace graft {

v1::ImageCounts CountImages(const DatasetManifest& manifest) {
  v1::ImageCounts counts;
  for (const DatasetEntry& entry : manifest.entries) CountImage(entry.split, &counts);
  return counts;
}

HeldOut HeldOutOf(const v1::ImageCounts& counts) {
  return {counts.validation_images(), counts.test_images()};
}

}  // namespace graft
