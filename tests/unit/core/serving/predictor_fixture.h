#ifndef GRAFT_TESTS_UNIT_CORE_SERVING_PREDICTOR_FIXTURE_H_
#define GRAFT_TESTS_UNIT_CORE_SERVING_PREDICTOR_FIXTURE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/serving/cancellation.h"
#include "core/serving/model_manager.h"
#include "core/serving/predictor.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_serving.h"

namespace graft::serving {

// A predictor over fake models "m" and "n", version 1, of project "p".
class PredictorTest : public ::testing::Test {
 protected:
  void Start(Predictor::Options options = {}, FakeServable::Shape shape = {}) {
    models_.Publish("m", 1, std::move(shape));
    models_.Publish("n", 1);
    manager_ = *ModelManager::Create({}, &models_, &models_, &clock_, nullptr);
    auto created = Predictor::Create(options, manager_.get(), &clock_, &observer_);
    ASSERT_TRUE(created.ok()) << created.status();
    predictor_ = *std::move(created);
  }
  Answer<PredictResponse> Submit(const std::vector<std::string>& images,
                                 const std::string& model = "m",
                                 absl::Duration deadline = absl::InfiniteDuration(),
                                 std::shared_ptr<CancellationToken> cancel = nullptr) {
    Answer<PredictResponse> answer;
    predictor_->Submit({.project = "p", .models = {{.model = model}}, .inputs = Inputs(images)},
                       deadline, answer.Callback(), std::move(cancel));
    return answer;
  }
  Answer<PredictResponse> SubmitTo(const std::vector<std::string>& models,
                                   const std::vector<std::string>& images,
                                   Priority priority = Priority::kInteractive) {
    PredictRequest request{.project = "p", .inputs = Inputs(images), .priority = priority};
    for (const std::string& model : models) request.models.push_back({.model = model});
    Answer<PredictResponse> answer;
    predictor_->Submit(std::move(request), absl::InfiniteDuration(), answer.Callback());
    return answer;
  }
  static std::vector<PredictInput> Inputs(const std::vector<std::string>& images) {
    std::vector<PredictInput> inputs;
    for (const std::string& image : images) inputs.push_back(EncodedImage{image});
    return inputs;
  }
  // What the one model that was asked says.
  static const ModelAnswer& Only(const PredictResponse& response) {
    EXPECT_EQ(response.answers.size(), 1u);
    return response.answers.front();
  }
  // The letter of the answer's largest output.
  static char Best(const PredictResponse& response, size_t input) {
    return static_cast<const FakeOutput&>(*Only(response).outputs[input]).best();
  }
  // One request is in the network and stays there until `computing` is opened.
  Answer<PredictResponse> Occupy() {
    world_.computing.Close();
    Answer<PredictResponse> answer = Submit({"a"});
    world_.computing.AwaitArrivals(1);
    return answer;
  }

  FakeClock clock_;
  FakeWorld world_;
  FakeModels models_{&world_};
  RecordingServingObserver observer_;
  std::unique_ptr<ModelManager> manager_;
  std::unique_ptr<Predictor> predictor_;
};

}  // namespace graft::serving

#endif  // GRAFT_TESTS_UNIT_CORE_SERVING_PREDICTOR_FIXTURE_H_
