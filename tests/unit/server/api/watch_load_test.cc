// A thousand streams of one job beside the API.

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/fakes/fine_tune_server.h"
#include "tests/fakes/watch_readers.h"

namespace graft::server {
namespace {

constexpr int kStreams = 1'000;
constexpr int kReports = 20;
constexpr absl::Duration kPatience = absl::Minutes(2);

TEST(WatchLoad, CallsAreAnsweredWhileAThousandStreamsFollowOneJob) {
  // As small as can be: whatever the streams put into it, calls would be refused for.
  FineTuneServer server({.api_threads = 1, .api_queue = 2, .max_streams = kStreams});
  const auto id = server.StartJob();
  ASSERT_TRUE(id.ok()) << id.status();
  const auto leased = server.store().ClaimNextJob("w", {});
  ASSERT_TRUE(leased.ok() && leased->has_value());
  const uint64_t fence = (*leased)->fence;

  WatchReaders readers;
  for (int i = 0; i < kStreams; ++i) readers.Start(&server.stub(), *id);
  ASSERT_TRUE(readers.AwaitAll(2, kPatience)) << "queued and leased";
  // Each report is news for every stream; a job is started in the midst of each.
  for (int i = 1; i <= kReports; ++i) {
    ASSERT_TRUE(server.Report(*id, fence, absl::StrCat("line ", i)).ok());
    const auto another = server.StartJob();
    EXPECT_TRUE(another.ok()) << "beside report " << i << ": " << another.status();
  }
  EXPECT_TRUE(readers.AwaitAll(2 + kReports, kPatience));
  store::JobOutcome outcome;
  outcome.state = jobs::JobState::kCancelled;
  ASSERT_TRUE(server.store().FinishJob(*id, fence, outcome).ok());
  EXPECT_TRUE(readers.AwaitEnds(kPatience)) << "every stream is told the end";
  EXPECT_EQ(readers.failed(), 0);
  EXPECT_EQ(readers.gaps(), 0);
}

}  // namespace
}  // namespace graft::server
