#include "core/data/manifest/row_builder.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "core/base/status_macros.h"
#include "core/data/archive_names.h"
#include "core/data/class_names.h"
#include "core/data/manifest/json_row.h"
#include "core/data/part_names.h"
#include "core/data/unicode.h"

namespace graft::data {
namespace {

absl::Status Bad(absl::string_view what) { return absl::InvalidArgumentError(what); }

std::string Quoted(absl::string_view text) { return absl::StrCat("'", PrintableName(text), "'"); }

bool IsInteger(absl::string_view text) {
  int64_t value = 0;
  return absl::SimpleAtoi(text, &value);
}

bool IsNumber(absl::string_view text) {
  double value = 0;
  return absl::SimpleAtod(text, &value);
}

// A text for people: in Normalisation Form C, without blanks around it.
absl::StatusOr<std::string> CleanText(absl::string_view text, size_t max_bytes) {
  const std::string clean = ToNfc(absl::StripAsciiWhitespace(text));
  if (clean.size() > max_bytes) return Bad(absl::StrCat("more than ", max_bytes, " bytes"));
  if (std::any_of(clean.begin(), clean.end(),
                  [](char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); })) {
    return Bad(absl::StrCat(Quoted(clean), " holds control characters"));
  }
  return clean;
}

// The text of a cell that may be anything but a list.
bool IsPlain(const Cell& cell) {
  return cell.kind != Cell::Kind::kList && cell.kind != Cell::Kind::kNull;
}

absl::Status ReadPath(const Cell& cell, std::string& path) {
  if (cell.kind != Cell::Kind::kCsv && cell.kind != Cell::Kind::kText) {
    return Bad("no path: a text is needed");
  }
  const absl::string_view text = absl::StripAsciiWhitespace(cell.text);
  GRAFT_ASSIGN_OR_RETURN(const PlainName plain, NormaliseArchiveName(text, /*backslashes=*/true));
  if (plain.name.empty()) return Bad("no path");
  if (!plain.problem.empty()) return Bad(absl::StrCat(Quoted(text), ": ", plain.problem));
  path = plain.name;
  return absl::OkStatus();
}

absl::StatusOr<double> ReadNumber(const Cell& cell) {
  double number = cell.number;
  if (cell.kind == Cell::Kind::kCsv) {
    const absl::string_view text = absl::StripAsciiWhitespace(cell.text);
    if (text.empty()) return Bad("no number");
    if (!absl::SimpleAtod(text, &number)) {
      std::string point(text);
      std::replace(point.begin(), point.end(), ',', '.');
      return Bad(absl::StrCat(Quoted(text), " is no number",
                              IsNumber(point) ? absl::StrCat(": write ", point) : ""));
    }
  } else if (cell.kind == Cell::Kind::kNull) {
    return Bad("no number");
  } else if (cell.kind != Cell::Kind::kInteger && cell.kind != Cell::Kind::kNumber) {
    return Bad(absl::StrCat(Quoted(cell.text), " is no number: in JSON numbers have no quotes"));
  }
  if (!std::isfinite(number)) {
    return Bad(absl::StrCat(Quoted(cell.text),
                            " is no number that can be learned: leave the row "
                            "out"));
  }
  return number;
}

absl::Status ReadSplit(const Cell& cell, Split& split) {
  if (cell.kind == Cell::Kind::kNull) return absl::OkStatus();
  const absl::string_view text = absl::StripAsciiWhitespace(cell.text);
  if (IsPlain(cell) && text.empty()) return absl::OkStatus();
  const std::optional<Split> part = PartOfName(text);
  if (!IsPlain(cell) || !part.has_value()) {
    return Bad(absl::StrCat(Quoted(text), " is no part: train, validation or test"));
  }
  split = *part;
  return absl::OkStatus();
}

}  // namespace

RowBuilder::RowBuilder(std::vector<Column> columns, const ManifestOptions& options)
    : columns_(std::move(columns)), options_(options) {
  manifest_.kind = KindOf(columns_);
  for (const Column& column : columns_) {
    if (column.role == ColumnRole::kNumber) manifest_.numbers.push_back(column.number);
  }
}

absl::Status RowBuilder::Add(int64_t line, const std::vector<Cell>& cells) {
  if (static_cast<int64_t>(manifest_.rows.size()) >= options_.max_rows) {
    return Bad(absl::StrCat("line ", line, ": more than ", options_.max_rows,
                            " rows, the most that are allowed"));
  }
  ManifestRow row;
  row.line = line;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const absl::Status read = Read(columns_[i], cells[i], row);
    if (read.ok()) continue;
    return Bad(absl::StrCat("line ", line, ", column ", i + 1, " (",
                            PrintableName(columns_[i].name), "): ", read.message()));
  }
  const auto [known, inserted] = lines_.emplace(row.path, line);
  if (!inserted) {
    return Bad(absl::StrCat("line ", line, ": ", Quoted(row.path), " is in line ", known->second,
                            " already"));
  }
  manifest_.rows.push_back(std::move(row));
  return absl::OkStatus();
}

absl::Status RowBuilder::Read(const Column& column, const Cell& cell, ManifestRow& row) {
  switch (column.role) {
    case ColumnRole::kPath:
      return ReadPath(cell, row.path);
    case ColumnRole::kLabel:
      return ReadLabel(cell, row);
    case ColumnRole::kLabels:
      return ReadLabels(cell, row);
    case ColumnRole::kNumber: {
      GRAFT_ASSIGN_OR_RETURN(row.numbers.emplace_back(), ReadNumber(cell));
      return absl::OkStatus();
    }
    case ColumnRole::kSplit:
      return ReadSplit(cell, row.split);
    case ColumnRole::kGroup: {
      if (cell.kind == Cell::Kind::kNull) return absl::OkStatus();
      if (!IsPlain(cell)) return Bad("a list is no group");
      GRAFT_ASSIGN_OR_RETURN(row.group, CleanText(cell.text, options_.max_label_bytes));
      return absl::OkStatus();
    }
    case ColumnRole::kIgnored:
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status RowBuilder::ReadLabel(const Cell& cell, ManifestRow& row) {
  if (cell.kind == Cell::Kind::kList) return Bad("a list: call the column labels for several");
  if (cell.kind == Cell::Kind::kNumber) {
    return Bad(absl::StrCat(Quoted(cell.text),
                            " is a number where a label should be: to learn numbers, call the "
                            "column number:NAME"));
  }
  const absl::string_view text = absl::StripAsciiWhitespace(cell.text);
  if (text.empty()) return Bad("no label");
  if (text.find_first_of(";|") != absl::string_view::npos) {
    return Bad(absl::StrCat(Quoted(text),
                            " looks like several labels: call the column labels, or write the "
                            "label without ; and |"));
  }
  return AddLabel(text, row);
}

absl::Status RowBuilder::ReadLabels(const Cell& cell, ManifestRow& row) {
  const absl::string_view text = absl::StripAsciiWhitespace(cell.text);
  std::vector<std::string> labels;
  if (cell.kind == Cell::Kind::kList) {
    if (cell.list_has_numbers) return Bad("a number where a label should be");
    labels = cell.list;
  } else if (cell.kind == Cell::Kind::kNumber) {
    return Bad(absl::StrCat(Quoted(text), " is a number where labels should be"));
  } else if (text.empty()) {
    return Bad("no labels: write [] where there are none");
  } else if (cell.kind == Cell::Kind::kCsv && absl::StartsWith(text, "[")) {
    const absl::StatusOr<JsonRow> list =
        ParseJsonRow(absl::StrCat("{\"labels\":", text, "}"), options_.max_field_bytes, 1);
    if (!list.ok() || list->size() != 1 || (*list)[0].second.kind != Cell::Kind::kList ||
        (*list)[0].second.list_has_numbers) {
      return Bad(absl::StrCat(Quoted(text), " is no list of labels: write [\"cat\", \"dog\"]"));
    }
    labels = (*list)[0].second.list;
  } else {
    labels = absl::StrSplit(text, absl::ByAnyChar(";|"));
  }
  if (labels.size() > options_.max_labels_per_row) {
    return Bad(absl::StrCat("more than ", options_.max_labels_per_row, " labels"));
  }
  for (const std::string& label : labels) {
    const absl::string_view clean = absl::StripAsciiWhitespace(label);
    if (clean.empty()) return Bad("a label without a name");
    GRAFT_RETURN_IF_ERROR(AddLabel(clean, row));
  }
  std::sort(row.labels.begin(), row.labels.end());
  row.labels.erase(std::unique(row.labels.begin(), row.labels.end()), row.labels.end());
  return absl::OkStatus();
}

absl::Status RowBuilder::AddLabel(absl::string_view text, ManifestRow& row) {
  GRAFT_ASSIGN_OR_RETURN(const std::string label, CleanText(text, options_.max_label_bytes));
  GRAFT_RETURN_IF_ERROR(CheckWordOrNumber(label, row.line));
  const auto [known, inserted] =
      label_index_.emplace(label, static_cast<int>(manifest_.labels.size()));
  if (inserted) {
    if (static_cast<int64_t>(manifest_.labels.size()) >= options_.max_labels) {
      return Bad(absl::StrCat("more than ", options_.max_labels, " different labels"));
    }
    manifest_.labels.push_back(label);
  }
  row.labels.push_back(known->second);
  return absl::OkStatus();
}

// Classes may be called 0 to 9. What has a fraction is a measured value; and a number among words
// is a column that slipped.
absl::Status RowBuilder::CheckWordOrNumber(absl::string_view label, int64_t line) {
  if (IsNumber(label) && !IsInteger(label)) {
    return Bad(absl::StrCat(Quoted(label),
                            " is a number where a label should be: to learn numbers, call the "
                            "column number:NAME"));
  }
  const bool number = IsInteger(label);
  std::string& first = number ? first_number_ : first_word_;
  if (first.empty()) {
    first = std::string(label);
    (number ? first_number_line_ : first_word_line_) = line;
  }
  if (first_word_.empty() || first_number_.empty()) return absl::OkStatus();
  return Bad(absl::StrCat("labels are words (", Quoted(first_word_), " in line ", first_word_line_,
                          ") or numbers (", Quoted(first_number_), " in line ", first_number_line_,
                          "), not both"));
}

absl::StatusOr<Manifest> RowBuilder::Finish() {
  if (manifest_.rows.empty()) return Bad("no rows");
  if (manifest_.kind == TargetKind::kClass && manifest_.labels.size() < 2) {
    return Bad(absl::StrCat("only one label, ", Quoted(manifest_.labels[0]),
                            ": a classifier needs two or more"));
  }
  if (manifest_.kind == TargetKind::kLabels && manifest_.labels.empty()) {
    return Bad("no row has a label");
  }
  SortLabels();
  GRAFT_RETURN_IF_ERROR(CheckSpelling(manifest_.labels, "labels"));
  GRAFT_RETURN_IF_ERROR(ResolveGroups());
  GRAFT_RETURN_IF_ERROR(CheckLabels());
  return std::move(manifest_);
}

void RowBuilder::SortLabels() {
  std::vector<int> order(manifest_.labels.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](int a, int b) { return manifest_.labels[a] < manifest_.labels[b]; });
  std::vector<int> place(order.size());
  std::vector<std::string> sorted(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    place[order[i]] = static_cast<int>(i);
    sorted[i] = std::move(manifest_.labels[order[i]]);
  }
  manifest_.labels = std::move(sorted);
  for (ManifestRow& row : manifest_.rows) {
    for (int& label : row.labels) label = place[label];
    std::sort(row.labels.begin(), row.labels.end());
  }
}

// Pictures of one group on two sides would be learned by heart and then examined on.
absl::Status RowBuilder::ResolveGroups() {
  absl::flat_hash_map<std::string, const ManifestRow*> assigned;
  for (const ManifestRow& row : manifest_.rows) {
    if (row.group.empty() || row.split == Split::kUnassigned) continue;
    const auto [known, inserted] = assigned.emplace(row.group, &row);
    if (inserted || known->second->split == row.split) continue;
    return Bad(absl::StrCat("line ", row.line, ": group ", Quoted(row.group), " is in ",
                            SplitName(row.split), ", but in line ", known->second->line, " in ",
                            SplitName(known->second->split), ": a group must stay together"));
  }
  for (ManifestRow& row : manifest_.rows) {
    if (row.group.empty() || row.split != Split::kUnassigned) continue;
    const auto known = assigned.find(row.group);
    if (known != assigned.end()) row.split = known->second->split;
  }
  return absl::OkStatus();
}

absl::Status RowBuilder::CheckLabels() const {
  std::vector<bool> trains(manifest_.labels.size(), false);
  for (const ManifestRow& row : manifest_.rows) {
    if (row.split == Split::kValidation || row.split == Split::kTest) continue;
    for (const int label : row.labels) trains[static_cast<size_t>(label)] = true;
  }
  for (size_t i = 0; i < trains.size(); ++i) {
    if (!trains[i]) {
      return Bad(absl::StrCat("label ", Quoted(manifest_.labels[i]),
                              " is in no row to train on, only in validation or test"));
    }
  }
  return absl::OkStatus();
}

}  // namespace graft::data
