#ifndef GRAFT_CORE_TRAINING_DATA_DATA_WARNINGS_H_
#define GRAFT_CORE_TRAINING_DATA_DATA_WARNINGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/data/dataset_manifest.h"
#include "core/tasks/training_warning.h"
#include "core/training/data/training_data.h"

namespace graft::training {

// What is known about the parts of a dataset before training, whatever is learnt from them.
struct PartsSummary {
  int64_t validation_examples = 0;
  int64_t duplicates_across_parts = 0;  // held-out entries that are byte for byte in training too
  std::string duplicate_example;        // a name of one, or empty
};

PartsSummary SummariseParts(const data::DatasetManifest& dataset, const TrainingData& data);

// NO_VALIDATION: nothing is held out. DUPLICATES_ACROSS_SPLIT: see PartsSummary. What a task can
// say of its targets comes from Task::Warnings.
std::vector<tasks::TrainingWarning> PartsWarnings(const PartsSummary& parts);

}  // namespace graft::training

#endif  // GRAFT_CORE_TRAINING_DATA_DATA_WARNINGS_H_
