#ifndef GRAFT_TOOLS_DEVICE_CHECK_TRAINING_CASES_H_
#define GRAFT_TOOLS_DEVICE_CHECK_TRAINING_CASES_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "core/nn/network_spec.h"
#include "core/recipes/fine_tune_config.h"
#include "core/tasks/task.h"
#include "core/training/data/training_data.h"

namespace graft {

// The images that all cases learn from: this many, of this size, in as many kinds.
inline constexpr int64_t kImages = 120;
inline constexpr int kImageSize = 32;
inline constexpr int kImageKinds = 4;

// A small backbone, what is learnt on it, and how.
struct TrainingCase {
  std::string name;
  nn::NetworkSpec backbone;
  recipes::FineTuneConfig config;  // names its task's options
  // For the images as ImageKind tells them, with the configuration as it was resolved.
  std::function<absl::StatusOr<std::unique_ptr<tasks::Task>>(const recipes::FineTuneConfig& config)>
      make_task;
  // Largest relative differences, of the losses of all epochs and of the trained network's answers.
  double loss_tolerance = 0;
  double output_tolerance = 0;
};

// A convolutional network with norms on batch statistics, trained whole; a transformer, its head
// and last stage; a head solved for on frozen features; each with another task.
std::vector<TrainingCase> TrainingCases();

// What image `entry` shows: 0 to kImageKinds - 1.
int64_t ImageKind(int64_t entry);

// Coloured stripes that tell the kind, under noise; a function of the seed and of what is asked for
// alone, made in memory.
std::unique_ptr<training::ExampleSource> MakeImages(uint64_t seed);

// Every sixth image validates, every sixth tests. `source` is borrowed.
training::TrainingData DataOf(training::ExampleSource* source);

}  // namespace graft

#endif  // GRAFT_TOOLS_DEVICE_CHECK_TRAINING_CASES_H_
