#include "worker/event_queue.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace graft::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

graft::v1::JobEvent Log(const std::string& text) {
  graft::v1::JobEvent event;
  event.mutable_log()->set_text(text);
  return event;
}
graft::v1::JobEvent Warning(const std::string& code) {
  graft::v1::JobEvent event;
  event.mutable_warning()->set_code(code);
  return event;
}
graft::v1::JobEvent Metrics(int epoch) {
  graft::v1::JobEvent event;
  event.mutable_metrics()->set_epoch(epoch);
  return event;
}

std::vector<std::string> Names(const std::vector<graft::v1::JobEvent>& events) {
  std::vector<std::string> names;
  for (const graft::v1::JobEvent& event : events) {
    if (event.has_log()) names.push_back(event.log().text());
    if (event.has_warning()) names.push_back(event.warning().code());
    if (event.has_metrics()) names.push_back(absl::StrCat("epoch ", event.metrics().epoch()));
  }
  return names;
}

TEST(EventQueue, GivesWhatCameInOrderAndInBatches) {
  EventQueue queue(1 << 20);
  for (int i = 0; i < 5; ++i) queue.Add(Log(absl::StrCat(i)));
  EXPECT_THAT(Names(queue.Take(3, 1 << 20)), ElementsAre("0", "1", "2"));
  EXPECT_THAT(Names(queue.Take(3, 1 << 20)), ElementsAre("3", "4"));
  EXPECT_THAT(queue.Take(3, 1 << 20), SizeIs(0));
  EXPECT_EQ(queue.bytes(), 0u);
  EXPECT_EQ(queue.dropped(), 0);
}

TEST(EventQueue, ABatchIsBoundedInBytesButNeverEmpty) {
  EventQueue queue(1 << 20);
  for (int i = 0; i < 4; ++i) queue.Add(Log(std::string(1000, static_cast<char>('a' + i))));
  EXPECT_THAT(queue.Take(100, 1), SizeIs(1));
  EXPECT_THAT(queue.Take(100, 3000), SizeIs(2));
  EXPECT_THAT(queue.Take(100, 3000), SizeIs(1));
}

TEST(EventQueue, WithoutRoomTheOldestOfProgressMetricsAndLogsGoesAndNoWarning) {
  EventQueue queue(5 * 1300);
  queue.Add(Warning("FIRST"));
  queue.Add(Metrics(1));
  for (int i = 0; i < 6; ++i) queue.Add(Log(absl::StrCat(i, std::string(1000, 'x'))));
  queue.Add(Warning("SECOND"));
  EXPECT_LE(queue.bytes(), 5u * 1300);
  EXPECT_EQ(queue.dropped(), 3);
  const auto names = Names(queue.Take(100, 1 << 20));
  ASSERT_THAT(names, SizeIs(6));
  EXPECT_EQ(names[0], "FIRST");
  EXPECT_EQ(names[1][0], '2') << "the oldest went first";
  EXPECT_EQ(names[4][0], '5');
  EXPECT_EQ(names[5], "SECOND");
  EXPECT_EQ(queue.TakeDropped(), 3);
  EXPECT_EQ(queue.TakeDropped(), 0);
}

TEST(EventQueue, WarningsAndStatesStayEvenWhereNothingElseIsLeftToDrop) {
  EventQueue queue(100);
  graft::v1::JobEvent state;
  state.mutable_state()->set_state(graft::v1::JOB_STATE_RUNNING);
  for (int i = 0; i < 3; ++i) queue.Add(Warning(absl::StrCat("W", i)));
  queue.Add(state);
  queue.Add(Log("there is no room for this one"));
  EXPECT_EQ(queue.size(), 4u);
  EXPECT_EQ(queue.dropped(), 1);
}

TEST(EventQueue, EverySortOfEventIsEitherKeptOrDropped) {
  graft::v1::JobEvent event;
  EXPECT_FALSE(MayBeDropped(event)) << "what a later worker may add is kept";
  event.mutable_progress();
  EXPECT_TRUE(MayBeDropped(event));
  event.mutable_checkpoint();
  EXPECT_TRUE(MayBeDropped(event));
  EXPECT_TRUE(MayBeDropped(Metrics(1)));
  EXPECT_TRUE(MayBeDropped(Log("")));
  EXPECT_FALSE(MayBeDropped(Warning("")));
  event.mutable_state();
  EXPECT_FALSE(MayBeDropped(event));
}

}  // namespace
}  // namespace graft::worker
