#include "core/data/manifest/csv_reader.h"

#include <algorithm>
#include <array>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"

namespace graft::data {
namespace {

constexpr std::array<char, 3> kDelimiters = {',', ';', '\t'};

// The one that is most often outside quotes in the first line; of equals, the first.
char DelimiterOf(absl::string_view text) {
  std::array<int64_t, kDelimiters.size()> counts{};
  bool quoted = false;
  for (const char c : text) {
    if (!quoted && (c == '\n' || c == '\r')) break;
    quoted = quoted != (c == '"');
    for (size_t i = 0; i < kDelimiters.size(); ++i) {
      if (!quoted && c == kDelimiters[i]) ++counts[i];
    }
  }
  return kDelimiters[static_cast<size_t>(std::max_element(counts.begin(), counts.end()) -
                                         counts.begin())];
}

}  // namespace

CsvReader::CsvReader(absl::string_view text, const Limits& limits) : text_(text), limits_(limits) {
  constexpr absl::string_view kSaysDelimiter = "sep=";
  if (absl::StartsWithIgnoreCase(text_, kSaysDelimiter) && text_.size() > kSaysDelimiter.size()) {
    at_ = kSaysDelimiter.size() + 1;
    if (TakeLineEnd()) {
      delimiter_ = text_[kSaysDelimiter.size()];
      return;
    }
    at_ = 0;
  }
  delimiter_ = DelimiterOf(text_);
}

absl::StatusOr<bool> CsvReader::Next(CsvRecord& record) {
  record.fields.clear();
  while (TakeLineEnd()) {
  }
  if (AtEnd()) return false;
  record.line = line_;
  while (true) {
    if (record.fields.size() >= limits_.max_fields) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", record.line, ": more than ", limits_.max_fields, " fields"));
    }
    std::string field;
    GRAFT_RETURN_IF_ERROR(TakeField(record, field));
    record.fields.push_back(std::move(field));
    if (AtEnd() || TakeLineEnd()) return true;
    ++at_;  // the delimiter
  }
}

bool CsvReader::TakeLineEnd() {
  if (AtEnd() || (text_[at_] != '\n' && text_[at_] != '\r')) return false;
  at_ += absl::StartsWith(text_.substr(at_), "\r\n") ? 2 : 1;
  ++line_;
  return true;
}

absl::Status CsvReader::TakeField(const CsvRecord& record, std::string& field) {
  if (!AtEnd() && text_[at_] == '"') return TakeQuoted(record, field);
  const size_t begin = at_;
  while (!AtEnd() && text_[at_] != delimiter_ && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
  if (at_ - begin > limits_.max_field_bytes) {
    return Bad(line_, record,
               absl::StrCat("a field of more than ", limits_.max_field_bytes, " bytes"));
  }
  field = std::string(text_.substr(begin, at_ - begin));
  return absl::OkStatus();
}

absl::Status CsvReader::TakeQuoted(const CsvRecord& record, std::string& field) {
  const int64_t opened = line_;
  ++at_;
  while (true) {
    if (AtEnd()) return Bad(opened, record, "a quote opens here and never closes");
    const char c = text_[at_];
    if (c == '"') {
      ++at_;
      if (AtEnd() || text_[at_] != '"') break;  // two are one
    } else if (c == '\n' || (c == '\r' && !absl::StartsWith(text_.substr(at_), "\r\n"))) {
      ++line_;
    }
    field.push_back(c);
    ++at_;
    if (field.size() > limits_.max_field_bytes) {
      return Bad(opened, record,
                 absl::StrCat("a quote opens here and does not close within ",
                              limits_.max_field_bytes, " bytes"));
    }
  }
  if (AtEnd() || text_[at_] == delimiter_ || text_[at_] == '\n' || text_[at_] == '\r') {
    return absl::OkStatus();
  }
  return Bad(line_, record,
             "something follows the quote that closes a field: within a field, a quote is written "
             "twice");
}

absl::Status CsvReader::Bad(int64_t line, const CsvRecord& record, absl::string_view what) const {
  return absl::InvalidArgumentError(
      absl::StrCat("line ", line, ", column ", record.fields.size() + 1, ": ", what));
}

}  // namespace graft::data
