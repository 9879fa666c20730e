#ifndef GRAFT_CORE_PUBLISHING_TRIAL_ROWS_H_
#define GRAFT_CORE_PUBLISHING_TRIAL_ROWS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

#include "core/training/data/training_data.h"

namespace graft::publishing {

// `rows` examples to try a model on, out of `entries`: evenly spread plain ones where there are as
// many, else all of them plain and then augmented views in turn, functions of `seed`. None without
// entries. Pure.
std::vector<training::ExampleRequest> TrialRows(absl::Span<const int64_t> entries, int64_t rows,
                                                uint64_t seed);

// At most so many of `entries`, plain and evenly spread. Pure.
std::vector<training::ExampleRequest> PlainRows(absl::Span<const int64_t> entries, int64_t most);

}  // namespace graft::publishing

#endif  // GRAFT_CORE_PUBLISHING_TRIAL_ROWS_H_
