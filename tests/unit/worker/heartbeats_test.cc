#include "worker/heartbeats.h"

#include "gtest/gtest.h"

namespace graft::worker {
namespace {

struct Case {
  graft::v1::DesiredState desired;
  bool drain;
  RunSignal expected;
};

TEST(SignalFor, IsDecidedForEveryAnswer) {
  const Case cases[] = {
      {graft::v1::DESIRED_STATE_UNSPECIFIED, false, RunSignal::kRun},
      {graft::v1::DESIRED_STATE_UNSPECIFIED, true, RunSignal::kDrain},
      {graft::v1::DESIRED_STATE_RUN, false, RunSignal::kRun},
      {graft::v1::DESIRED_STATE_RUN, true, RunSignal::kDrain},
      {graft::v1::DESIRED_STATE_PAUSE, false, RunSignal::kDrain},
      {graft::v1::DESIRED_STATE_PAUSE, true, RunSignal::kDrain},
      {graft::v1::DESIRED_STATE_STOP, false, RunSignal::kStop},
      {graft::v1::DESIRED_STATE_STOP, true, RunSignal::kDrain},
      {graft::v1::DESIRED_STATE_CANCEL, false, RunSignal::kCancel},
      {graft::v1::DESIRED_STATE_CANCEL, true, RunSignal::kCancel},
  };
  for (const Case& each : cases) {
    v1::HeartbeatResponse response;
    response.set_desired(each.desired);
    response.set_drain(each.drain);
    EXPECT_EQ(SignalFor(response), each.expected)
        << graft::v1::DesiredState_Name(each.desired) << (each.drain ? ", draining" : "");
  }
}

}  // namespace
}  // namespace graft::worker
