#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/base/status_details.h"
#include "tests/unit/core/serving/predictor_fixture.h"

namespace graft::serving {
namespace {

constexpr Predictor::Options kWithGoal{.batch = {.max_batch_size = 8},
                                       .max_inputs_per_request = 16,
                                       .p99_goal = absl::Milliseconds(100)};

class PredictorOverloadTest : public PredictorTest {
 protected:
  // 30 requests at once, that all take 600 ms.
  void MakeOverload() {
    world_.computing.Close();
    std::vector<Answer<PredictResponse>> answers;
    for (int i = 0; i < 30; ++i) answers.push_back(Submit({"a"}));
    clock_.Advance(absl::Milliseconds(600));
    world_.computing.Open();
    for (auto& answer : answers) EXPECT_TRUE(answer.Wait().ok());
  }
  // Once in memory, so that no request waits for it.
  void Load() { EXPECT_TRUE(Submit({"a"}).Wait().ok()); }
};

TEST_F(PredictorOverloadTest, BeyondTheGoalFewerAreLetIn) {
  Start(kWithGoal);
  Load();
  EXPECT_EQ(predictor_->admitted().limit, 256);
  MakeOverload();
  world_.computing.Close();
  std::vector<Answer<PredictResponse>> let_in;
  absl::Status refused;
  while (refused.ok() && let_in.size() < 30) {
    let_in.push_back(Submit({"a"}));
    const AdmissionStats admitted = predictor_->admitted();
    if (admitted.inputs >= admitted.limit) refused = Submit({"a"}).Wait().status();
  }
  EXPECT_LT(let_in.size(), 8u);
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_EQ(ErrorReason(refused), "OVERLOADED");
  EXPECT_EQ(RetryDelay(refused), absl::Milliseconds(500));
  EXPECT_EQ(observer_.requests().back().reason, "OVERLOADED");
  world_.computing.Open();
  for (auto& answer : let_in) EXPECT_TRUE(answer.Wait().ok());
}

TEST_F(PredictorOverloadTest, TheTimeOfALoadDoesNotCount) {
  Start(kWithGoal);
  world_.loading.Close();
  std::vector<Answer<PredictResponse>> answers;
  for (int i = 0; i < 30; ++i) answers.push_back(Submit({"a"}));
  clock_.Advance(absl::Seconds(10));
  world_.loading.Open();
  for (auto& answer : answers) EXPECT_TRUE(answer.Wait().ok());
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(Submit({"a"}).Wait().ok());
  EXPECT_EQ(predictor_->admitted().limit, 256);
}

TEST_F(PredictorOverloadTest, ARequestForManyThatWaitsForOneOfThemIsNotInside) {
  Start(kWithGoal);
  Load();
  ASSERT_TRUE(SubmitTo({"n"}, {"a"}).Wait().ok());
  MakeOverload();
  ASSERT_TRUE(Submit({"a"}).Wait().ok());
  ASSERT_LT(predictor_->admitted().limit, 8);
  models_.Publish("cold", 1);
  world_.loading.Close();
  Answer<PredictResponse> waits = SubmitTo({"m", "n", "cold"}, {"a", "b", "c", "a"});
  ASSERT_FALSE(waits.done());
  EXPECT_TRUE(Submit({"a"}).Wait().ok()) << "none of the twelve is in anybody's way";
  world_.loading.Open();
  EXPECT_TRUE(waits.Wait().ok());
}

TEST_F(PredictorOverloadTest, ThoseWhoseDeadlinePassesCount) {
  Start(kWithGoal);
  Load();
  const Answer<PredictResponse> running = Occupy();
  world_.computing.AwaitArrivals(2);  // it, too, and alone
  std::vector<Answer<PredictResponse>> late;
  for (int i = 0; i < 30; ++i) {
    late.push_back(Submit({"a"}, "m", clock_.Monotonic() + absl::Milliseconds(550)));
  }
  clock_.Advance(absl::Milliseconds(600));
  world_.computing.Open();
  for (auto& answer : late) EXPECT_TRUE(absl::IsDeadlineExceeded(answer.Wait().status()));
  Submit({"a"});
  EXPECT_LT(predictor_->admitted().limit, 30);
}

TEST_F(PredictorOverloadTest, OneCallerLeavesRoomForOthers) {
  Start({.max_inputs_per_request = 2, .max_inputs_per_caller = 2});
  const auto submit = [&](const std::string& caller) {
    Answer<PredictResponse> answer;
    predictor_->Submit({.project = "p",
                        .models = {{.model = "m"}},
                        .inputs = Inputs({"a", "b"}),
                        .caller = caller},
                       absl::InfiniteDuration(), answer.Callback());
    return answer;
  };
  world_.computing.Close();
  Answer<PredictResponse> first = submit("greedy");
  const absl::Status refused = submit("greedy").Wait().status();
  EXPECT_EQ(ErrorReason(refused), "CALLER_BUSY");
  EXPECT_TRUE(RetryDelay(refused).has_value());
  Answer<PredictResponse> other = submit("other");
  world_.computing.Open();
  EXPECT_TRUE(first.Wait().ok());
  EXPECT_TRUE(other.Wait().ok());
  EXPECT_TRUE(submit("greedy").Wait().ok());
}

TEST_F(PredictorOverloadTest, OptionsThatMakeNoSenseAreNamed) {
  Start();
  const auto message = [&](const Predictor::Options& options) {
    return std::string(
        Predictor::Create(options, manager_.get(), &clock_, nullptr).status().message());
  };
  EXPECT_NE(message({.max_inputs_per_caller = 63}).find("max_inputs_per_caller"),
            std::string::npos);
  EXPECT_NE(message({.max_inputs_per_caller = -1}).find("max_inputs_per_caller"),
            std::string::npos);
  EXPECT_NE(message({.p99_goal = -absl::Seconds(1)}).find("p99_goal"), std::string::npos);
  EXPECT_EQ(message({.max_inputs_per_caller = 64, .p99_goal = absl::Milliseconds(1)}), "");
}

}  // namespace
}  // namespace graft::serving
