#include "server/config/config.h"

#include <stdlib.h>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "core/base/files.h"

namespace graft::server {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<ParsedCommandLine> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "graft-server");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

TEST(ServerConfig, DefaultsAreValidAndListenOnLoopbackOnly) {
  const auto parsed = Parse({});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->action, ParsedCommandLine::Action::kServe);
  EXPECT_TRUE(IsLoopback(parsed->config.listen_address));
  EXPECT_TRUE(IsLoopback(parsed->config.http_listen_address));
}

TEST(ServerConfig, FlagsTakeUnits) {
  const auto parsed =
      Parse({"--max-upload-bytes", "3MiB", "--drain-timeout", "1500ms", "--port", "0"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->config.max_upload_bytes, 3u << 20);
  EXPECT_EQ(parsed->config.drain_timeout, absl::Milliseconds(1500));
}

TEST(ServerConfig, AFlagWinsOverTheEnvironmentAndTheEnvironmentOverTheFile) {
  auto folder = TempDirectory::Create();
  ASSERT_TRUE(folder.ok());
  const std::string file = (folder->path() / "graft.toml").string();
  ASSERT_TRUE(WriteFileAtomically(
                  file, "workers = 5\nmax-queued-jobs = 7\napi-threads = 9\ndata-dir = \"d\"\n")
                  .ok());
  setenv("GRAFT_WORKERS", "4", 1);
  setenv("GRAFT_MAX_QUEUED_JOBS", "8", 1);
  const auto parsed = Parse({"--config", file.c_str(), "--workers", "3"});
  unsetenv("GRAFT_WORKERS");
  unsetenv("GRAFT_MAX_QUEUED_JOBS");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->config.workers, 3);
  EXPECT_EQ(parsed->config.max_queued_jobs, 8);
  EXPECT_EQ(parsed->config.api_threads, 9);
  EXPECT_EQ(parsed->config.data_dir, "d");
}

TEST(ServerConfig, AServiceLinkOfTheEnvironmentIsNoFlag) {
  setenv("GRAFT_PORT", "tcp://10.96.0.7:8600", 1);
  setenv("GRAFT_HTTP_PORT", "udp://10.96.0.7:8601", 1);
  const auto parsed = Parse({});
  unsetenv("GRAFT_PORT");
  unsetenv("GRAFT_HTTP_PORT");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->config.port, ServerConfig().port);
  EXPECT_EQ(parsed->config.http_port, ServerConfig().http_port);
}

TEST(ServerConfig, AKeyOfTheFileThatIsNoFlagIsAnError) {
  auto folder = TempDirectory::Create();
  ASSERT_TRUE(folder.ok());
  const std::string file = (folder->path() / "graft.toml").string();
  ASSERT_TRUE(WriteFileAtomically(file, "wokers = 5\n").ok());
  const auto parsed = Parse({"--config", file.c_str()});
  ASSERT_FALSE(parsed.ok());
  EXPECT_THAT(parsed.status().message(), HasSubstr("'wokers' is no key"));
}

TEST(ServerConfig, ListeningBeyondLoopbackMustBeAskedForInSoManyWords) {
  for (const char* flag : {"--listen-address", "--http-listen-address"}) {
    const auto refused = Parse({flag, "0.0.0.0"});
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.status().message(), HasSubstr(flag));
    EXPECT_THAT(refused.status().message(), HasSubstr("--insecure-listen-anywhere"));
    EXPECT_TRUE(Parse({flag, "0.0.0.0", "--insecure-listen-anywhere"}).ok());
  }
}

TEST(ServerConfig, APredictMayCarryTheLargestImageByDefault) {
  const ServerConfig defaults;
  EXPECT_GT(defaults.max_message_bytes, defaults.max_image_bytes);
}

TEST(ServerConfig, APredictOfTheMostInputsMustFitTheQueue) {
  const auto refused = Parse({"--predict-queue", "32"});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.status().message(), HasSubstr("--max-predict-inputs"));
  EXPECT_THAT(refused.status().message(), HasSubstr("--predict-queue"));
  EXPECT_TRUE(Parse({"--predict-queue", "32", "--max-predict-inputs", "32"}).ok());
}

TEST(ServerConfig, APredictOfTheMostInputsMustFitWhatACallerMayHave) {
  const auto refused = Parse({"--max-predict-inputs-per-caller", "32"});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.status().message(), HasSubstr("--max-predict-inputs-per-caller"));
  EXPECT_THAT(refused.status().message(), HasSubstr("at least --max-predict-inputs"));
  EXPECT_TRUE(Parse({"--max-predict-inputs-per-caller", "64"}).ok());
  EXPECT_TRUE(Parse({"--max-predict-inputs-per-caller", "0"}).ok());
  for (const char* wrong : {"-1", "1000001", "many"}) {
    const auto status = Parse({absl::StrCat("--max-predict-inputs-per-caller=", wrong).c_str()});
    ASSERT_FALSE(status.ok()) << wrong;
    EXPECT_THAT(status.status().message(), HasSubstr("--max-predict-inputs-per-caller")) << wrong;
  }
}

TEST(ServerConfig, AGoalIsADurationThatCanBeOne) {
  EXPECT_EQ(ServerConfig().predict_p99_goal, absl::ZeroDuration());
  for (const char* right : {"0", "1ms", "200ms", "1m"}) {
    EXPECT_TRUE(Parse({"--predict-p99-goal", right}).ok()) << right;
  }
  for (const char* wrong : {"-200ms", "999us", "1m1ms", "inf", "-inf", "200", "fast", "nan"}) {
    const auto status = Parse({absl::StrCat("--predict-p99-goal=", wrong).c_str()});
    ASSERT_FALSE(status.ok()) << wrong;
    EXPECT_THAT(status.status().message(), HasSubstr("--predict-p99-goal")) << wrong;
  }
  EXPECT_EQ(ServerConfig().drift_window, 1'000);
  for (const char* const right : {"0", "200", "5000"}) {
    EXPECT_TRUE(Parse({"--drift-window", right}).ok()) << right;
  }
  for (const char* const wrong : {"1", "199", "-5", "10000000", "many"}) {
    const auto status = Parse({absl::StrCat("--drift-window=", wrong).c_str()});
    EXPECT_THAT(status.status().message(), HasSubstr("--drift-window")) << wrong;
  }
  const auto impossible = Parse({"--predict-p99-goal", "20ms", "--max-queue-delay", "20ms"});
  ASSERT_FALSE(impossible.ok());
  EXPECT_THAT(impossible.status().message(), HasSubstr("longer than --max-queue-delay"));
}

TEST(ServerConfig, NothingIsWrittenDownOfPredictionsUnlessItIsAskedFor) {
  EXPECT_EQ(ServerConfig().request_log_share, 0);
  const auto logged = Parse({"--request-log-share", "0.01", "--request-log-bytes", "1MiB"});
  ASSERT_TRUE(logged.ok()) << logged.status();
  EXPECT_EQ(logged->config.request_log_share, 0.01);
  for (const char* wrong : {"-0.1", "1.5", "nan", "all"}) {
    const auto status = Parse({absl::StrCat("--request-log-share=", wrong).c_str()});
    ASSERT_FALSE(status.ok()) << wrong;
    EXPECT_THAT(status.status().message(), HasSubstr("--request-log-share")) << wrong;
  }
  EXPECT_TRUE(ServerConfig().capture) << "a policy has to be set all the same";
  const auto off = Parse({"--capture=false", "--capture-bytes", "10MiB"});
  ASSERT_TRUE(off.ok()) << off.status();
  EXPECT_FALSE(off->config.capture);
  EXPECT_FALSE(Parse({"--capture-bytes", "1KiB"}).ok());
  EXPECT_FALSE(Parse({"--request-log-bytes", "1KiB"}).ok());
}

TEST(ServerConfig, TheBytesThatMayWaitFollowFromTheQueueAndTheLargestRequest) {
  ServerConfig config;
  config.predict_queue = 1000;
  EXPECT_EQ(PredictQueueBytes(config), uint64_t{1000} << 20);
  config.predict_queue = 1;
  config.max_image_bytes = uint64_t{1} << 30;
  EXPECT_EQ(PredictQueueBytes(config), uint64_t{2} << 30);
}

TEST(ServerConfig, KnowsLoopback) {
  for (const char* address : {"127.0.0.1", "127.8.9.1", "::1", "localhost"}) {
    EXPECT_TRUE(IsLoopback(address)) << address;
  }
  for (const char* address : {"0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "example.org", ""}) {
    EXPECT_FALSE(IsLoopback(address)) << address;
  }
}

TEST(ServerConfig, HelpTellsDefaultsAndVersionTheVersion) {
  const auto help = Parse({"--help"});
  ASSERT_TRUE(help.ok()) << help.status();
  EXPECT_EQ(help->action, ParsedCommandLine::Action::kPrint);
  EXPECT_THAT(help->text, HasSubstr("4GiB"));
  EXPECT_THAT(help->text, HasSubstr("GRAFT_DATA_DIR"));
  const auto version = Parse({"--version"});
  ASSERT_TRUE(version.ok());
  EXPECT_THAT(version->text, ::testing::StartsWith("graft-server 0."));
}

TEST(ServerConfig, CheckConfigIsItsOwnAction) {
  const auto parsed = Parse({"--check-config"});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->action, ParsedCommandLine::Action::kCheckConfig);
}

struct BadFlag {
  std::vector<const char*> arguments;
  const char* message;
};

class BadFlags : public ::testing::TestWithParam<BadFlag> {};

TEST_P(BadFlags, AreRefusedByName) {
  const auto parsed = Parse(GetParam().arguments);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(parsed.status().message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadFlags,
    ::testing::Values(
        BadFlag{{"--port", "70000"}, "--port"}, BadFlag{{"--port", "8601"}, "--http-port"},
        BadFlag{{"--port", "many"}, "--port"},
        BadFlag{{"--max-broken-share", "nan"}, "--max-broken-share"},
        BadFlag{{"--drain-timeout", "soon"}, "--drain-timeout"},
        BadFlag{{"--drain-timeout", "-1s"}, "--drain-timeout"},
        BadFlag{{"--max-upload-bytes", "12XB"}, "--max-upload-bytes"},
        BadFlag{{"--workers", "-1"}, "--workers"},
        BadFlag{{"--max-dataset-classes", "25001"}, "--max-dataset-classes: must be 2 to 25000"},
        BadFlag{{"--lease-timeout", "1s", "--heartbeat-interval", "1s"}, "--lease-timeout"},
        BadFlag{{"--lease-timeout", "7s", "--heartbeat-interval", "1s"}, "at least 8s"},
        BadFlag{{"--default-backbone", "../x"}, "--default-backbone"},
        BadFlag{{"--log-format", "xml"}, "--log-format"},
        BadFlag{{"--serving-engine", "steam"}, "--serving-engine"},
        BadFlag{{"--serving-precision", "f8"}, "--serving-precision"},
        BadFlag{{"--serving-precision", "int8", "--serving-engine", "libtorch"},
                "int8 is OpenVINO's"},
        BadFlag{{"--log-level", "loud"}, "--log-level"}, BadFlag{{"--nonsense"}, "--nonsense"},
        BadFlag{{"--config", "no-such-file.toml"}, "no-such-file"}));

}  // namespace
}  // namespace graft::server
