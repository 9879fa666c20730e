#ifndef GRAFT_CORE_DATA_MANIFEST_JSON_ROW_H_
#define GRAFT_CORE_DATA_MANIFEST_JSON_ROW_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/data/manifest/cell.h"

namespace graft::data {

// One line of JSON Lines: an object of plain values and lists of them, in its order. An object
// below it gives names with its own in front: {"numbers": {"age": 3}} is "numbers:age".
using JsonRow = std::vector<std::pair<std::string, Cell>>;

// INVALID_ARGUMENT, without the line: not JSON, not an object, deeper than that, a key twice, more
// than `max_fields` keys, a text of more than `max_field_bytes`.
absl::StatusOr<JsonRow> ParseJsonRow(absl::string_view line, size_t max_field_bytes,
                                     size_t max_fields);

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_MANIFEST_JSON_ROW_H_
