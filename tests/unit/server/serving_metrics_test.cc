#include "server/serving_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace graft {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ServingMetricsTest : public ::testing::Test {
 protected:
  const std::unique_ptr<Metrics> metrics_ = Metrics::Create();
  const std::unique_ptr<Logger> logger_ = Logger::Silent();
  ServingMetrics serving_{metrics_.get(), logger_.get()};
};

TEST_F(ServingMetricsTest, CountsEveryRequestAndTimesThoseThatWereAnswered) {
  serving_.OnRequest({.model = "m", .code = absl::StatusCode::kResourceExhausted});
  EXPECT_THAT(metrics_->Serialize(), HasSubstr("graft_predict_total_seconds_count 0"));
  serving_.OnRequest({.model = "m", .total = absl::Seconds(2)});
  const std::string text = metrics_->Serialize();
  EXPECT_THAT(text, HasSubstr("graft_predict_total_seconds_count 1"));
  EXPECT_THAT(text, HasSubstr("graft_predict_total_seconds_sum 2"));
  EXPECT_THAT(
      text,
      HasSubstr(R"(graft_predict_requests_total{code="RESOURCE_EXHAUSTED",model="other"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(graft_predict_requests_total{code="OK",model="other"} 1)"));
}

TEST_F(ServingMetricsTest, CountsLoadsThatFailedByCode) {
  serving_.OnLoad({.model = "m", .version = 1, .status = absl::DataLossError("damaged")});
  serving_.OnLoad({.model = "m", .version = 1, .status = absl::DataLossError("damaged")});
  serving_.OnLoad({.model = "m", .version = 2, .seconds = absl::Seconds(1)});
  const std::string text = metrics_->Serialize();
  EXPECT_THAT(text, HasSubstr(R"(graft_model_load_failures_total{code="DATA_LOSS"} 2)"));
  EXPECT_THAT(text, HasSubstr("graft_model_load_seconds_count 1"));
}

TEST_F(ServingMetricsTest, AVersionDeletedWhileItLoadsIsNoFailure) {
  serving_.OnLoad({.model = "m", .version = 1, .status = absl::NotFoundError("deleted")});
  EXPECT_THAT(metrics_->Serialize(), Not(HasSubstr(R"(code="NOT_FOUND")")));
}

}  // namespace
}  // namespace graft
