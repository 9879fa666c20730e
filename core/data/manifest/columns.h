#ifndef GRAFT_CORE_DATA_MANIFEST_COLUMNS_H_
#define GRAFT_CORE_DATA_MANIFEST_COLUMNS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/data/manifest/manifest.h"

namespace graft::data {

enum class ColumnRole { kPath, kLabel, kLabels, kNumber, kSplit, kGroup, kIgnored };

struct Column {
  std::string name;  // as it was written, without blanks around it
  ColumnRole role = ColumnRole::kIgnored;
  std::string number;  // of kNumber: the name of what is measured
};

// What a column is for. INVALID_ARGUMENT: nothing that is known.
absl::StatusOr<Column> ColumnOf(absl::string_view name, const ManifestOptions& options);

// Whether a name is one of those for paths.
bool IsPathColumn(absl::string_view name);

// INVALID_ARGUMENT: no column of paths, none of targets, two kinds of them, or one twice.
absl::Status CheckColumns(const std::vector<Column>& columns);

// Of columns that CheckColumns found good.
TargetKind KindOf(const std::vector<Column>& columns);

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_MANIFEST_COLUMNS_H_
