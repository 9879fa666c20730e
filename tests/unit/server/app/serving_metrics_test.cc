#include "server/app/serving_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/serving/drift_watch.h"
#include "tests/fakes/fake_serving.h"

namespace graft::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ServingMetricsTest : public ::testing::Test {
 protected:
  const std::unique_ptr<telemetry::Metrics> metrics_ = telemetry::Metrics::Create();
  const std::unique_ptr<wire::Logger> logger_ = wire::Logger::Silent();
  ServingMetrics serving_{metrics_.get(), logger_.get()};
};

TEST_F(ServingMetricsTest, CountsEveryRequestAndTimesThoseThatWereAnswered) {
  serving_.OnRequest({.model = "m", .code = absl::StatusCode::kResourceExhausted});
  EXPECT_THAT(metrics_->Serialize(), Not(HasSubstr("graft_predict_total_seconds_count")));
  serving_.OnRequest({.model = "m", .total = absl::Seconds(2)});
  const std::string text = metrics_->Serialize();
  EXPECT_THAT(text, HasSubstr(R"(graft_predict_total_seconds_count{model="other"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(graft_predict_total_seconds_sum{model="other"} 2)"));
  EXPECT_THAT(
      text,
      HasSubstr(R"(graft_predict_requests_total{code="RESOURCE_EXHAUSTED",model="other"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(graft_predict_requests_total{code="OK",model="other"} 1)"));
}

TEST_F(ServingMetricsTest, CountsWhatThereWasNoRoomForByReason) {
  const auto refused = [&](absl::StatusCode code, const std::string& reason) {
    serving_.OnRequest({.model = "m", .code = code, .reason = reason});
  };
  refused(absl::StatusCode::kResourceExhausted, "OVERLOADED");
  refused(absl::StatusCode::kResourceExhausted, "OVERLOADED");
  refused(absl::StatusCode::kResourceExhausted, "");
  refused(absl::StatusCode::kUnavailable, "DRAINING");
  const std::string text = metrics_->Serialize();
  EXPECT_THAT(text, HasSubstr(R"(graft_predict_refusals_total{reason="OVERLOADED"} 2)"));
  EXPECT_THAT(text, HasSubstr(R"(graft_predict_refusals_total{reason="other"} 1)"));
  EXPECT_THAT(text, Not(HasSubstr("DRAINING")));
}

TEST_F(ServingMetricsTest, CountsWhatModelsDoNotKnowOfWhatTheyCanJudge) {
  serving_.OnRequest({.model = "m", .inputs = 2});
  EXPECT_THAT(metrics_->Serialize(), Not(HasSubstr("graft_predict_judged_inputs_total{")));
  serving_.OnRequest({.model = "m", .inputs = 3, .judged_inputs = 3});
  std::string text = metrics_->Serialize();
  EXPECT_THAT(text, HasSubstr(R"(graft_predict_judged_inputs_total{model="other"} 3)"));
  EXPECT_THAT(text, Not(HasSubstr("graft_predict_unknown_inputs_total{")));
  serving_.OnRequest({.model = "m", .inputs = 4, .judged_inputs = 4, .unknown_inputs = 1});
  text = metrics_->Serialize();
  EXPECT_THAT(text, HasSubstr(R"(graft_predict_judged_inputs_total{model="other"} 7)"));
  EXPECT_THAT(text, HasSubstr(R"(graft_predict_unknown_inputs_total{model="other"} 1)"));
}

TEST_F(ServingMetricsTest, ShowsHowManyInputsMayBeInside) {
  FakeWorld world;
  FakeModels models(&world);
  const auto manager =
      *serving::ModelManager::Create({}, &models, &models, Clock::System(), &serving_);
  const auto predictor =
      *serving::Predictor::Create({.max_inputs_per_request = 2, .max_pending_inputs = 7},
                                  manager.get(), Clock::System(), &serving_);
  serving_.SetPredictor(predictor.get());
  serving_.Refresh();
  serving_.SetPredictor(nullptr);
  EXPECT_EQ(metrics_->predict_inputs_limit.Value(), 7);
  EXPECT_EQ(metrics_->predict_inputs_inside.Value(), 0);
}

TEST_F(ServingMetricsTest, CountsLoadsThatFailedByCode) {
  serving_.OnLoad({.model = "m", .version = 1, .status = absl::DataLossError("damaged")});
  serving_.OnLoad({.model = "m", .version = 1, .status = absl::DataLossError("damaged")});
  serving_.OnLoad({.model = "m", .version = 2, .seconds = absl::Seconds(1)});
  const std::string text = metrics_->Serialize();
  EXPECT_THAT(text, HasSubstr(R"(graft_model_load_failures_total{code="DATA_LOSS"} 2)"));
  EXPECT_THAT(text, HasSubstr("graft_model_load_seconds_count 1"));
}

TEST_F(ServingMetricsTest, ShowsWhatIsInMemoryWhenItIsAsked) {
  FakeWorld world;
  FakeModels models(&world);
  models.Publish("m", 1);
  models.Publish("n", 1);
  const auto manager = *serving::ModelManager::Create({.loader_threads = 1}, &models, &models,
                                                      Clock::System(), &serving_);
  serving::PredictCache cache(1 << 20);
  serving_.SetSources(manager.get(), &cache);
  Answer<serving::AcquiredModel> held;
  manager->Acquire("p", "m", 1, held.Callback());
  ASSERT_TRUE(held.Wait().ok());
  EXPECT_EQ(metrics_->model_loaded.Value(), 1);
  EXPECT_EQ(metrics_->model_loaded_bytes.Value(), 110);
  Answer<serving::AcquiredModel>
      other;  // once it is loaded the one loading thread has let go of "m"
  manager->Acquire("p", "n", 1, other.Callback());
  ASSERT_TRUE(other.Wait().ok());
  EXPECT_EQ(metrics_->model_loaded_bytes.Value(), 120);
  serving_.OnRequest({.model = "m"});
  EXPECT_THAT(metrics_->Serialize(), HasSubstr(R"(code="OK",model="m"} 1)"));
  EXPECT_THAT(metrics_->Serialize(),
              HasSubstr(R"(graft_predict_total_seconds_count{model="m"} 1)"));
  manager->Forget("p", "m", 0);
  EXPECT_EQ(metrics_->model_loaded.Value(), 1);
  EXPECT_EQ(metrics_->model_loaded_bytes.Value(), 120) << "a request still holds it";
  held = Answer<serving::AcquiredModel>();
  serving_.Refresh();
  EXPECT_EQ(metrics_->model_loaded_bytes.Value(), 110);
  const std::string text = metrics_->Serialize();
  EXPECT_THAT(text, Not(HasSubstr(R"(graft_predict_total_seconds_count{model="m"})")))
      << "gone with the model";
  EXPECT_THAT(text, HasSubstr(R"(graft_model_engines{engine="fake",precision="f32"} 1)"));

  cache.Put("a", {1, 2});
  EXPECT_NE(cache.Find("a"), nullptr);
  EXPECT_EQ(cache.Find("b"), nullptr);
  EXPECT_EQ(cache.Find("c"), nullptr);
  for (int i = 0; i < 2; ++i) serving_.Refresh();
  const std::string cached = metrics_->Serialize();
  EXPECT_THAT(cached, HasSubstr(R"(graft_cache_hits_total{cache="predict"} 1)"));
  EXPECT_THAT(cached, HasSubstr(R"(graft_cache_misses_total{cache="predict"} 2)"));
  EXPECT_THAT(cached, Not(HasSubstr(R"(graft_cache_bytes{cache="predict"} 0)")));
}

TEST_F(ServingMetricsTest, DriftGoesWithTheVersion) {
  FakeWorld world;
  FakeModels models(&world);
  const auto watch = std::make_shared<serving::DriftWatch>(
      model::DriftRecord{.pictures = {}, .answers = {{.counts = {20, 20, 20}}}},
      std::make_shared<FakeDecoder>(), 400);
  models.Publish("m", 1, {.drift_watch = watch});
  const auto manager =
      *serving::ModelManager::Create({}, &models, &models, Clock::System(), &serving_);
  serving::PredictCache cache(1 << 20);
  serving_.SetSources(manager.get(), &cache);
  Answer<serving::AcquiredModel> held;
  manager->Acquire("p", "m", 1, held.Callback());
  ASSERT_TRUE(held.Wait().ok());
  for (int i = 0; i < 150; ++i) watch->Count({0, 1, 0}, std::nullopt);
  serving_.Refresh();
  const std::string labels = R"({model="m",of="answers",project="p",version="1"} )";
  EXPECT_THAT(metrics_->Serialize(), HasSubstr("graft_predict_drift_inputs" + labels + "150"));
  EXPECT_THAT(metrics_->Serialize(), HasSubstr("graft_predict_drift" + labels));
  manager->Forget("p", "m", 0);
  serving_.Refresh();
  EXPECT_THAT(metrics_->Serialize(), Not(HasSubstr("graft_predict_drift_inputs{")));
  EXPECT_THAT(metrics_->Serialize(), Not(HasSubstr("graft_predict_drift{")));
  serving_.SetSources(nullptr, nullptr);
}

TEST_F(ServingMetricsTest, AVersionDeletedWhileItLoadsIsNoFailure) {
  serving_.OnLoad({.model = "m", .version = 1, .status = absl::NotFoundError("deleted")});
  EXPECT_THAT(metrics_->Serialize(), Not(HasSubstr(R"(code="NOT_FOUND")")));
}

}  // namespace
}  // namespace graft::server
