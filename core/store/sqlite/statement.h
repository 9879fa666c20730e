#ifndef GRAFT_CORE_STORE_SQLITE_STATEMENT_H_
#define GRAFT_CORE_STORE_SQLITE_STATEMENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

#include "core/store/sqlite/connection.h"

struct sqlite3_stmt;

namespace graft::store::sqlite {

// Bytes, in place of text.
struct Blob {
  absl::string_view bytes;
};

// A prepared statement; finalized by the destructor, which must run before the connection's.
// Errors of preparing and binding are kept and answered by Step and Run. Bound text and bytes are
// copied. Columns count from 0 and may be read after Step answered true. Not safe for concurrent
// use.
class Statement {
 public:
  template <typename... Values>
  Statement(Connection& connection, absl::string_view sql, const Values&... values)
      : connection_(connection) {
    Prepare(sql);
    (Bind(values), ...);
  }
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Binds the next parameter. Enums go in as their number, InfinitePast and nullopt as NULL.
  void Bind(absl::string_view text);
  void Bind(const std::string& text) { Bind(absl::string_view(text)); }
  void Bind(const char* text) { Bind(absl::string_view(text)); }
  void Bind(Blob blob);
  void Bind(absl::Time time);
  void Bind(double value);
  void Bind(std::optional<double> value);
  void Bind(std::nullopt_t);
  template <typename T, std::enable_if_t<std::is_integral_v<T> || std::is_enum_v<T>, int> = 0>
  void Bind(T value) {
    BindInt(static_cast<int64_t>(value));
  }

  // Whether there is a(nother) row.
  absl::StatusOr<bool> Step();

  // For statements that answer no rows.
  absl::Status Run();

  int64_t Int(int column) const;
  double Double(int column) const;
  std::optional<double> OptionalDouble(int column) const;  // nullopt for NULL
  std::string Text(int column) const;                      // text or bytes; empty for NULL
  absl::Time Time(int column) const;                       // InfinitePast for NULL
  template <typename E>
  E Enum(int column) const {
    return static_cast<E>(Int(column));
  }

 private:
  void Prepare(absl::string_view sql);
  void BindInt(int64_t value);
  void Keep(int code);

  Connection& connection_;
  sqlite3_stmt* statement_ = nullptr;
  int next_parameter_ = 1;
  absl::Status status_;
};

// Rows changed by the last INSERT, UPDATE or DELETE; the row id made by the last INSERT.
int64_t ChangedRows(Connection& connection);
int64_t LastRowId(Connection& connection);

}  // namespace graft::store::sqlite

#endif  // GRAFT_CORE_STORE_SQLITE_STATEMENT_H_
