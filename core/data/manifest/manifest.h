#ifndef GRAFT_CORE_DATA_MANIFEST_MANIFEST_H_
#define GRAFT_CORE_DATA_MANIFEST_MANIFEST_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/data/dataset_manifest.h"

namespace graft::data {

// A manifest of the uploader's: a table that says of each picture what it shows. Not to be mixed up
// with DatasetManifest, which graft makes of it.
//
// Columns (of a CSV), or keys (of JSON Lines), in any order and case:
//   path, file_name, filename or image   the file, from the manifest's folder or the archive's root
//   label                                its one class
//   labels                               several: "cat;dog", "cat|dog" or ["cat", "dog"]; [] is
//   none number:NAME                          a measured value called NAME; in JSON also
//                                        {"numbers": {NAME: value}}
//   split                                train, validation (val, valid) or test; empty: graft draws
//   group                                pictures that belong together, as of one patient
// One of label, labels and numbers, which is the kind of target.

struct ManifestOptions {
  // Columns that hold numbers though they are not called so.
  std::vector<std::string> number_columns;
  std::vector<std::string> ignored_columns;

  // Bounds on what a stranger's text may cost.
  uint64_t max_bytes = 64 << 20;
  int64_t max_rows = 200'000;
  size_t max_columns = 256;
  size_t max_field_bytes = 64 << 10;
  size_t max_label_bytes = 1024;
  size_t max_labels_per_row = 1'000;
  int64_t max_labels = 10'000;  // different ones
};

struct ManifestRow {
  std::string path;             // as NormaliseArchiveName gives it
  std::vector<int> labels;      // indices into Manifest::labels, ascending: one of kClass
  std::vector<double> numbers;  // as many as Manifest::numbers
  Split split = Split::kUnassigned;
  std::string group;
  int64_t line = 0;
};

struct Manifest {
  TargetKind kind = TargetKind::kClass;
  std::vector<std::string> labels;   // sorted
  std::vector<std::string> numbers;  // in the order of the columns
  std::vector<ManifestRow> rows;
};

// Whether a file of this name (without folders) is read as a manifest: manifest, labels or
// metadata, with .csv, .tsv or .jsonl.
bool IsManifestName(absl::string_view name);

// Whether a text has a column for paths, and so is a manifest rather than some other table. Looks
// at its first line alone.
bool LooksLikeManifest(absl::string_view name, absl::string_view bytes);

// Reads a manifest; `name` tells by its ending what it is. A pure function, whose memory is bounded
// by the options. INVALID_ARGUMENT, with line and column: a text that is not UTF-8 (UTF-16 with
// advice), a header without a path or a target, or with two kinds, a column that is not known or
// there twice, a row of another length, without a path, label or number, twice, with a path outside
// the archive, a number where a label should be or the reverse, NaN, or more than the options
// allow; a label that nothing trains; a group on two sides.
absl::StatusOr<Manifest> ParseManifest(absl::string_view name, absl::string_view bytes,
                                       const ManifestOptions& options);

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_MANIFEST_MANIFEST_H_
