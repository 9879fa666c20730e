#include "worker/heartbeats.h"

#include "gtest/gtest.h"

namespace graft::worker {
namespace {

struct Case {
  graft::v1::DesiredState desired;
  bool drain;
  training::RunSignal expected;
};

TEST(SignalFor, IsDecidedForEveryAnswer) {
  const Case cases[] = {
      {graft::v1::DESIRED_STATE_UNSPECIFIED, false, training::RunSignal::kRun},
      {graft::v1::DESIRED_STATE_UNSPECIFIED, true, training::RunSignal::kDrain},
      {graft::v1::DESIRED_STATE_RUN, false, training::RunSignal::kRun},
      {graft::v1::DESIRED_STATE_RUN, true, training::RunSignal::kDrain},
      {graft::v1::DESIRED_STATE_PAUSE, false, training::RunSignal::kDrain},
      {graft::v1::DESIRED_STATE_PAUSE, true, training::RunSignal::kDrain},
      {graft::v1::DESIRED_STATE_STOP, false, training::RunSignal::kStop},
      {graft::v1::DESIRED_STATE_STOP, true, training::RunSignal::kDrain},
      {graft::v1::DESIRED_STATE_CANCEL, false, training::RunSignal::kCancel},
      {graft::v1::DESIRED_STATE_CANCEL, true, training::RunSignal::kCancel},
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
