#include "core/serving/answer_sink.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/synchronization/mutex.h"

#include "tests/unit/core/serving/predictor_fixture.h"

namespace graft::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Remembers what it was told, by model.
class RecordingSink final : public AnswerSink {
 public:
  bool Wants(const std::string& project, const std::string& model) override {
    absl::MutexLock lock(&mutex_);
    asked.push_back(project + "/" + model);
    return wanted.contains(model);
  }
  void OnAnswered(const std::string& project, const ModelAnswer& answer,
                  const std::vector<std::shared_ptr<const PredictInput>>& inputs) override {
    absl::MutexLock lock(&mutex_);
    std::string told = project + "/" + answer.model + ":";
    for (size_t i = 0; i < inputs.size(); ++i) {
      told += std::get<EncodedImage>(*inputs[i]).bytes;
      told += static_cast<const FakeOutput&>(*answer.outputs[i]).best();
    }
    told_.push_back(told);
    last_inputs = inputs;
  }
  std::vector<std::string> told() {
    absl::MutexLock lock(&mutex_);
    return told_;
  }

  std::set<std::string> wanted;
  std::vector<std::string> asked;
  std::vector<std::shared_ptr<const PredictInput>> last_inputs;

 private:
  absl::Mutex mutex_;
  std::vector<std::string> told_;
};

class AnswerSinkTest : public PredictorTest {
 protected:
  void SetUp() override {
    models_.Publish("m", 1);
    models_.Publish("n", 1, {.digest = "another"});  // a part of its own: each input is read twice
    manager_ = *ModelManager::Create({}, &models_, &models_, &clock_, nullptr);
    predictor_ = *Predictor::Create({}, manager_.get(), &clock_, &observer_, &sink_);
  }

  RecordingSink sink_;
};

TEST_F(AnswerSinkTest, HearsWhatItWantsBeforeTheCallerWithTheInputsAsTheyCame) {
  sink_.wanted = {"m"};
  Answer<PredictResponse> answer = Submit({"b", "a", "c"});
  ASSERT_TRUE(answer.Wait().ok());
  EXPECT_THAT(sink_.told(), ElementsAre("p/m:bbaacc"));
  EXPECT_THAT(sink_.asked, ElementsAre("p/m"));
  for (const auto& input : sink_.last_inputs) EXPECT_EQ(input.use_count(), 1) << "nobody else's";
}

TEST_F(AnswerSinkTest, WhatItDoesNotWantIsFreedAsSoonAsItIsRead) {
  sink_.wanted = {"other"};
  ASSERT_TRUE(Submit({"b"}).Wait().ok());
  EXPECT_THAT(sink_.told(), IsEmpty());
}

TEST_F(AnswerSinkTest, HearsOfEveryModelOfARequestOneOfWhichItWants) {
  sink_.wanted = {"n"};
  ASSERT_TRUE(SubmitTo({"m", "n"}, {"b", "c"}).Wait().ok());
  EXPECT_THAT(sink_.told(), ElementsAre("p/m:bbcc", "p/n:bbcc"));
}

TEST_F(AnswerSinkTest, HearsNothingOfEmbeddingsNorOfWhatFails) {
  sink_.wanted = {"m"};
  Answer<PredictResponse> embedded;
  predictor_->Submit({.project = "p",
                      .models = {{.model = "m", .want = Want::kEmbeddings}},
                      .inputs = Inputs({"a"})},
                     absl::InfiniteDuration(), embedded.Callback());
  ASSERT_TRUE(embedded.Wait().ok());
  EXPECT_THAT(sink_.asked, IsEmpty());
  EXPECT_FALSE(Submit({"a", "bad"}).Wait().ok());
  EXPECT_FALSE(Submit({"a"}, "none").Wait().ok());
  EXPECT_THAT(sink_.told(), IsEmpty());
}

}  // namespace
}  // namespace graft::serving
