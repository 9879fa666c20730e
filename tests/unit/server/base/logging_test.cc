#include "server/base/logging.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace graft::server {
namespace {

TEST(Logging, TextQuotesValuesWithSpacesAndCannotBeBrokenIntoLines) {
  EXPECT_EQ(wire::TextLogLine("rpc", {{"code", "OK"}, {"error", "a b"}, {"none", ""}}),
            "rpc code=OK error=\"a b\" none=\"\"");
  EXPECT_EQ(wire::TextLogLine("rpc", {{"name", "x\nlevel=error \"y\""}}),
            "rpc name=\"x\\nlevel=error \\\"y\\\"\"");
}

TEST(Logging, JsonIsOneObjectALineWhateverTheValues) {
  const std::string line = wire::JsonLogLine("2026-01-02T03:04:05Z", "info", "job queued",
                                             {{"job", "a\n\"b\""}, {"bad", "\xff"}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto parsed = nlohmann::json::parse(line);
  EXPECT_EQ(parsed["message"], "job queued");
  EXPECT_EQ(parsed["job"], "a\n\"b\"");
  EXPECT_EQ(parsed["level"], "info");
}

TEST(LoggingTest, LinesOfOtherLoggersAreKnown) {
  EXPECT_TRUE(wire::IsLogLine("2026-01-31T12:00:00.123 info    job begins job=x", false));
  EXPECT_FALSE(wire::IsLogLine("2026-01-31 12:00:00.123 info", false));
  EXPECT_FALSE(wire::IsLogLine("libpng warning", false));
  EXPECT_FALSE(wire::IsLogLine("", false));
  EXPECT_TRUE(wire::IsLogLine(wire::JsonLogLine("2026-01-31T12:00:00Z", "info", "text", {}), true));
  EXPECT_FALSE(wire::IsLogLine("{}", true));
}

TEST(LoggingTest, LinesOfOurProcessesArePassedOnWhateverTheLevelHere) {
  ::testing::internal::CaptureStderr();
  const auto logger = wire::Logger::Create("text", "warning");
  const std::string theirs = "2026-01-31T12:00:00.123 info    job begins job=x";
  logger->PassOn(theirs, {{"worker", "w"}});
  logger->PassOn("terminate called after throwing", {{"worker", "w"}});
  const std::string written = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(written.substr(0, theirs.size() + 1), theirs + "\n");
  EXPECT_NE(written.find("warning"), std::string::npos) << written;
  EXPECT_NE(written.find("terminate called after throwing worker=w"), std::string::npos) << written;
}

}  // namespace
}  // namespace graft::server
