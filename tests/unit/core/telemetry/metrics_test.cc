#include "core/telemetry/metrics.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace graft::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

size_t SeriesCount(Metrics& metrics) {
  size_t series = 0;
  for (absl::string_view line : absl::StrSplit(metrics.Serialize(), '\n')) {
    if (!line.empty() && line[0] != '#') ++series;
  }
  return series;
}

TEST(Metrics, EveryMetricHasAHelpText) {
  const auto metrics = Metrics::Create();
  const std::string text = metrics->Serialize();
  EXPECT_THAT(text, HasSubstr("graft_build_info{"));
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::StartsWith(line, "# HELP ")) continue;
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    EXPECT_GT(words.size(), 4u) << line;
    EXPECT_TRUE(absl::StartsWith(words[2], "graft_") || absl::StartsWith(words[2], "process_"));
  }
}

TEST(Metrics, CountsUnderTheNamesOfTheApi) {
  const auto metrics = Metrics::Create();
  metrics->jobs.Set({"QUEUED"}, 3);
  metrics->job_attempts_total.Increment();
  metrics->rpc_seconds.Observe({"graft.v1.FineTuneService/StartFineTune", "OK"},
                               absl::Milliseconds(3));
  metrics->job_duration_seconds.Observe({"classification", "FULL", "SUCCEEDED"}, absl::Seconds(40));
  const std::string text = metrics->Serialize();
  EXPECT_THAT(text, HasSubstr("graft_jobs{state=\"QUEUED\"} 3"));
  EXPECT_THAT(text, HasSubstr("graft_job_attempts_total 1"));
  EXPECT_THAT(text, HasSubstr("graft_rpc_seconds_count{code=\"OK\",method="
                              "\"graft.v1.FineTuneService/StartFineTune\"} 1"));
  EXPECT_THAT(text, HasSubstr("strategy=\"FULL\""));
}

TEST(Metrics, SeriesThatAreSetAsAWholeReplaceThoseBefore) {
  const auto metrics = Metrics::Create();
  metrics->predict_drift.SetAll(
      {{{"m", "p", "1", "answers"}, 0.5}, {{"m", "p", "2", "answers"}, 0}});
  std::string text = metrics->Serialize();
  EXPECT_THAT(text,
              HasSubstr(R"(predict_drift{model="m",of="answers",project="p",version="1"} 0.5)"));
  EXPECT_THAT(text,
              HasSubstr(R"(predict_drift{model="m",of="answers",project="p",version="2"} 0)"));
  metrics->predict_drift.SetAll({{{"m", "p", "2", "answers"}, 0.25}});
  text = metrics->Serialize();
  EXPECT_THAT(text, Not(HasSubstr(R"(version="1")")));
  EXPECT_THAT(text,
              HasSubstr(R"(predict_drift{model="m",of="answers",project="p",version="2"} 0.25)"));
  const size_t before = SeriesCount(*metrics);
  std::map<std::vector<std::string>, double> many;
  for (int i = 0; i < 5000; ++i) many[{absl::StrCat("model", i), "p", "1", "answers"}] = 1;
  metrics->predict_drift.SetAll(many);
  EXPECT_EQ(SeriesCount(*metrics), before - 1 + Metrics::kMaxDriftSeries);
  metrics->predict_drift.SetAll({});
  EXPECT_EQ(SeriesCount(*metrics), before - 1);
}

TEST(Metrics, SeriesDoNotGrowWithModelNamesThatClientsSend) {
  const auto metrics = Metrics::Create();
  metrics->CountPredict("first", "NOT_FOUND");
  const size_t before = SeriesCount(*metrics);
  for (int i = 0; i < 1000; ++i) metrics->CountPredict(absl::StrCat("model", i), "NOT_FOUND");
  EXPECT_EQ(SeriesCount(*metrics), before);
  EXPECT_THAT(metrics->Serialize(), Not(HasSubstr("model7")));
}

TEST(Metrics, AnUnloadedModelLosesItsSeries) {
  const auto metrics = Metrics::Create();
  metrics->SetLoadedModels({"pets"});
  metrics->CountPredict("pets", "OK");
  EXPECT_THAT(metrics->Serialize(), HasSubstr("model=\"pets\""));
  metrics->SetLoadedModels({"birds"});
  EXPECT_THAT(metrics->Serialize(), Not(HasSubstr("model=\"pets\"")));
}

TEST(Metrics, FamiliesStopAtTheirLimit) {
  const auto metrics = Metrics::Create();
  for (int i = 0; i < 5000; ++i) {
    metrics->rpc_seconds.Observe({absl::StrCat("method", i), "OK"}, absl::Milliseconds(1));
  }
  EXPECT_LT(SeriesCount(*metrics), 10000u);
  EXPECT_THAT(metrics->Serialize(), HasSubstr("method=\"other\""));
}

TEST(Metrics, ValuesThatAreNotNumbersAreIgnored) {
  const auto metrics = Metrics::Create();
  metrics->training_images_total.Increment(-5);
  metrics->training_images_total.Increment(std::numeric_limits<double>::quiet_NaN());
  metrics->training_step_seconds.Observe(std::numeric_limits<double>::quiet_NaN());
  metrics->training_step_seconds.Observe(std::numeric_limits<double>::infinity());
  EXPECT_EQ(metrics->training_images_total.Value(), 0);
  EXPECT_THAT(metrics->Serialize(), HasSubstr("graft_training_step_seconds_sum 0"));
}

TEST(Metrics, ReportsTheProcess) {
  const auto metrics = Metrics::Create();
  metrics->Serialize();
  EXPECT_GT(metrics->process_resident_memory_bytes.Value(), 1e6);
  EXPECT_GT(metrics->process_open_fds.Value(), 2);
}

// What API.md promises; a family with labels is there once it was counted.
TEST(MetricsTest, EveryMetricThatWasPromisedIsThere) {
  const auto metrics = Metrics::Create();
  metrics->jobs.Set({"QUEUED"}, 1);
  metrics->job_duration_seconds.Observe({"classification", "full", "failed"}, 1);
  metrics->worker_state.Set({"idle"}, 1);
  metrics->CountPredict("m", "OK");
  metrics->ObservePredict("m", {});
  metrics->predict_refusals_total.Increment({"OVERLOADED"});
  metrics->CountUnknown("m", 3, 1);
  metrics->model_engines.Set({"openvino", "f32"}, 1);
  metrics->capture_dropped_total.Increment({"queue"});
  metrics->request_log_dropped_total.Increment({"queue"});
  metrics->cache_hits_total.Increment({"features"});
  metrics->cache_misses_total.Increment({"features"});
  metrics->cache_bytes.Set({"features"}, 1);
  metrics->rpc_seconds.Observe({"a", "OK"}, 1);
  metrics->model_loaded_bytes.Set(123);
  const std::string text = metrics->Serialize();
  for (const char* name : {"graft_jobs",
                           "graft_job_queue_depth",
                           "graft_job_queue_seconds",
                           "graft_job_duration_seconds",
                           "graft_job_attempts_total",
                           "graft_training_images_total",
                           "graft_training_step_seconds",
                           "graft_worker_state",
                           "graft_predict_requests_total",
                           "graft_predict_refusals_total",
                           "graft_predict_judged_inputs_total",
                           "graft_predict_unknown_inputs_total",
                           "graft_predict_inputs_inside",
                           "graft_predict_inputs_limit",
                           "graft_predict_queue_seconds",
                           "graft_predict_decode_seconds",
                           "graft_predict_batch_seconds",
                           "graft_predict_compute_seconds",
                           "graft_predict_total_seconds",
                           "graft_predict_batch_size",
                           "graft_model_loaded",
                           "graft_model_engines",
                           "graft_model_load_seconds",
                           "graft_capture_pictures_total",
                           "graft_capture_bytes",
                           "graft_capture_dropped_total",
                           "graft_request_log_lines_total",
                           "graft_request_log_dropped_total",
                           "graft_cache_hits_total",
                           "graft_cache_misses_total",
                           "graft_cache_bytes",
                           "graft_device_memory_bytes",
                           "graft_rpc_seconds",
                           "graft_rpc_in_flight",
                           "graft_build_info"}) {
    EXPECT_NE(text.find(std::string("# TYPE ") + name + " "), std::string::npos) << name;
  }
  EXPECT_NE(text.find("graft_device_memory_bytes{device=\"cpu\",kind=\"models\"} 123"),
            std::string::npos)
      << text;
  const size_t resident = text.find("graft_device_memory_bytes{device=\"cpu\",kind=\"resident\"} ");
  ASSERT_NE(resident, std::string::npos);
  EXPECT_GT(std::stod(text.substr(text.find(' ', resident))), 1e6);
}

}  // namespace
}  // namespace graft::telemetry
