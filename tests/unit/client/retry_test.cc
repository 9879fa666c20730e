#include "client/lib/retry.h"

#include <vector>

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

#include "client/lib/status.h"

namespace graft::client {
namespace {

using ::testing::ElementsAre;

absl::Status WithDelay(grpc::StatusCode code, int64_t seconds) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(seconds);
  google::rpc::Status details;
  details.add_details()->PackFrom(info);
  return FromGrpc({code, "", details.SerializeAsString()});
}

TEST(GrowingPauseTest, DoublesUpToItsLimit) {
  ExponentialBackoff pause(absl::Seconds(1), absl::Seconds(5));
  EXPECT_EQ(pause.Next(), absl::Seconds(1));
  EXPECT_EQ(pause.Next(), absl::Seconds(2));
  EXPECT_EQ(pause.Next(), absl::Seconds(4));
  EXPECT_EQ(pause.Next(), absl::Seconds(5));
  EXPECT_EQ(pause.Next(), absl::Seconds(5));
  pause.Reset();
  EXPECT_EQ(pause.Next(), absl::Seconds(1));
}

class RetryScheduleTest : public ::testing::Test {
 protected:
  std::optional<absl::Duration> Next(const absl::Status& status, bool reached) {
    return schedule_.Next(status, reached, now_);
  }
  // How long it goes on where every attempt ends so, at once.
  absl::Duration Lasts(const absl::Status& status, bool reached) {
    const absl::Duration start = now_;
    while (const auto pause = Next(status, reached)) now_ += *pause;
    return now_ - start;
  }

  absl::Duration now_ = absl::Hours(7);
  RetrySchedule schedule_{{absl::Seconds(30), absl::Seconds(3)}, now_};
};

TEST_F(RetryScheduleTest, LeavesAnErrorThatStays) {
  EXPECT_EQ(Next(absl::InvalidArgumentError(""), true), std::nullopt);
  EXPECT_EQ(Next(absl::InternalError(""), true), std::nullopt);
  EXPECT_EQ(Next(WithDelay(grpc::StatusCode::RESOURCE_EXHAUSTED, 1), true), std::nullopt);
}

TEST_F(RetryScheduleTest, GivesUpSoonWhereThereNeverWasAServer) {
  EXPECT_EQ(Lasts(absl::UnavailableError("connection refused"), false), absl::Seconds(3));
}

TEST_F(RetryScheduleTest, WaitsForAServerThatWasThere) {
  EXPECT_NE(Next(absl::UnavailableError("going away"), true), std::nullopt);
  // Refused from then on: it is starting again.
  EXPECT_EQ(Lasts(absl::UnavailableError("connection refused"), false), absl::Seconds(30));
}

TEST_F(RetryScheduleTest, WaitsAsLongAsTheServerSays) {
  EXPECT_EQ(Next(WithDelay(grpc::StatusCode::UNAVAILABLE, 7), true), absl::Seconds(7));
  EXPECT_EQ(Next(WithDelay(grpc::StatusCode::UNAVAILABLE, 60), true), std::nullopt);
}

TEST_F(RetryScheduleTest, RepeatsOnceWhatWasNotAnsweredInTime) {
  now_ += absl::Hours(1);  // whatever the call's own time limit is
  EXPECT_NE(Next(absl::DeadlineExceededError(""), true), std::nullopt);
  EXPECT_EQ(Next(absl::DeadlineExceededError(""), true), std::nullopt);
}

TEST(IsPassingTest, TellsABrokenConnectionFromABrokenServer) {
  EXPECT_TRUE(IsTransient(absl::UnavailableError("")));
  EXPECT_TRUE(IsTransient(absl::InternalError("Received RST_STREAM with error code 2")));
  EXPECT_FALSE(IsTransient(absl::InternalError("the database is damaged")));
  EXPECT_TRUE(IsTransient(WithDelay(grpc::StatusCode::RESOURCE_EXHAUSTED, 5)));
  EXPECT_FALSE(IsTransient(absl::ResourceExhaustedError("")));
  EXPECT_FALSE(IsTransient(absl::NotFoundError("")));
  EXPECT_FALSE(IsTransient(absl::CancelledError("")));
}

}  // namespace
}  // namespace graft::client
