#include "server/request_log/request_log.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "core/base/files.h"

namespace graft::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class RequestLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TempDirectory::Create();
    ASSERT_TRUE(folder.ok());
    folder_ = std::make_unique<TempDirectory>(*std::move(folder));
    Open({.share = 1, .max_waiting = 2});
  }
  void Open(RequestLog::Options options) {
    options.thread = WorkQueue<RequestLine>::Thread::kByHand;
    auto files =
        LogFiles::Open({.folder = folder_->path(),
                        .max_bytes = 1 << 20,
                        .min_free_bytes = 100,
                        .free = [this](const std::filesystem::path&) -> absl::StatusOr<uint64_t> {
                          return free_;
                        }});
    ASSERT_TRUE(files.ok()) << files.status();
    log_ = std::make_unique<RequestLog>(options, *std::move(files), metrics_.get(), logger_.get());
  }
  static RequestLine Line(const std::string& id) {
    RequestLine line;
    line.request_id = id;
    return line;
  }
  std::string Text() const {
    std::ostringstream text;
    text << std::ifstream(folder_->path() / "requests-00000001.jsonl").rdbuf();
    return text.str();
  }

  uint64_t free_ = 1 << 30;
  std::unique_ptr<TempDirectory> folder_;
  const std::unique_ptr<telemetry::Metrics> metrics_ = telemetry::Metrics::Create();
  const std::unique_ptr<wire::Logger> logger_ = wire::Logger::Silent();
  std::unique_ptr<RequestLog> log_;
};

TEST_F(RequestLogTest, WantsAShareOfTheRequestsAndOfThoseEachTry) {
  Open({.share = 0.1});
  EXPECT_TRUE(log_->Wants("req-7"));
  EXPECT_TRUE(log_->Wants("req-7"));
  EXPECT_FALSE(log_->Wants("req-0"));
}

TEST_F(RequestLogTest, LinesBeyondTheQueueAreDroppedAndCounted) {
  for (const char* id : {"first", "second", "third"}) log_->Write(Line(id));
  while (log_->WriteOne()) {
  }
  EXPECT_THAT(Text(), HasSubstr("second"));
  EXPECT_THAT(Text(), Not(HasSubstr("third")));
  EXPECT_EQ(metrics_->request_log_lines_total.Value(), 2);
  EXPECT_THAT(metrics_->Serialize(),
              HasSubstr("graft_request_log_dropped_total{reason=\"queue\"} 1"));
}

TEST_F(RequestLogTest, AFullDiskStopsItUntilThereIsRoom) {
  free_ = 50;
  log_->Write(Line("lost"));
  EXPECT_TRUE(log_->WriteOne());
  EXPECT_EQ(metrics_->request_log_lines_total.Value(), 0);
  EXPECT_THAT(metrics_->Serialize(),
              HasSubstr("graft_request_log_dropped_total{reason=\"disk\"} 1"));
  free_ = 1 << 30;
  log_->Write(Line("kept"));
  EXPECT_TRUE(log_->WriteOne());
  EXPECT_THAT(Text(), HasSubstr("kept"));
}

TEST_F(RequestLogTest, WhatWaitsIsWrittenBeforeItEnds) {
  auto files = LogFiles::Open({.folder = folder_->path(), .max_bytes = 1 << 20});
  ASSERT_TRUE(files.ok());
  log_ = std::make_unique<RequestLog>(RequestLog::Options{.share = 1}, *std::move(files),
                                      metrics_.get(), logger_.get());
  log_->Write(Line("last"));
  log_.reset();
  EXPECT_THAT(Text(), HasSubstr("last"));
}

}  // namespace
}  // namespace graft::server
