#ifndef GRAFT_WIRE_LOGGING_H_
#define GRAFT_WIRE_LOGGING_H_

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace spdlog {
class logger;
}  // namespace spdlog

namespace graft::wire {

enum class LogLevel { kTrace, kDebug, kInfo, kWarning, kError };

// A log line is a fixed message and named values: {"job", id}, {"request", id}. One line each on
// standard error, as text ("message job=...") or as one JSON object. No secrets and no image
// content. Safe for concurrent use.
class Logger {
 public:
  using Fields = std::initializer_list<std::pair<absl::string_view, absl::string_view>>;

  // `format` is "text" or "json"; `level` a name that ValidateConfig accepts.
  static std::unique_ptr<Logger> Create(absl::string_view format, absl::string_view level);
  // Drops everything; for tests.
  static std::unique_ptr<Logger> Silent();
  ~Logger();

  void Log(LogLevel level, absl::string_view message, Fields fields = {}) const;
  void Info(absl::string_view message, Fields fields = {}) const {
    Log(LogLevel::kInfo, message, fields);
  }
  void Warning(absl::string_view message, Fields fields = {}) const {
    Log(LogLevel::kWarning, message, fields);
  }
  void Error(absl::string_view message, Fields fields = {}) const {
    Log(LogLevel::kError, message, fields);
  }

  // A line that a process of ours wrote. One of its Logger's, in this one's format, goes out as it
  // is, whatever the level here: it has its own time, level and fields, and its Logger has chosen.
  // Any other (a library's, a crash's) is logged as a warning with `fields`.
  void PassOn(absl::string_view line, Fields fields) const;

 private:
  Logger(std::shared_ptr<spdlog::logger> logger, bool json);
  const std::shared_ptr<spdlog::logger> logger_;
  const bool json_;
};

// One line of each format, without time and level (text) or with them (json).
std::string TextLogLine(absl::string_view message, Logger::Fields fields);
std::string JsonLogLine(absl::string_view time, absl::string_view level, absl::string_view message,
                        Logger::Fields fields);

// Whether a line is one that a Logger of that format wrote.
bool IsLogLine(absl::string_view line, bool json);

}  // namespace graft::wire

#endif  // GRAFT_WIRE_LOGGING_H_
