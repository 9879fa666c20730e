#include "server/capture/capture_recorder.h"

#include <memory>

#include "core/tasks/classification/decoder.h"
#include "core/tasks/regression/decoder.h"
#include "server/capture/capture_rule.h"
#include "tests/fakes/fake_serving.h"
#include "tests/unit/server/capture/capture_fixture.h"

namespace graft::server {
namespace {

using serving::EncodedImage;
using serving::PredictInput;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CaptureRecorderTest : public CaptureTest {
 protected:
  void SetUp() override {
    CaptureTest::SetUp();
    ASSERT_FALSE(HasFatalFailure());
    policies_.Set(policy_);
    Open({});
  }
  void Open(CaptureRecorder::Options options) {
    options.thread = CaptureRecorder::Thread::kByHand;
    recorder_ = std::make_unique<CaptureRecorder>(options, &policies_, pictures_.get(),
                                                  metrics_.get(), logger_.get());
  }

  struct Answered {
    std::string bytes;
    float probability = 0.5f;
    std::optional<float> unknown_score = {};
  };
  void Answer(const std::vector<Answered>& answered, const std::string& model = "pets",
              const std::string& project = "p") {
    serving::ModelAnswer answer;
    answer.model = model;
    answer.version = 3;
    std::vector<std::shared_ptr<const PredictInput>> inputs;
    for (const Answered& each : answered) {
      inputs.push_back(std::make_shared<const PredictInput>(EncodedImage{each.bytes}));
      answer.outputs.push_back(std::make_unique<tasks::ClassificationOutput>(
          tasks::ClassificationOutput::Parts{{{"cat", each.probability, 1}}}));
      answer.unknown_scores.push_back(each.unknown_score);
    }
    recorder_->OnAnswered(project, answer, inputs);
  }
  int KeepAll() {
    int kept = 0;
    while (recorder_->KeepOne()) ++kept;
    return kept;
  }

  CapturePolicies policies_{{}};
  std::unique_ptr<CaptureRecorder> recorder_;
};

TEST_F(CaptureRecorderTest, KeepsWhatThePolicyWantsWithWhatWasSaidOfIt) {
  EXPECT_TRUE(recorder_->Wants("p", "pets"));
  EXPECT_FALSE(recorder_->Wants("q", "pets"));
  Answer({{"sure", 0.9f}, {"unsure", 0.5f, 0.25f}});
  EXPECT_EQ(KeepAll(), 1);
  EXPECT_THAT(Pictures(), ElementsAre("unsure"));
  const auto row = store_->GetCapturedPicture("p", Sha256Hex("unsure"));
  EXPECT_EQ(row->model, "pets");
  EXPECT_EQ(row->version, 3);
  EXPECT_EQ(row->answer, "cat");
  EXPECT_EQ(row->probability, 0.5);
  EXPECT_EQ(row->unknown_score, 0.25);
  EXPECT_EQ(row->policy_model, "");
  EXPECT_EQ(row->expire_time - row->create_time, absl::Hours(48));
  EXPECT_EQ(metrics_->capture_pictures_total.Value(), 1);
  Answer({{"unsure"}});
  KeepAll();
  EXPECT_EQ(metrics_->capture_pictures_total.Value(), 1) << "it was there";
}

TEST_F(CaptureRecorderTest, OfAModelWithoutAPolicyNothingIsKept) {
  Answer({{"one"}}, "pets", "q");
  store::CapturePolicy none = policy_;
  none.model = "cars";
  none.share = 0;
  policies_.Set(none);
  EXPECT_FALSE(recorder_->Wants("p", "cars"));
  Answer({{"two"}}, "cars");
  EXPECT_EQ(KeepAll(), 0);
}

TEST_F(CaptureRecorderTest, ASharePicksByThePicture) {
  policy_.share = 0.5;
  policies_.Set(policy_);
  std::vector<Answered> many;
  std::vector<std::string> expected;
  for (int i = 0; i < 40; ++i) {
    many.push_back({absl::StrCat("picture ", i)});
    if (IsDrawn(policy_, Sha256Hex(many.back().bytes))) expected.push_back(many.back().bytes);
  }
  Answer(many);
  KeepAll();
  Answer(many);
  KeepAll();
  EXPECT_THAT(Pictures(), ::testing::UnorderedElementsAreArray(expected));
}

TEST_F(CaptureRecorderTest, PixelsAndAnswersOfNoKnownTaskAreNotKept) {
  serving::ModelAnswer answer;
  answer.model = "pets";
  answer.outputs.push_back(std::make_unique<tasks::ClassificationOutput>(
      tasks::ClassificationOutput::Parts{{{"cat", 0.1f, 0}}}));
  answer.outputs.push_back(std::make_unique<FakeOutput>(std::vector<float>{1}));
  answer.unknown_scores.resize(2);
  recorder_->OnAnswered(
      "p", answer,
      {std::make_shared<const PredictInput>(serving::PixelTensor{{3, 1, 1}, {0, 0, 0}}),
       std::make_shared<const PredictInput>(EncodedImage{"fake"})});
  EXPECT_EQ(KeepAll(), 0);
}

TEST_F(CaptureRecorderTest, NumbersAreKeptWhereTheyAreUnknown) {
  policy_.unknown = true;
  policies_.Set(policy_);
  serving::ModelAnswer answer;
  answer.model = "ages";
  answer.outputs.push_back(
      std::make_unique<tasks::RegressionOutput>(std::vector<tasks::NumberAnswer>{{"age", 41.25}}));
  answer.unknown_scores = {1.5f};
  recorder_->OnAnswered("p", answer, {std::make_shared<const PredictInput>(EncodedImage{"x"})});
  KeepAll();
  const auto row = store_->GetCapturedPicture("p", Sha256Hex("x"));
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(row->answer, "age 41.25");
  EXPECT_EQ(row->probability, std::nullopt);
}

TEST_F(CaptureRecorderTest, WhatThereIsNoRoomForIsDroppedAndCounted) {
  Open({.max_waiting = 2, .max_waiting_bytes = 6});
  Answer({{"one"}, {"two"}, {"three"}});
  EXPECT_EQ(KeepAll(), 2);
  Answer({{"seven b"}});
  EXPECT_EQ(KeepAll(), 0);
  EXPECT_THAT(metrics_->Serialize(), HasSubstr("graft_capture_dropped_total{reason=\"queue\"} 2"));
}

TEST_F(CaptureRecorderTest, WhatTheDiskDoesNotTakeIsCountedByReason) {
  disk_ = absl::ResourceExhaustedError("full");
  Answer({{"one"}});
  KeepAll();
  disk_ = absl::OkStatus();
  Answer({{std::string(1'001, 'x')}});
  KeepAll();
  const std::string text = metrics_->Serialize();
  EXPECT_THAT(text, HasSubstr("graft_capture_dropped_total{reason=\"disk\"} 1"));
  EXPECT_THAT(text, HasSubstr("graft_capture_dropped_total{reason=\"size\"} 1"));
  EXPECT_THAT(Pictures(), IsEmpty());
}

TEST_F(CaptureRecorderTest, WhatIsForgottenIsNotKept) {
  Answer({{"pets"}});
  Answer({{"cars"}}, "cars");
  recorder_->Forget("p", "pets");
  recorder_->Forget("q", "");
  EXPECT_EQ(KeepAll(), 1);
  EXPECT_THAT(Pictures(), ElementsAre("cars"));
  Answer({{"more"}});
  recorder_->Forget("p", "");
  EXPECT_EQ(KeepAll(), 0);
}

TEST_F(CaptureRecorderTest, WhatWaitsWhenItsPolicyChangesIsNotKept) {
  Answer({{"one"}});
  policies_.Remove("p", "");
  Answer({{"two"}});
  EXPECT_EQ(KeepAll(), 1);
  EXPECT_THAT(Pictures(), IsEmpty());
}

TEST_F(CaptureRecorderTest, ItsOwnThreadKeepsWhatWaitsBeforeItEnds) {
  recorder_ = std::make_unique<CaptureRecorder>(CaptureRecorder::Options{}, &policies_,
                                                pictures_.get(), metrics_.get(), logger_.get());
  Answer({{"one"}, {"two"}});
  recorder_.reset();
  EXPECT_THAT(Pictures(), ElementsAre("two", "one"));
}

}  // namespace
}  // namespace graft::server
