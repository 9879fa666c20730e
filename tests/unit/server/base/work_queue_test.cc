#include "server/base/work_queue.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "absl/synchronization/notification.h"

namespace graft::server {
namespace {

using ::testing::ElementsAre;
using Queue = WorkQueue<std::string>;

TEST(WorkQueue, HandlesInOrderOnItsOwnThreadAndWhatWaitsBeforeItEnds) {
  std::vector<std::string> handled;
  absl::Notification go;
  {
    Queue queue({10, 100}, [&](const std::string& item) {
      go.WaitForNotification();
      handled.push_back(item);
    });
    for (const char* item : {"a", "b", "c"}) EXPECT_TRUE(queue.TryPush(item, 1));
    go.Notify();
  }
  EXPECT_THAT(handled, ElementsAre("a", "b", "c"));
}

TEST(WorkQueue, DropsWhatHasNoRoomAndCountsWhatIsBeingHandled) {
  std::vector<std::string> handled;
  Queue* self = nullptr;
  Queue queue(
      {2, 10},
      [&](const std::string& item) {
        handled.push_back(item);
        if (item != "a") return;
        EXPECT_FALSE(self->TryPush("within", 7)) << "a's bytes are still held";
      },
      Queue::Thread::kByHand);
  self = &queue;
  EXPECT_FALSE(queue.TryPush("large", 11));
  EXPECT_TRUE(queue.TryPush("a", 4));
  EXPECT_TRUE(queue.TryPush("b", 2));
  EXPECT_FALSE(queue.TryPush("many", 0));
  EXPECT_TRUE(queue.HandleOne());
  EXPECT_TRUE(queue.TryPush("c", 8));
  EXPECT_FALSE(queue.TryPush("d", 1));
  while (queue.HandleOne()) {
  }
  EXPECT_TRUE(queue.TryPush("e", 10));
  EXPECT_THAT(handled, ElementsAre("a", "b", "c"));
}

TEST(WorkQueue, WhatIsDroppedIsNotHandledAndItsRoomIsFree) {
  std::vector<std::string> handled;
  Queue queue(
      {10, 10}, [&](const std::string& item) { handled.push_back(item); }, Queue::Thread::kByHand);
  for (const char* item : {"a1", "b1", "a2"}) ASSERT_TRUE(queue.TryPush(item, 3));
  queue.Drop([](const std::string& item) { return item[0] == 'a'; });
  EXPECT_TRUE(queue.TryPush("c1", 7));
  while (queue.HandleOne()) {
  }
  EXPECT_THAT(handled, ElementsAre("b1", "c1"));
}

TEST(WorkQueue, ADropWaitsForTheOneThatIsBeingHandled) {
  absl::Notification begun;
  absl::Notification go;
  std::vector<std::string> order;
  Queue queue({10, 10}, [&](const std::string& item) {
    begun.Notify();
    go.WaitForNotification();
    order.push_back(item);
  });
  ASSERT_TRUE(queue.TryPush("a", 1));
  begun.WaitForNotification();
  queue.Drop([](const std::string& item) { return item == "b"; });  // is not kept up by another
  std::thread dropping([&] {
    queue.Drop([](const std::string& item) { return item == "a"; });
    order.push_back("dropped");
  });
  go.Notify();
  dropping.join();
  EXPECT_THAT(order, ElementsAre("a", "dropped"));
}

}  // namespace
}  // namespace graft::server
