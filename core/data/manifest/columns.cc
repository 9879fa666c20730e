#include "core/data/manifest/columns.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "core/data/archive_names.h"

namespace graft::data {
namespace {

constexpr absl::string_view kPathNames[] = {"path", "file_name", "filename", "image"};
// "numbers:" is what {"numbers": {"age": 3}} of JSON comes to.
constexpr absl::string_view kNumberPrefixes[] = {"number:", "numbers:"};

bool Lists(const std::vector<std::string>& names, absl::string_view name) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& listed) {
    return absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(listed), name);
  });
}

int CountOf(const std::vector<Column>& columns, ColumnRole role) {
  return static_cast<int>(std::count_if(columns.begin(), columns.end(),
                                        [&](const Column& column) { return column.role == role; }));
}

}  // namespace

bool IsPathColumn(absl::string_view name) {
  return std::any_of(std::begin(kPathNames), std::end(kPathNames), [&](absl::string_view known) {
    return absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(name), known);
  });
}

absl::StatusOr<Column> ColumnOf(absl::string_view raw, const ManifestOptions& options) {
  const absl::string_view name = absl::StripAsciiWhitespace(raw);
  Column column;
  column.name = std::string(name);
  if (Lists(options.number_columns, name)) {
    column.role = ColumnRole::kNumber;
    column.number = column.name;
    return column;
  }
  if (Lists(options.ignored_columns, name)) return column;
  if (IsPathColumn(name)) {
    column.role = ColumnRole::kPath;
    return column;
  }
  const struct {
    absl::string_view name;
    ColumnRole role;
  } kKnown[] = {{"label", ColumnRole::kLabel},
                {"labels", ColumnRole::kLabels},
                {"split", ColumnRole::kSplit},
                {"group", ColumnRole::kGroup}};
  for (const auto& known : kKnown) {
    if (!absl::EqualsIgnoreCase(name, known.name)) continue;
    column.role = known.role;
    return column;
  }
  for (const absl::string_view prefix : kNumberPrefixes) {
    if (!absl::StartsWithIgnoreCase(name, prefix) || name.size() == prefix.size()) continue;
    column.role = ColumnRole::kNumber;
    column.number = std::string(absl::StripAsciiWhitespace(name.substr(prefix.size())));
    return column;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown column '", PrintableName(name),
      "': known are path (or file_name, filename, image), label, labels, number:NAME, split and "
      "group; name it among the number columns or the ignored columns of the upload if it is "
      "meant"));
}

absl::Status CheckColumns(const std::vector<Column>& columns) {
  const auto bad = [](absl::string_view what) { return absl::InvalidArgumentError(what); };
  std::set<std::string> names;
  std::set<std::string> numbers;
  for (const Column& column : columns) {
    if (column.role == ColumnRole::kNumber && !numbers.insert(column.number).second) {
      return bad(absl::StrCat("number '", PrintableName(column.number), "' is there twice"));
    }
    if (!names.insert(absl::AsciiStrToLower(column.name)).second &&
        column.role != ColumnRole::kIgnored) {
      return bad(absl::StrCat("column '", PrintableName(column.name), "' is there twice"));
    }
  }
  const int paths = CountOf(columns, ColumnRole::kPath);
  if (paths == 0) {
    return bad(
        "no column says which file is meant: the first line must name the columns, one of "
        "them path (or file_name, filename, image)");
  }
  if (paths > 1) return bad("two columns say which file is meant");
  const int kinds = CountOf(columns, ColumnRole::kLabel) + CountOf(columns, ColumnRole::kLabels) +
                    std::min(CountOf(columns, ColumnRole::kNumber), 1);
  if (kinds == 0) {
    return bad("no column says what to learn: there must be label, labels or number:NAME");
  }
  if (kinds > 1) return bad("only one of label, labels and numbers can be learned at a time");
  return absl::OkStatus();
}

TargetKind KindOf(const std::vector<Column>& columns) {
  if (CountOf(columns, ColumnRole::kLabel) > 0) return TargetKind::kClass;
  if (CountOf(columns, ColumnRole::kLabels) > 0) return TargetKind::kLabels;
  return TargetKind::kNumbers;
}

}  // namespace graft::data
