#include "core/data/manifest/json_row.h"

#include <algorithm>
#include <cstdint>
#include <set>

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "core/data/archive_names.h"

namespace graft::data {
namespace {

constexpr size_t kLongestList = 10'000;

// Takes what nlohmann's parser finds, without ever building a tree of it. False ends the parsing.
class RowHandler final : public nlohmann::json_sax<nlohmann::json> {
 public:
  RowHandler(absl::string_view line, size_t max_field_bytes, size_t max_fields)
      : line_(line), max_field_bytes_(max_field_bytes), max_fields_(max_fields) {}

  bool null() override { return Take({.kind = Cell::Kind::kNull}); }
  bool boolean(bool value) override {
    return Take({.kind = Cell::Kind::kBool, .text = value ? "true" : "false"});
  }
  bool number_integer(int64_t value) override {
    return Take({.kind = Cell::Kind::kInteger,
                 .text = absl::StrCat(value),
                 .number = static_cast<double>(value)});
  }
  bool number_unsigned(uint64_t value) override {
    return Take({.kind = Cell::Kind::kInteger,
                 .text = absl::StrCat(value),
                 .number = static_cast<double>(value)});
  }
  bool number_float(double value, const std::string& text) override {
    return Take({.kind = Cell::Kind::kNumber, .text = text, .number = value});
  }
  bool string(std::string& value) override {
    if (value.size() > max_field_bytes_) return Fail("a text of more than ", max_field_bytes_);
    return Take({.kind = Cell::Kind::kText, .text = std::move(value)});
  }
  bool binary(nlohmann::json::binary_t&) override { return false; }

  bool start_object(size_t) override {
    if (in_list_ || depth_ == 2) return Fail("values may not be that deep within each other");
    if (++depth_ == 2) prefix_ = key_ + ":";
    return true;
  }
  bool end_object() override {
    --depth_;
    prefix_.clear();
    return true;
  }
  bool key(std::string& key) override {
    if (key.size() > max_field_bytes_) return Fail("a key of more than ", max_field_bytes_);
    key_ = prefix_ + key;
    if (!keys_.insert(key_).second) {
      return Fail(absl::StrCat("key '", PrintableName(key_), "' is there twice"));
    }
    if (keys_.size() > max_fields_) return Fail(absl::StrCat("more than ", max_fields_, " keys"));
    return true;
  }
  bool start_array(size_t) override {
    if (depth_ == 0) return Fail("a line must be an object, as {\"path\": \"1.jpg\"}");
    if (in_list_) return Fail("values may not be that deep within each other");
    in_list_ = true;
    list_ = Cell{.kind = Cell::Kind::kList};
    return true;
  }
  bool end_array() override {
    in_list_ = false;
    row_.emplace_back(key_, std::move(list_));
    return true;
  }
  // `position` is that of the last byte read, from 1.
  bool parse_error(size_t position, const std::string&,
                   const nlohmann::json::exception& error) override {
    const absl::string_view rest = line_.substr(std::min(position - 1, line_.size()));
    if (position > 0 && (absl::StartsWith(rest, "NaN") || absl::StartsWith(rest, "Infinity"))) {
      return Fail("NaN and Infinity are no numbers");
    }
    return Fail(error.id == 406 ? "a number that is too large" : "not proper JSON");
  }

  const std::string& error() const { return error_; }
  JsonRow& row() { return row_; }

 private:
  bool Take(Cell cell) {
    if (depth_ == 0) return Fail("a line must be an object, as {\"path\": \"1.jpg\"}");
    if (!in_list_) {
      row_.emplace_back(key_, std::move(cell));
      return true;
    }
    if (list_.list.size() >= kLongestList) return Fail("a list of too many values");
    list_.list_has_numbers = list_.list_has_numbers || cell.kind == Cell::Kind::kNumber;
    list_.list.push_back(std::move(cell.text));
    return true;
  }
  bool Fail(std::string what) {
    if (error_.empty()) error_ = std::move(what);
    return false;
  }
  bool Fail(absl::string_view what, size_t bytes) {
    return Fail(absl::StrCat(what, bytes, " bytes"));
  }

  const absl::string_view line_;
  const size_t max_field_bytes_;
  const size_t max_fields_;
  int depth_ = 0;
  bool in_list_ = false;
  std::string prefix_;
  std::string key_;
  std::set<std::string> keys_;
  Cell list_;
  JsonRow row_;
  std::string error_;
};

}  // namespace

absl::StatusOr<JsonRow> ParseJsonRow(absl::string_view line, size_t max_field_bytes,
                                     size_t max_fields) {
  RowHandler handler(line, max_field_bytes, max_fields);
  if (!nlohmann::json::sax_parse(line.begin(), line.end(), &handler)) {
    return absl::InvalidArgumentError(handler.error().empty() ? "not proper JSON"
                                                              : handler.error());
  }
  return std::move(handler.row());
}

}  // namespace graft::data
