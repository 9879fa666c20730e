#include "wire/logging.h"

#include <cstdio>

#include <nlohmann/json.hpp>
#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace graft::wire {
namespace {

spdlog::level::level_enum NativeLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

absl::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return "trace";
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

}  // namespace

std::string TextLogLine(absl::string_view message, Logger::Fields fields) {
  // Values may hold text of clients: escaped, so that no value can start a line of its own.
  std::string line = absl::CEscape(message);
  for (const auto& [key, value] : fields) {
    const bool quote = value.empty() || value.find_first_of(" \t\n\r\"=") != value.npos;
    const std::string escaped = absl::CEscape(value);
    absl::StrAppend(&line, " ", key, "=", quote ? "\"" : "", escaped, quote ? "\"" : "");
  }
  return line;
}

std::string JsonLogLine(absl::string_view time, absl::string_view level, absl::string_view message,
                        Logger::Fields fields) {
  nlohmann::ordered_json line;
  line["time"] = std::string(time);
  line["level"] = std::string(level);
  line["message"] = std::string(message);
  for (const auto& [key, value] : fields) line[std::string(key)] = std::string(value);
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::unique_ptr<Logger> Logger::Create(absl::string_view format, absl::string_view level) {
  const bool json = format == "json";
  auto logger =
      std::make_shared<spdlog::logger>("graft", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern(json ? "%v" : "%Y-%m-%dT%H:%M:%S.%e %^%-7l%$ %v");
  logger->set_level(spdlog::level::from_str(std::string(level)));
  logger->flush_on(spdlog::level::trace);
  return std::unique_ptr<Logger>(new Logger(std::move(logger), json));
}

std::unique_ptr<Logger> Logger::Silent() {
  auto logger =
      std::make_shared<spdlog::logger>("graft", std::make_shared<spdlog::sinks::null_sink_mt>());
  logger->set_level(spdlog::level::off);
  return std::unique_ptr<Logger>(new Logger(std::move(logger), false));
}

Logger::Logger(std::shared_ptr<spdlog::logger> logger, bool json)
    : logger_(std::move(logger)), json_(json) {}

Logger::~Logger() = default;

bool IsLogLine(absl::string_view line, bool json) {
  if (json) return absl::StartsWith(line, R"({"time":")");
  constexpr absl::string_view kTime = "0000-00-00T00:00:00.000 ";
  if (line.size() < kTime.size()) return false;
  for (size_t i = 0; i < kTime.size(); ++i) {
    const bool digit = absl::ascii_isdigit(static_cast<unsigned char>(line[i]));
    if (kTime[i] == '0' ? !digit : line[i] != kTime[i]) return false;
  }
  return true;
}

void Logger::PassOn(absl::string_view line, Fields fields) const {
  if (!logger_->should_log(spdlog::level::err)) return;  // told to be silent
  if (!IsLogLine(line, json_)) {
    Warning(line, fields);
    return;
  }
  const std::string whole = absl::StrCat(line, "\n");
  std::fwrite(whole.data(), 1, whole.size(), stderr);  // one call: lines do not mix
}

void Logger::Log(LogLevel level, absl::string_view message, Fields fields) const {
  const auto native = NativeLevel(level);
  if (!logger_->should_log(native)) return;
  const std::string line =
      json_ ? JsonLogLine(absl::FormatTime(absl::RFC3339_full, absl::Now(), absl::UTCTimeZone()),
                          LevelName(level), message, fields)
            : TextLogLine(message, fields);
  logger_->log(native, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace graft::wire
