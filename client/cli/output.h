#ifndef GRAFT_CLIENT_CLI_OUTPUT_H_
#define GRAFT_CLIENT_CLI_OUTPUT_H_

#include <cstdint>
#include <string>
#include <vector>

#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "graft/v1/finetune.pb.h"

namespace graft::cli {

// The message as JSON on standard output, field names as in the .proto files, unset fields shown.
void PrintJson(const google::protobuf::Message& message);
// The same on one line, sent on at once: JSON Lines, for what a program reads as it comes.
void PrintJsonLine(const google::protobuf::Message& message);

// "model     pets": a line about one thing, safe for a terminal.
void PrintField(absl::string_view name, absl::string_view value);

// Ends a command that has nothing to show: `text`, or {} as JSON, where `status` is OK.
absl::Status ShowDone(absl::Status status, bool json, absl::string_view text);

// Columns padded to their widest cell, two spaces apart; the first row is the heading.
// Characters are counted, not bytes. Cells are made safe for a terminal.
std::string FormatTable(std::vector<std::vector<std::string>> rows);

// "9,876", "45 thousand", "3.4 million".
std::string FormatCount(int64_t count);
// "12.3 MB", decimal units.
std::string FormatBytes(int64_t bytes);
// "2026-01-31 12:00:00" in local time; "-" where unset.
std::string FormatTime(const google::protobuf::Timestamp& time);
// "97.5 %"
std::string FormatPercent(double fraction);
// "QUEUED" for JOB_STATE_QUEUED.
std::string StateName(v1::JobState state);

}  // namespace graft::cli

#endif  // GRAFT_CLIENT_CLI_OUTPUT_H_
