#ifndef GRAFT_WIRE_TASKS_IMAGE_COUNTS_H_
#define GRAFT_WIRE_TASKS_IMAGE_COUNTS_H_

#include "graft/v1/task.pb.h"

#include "core/data/dataset_manifest.h"
#include "wire/tasks/task_wire.h"

namespace graft::wire {

// Images of a dataset, in all and by part.
v1::ImageCounts CountImages(const data::DatasetManifest& manifest);
HeldOut HeldOutOf(const v1::ImageCounts& counts);

// Adds an image of that part to `counts`: a message with images, train_images, validation_images
// and test_images.
template <typename Counts>
void CountImage(data::Split split, Counts* counts) {
  counts->set_images(counts->images() + 1);
  switch (split) {
    case data::Split::kUnassigned:
      break;
    case data::Split::kTrain:
      counts->set_train_images(counts->train_images() + 1);
      break;
    case data::Split::kValidation:
      counts->set_validation_images(counts->validation_images() + 1);
      break;
    case data::Split::kTest:
      counts->set_test_images(counts->test_images() + 1);
      break;
  }
}

}  // namespace graft::wire

#endif  // GRAFT_WIRE_TASKS_IMAGE_COUNTS_H_
