#ifndef GRAFT_CORE_DATA_PART_NAMES_H_
#define GRAFT_CORE_DATA_PART_NAMES_H_

#include <optional>

#include "absl/strings/string_view.h"

#include "core/data/dataset_manifest.h"

namespace graft::data {

// The part a name means: train, training; val, valid, validation; test, testing; in any case.
std::optional<Split> PartOfName(absl::string_view name);

// How far a folder's name looks like a part of a dataset.
struct PartNameMatch {
  bool like_a_part = false;   // "seg_train", "Test Set", "test1", "seg_pred"
  bool nothing_else = false;  // but for a number at its end: "train", "test1"; a class may be
                              // called "steam_train"
  Split split = Split::kUnassigned;  // of pictures to be predicted, which have no classes: none
};
PartNameMatch MatchPartName(absl::string_view name);

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_PART_NAMES_H_
