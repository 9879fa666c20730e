#include "worker/heartbeats.h"

#include "gtest/gtest.h"

namespace graft::worker {
namespace {

struct Case {
  graft::v1::DesiredState desired;
  bool drain;
  Desired expected;
};

TEST(WhatToDo, IsDecidedForEveryAnswer) {
  const Case cases[] = {
      {graft::v1::DESIRED_STATE_UNSPECIFIED, false, Desired::kRun},
      {graft::v1::DESIRED_STATE_UNSPECIFIED, true, Desired::kDrain},
      {graft::v1::DESIRED_STATE_RUN, false, Desired::kRun},
      {graft::v1::DESIRED_STATE_RUN, true, Desired::kDrain},
      {graft::v1::DESIRED_STATE_PAUSE, false, Desired::kDrain},
      {graft::v1::DESIRED_STATE_PAUSE, true, Desired::kDrain},
      {graft::v1::DESIRED_STATE_STOP, false, Desired::kStop},
      {graft::v1::DESIRED_STATE_STOP, true, Desired::kDrain},
      {graft::v1::DESIRED_STATE_CANCEL, false, Desired::kCancel},
      {graft::v1::DESIRED_STATE_CANCEL, true, Desired::kCancel},
  };
  for (const Case& each : cases) {
    v1::HeartbeatResponse response;
    response.set_desired(each.desired);
    response.set_drain(each.drain);
    EXPECT_EQ(WhatToDo(response), each.expected)
        << graft::v1::DesiredState_Name(each.desired) << (each.drain ? ", draining" : "");
  }
}

}  // namespace
}  // namespace graft::worker
