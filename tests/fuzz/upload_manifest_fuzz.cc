// Any bytes as a manifest beside an archive: refused with a cause, or rows that keep what
// ParseManifest promises.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "core/data/archive_names.h"
#include "core/data/manifest/manifest.h"
#include "core/data/unicode.h"
#include "tests/fuzz/require.h"

using graft::Require;

namespace {

void CheckRow(const graft::data::Manifest& manifest, const graft::data::ManifestRow& row) {
  const auto plain = graft::data::NormaliseArchiveName(row.path, false);
  Require(plain.ok() && plain->name == row.path && !row.path.empty(), "a path that is not plain");
  Require(graft::data::IsValidUtf8(row.group), "a group that is not UTF-8");
  Require(std::is_sorted(row.labels.begin(), row.labels.end()), "labels out of order");
  Require(std::adjacent_find(row.labels.begin(), row.labels.end()) == row.labels.end(),
          "a label twice");
  for (const int label : row.labels) {
    Require(label >= 0 && static_cast<size_t>(label) < manifest.labels.size(), "an unknown label");
  }
  if (manifest.kind == graft::data::TargetKind::kClass) {
    Require(row.labels.size() == 1, "a row without its class");
  }
  Require(row.numbers.size() == manifest.numbers.size(), "numbers missing");
  for (const double number : row.numbers) Require(std::isfinite(number), "a number that is none");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // The first byte chooses CSV or JSON Lines.
  const absl::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const char* const name = data[0] % 2 == 0 ? "m.csv" : "m.jsonl";
  graft::data::ManifestOptions options;
  options.number_columns = {"age"};
  options.ignored_columns = {"note"};
  options.max_rows = 1'000;
  options.max_labels = 100;
  options.max_field_bytes = 1'000;
  (void)graft::data::LooksLikeManifest(name, bytes);
  const absl::StatusOr<graft::data::Manifest> manifest =
      graft::data::ParseManifest(name, bytes, options);
  if (!manifest.ok()) {
    Require(manifest.status().message().size() > 3, "an error without a cause");
    Require(graft::data::IsValidUtf8(manifest.status().message()), "a message that is not UTF-8");
    return 0;
  }
  Require(!manifest->rows.empty(), "a manifest without rows");
  Require(static_cast<int64_t>(manifest->rows.size()) <= options.max_rows, "too many rows");
  Require(std::set<std::string>(manifest->labels.begin(), manifest->labels.end()).size() ==
              manifest->labels.size(),
          "a label twice");
  for (const graft::data::ManifestRow& row : manifest->rows) CheckRow(*manifest, row);
  return 0;
}
