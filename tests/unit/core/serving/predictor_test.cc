#include "core/serving/predictor.h"

#include <atomic>
#include <numeric>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/status_details.h"
#include "tests/unit/core/serving/predictor_fixture.h"

namespace graft::serving {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::UnorderedElementsAre;

TEST_F(PredictorTest, AnswersEachInputInOrder) {
  Start();
  Answer<PredictResponse> answer = Submit({"c", "a", "b"});
  const PredictResponse& response = answer.Wait().value();
  EXPECT_EQ(Only(response).model, "m");
  EXPECT_EQ(Only(response).version, 1);
  ASSERT_EQ(Only(response).outputs.size(), 3u);
  EXPECT_EQ(Best(response, 0), 'c');
  EXPECT_EQ(Best(response, 1), 'a');
  EXPECT_EQ(Best(response, 2), 'b');
  EXPECT_EQ(Only(response).outputs[0]->task(), "fake");
}

TEST_F(PredictorTest, OptionsAreTheTasksToJudge) {
  Start({.max_inputs_per_request = 1, .max_pending_inputs = 1});
  const auto status = [&](FakeOptions::Kind kind) {
    Answer<PredictResponse> answer;
    predictor_->Submit({.project = "p",
                        .models = {{.model = "m", .options = std::make_shared<FakeOptions>(kind)}},
                        .inputs = Inputs({"a"})},
                       absl::InfiniteDuration(), answer.Callback());
    return answer.Wait().status();
  };
  EXPECT_TRUE(status(FakeOptions::kGood).ok());
  const absl::Status refused = status(FakeOptions::kRefused);
  EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
  EXPECT_EQ(refused.message(), "options: refused");
  EXPECT_EQ(InvalidFieldsOf(refused).at(0).field, "options");
  EXPECT_EQ(world_.decoded.size(), 1u) << "refused before it is read";
  const absl::Status undecodable = status(FakeOptions::kUndecodable);
  EXPECT_TRUE(absl::IsInternal(undecodable)) << undecodable;
  EXPECT_EQ(undecodable.message(), "inputs[0]: not decodable");
  EXPECT_TRUE(status(FakeOptions::kGood).ok()) << "each has given its place back";
}

TEST_F(PredictorTest, BadRequestsAreNamed) {
  Start({.max_inputs_per_request = 2, .max_bytes_per_input = 4});
  const auto message = [&](const std::vector<std::string>& images) {
    return std::string(Submit(images).Wait().status().message());
  };
  EXPECT_THAT(message({}), HasSubstr("inputs: must be 1 to 2"));
  EXPECT_THAT(message({"a", "b", "c"}), HasSubstr("must be 1 to 2, not 3"));
  EXPECT_THAT(message({"a", ""}), HasSubstr("inputs[1]: empty"));
  EXPECT_THAT(message({"a", "abcde"}), HasSubstr("inputs[1]: 5 bytes"));
  EXPECT_TRUE(absl::IsNotFound(Submit({"a"}, "other").Wait().status()));
}

TEST_F(PredictorTest, ABadImageFailsItsOwnRequestAndIsNamedByIndex) {
  Start();
  Answer<PredictResponse> running = Occupy();
  Answer<PredictResponse> good = Submit({"b"});
  Answer<PredictResponse> bad = Submit({"a", "c", "bad"});
  EXPECT_TRUE(absl::IsInvalidArgument(bad.Wait().status()));
  EXPECT_EQ(bad.Wait().status().message(), "inputs[2]: truncated JPEG");
  world_.computing.Open();
  EXPECT_EQ(Best(*good.Wait(), 0), 'b');
  EXPECT_TRUE(running.Wait().ok());
}

TEST_F(PredictorTest, WhatWaitsGoesTogetherAcrossModelsOfOneBackbone) {
  Start({.decode_threads = 1});
  Answer<PredictResponse> running = Occupy();
  ASSERT_TRUE(absl::IsInvalidArgument(Submit({"bad"}, "n").Wait().status()));  // loads n
  Answer<PredictResponse> first = Submit({"a"}, "m");
  Answer<PredictResponse> second = Submit({"c"}, "n");
  Answer<PredictResponse> third = Submit({"b"}, "m");
  // One thread decodes in order: once this is answered, those before it wait for the network.
  (void)Submit({"bad"}, "n").Wait();
  world_.computing.Open();
  EXPECT_TRUE(running.Wait().ok());
  EXPECT_EQ(Only(*first.Wait()).model, "m");
  EXPECT_EQ(Only(*second.Wait()).model, "n");
  EXPECT_EQ(Best(*second.Wait(), 0), 'c');
  EXPECT_EQ(Best(*third.Wait(), 0), 'b');
  const std::vector<BatchStats> batches = observer_.batches();
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_EQ(batches[1].rows, 3);
  EXPECT_EQ(batches[1].models, 2);
}

TEST_F(PredictorTest, ModelsOfOneBackboneShareAnInputsDecodingAndItsRow) {
  Start();
  models_.Publish("other", 1, {.digest = "another backbone"});
  models_.Publish("squeezed", 1, {.framing = "squeezed"});
  Answer<PredictResponse> answer = SubmitTo({"m", "other", "n", "squeezed", "m"}, {"c", "b"});
  ASSERT_TRUE(answer.Wait().ok()) << answer.Wait().status();
  ASSERT_EQ(answer.Wait()->answers.size(), 5u);
  std::vector<std::string> names;
  for (const ModelAnswer& each : answer.Wait()->answers) {
    names.push_back(each.model);
    EXPECT_EQ(each.version, 1);
    ASSERT_EQ(each.outputs.size(), 2u);
    EXPECT_EQ(static_cast<const FakeOutput&>(*each.outputs[0]).best(), 'c');
    EXPECT_EQ(static_cast<const FakeOutput&>(*each.outputs[1]).best(), 'b');
  }
  EXPECT_THAT(names, ElementsAre("m", "other", "n", "squeezed", "m"));
  absl::MutexLock lock(&world_.mutex);
  EXPECT_THAT(world_.prepared_for, UnorderedElementsAre(3, 3, 1, 1, 1, 1));
  EXPECT_THAT(world_.decoded, UnorderedElementsAre("c", "b", "c", "b", "c", "b"))
      << "once for m and n, once for each of the others";
  EXPECT_EQ(std::accumulate(world_.batch_sizes.begin(), world_.batch_sizes.end(), 0), 6);
}

TEST_F(PredictorTest, OneModelThatCannotBeHadFailsTheRequest) {
  Start({.max_inputs_per_request = 1, .max_pending_inputs = 3});
  for (int i = 0; i < 3; ++i) {
    Answer<PredictResponse> answer = SubmitTo({"m", "none", "n"}, {"a"});
    EXPECT_TRUE(absl::IsNotFound(answer.Wait().status())) << answer.Wait().status();
    EXPECT_THAT(answer.Wait().status().message(), HasSubstr("none"));
  }
  EXPECT_TRUE(SubmitTo({"m", "n"}, {"a"}).Wait().ok()) << "each has given its places back";
  const absl::Status many = SubmitTo({"m", "m", "n", "n"}, {"a"}).Wait().status();
  EXPECT_TRUE(absl::IsInvalidArgument(many)) << many;
  EXPECT_EQ(InvalidFieldsOf(many).at(0).field, "models");
}

TEST_F(PredictorTest, EachModelHasOptionsAndAWantOfItsOwn) {
  Start();
  Answer<PredictResponse> refused;
  predictor_->Submit({.project = "p",
                      .models = {{.model = "m", .field = "models[0]."},
                                 {.model = "n",
                                  .options = std::make_shared<FakeOptions>(FakeOptions::kRefused),
                                  .field = "models[1]."}},
                      .inputs = Inputs({"a"})},
                     absl::InfiniteDuration(), refused.Callback());
  EXPECT_EQ(InvalidFieldsOf(refused.Wait().status()).at(0).field, "models[1].options");
  Answer<PredictResponse> mixed;
  predictor_->Submit({.project = "p",
                      .models = {{.model = "m"}, {.model = "n", .want = Want::kEmbeddings}},
                      .inputs = Inputs({"b", "c"})},
                     absl::InfiniteDuration(), mixed.Callback());
  ASSERT_TRUE(mixed.Wait().ok()) << mixed.Wait().status();
  EXPECT_EQ(mixed.Wait()->answers[0].outputs.size(), 2u);
  EXPECT_TRUE(mixed.Wait()->answers[1].outputs.empty());
  EXPECT_THAT(mixed.Wait()->answers[1].embeddings, ElementsAre(ElementsAre(1), ElementsAre(2)));
}

TEST_F(PredictorTest, WhatAModelDoesNotKnowIsToldAndCounted) {
  Start();
  models_.Publish("judge", 1, {.judges = true});
  Answer<PredictResponse> answer = SubmitTo({"judge", "m"}, {"a", "b", "c"});
  ASSERT_TRUE(answer.Wait().ok()) << answer.Wait().status();
  EXPECT_THAT(answer.Wait()->answers[0].unknown_scores, ElementsAre(0, 1, 2));
  EXPECT_THAT(answer.Wait()->answers[1].unknown_scores, Each(std::nullopt));
  const std::vector<RequestStats> requests = observer_.AwaitRequests(2);
  EXPECT_EQ(requests[0].model, "judge");
  EXPECT_EQ(requests[0].judged_inputs, 3);
  EXPECT_EQ(requests[0].unknown_inputs, 2);
  EXPECT_EQ(requests[1].judged_inputs, 0);
}

TEST_F(PredictorTest, WhatIsBulkIsDecodedAfterWhatIsUrgent) {
  Start({.decode_threads = 1});
  ASSERT_TRUE(Submit({"a"}, "n").Wait().ok());
  world_.decoding.Close();
  Answer<PredictResponse> first = SubmitTo({"n"}, {"a1"}, Priority::kBulk);
  world_.decoding.AwaitArrivals(2);  // it is being decoded
  std::vector<Answer<PredictResponse>> bulk;
  for (int i = 0; i < 3; ++i) bulk.push_back(SubmitTo({"n"}, {"b"}, Priority::kBulk));
  Answer<PredictResponse> urgent = Submit({"c1", "c2"}, "n");
  world_.decoding.Open();
  for (Answer<PredictResponse>& answer : bulk) EXPECT_TRUE(answer.Wait().ok());
  EXPECT_TRUE(urgent.Wait().ok());
  absl::MutexLock lock(&world_.mutex);
  EXPECT_THAT(world_.decoded, ElementsAre("a", "a1", "c1", "c2", "b", "b", "b"));
}

TEST_F(PredictorTest, OptionsThatNeedItAreRefusedByAModelThatCannotTellTheUnknown) {
  Start();
  models_.Publish("judge", 1, {.judges = true});
  const auto status = [&](const std::string& model) {
    Answer<PredictResponse> answer;
    predictor_->Submit(
        {.project = "p",
         .models = {{.model = model,
                     .options = std::make_shared<FakeOptions>(FakeOptions::kNeedsUnknown)}},
         .inputs = Inputs({"a"})},
        absl::InfiniteDuration(), answer.Callback());
    return answer.Wait().status();
  };
  EXPECT_TRUE(status("judge").ok());
  const absl::Status refused = status("m");
  EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
  EXPECT_EQ(InvalidFieldsOf(refused).at(0).field, "options");
}

TEST_F(PredictorTest, ARequestForMoreModelsThanCanBeIsToldOfOnce) {
  Start({.max_inputs_per_request = 1, .max_pending_inputs = 3});
  const std::vector<std::string> many(1000, "m");
  EXPECT_TRUE(absl::IsInvalidArgument(SubmitTo(many, {"a"}).Wait().status()));
  EXPECT_TRUE(Submit({"a"}).Wait().ok());
  const std::vector<RequestStats> requests = observer_.AwaitRequests(2);
  EXPECT_EQ(requests.size(), 2u);
}

TEST_F(PredictorTest, WhatIsBulkIsComputedAfterWhatIsUrgent) {
  Start({.decode_threads = 1});
  ASSERT_TRUE(Submit({"a"}, "n").Wait().ok());  // it is loaded
  Answer<PredictResponse> running = Occupy();
  world_.computing.AwaitArrivals(2);  // that one's and the first one's
  Answer<PredictResponse> bulk = SubmitTo({"n"}, {"b"}, Priority::kBulk);
  Answer<PredictResponse> urgent = Submit({"c"});
  (void)Submit({"bad"}).Wait();  // one thread decodes: those before it wait for the network
  world_.computing.Open();
  ASSERT_TRUE(bulk.Wait().ok());
  const std::vector<RequestStats> requests = observer_.AwaitRequests(5);
  EXPECT_EQ(requests[2].model, "m") << "the running one";
  EXPECT_EQ(requests[3].model, "m") << "the urgent one";
  EXPECT_EQ(requests[4].model, "n") << "the bulk one, which came before it";
}

TEST_F(PredictorTest, ARequestLargerThanABatchIsCutIntoBatches) {
  Start({.batch = {.max_batch_size = 4}});
  Answer<PredictResponse> answer = Submit(std::vector<std::string>(10, "b"));
  ASSERT_TRUE(answer.Wait().ok());
  EXPECT_EQ(Only(*answer.Wait()).outputs.size(), 10u);
  absl::MutexLock lock(&world_.mutex);
  EXPECT_THAT(world_.batch_sizes, Each(Le(4)));
}

TEST_F(PredictorTest, ABatchHasNoMoreRowsThanTheMemoryOfItsNetworkAllows) {
  Start({.batch = {.max_batch_size = 8}}, {.max_rows = 3});
  ASSERT_TRUE(Submit(std::vector<std::string>(10, "b")).Wait().ok());
  absl::MutexLock lock(&world_.mutex);
  EXPECT_THAT(world_.batch_sizes, Each(Le(3)));
}

TEST_F(PredictorTest, DecodedImagesCountAmongTheBytesThatWait) {
  Start({.max_bytes_per_input = 8, .max_pending_bytes = 200}, {.prepared_bytes = 90});
  Answer<PredictResponse> running = Occupy();
  Answer<PredictResponse> second = Submit({"b"});
  Answer<PredictResponse> third = Submit({"c"});
  EXPECT_TRUE(absl::IsResourceExhausted(third.Wait().status())) << third.Wait().status();
  EXPECT_TRUE(RetryDelay(third.Wait().status()).has_value());
  Answer<PredictResponse> never = Submit({"a", "b", "c"});
  EXPECT_TRUE(absl::IsInvalidArgument(never.Wait().status())) << never.Wait().status();
  world_.computing.Open();
  EXPECT_TRUE(running.Wait().ok());
  EXPECT_TRUE(second.Wait().ok());
}

TEST_F(PredictorTest, ALargeRequestTakesTurnsAtTheDecodingThreadsWithThoseThatComeLater) {
  Start({.decode_threads = 1});
  world_.decoding.Close();
  Answer<PredictResponse> large = Submit({"a1", "a2", "a3", "a4"});
  world_.decoding.AwaitArrivals(1);
  Answer<PredictResponse> small = Submit({"b1"});
  world_.decoding.Open();
  EXPECT_TRUE(large.Wait().ok());
  EXPECT_TRUE(small.Wait().ok());
  absl::MutexLock lock(&world_.mutex);
  EXPECT_THAT(world_.decoded, ElementsAre("a1", "b1", "a2", "a3", "a4"));
}

TEST_F(PredictorTest, WaitingForADecodingThreadIsPartOfTheQueueTime) {
  Start({.decode_threads = 1});
  ASSERT_TRUE(Submit({"a"}).Wait().ok());  // the model is there
  world_.decoding.Close();
  Answer<PredictResponse> first = Submit({"a"});
  world_.decoding.AwaitArrivals(2);
  Answer<PredictResponse> second = Submit({"b"});
  clock_.Advance(absl::Seconds(3));
  world_.decoding.Open();
  EXPECT_EQ(first.Wait()->timing.queue, absl::ZeroDuration());
  EXPECT_EQ(first.Wait()->timing.decode, absl::Seconds(3));
  EXPECT_EQ(second.Wait()->timing.queue, absl::Seconds(3));
  EXPECT_EQ(second.Wait()->timing.decode, absl::ZeroDuration());
}

TEST_F(PredictorTest, APastDeadlineIsAnsweredBeforeAnyWork) {
  Start();
  clock_.Advance(absl::Seconds(10));
  EXPECT_TRUE(absl::IsDeadlineExceeded(Submit({"a"}, "m", absl::Seconds(9)).Wait().status()));
  EXPECT_EQ(world_.loads, 0);
}

TEST_F(PredictorTest, ADeadlineThatPassesInTheQueueIsAnsweredWithoutComputing) {
  Start();
  Answer<PredictResponse> running = Occupy();
  Answer<PredictResponse> late = Submit({"a"}, "m", clock_.Monotonic() + absl::Seconds(1));
  clock_.Advance(absl::Seconds(2));
  world_.computing.Open();
  EXPECT_TRUE(absl::IsDeadlineExceeded(late.Wait().status()));
  EXPECT_TRUE(running.Wait().ok());
  absl::MutexLock lock(&world_.mutex);
  EXPECT_EQ(world_.batch_sizes.size(), 1u);
}

TEST_F(PredictorTest, AFullQueueSaysWhenToComeBackAndEmptiesAgain) {
  Start({.max_inputs_per_request = 2, .max_pending_inputs = 3});
  Answer<PredictResponse> running = Occupy();
  Answer<PredictResponse> waiting = Submit({"a", "b"});
  Answer<PredictResponse> refused = Submit({"a"});
  ASSERT_TRUE(refused.done());
  EXPECT_TRUE(absl::IsResourceExhausted(refused.Wait().status()));
  EXPECT_EQ(RetryDelay(refused.Wait().status()), absl::Milliseconds(500));
  world_.computing.Open();
  EXPECT_TRUE(running.Wait().ok());
  EXPECT_TRUE(waiting.Wait().ok());
  EXPECT_TRUE(Submit({"a", "a"}).Wait().ok());
}

TEST_F(PredictorTest, AModelThatLoadsLeavesHalfOfTheQueueToOthers) {
  Start({.max_inputs_per_request = 4, .max_pending_inputs = 4});
  ASSERT_TRUE(Submit({"a"}, "n").Wait().ok());
  world_.loading.Close();
  Answer<PredictResponse> first = Submit({"a", "b"}, "m");
  Answer<PredictResponse> second = Submit({"a"}, "m");
  EXPECT_EQ(ErrorReason(second.Wait().status()), "MODEL_LOADING");
  EXPECT_TRUE(RetryDelay(second.Wait().status()).has_value());
  EXPECT_TRUE(Submit({"a", "b"}, "n").Wait().ok());
  world_.loading.Open();
  EXPECT_TRUE(first.Wait().ok());
  EXPECT_TRUE(Submit({"a", "b", "c", "a"}, "m").Wait().ok());
}

TEST_F(PredictorTest, ALabelWhoseVersionLoadsHoldsUpNoOtherVersion) {
  Start({.max_inputs_per_request = 4, .max_pending_inputs = 4});
  ASSERT_TRUE(Submit({"a"}, "m").Wait().ok());
  models_.Publish("m", 7);
  manager_->SetLabel("p", "m", "canary", 7);
  world_.loading.Close();
  Answer<PredictResponse> canary;
  predictor_->Submit(
      {.project = "p", .models = {{.model = "m", .label = "canary"}}, .inputs = Inputs({"a", "b"})},
      absl::InfiniteDuration(), canary.Callback());
  EXPECT_TRUE(Submit({"a", "b"}, "m").Wait().ok()) << "the latest is in memory";
  world_.loading.Open();
  ASSERT_TRUE(canary.Wait().ok());
  EXPECT_EQ(Only(*canary.Wait()).version, 7);
}

TEST_F(PredictorTest, BytesThatWaitAreBoundedToo) {
  Start({.max_bytes_per_input = 8, .max_pending_bytes = 8});
  Answer<PredictResponse> running = Occupy();
  EXPECT_TRUE(absl::IsResourceExhausted(Submit({"aaaaaaaa"}).Wait().status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Submit({"aaaaa", "aaaaa"}).Wait().status()));
  world_.computing.Open();
  EXPECT_TRUE(running.Wait().ok());
}

TEST_F(PredictorTest, ErrorsSayForProgramsWhatIsWrong) {
  Start({.max_inputs_per_request = 2, .max_pending_inputs = 2});
  const absl::Status bad = Submit({"a", "bad"}).Wait().status();
  EXPECT_EQ(InvalidFieldsOf(bad).at(0).field, "inputs[1]");
  EXPECT_EQ(InvalidFieldsOf(Submit({}).Wait().status()).at(0).field, "inputs");
  EXPECT_EQ(ErrorReason(Submit({"a"}, "other").Wait().status()), "MODEL_NOT_FOUND");
  Answer<PredictResponse> running = Occupy();
  EXPECT_EQ(ErrorReason(Submit({"a", "a"}).Wait().status()), "QUEUE_FULL");
  world_.computing.Open();
  EXPECT_TRUE(running.Wait().ok());
  predictor_->Drain();
  EXPECT_EQ(ErrorReason(Submit({"a"}).Wait().status()), "DRAINING");
}

TEST_F(PredictorTest, DrainRefusesNewRequestsAndEndsTheRunningOnesWell) {
  Start();
  Answer<PredictResponse> running = Occupy();
  Answer<PredictResponse> waiting = Submit({"a", "b"});
  std::thread draining([this] { predictor_->Drain(); });
  while (true) {  // until Drain has begun
    Answer<PredictResponse> refused = Submit({"a"});
    if (refused.done() && absl::IsUnavailable(refused.Wait().status())) {
      EXPECT_TRUE(RetryDelay(refused.Wait().status()).has_value());
      break;
    }
    std::this_thread::yield();
  }
  EXPECT_FALSE(running.done());
  world_.computing.Open();
  draining.join();
  EXPECT_TRUE(running.done() && running.Wait().ok());
  EXPECT_TRUE(waiting.done() && waiting.Wait().ok());
}

TEST_F(PredictorTest, TheObserverHearsEveryRequestOnce) {
  Start();
  (void)Submit({"a", "b"}).Wait();
  (void)Submit({"bad"}).Wait();
  (void)Submit({"a"}, "other").Wait();
  predictor_->Drain();
  const std::vector<RequestStats> requests = observer_.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].code, absl::StatusCode::kOk);
  EXPECT_EQ(requests[0].inputs, 2);
  EXPECT_EQ(requests[0].version, 1);
  EXPECT_EQ(requests[1].code, absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(requests[2].code, absl::StatusCode::kNotFound);
}

TEST_F(PredictorTest, ImpossibleOptionsAreRefused) {
  Start();
  const auto create = [&](Predictor::Options options) {
    return Predictor::Create(options, manager_.get(), &clock_, nullptr).status();
  };
  EXPECT_TRUE(absl::IsInvalidArgument(create({.batch = {.max_batch_size = 0}})));
  EXPECT_TRUE(absl::IsInvalidArgument(create({.decode_threads = 0})));
  EXPECT_TRUE(
      absl::IsInvalidArgument(create({.max_inputs_per_request = 9, .max_pending_inputs = 8})));
}

TEST_F(PredictorTest, EveryCallbackComesExactlyOnceWhateverHappensAtTheSameTime) {
  Start({.batch = {.max_batch_size = 4}, .max_pending_inputs = 64});
  constexpr int kThreads = 4;
  constexpr int kEach = 300;
  std::vector<std::atomic<int>> calls(kThreads * kEach);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        auto cancel = std::make_shared<CancellationToken>();
        std::vector<std::string> images(1 + i % 6, "b");
        if (i % 7 == 0) images.back() = "bad";
        const int id = t * kEach + i;
        predictor_->Submit(
            {.project = "p", .models = {{.model = i % 2 ? "m" : "n"}}, .inputs = Inputs(images)},
            absl::InfiniteDuration(),
            [&, id, count = images.size(), i](absl::StatusOr<PredictResponse> response) {
              ++calls[id];
              if (response.ok() && (i % 7 == 0 || Only(*response).outputs.size() != count)) ++wrong;
            },
            cancel);
        if (i % 3 == 0) cancel->Cancel();
      }
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; i < 100; ++i) manager_->Forget("p", i % 2 ? "m" : "n", 1);
  });
  for (std::thread& thread : threads) thread.join();
  predictor_.reset();
  for (const std::atomic<int>& count : calls) EXPECT_EQ(count, 1);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(observer_.requests().size(), calls.size());
}

}  // namespace
}  // namespace graft::serving
