#include "client/cli/output.h"

#include <algorithm>
#include <cstdio>

#include <google/protobuf/util/json_util.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"

#include "client/cli/text.h"

namespace graft::cli {
namespace {

std::string ToJson(const google::protobuf::Message& message, bool whitespace) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = whitespace;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  return status.ok() ? json : "{}";
}

}  // namespace

void PrintJson(const google::protobuf::Message& message) {
  std::fputs(ToJson(message, true).c_str(), stdout);
}

void PrintJsonLine(const google::protobuf::Message& message) {
  std::printf("%s\n", ToJson(message, false).c_str());
  std::fflush(stdout);
}

void PrintField(absl::string_view name, absl::string_view value) {
  std::fputs(absl::StrFormat("%-9s %s\n", name, PrintableLine(value)).c_str(), stdout);
}

absl::Status ShowDone(absl::Status status, bool json, absl::string_view text) {
  if (status.ok()) std::printf("%s\n", json ? "{}" : Printable(text).c_str());
  return status;
}

std::string FormatTable(std::vector<std::vector<std::string>> rows) {
  std::vector<size_t> widths;
  for (auto& row : rows) {
    if (widths.size() < row.size()) widths.resize(row.size(), 0);
    for (size_t i = 0; i < row.size(); ++i) {
      row[i] = PrintableLine(row[i]);
      widths[i] = std::max(widths[i], Width(row[i]));
    }
  }
  std::string table;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      table += row[i];
      if (i + 1 < row.size()) table.append(widths[i] - Width(row[i]) + 2, ' ');
    }
    table += '\n';
  }
  return table;
}

std::string FormatCount(int64_t count) {
  if (count >= 999'500) return absl::StrFormat("%.1f million", static_cast<double>(count) / 1e6);
  if (count >= 9'995) return absl::StrFormat("%.0f thousand", static_cast<double>(count) / 1e3);
  if (count >= 1000) return absl::StrFormat("%d,%03d", count / 1000, count % 1000);
  return absl::StrCat(count);
}

std::string FormatBytes(int64_t bytes) {
  const char* const units[] = {"B", "kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  while (value >= 999.5 && unit < 4) {
    value /= 1000;
    ++unit;
  }
  return absl::StrFormat("%.*f %s", unit == 0 ? 0 : 1, value, units[unit]);
}

std::string FormatTime(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return "-";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixSeconds(time.seconds()),
                          absl::LocalTimeZone());
}

std::string FormatPercent(double fraction) { return absl::StrFormat("%.1f %%", 100 * fraction); }

std::string StateName(v1::JobState state) {
  return std::string(absl::StripPrefix(v1::JobState_Name(state), "JOB_STATE_"));
}

}  // namespace graft::cli
