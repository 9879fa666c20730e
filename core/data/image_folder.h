#ifndef GRAFT_CORE_DATA_IMAGE_FOLDER_H_
#define GRAFT_CORE_DATA_IMAGE_FOLDER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "core/data/dataset_manifest.h"

namespace graft::data {

// Where one image belongs.
struct FolderLabel {
  int class_index = 0;
  Split split = Split::kUnassigned;
};

struct FolderLayout {
  std::vector<std::string> classes;  // sorted
  std::vector<FolderLabel> labels;   // one for each image, in their order
  std::vector<std::string> warnings;
};

// Makes classes of folders, as torchvision's ImageFolder: CLASS/image.jpg, or
// train|val|validation|valid|test/CLASS/image.jpg, where the parts may also be called
// "seg_train" or "test set" if all of them are so, and be folders twice
// (seg_train/seg_train/CLASS); folders around it all are taken off. Folders below a class belong to
// it. `folders` are folders of the archive, at any depth, with those that have files of which none
// could be used, so that a class without images is noticed. A pure function of the names.
// INVALID_ARGUMENT, with advice: no images, images outside any class folder (or beside the class
// folders, or a train folder of them), folders named like parts without classes in them, one class
// only, a class without images (or none to train on), classes that a person would take for one,
// more of them than `max_classes`, folders of which it cannot be told which are the classes.
absl::StatusOr<FolderLayout> LayOutImageFolder(const std::vector<std::string>& images,
                                               const std::vector<std::string>& folders,
                                               int max_classes);

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_IMAGE_FOLDER_H_
