#ifndef GRAFT_CORE_DATA_MANIFEST_ROW_BUILDER_H_
#define GRAFT_CORE_DATA_MANIFEST_ROW_BUILDER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/data/manifest/cell.h"
#include "core/data/manifest/columns.h"
#include "core/data/manifest/manifest.h"

namespace graft::data {

// Makes a Manifest of columns and rows of cells, whatever they were written in. For one thread.
class RowBuilder {
 public:
  // `options` outlives this; `columns` are such that CheckColumns finds them good.
  RowBuilder(std::vector<Column> columns, const ManifestOptions& options);

  const std::vector<Column>& columns() const { return columns_; }

  // Takes a row; `cells` are as many as the columns, kNull where there is none. INVALID_ARGUMENT
  // names line and column.
  absl::Status Add(int64_t line, const std::vector<Cell>& cells);

  // INVALID_ARGUMENT: no rows, one class only, labels that a person would take for one, or that no
  // picture trains; a group on two sides. Rows without a split whose group has one get that.
  absl::StatusOr<Manifest> Finish();

 private:
  absl::Status Read(const Column& column, const Cell& cell, ManifestRow& row);
  absl::Status ReadLabel(const Cell& cell, ManifestRow& row);
  absl::Status ReadLabels(const Cell& cell, ManifestRow& row);
  absl::Status AddLabel(absl::string_view label, ManifestRow& row);
  absl::Status CheckWordOrNumber(absl::string_view label, int64_t line);
  absl::Status ResolveGroups();
  absl::Status CheckLabels() const;
  void SortLabels();

  const std::vector<Column> columns_;
  const ManifestOptions& options_;
  Manifest manifest_;
  absl::flat_hash_map<std::string, int> label_index_;
  absl::flat_hash_map<std::string, int64_t> lines_;  // of each path
  // The first label that is a word and the first that is a number: both cannot be.
  std::string first_word_, first_number_;
  int64_t first_word_line_ = 0, first_number_line_ = 0;
};

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_MANIFEST_ROW_BUILDER_H_
