#ifndef GRAFT_CORE_DATA_MANIFEST_CSV_READER_H_
#define GRAFT_CORE_DATA_MANIFEST_CSV_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft::data {

struct CsvRecord {
  int64_t line = 0;  // where it begins, from 1
  std::vector<std::string> fields;
};

// Records of a CSV text as RFC 4180 defines it, and as programs write it: lines end in CRLF, LF or
// CR; the delimiter is a comma, a semicolon (Excel where the comma is the decimal point) or a tab,
// told from the first line, which may also be Excel's "sep=;"; a quote within a field that does not
// begin with one is a character like others. Blank lines are passed over. For one thread.
class CsvReader {
 public:
  struct Limits {
    size_t max_field_bytes = 0;
    size_t max_fields = 0;  // of a record
  };

  // `text` is UTF-8 without a byte order mark, and outlives this.
  CsvReader(absl::string_view text, const Limits& limits);

  // The next record into `record`, false at the end. INVALID_ARGUMENT, with line and column (of
  // fields, from 1): a quote that never closes, something behind one that did, a field or a record
  // over the limits.
  absl::StatusOr<bool> Next(CsvRecord& record);

 private:
  bool AtEnd() const { return at_ >= text_.size(); }
  // Takes the end of a line off, if there is one here.
  bool TakeLineEnd();
  absl::Status TakeField(const CsvRecord& record, std::string& field);
  absl::Status TakeQuoted(const CsvRecord& record, std::string& field);
  absl::Status Bad(int64_t line, const CsvRecord& record, absl::string_view what) const;

  const absl::string_view text_;
  const Limits limits_;
  char delimiter_ = ',';
  size_t at_ = 0;
  int64_t line_ = 1;
};

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_MANIFEST_CSV_READER_H_
