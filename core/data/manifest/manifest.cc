#include "core/data/manifest/manifest.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"
#include "core/data/archive_names.h"
#include "core/data/manifest/columns.h"
#include "core/data/manifest/csv_reader.h"
#include "core/data/manifest/json_row.h"
#include "core/data/manifest/row_builder.h"
#include "core/data/unicode.h"

namespace graft::data {
namespace {

constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool IsJsonLines(absl::string_view name) { return absl::EndsWithIgnoreCase(name, ".jsonl"); }

// The text as UTF-8 without its mark.
absl::StatusOr<absl::string_view> TextOf(absl::string_view bytes, uint64_t max_bytes) {
  if (bytes.size() > max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("has ", bytes.size(), " bytes, at most ", max_bytes, " are allowed"));
  }
  // Of UTF-16 and UTF-32 every other byte of English is 0; Excel writes a mark in front.
  const absl::string_view beginning = bytes.substr(0, 64);
  if (absl::StartsWith(bytes, "\xFF\xFE") || absl::StartsWith(bytes, "\xFE\xFF") ||
      absl::StrContains(beginning, '\0')) {
    return absl::InvalidArgumentError(
        "is in UTF-16: save it as UTF-8, which Excel calls 'CSV UTF-8 (comma delimited)'");
  }
  absl::string_view text = bytes;
  if (absl::StartsWith(text, kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

absl::Status CheckUtf8(int64_t line, absl::string_view text) {
  if (IsValidUtf8(text) && !absl::StrContains(text, '\0')) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("line ", line, ": not UTF-8: save the file as UTF-8"));
}

absl::StatusOr<Manifest> ParseCsv(absl::string_view text, const ManifestOptions& options) {
  CsvReader reader(text, {options.max_field_bytes, options.max_columns});
  CsvRecord record;
  GRAFT_ASSIGN_OR_RETURN(const bool any, reader.Next(record));
  if (!any) return absl::InvalidArgumentError("is empty");
  std::vector<Column> columns;
  for (const std::string& name : record.fields) {
    GRAFT_RETURN_IF_ERROR(CheckUtf8(record.line, name));
    absl::StatusOr<Column> column = ColumnOf(name, options);
    if (!column.ok()) {
      // Where not even a path is named the whole line is no header, which says more.
      if (std::none_of(record.fields.begin(), record.fields.end(), &IsPathColumn)) continue;
      return Annotate(column.status(),
                      absl::StrCat("line ", record.line, ", column ", columns.size() + 1));
    }
    columns.push_back(*std::move(column));
  }
  const absl::Status checked = CheckColumns(columns);
  if (!checked.ok()) return Annotate(checked, absl::StrCat("line ", record.line));
  RowBuilder builder(std::move(columns), options);
  std::vector<Cell> cells(builder.columns().size());
  while (true) {
    GRAFT_ASSIGN_OR_RETURN(const bool more, reader.Next(record));
    if (!more) return builder.Finish();
    if (record.fields.size() != cells.size()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "line ", record.line, ": ", record.fields.size(), " fields, but the header has ",
          cells.size(), ": put fields with the delimiter in them into quotes"));
    }
    for (size_t i = 0; i < cells.size(); ++i) {
      GRAFT_RETURN_IF_ERROR(CheckUtf8(record.line, record.fields[i]));
      cells[i].kind = Cell::Kind::kCsv;
      cells[i].text = std::move(record.fields[i]);
    }
    GRAFT_RETURN_IF_ERROR(builder.Add(record.line, cells));
  }
}

// Takes the first line off `rest`.
absl::string_view TakeLine(absl::string_view& rest) {
  const absl::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  return absl::StripAsciiWhitespace(line);
}

// Rows of JSON Lines need not name every key: the columns are all that the file names.
absl::StatusOr<std::vector<Column>> ColumnsOfJson(absl::string_view text,
                                                  const ManifestOptions& options) {
  std::vector<Column> columns;
  int64_t number = 0;
  while (!text.empty()) {
    const absl::string_view line = TakeLine(text);
    ++number;
    if (line.empty()) continue;
    const std::string where = absl::StrCat("line ", number);
    GRAFT_RETURN_IF_ERROR(CheckUtf8(number, line));
    const auto row = ParseJsonRow(line, options.max_field_bytes, options.max_columns);
    if (!row.ok()) return Annotate(row.status(), where);
    for (const auto& [key, cell] : *row) {
      const bool known = std::any_of(columns.begin(), columns.end(), [&key = key](const Column& c) {
        return c.name == absl::StripAsciiWhitespace(key);
      });
      if (known) continue;
      absl::StatusOr<Column> column = ColumnOf(key, options);
      if (!column.ok()) return Annotate(column.status(), where);
      columns.push_back(*std::move(column));
      if (columns.size() > options.max_columns) {
        return absl::InvalidArgumentError(
            absl::StrCat(where, ": more than ", options.max_columns, " keys"));
      }
    }
  }
  if (columns.empty()) return absl::InvalidArgumentError("is empty");
  GRAFT_RETURN_IF_ERROR(CheckColumns(columns));
  return columns;
}

absl::StatusOr<Manifest> ParseJsonLines(absl::string_view text, const ManifestOptions& options) {
  GRAFT_ASSIGN_OR_RETURN(std::vector<Column> columns, ColumnsOfJson(text, options));
  RowBuilder builder(std::move(columns), options);
  int64_t number = 0;
  while (!text.empty()) {
    const absl::string_view line = TakeLine(text);
    ++number;
    if (line.empty()) continue;
    GRAFT_ASSIGN_OR_RETURN(const JsonRow row,
                           ParseJsonRow(line, options.max_field_bytes, options.max_columns));
    std::vector<Cell> cells(builder.columns().size());
    for (const auto& [key, cell] : row) {
      for (size_t i = 0; i < cells.size(); ++i) {
        if (builder.columns()[i].name == absl::StripAsciiWhitespace(key)) cells[i] = cell;
      }
    }
    GRAFT_RETURN_IF_ERROR(builder.Add(number, cells));
  }
  return builder.Finish();
}

}  // namespace

bool IsManifestName(absl::string_view name) {
  for (const absl::string_view stem : {"manifest", "labels", "metadata"}) {
    for (const absl::string_view ending : {".csv", ".tsv", ".jsonl"}) {
      if (absl::EqualsIgnoreCase(name, absl::StrCat(stem, ending))) return true;
    }
  }
  return false;
}

bool LooksLikeManifest(absl::string_view name, absl::string_view bytes) {
  constexpr size_t kLongestFirstLine = 64 << 10;
  bytes = bytes.substr(0, kLongestFirstLine);
  if (absl::StartsWith(bytes, kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  if (IsJsonLines(name)) {
    const auto row = ParseJsonRow(TakeLine(bytes), kLongestFirstLine, kLongestFirstLine);
    return row.ok() && std::any_of(row->begin(), row->end(),
                                   [](const auto& pair) { return IsPathColumn(pair.first); });
  }
  CsvReader reader(bytes, {kLongestFirstLine, kLongestFirstLine});
  CsvRecord header;
  const absl::StatusOr<bool> read = reader.Next(header);
  return read.ok() && *read &&
         std::any_of(header.fields.begin(), header.fields.end(), &IsPathColumn);
}

absl::StatusOr<Manifest> ParseManifest(absl::string_view name, absl::string_view bytes,
                                       const ManifestOptions& options) {
  const std::string shown = PrintableName(name);
  const absl::StatusOr<absl::string_view> text = TextOf(bytes, options.max_bytes);
  if (!text.ok())
    return absl::InvalidArgumentError(absl::StrCat(shown, " ", text.status().message()));
  absl::StatusOr<Manifest> manifest =
      IsJsonLines(name) ? ParseJsonLines(*text, options) : ParseCsv(*text, options);
  if (!manifest.ok()) return Annotate(manifest.status(), shown);
  return manifest;
}

}  // namespace graft::data
