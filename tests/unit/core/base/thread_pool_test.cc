#include "core/base/thread_pool.h"

#include <atomic>
#include <functional>
#include <memory>
#include <pthread.h>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace graft {
namespace {

// A pool of one thread that is busy until it is let go.
class BusyPool {
 public:
  explicit BusyPool(size_t max_waiting = ThreadPool::kUnbounded) : pool("busy", 1, max_waiting) {
    absl::Notification running;
    pool.Submit([&] {
      running.Notify();
      release.WaitForNotification();
    });
    running.WaitForNotification();
  }
  ~BusyPool() {
    if (!release.HasBeenNotified()) release.Notify();
  }

  absl::Notification release;
  ThreadPool pool;  // last: its task uses the above
};

TEST(ThreadPool, RefusesWhatItsQueueCannotHold) {
  BusyPool busy(1);
  std::atomic<int> done{0};
  EXPECT_TRUE(busy.pool.TrySubmit([&] { ++done; }));
  EXPECT_FALSE(busy.pool.TrySubmit([&] { ++done; }));
  EXPECT_TRUE(busy.pool.Submit([&] { ++done; })) << "the next step of something let in";
  EXPECT_EQ(busy.pool.waiting(), 2u);
  busy.release.Notify();
  busy.pool.Close();
  EXPECT_EQ(done, 2);
}

TEST(ThreadPool, ClosingRunsWhatWaitsAndTakesNothingNew) {
  ThreadPool pool("pool", 2, 100);
  std::atomic<int> done{0};
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(pool.TrySubmit([&] { ++done; }));
  pool.Close();
  EXPECT_EQ(done, 50);
  EXPECT_FALSE(pool.TrySubmit([] {}));
  EXPECT_FALSE(pool.Submit([] {}));
  pool.Close();
}

TEST(ThreadPool, ClosingMayDropWhatWaits) {
  BusyPool busy;
  std::atomic<bool> ran{false};
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> alive = held;
  ASSERT_TRUE(busy.pool.Submit([&ran, held = std::move(held)] { ran = true; }));
  std::thread closing([&] { busy.pool.Close(ThreadPool::OnClose::kDropWaiting); });
  while (!alive.expired()) std::this_thread::yield();
  busy.release.Notify();
  closing.join();
  EXPECT_FALSE(ran);
}

TEST(ThreadPool, ATaskMayGoOnInStepsWhileItsPoolCloses) {
  BusyPool busy;
  int steps = 0;
  std::function<void()> step = [&] {
    if (++steps == 5) return;
    EXPECT_TRUE(busy.pool.Submit(step));
  };
  ASSERT_TRUE(busy.pool.Submit(step));
  std::thread closing([&] { busy.pool.Close(); });
  while (busy.pool.Submit([] {})) std::this_thread::yield();  // until it is closed to us
  busy.release.Notify();
  closing.join();
  EXPECT_EQ(steps, 5);
}

TEST(ThreadPool, ItsThreadsAreNamed) {
  ThreadPool pool("a-name-that-is-too-long", 1);
  absl::Notification done;
  std::string name;
  pool.Submit([&] {
    char buffer[16] = {};
    pthread_getname_np(pthread_self(), buffer, sizeof(buffer));
    name = buffer;
    done.Notify();
  });
  done.WaitForNotification();
  EXPECT_EQ(name, "a-name-that-is-");
}

TEST(ThreadPool, ManyThreadsMaySubmitAtOnce) {
  std::atomic<int> done{0};
  {
    ThreadPool pool("pool", 3);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 500; ++j) EXPECT_TRUE(pool.Submit([&] { ++done; }));
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(done, 2'000);
}

}  // namespace
}  // namespace graft
