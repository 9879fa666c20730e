#include "core/serving/overload/latency_limiter.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace graft::serving {
namespace {

// A server that takes up to `most_rows` of what waits into a pass, and a limiter before it.
class Queue {
 public:
  struct Shape {
    absl::Duration pass;   // of a pass, however full
    absl::Duration input;  // of each input in it
    int most_rows = 32;

    // Inputs a second, of full passes.
    double capacity() const { return most_rows / absl::ToDoubleSeconds(pass + input * most_rows); }
  };
  // So many of the arrivals are answered at once, without waiting for anybody (seen before).
  void AnswerAtOnce(double share) { at_once_ = share; }

  Queue(const Shape& shape, absl::Duration goal, int most = 512)
      : shape_(shape),
        limiter_({.p99_goal = goal, .most = most, .instances = 1, .full_pass = shape.most_rows},
                 absl::ZeroDuration()) {}

  struct Outcome {
    absl::Duration p99;  // of what was answered
    double rate = 0;     // computed a second
    double refused = 0;  // share of what came
    int least_limit = 0;
    int most_limit = 0;
  };
  // Arrivals as they come to a shop (Poisson), so many a second.
  Outcome Run(double arrivals, absl::Duration span) {
    const absl::Duration until = now_ + span;
    std::exponential_distribution<double> gap(arrivals);
    absl::Duration next = now_ + absl::Seconds(gap(random_));
    std::vector<absl::Duration> took;
    Outcome outcome{.least_limit = limiter_.limit(), .most_limit = limiter_.limit()};
    double came = 0;
    while (next < until) {
      if (!running_.empty() && pass_ends_ <= next) {
        now_ = pass_ends_;
        for (const absl::Duration entered : running_) {
          ++outcome.rate;
          took.push_back(now_ - entered);
          limiter_.OnEnded({.entered = entered, .took = now_ - entered, .inputs = 1});
        }
        running_.clear();
      } else {
        now_ = next;
        next = now_ + absl::Seconds(gap(random_));
        ++came;
        const int inside = static_cast<int>(running_.size() + waiting_.size());
        if (inside >= 512 || !limiter_.Admits(1, inside, now_)) {
          ++outcome.refused;
        } else if (std::bernoulli_distribution(at_once_)(random_)) {
          took.push_back(kAtOnce);
          limiter_.OnEnded({.entered = now_, .took = kAtOnce, .inputs = 1});
        } else {
          waiting_.push_back(now_);
        }
        outcome.least_limit = std::min(outcome.least_limit, limiter_.limit());
        outcome.most_limit = std::max(outcome.most_limit, limiter_.limit());
      }
      if (running_.empty()) BeginPass();
    }
    outcome.rate /= absl::ToDoubleSeconds(span);
    outcome.refused /= came;
    std::sort(took.begin(), took.end());
    if (!took.empty()) outcome.p99 = took[took.size() * 99 / 100];
    return outcome;
  }

  LatencyLimiter& limiter() { return limiter_; }
  void Slow(double times) {
    shape_.pass *= times;
    shape_.input *= times;
  }

 private:
  void BeginPass() {
    const size_t rows = std::min(waiting_.size(), static_cast<size_t>(shape_.most_rows));
    if (rows == 0) return;
    running_.assign(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(rows));
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(rows));
    pass_ends_ = now_ + shape_.pass + shape_.input * static_cast<int64_t>(rows);
  }

  static constexpr absl::Duration kAtOnce = absl::Microseconds(200);

  Shape shape_;
  double at_once_ = 0;
  LatencyLimiter limiter_;
  absl::Duration now_;
  absl::Duration pass_ends_;
  std::vector<absl::Duration> running_;
  std::deque<absl::Duration> waiting_;
  std::minstd_rand random_{7};
};

constexpr Queue::Shape kLight{absl::Microseconds(300), absl::Milliseconds(3)};
constexpr Queue::Shape kHeavy{absl::Milliseconds(5), absl::Milliseconds(60)};
constexpr Queue::Shape kAccelerator{absl::Milliseconds(4), absl::Microseconds(120), 64};

TEST(LatencyLimiter, WithoutALimiterTheQueueFillsUp) {
  Queue queue(kLight, absl::ZeroDuration());
  queue.Run(2 * kLight.capacity(), absl::Seconds(20));
  EXPECT_GT(queue.Run(2 * kLight.capacity(), absl::Seconds(20)).p99, absl::Seconds(1));
}

TEST(LatencyLimiter, UnderTwiceWhatCanBeDoneTheGoalIsHeldAtFullThroughput) {
  struct Case {
    Queue::Shape shape;
    absl::Duration goal;
    absl::Duration settled_after;  // what came in at first has to be answered, too
  };
  for (const Case& test : {Case{kLight, absl::Milliseconds(200), absl::Seconds(10)},
                           Case{kLight, absl::Milliseconds(50), absl::Seconds(10)},
                           Case{kHeavy, absl::Milliseconds(500), absl::Seconds(80)},
                           Case{kHeavy, absl::Seconds(2), absl::Seconds(80)},
                           Case{kAccelerator, absl::Milliseconds(50), absl::Seconds(10)}}) {
    for (const double times : {1.3, 2.0, 10.0}) {
      Queue queue(test.shape, test.goal);
      queue.Run(times * test.shape.capacity(), test.settled_after);
      const Queue::Outcome outcome = queue.Run(times * test.shape.capacity(), absl::Minutes(2));
      EXPECT_LE(outcome.p99, test.goal) << test.goal << " at " << times;
      EXPECT_GE(outcome.rate, 0.9 * test.shape.capacity()) << test.goal << " at " << times;
      EXPECT_LE(outcome.most_limit, 1.6 * outcome.least_limit) << "it comes to rest";
    }
  }
}

// However fast most of the answers are, those that are computed are more than one in a hundred.
TEST(LatencyLimiter, AnswersFromTheCacheHideNoQueue) {
  Queue queue(kHeavy, absl::Milliseconds(500));
  queue.AnswerAtOnce(0.95);
  const double arrivals = 40 * kHeavy.capacity();
  queue.Run(arrivals, absl::Seconds(80));
  const Queue::Outcome outcome = queue.Run(arrivals, absl::Minutes(2));
  EXPECT_LE(outcome.p99, absl::Milliseconds(500));
  EXPECT_GE(outcome.rate, 0.9 * kHeavy.capacity());
}

TEST(LatencyLimiter, WhatCanBeDoneIsNotRefused) {
  Queue queue(kLight, absl::Milliseconds(200));
  EXPECT_EQ(queue.Run(0.7 * kLight.capacity(), absl::Minutes(10)).refused, 0);
  EXPECT_EQ(queue.limiter().limit(), 512);
}

TEST(LatencyLimiter, TheDoorOpensAgainWhenTheOverloadIsOver) {
  Queue queue(kLight, absl::Milliseconds(200));
  queue.Run(3 * kLight.capacity(), absl::Minutes(1));
  queue.Run(0.7 * kLight.capacity(), absl::Seconds(5));
  EXPECT_LT(queue.Run(0.7 * kLight.capacity(), absl::Minutes(4)).refused, 0.001);
  queue.Run(0.7 * kLight.capacity(), absl::Minutes(5));
  EXPECT_EQ(queue.limiter().limit(), 512);
}

TEST(LatencyLimiter, FollowsAServerThatBecomesSlowerAndFasterAgain) {
  Queue queue(kLight, absl::Milliseconds(200));
  const double arrivals = 2 * kLight.capacity();
  queue.Run(arrivals, absl::Seconds(30));
  queue.Slow(2);
  queue.Run(arrivals, absl::Seconds(10));
  EXPECT_LE(queue.Run(arrivals, absl::Seconds(30)).p99, absl::Milliseconds(200));
  queue.Slow(0.5);
  queue.Run(arrivals, absl::Seconds(10));
  const Queue::Outcome outcome = queue.Run(arrivals, absl::Seconds(30));
  EXPECT_LE(outcome.p99, absl::Milliseconds(200));
  EXPECT_GE(outcome.rate, 0.9 * kLight.capacity());
}

TEST(LatencyLimiter, AGoalThatNothingReachesLeavesTheThroughput) {
  for (const Queue::Shape& shape : {kLight, kHeavy, kAccelerator}) {
    Queue queue(shape, absl::Milliseconds(1));
    queue.Run(2 * shape.capacity(), absl::Minutes(1));
    const Queue::Outcome outcome = queue.Run(2 * shape.capacity(), absl::Minutes(10));
    EXPECT_GE(outcome.rate, 0.9 * shape.capacity());
    EXPECT_LE(outcome.most_limit, 2 * shape.most_rows);
  }
}

TEST(LatencyLimiter, ARequestLargerThanTheLimitComesInAlone) {
  LatencyLimiter limiter({.p99_goal = absl::Seconds(1), .most = 8, .full_pass = 4},
                         absl::ZeroDuration());
  EXPECT_FALSE(limiter.Admits(9, 1, absl::ZeroDuration()));
  EXPECT_TRUE(limiter.Admits(9, 0, absl::ZeroDuration()));
}

TEST(LatencyLimiter, TellsHowLongItHasRefused) {
  LatencyLimiter limiter({.p99_goal = absl::Seconds(1), .most = 8, .full_pass = 4},
                         absl::ZeroDuration());
  EXPECT_EQ(limiter.OverloadedFor(absl::Seconds(1)), absl::ZeroDuration());
  for (int second = 10; second <= 40; second += 10) {
    EXPECT_FALSE(limiter.Admits(1, 8, absl::Seconds(second)));
  }
  EXPECT_EQ(limiter.OverloadedFor(absl::Seconds(41)), absl::Seconds(31));
  EXPECT_EQ(limiter.OverloadedFor(absl::Seconds(71)), absl::ZeroDuration());
  EXPECT_FALSE(limiter.Admits(1, 8, absl::Seconds(80)));
  EXPECT_EQ(limiter.OverloadedFor(absl::Seconds(80)), absl::ZeroDuration()) << "after a pause";
}

}  // namespace
}  // namespace graft::serving
