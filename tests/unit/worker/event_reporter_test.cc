// What the server hears of a run, through the runner that starts it.
#include "worker/event_reporter.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/unit/worker/job_runner_fixture.h"

namespace graft::worker {
namespace {

using ::testing::HasSubstr;

using EventReporterTest = JobRunnerTest;

TEST_F(EventReporterTest, EventsArriveOnceAndInOrderThoughTheServerIsAwayForAWhile) {
  {
    absl::MutexLock lock(&service_.mutex);
    service_.failing_reports = 3;
    service_.failing_finishes = 2;
  }
  trainer_.train = [](const Trainer::Run& run) {
    for (int i = 0; i < 1'200; ++i) run.observer->OnLog(absl::StrCat("line ", i));
    training::EpochMetrics epoch;
    epoch.phase = "head";
    epoch.epoch = 1;
    epoch.best = true;
    run.observer->OnEpoch(epoch);
    run.observer->OnCheckpoint({1, true});
    return SmallResult();
  };
  runner_->RunJob(Job());
  const std::vector<graft::v1::JobEvent> events = service_.Events();
  ASSERT_EQ(events.size(), 1'202u);
  for (int i = 0; i < 1'200; ++i) {
    ASSERT_EQ(events[static_cast<size_t>(i)].log().text(), absl::StrCat("line ", i));
  }
  EXPECT_EQ(events[1'200].metrics().epoch(), 1);
  EXPECT_TRUE(events[1'201].checkpoint().best());
  EXPECT_EQ(Finished().outcome(), v1::OUTCOME_SUCCEEDED);
  absl::MutexLock lock(&service_.mutex);
  EXPECT_EQ(service_.reports.back().best_epoch(), 1);
}

TEST_F(EventReporterTest, AReportThatFailsOnTheServerIsKeptAndSentAgainAsItWas) {
  {
    absl::MutexLock lock(&service_.mutex);
    service_.failing_reports = 3;
    service_.report_failure = grpc::INTERNAL;
  }
  trainer_.train = [](const Trainer::Run& run) {
    for (int i = 0; i < 700; ++i) run.observer->OnLog(absl::StrCat("line ", i));
    run.observer->OnWarning({"FEW_IMAGES", "few", "more"});
    return SmallResult();
  };
  runner_->RunJob(Job());
  const std::vector<graft::v1::JobEvent> events = service_.Events();
  ASSERT_EQ(events.size(), 701u);
  for (int i = 0; i < 700; ++i) {
    ASSERT_EQ(events[static_cast<size_t>(i)].log().text(), absl::StrCat("line ", i));
  }
  EXPECT_EQ(events[700].warning().code(), "FEW_IMAGES");
  absl::MutexLock lock(&service_.mutex);
  ASSERT_EQ(service_.failed_reports.size(), 3u);
  for (const v1::ReportRequest& failed : service_.failed_reports) {
    EXPECT_EQ(failed.SerializeAsString(), service_.reports.front().SerializeAsString());
  }
}

TEST_F(EventReporterTest, AReportThatTheServerCallsMalformedDoesNotHoldUpTheNext) {
  {
    absl::MutexLock lock(&service_.mutex);
    service_.failing_reports = 1;
    service_.report_failure = grpc::INVALID_ARGUMENT;
  }
  trainer_.train = [this](const Trainer::Run& run) {
    run.observer->OnLog("malformed");
    {
      absl::MutexLock lock(&service_.mutex);
      const auto refused = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
        return service_.failing_reports == 0;
      };
      service_.mutex.Await(absl::Condition(&refused));
    }
    run.observer->OnLog("well formed");
    return SmallResult();
  };
  ::testing::internal::CaptureStderr();
  const auto logger = wire::Logger::Create("text", "info");
  JobRunner({}, link_.get(), blobs_.get(), &trainer_, Clock::System(), logger.get()).RunJob(Job());
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("the server refuses a report; it is dropped job=a events=1"));
  const std::vector<graft::v1::JobEvent> events = service_.Events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].log().text(), "well formed");
}

TEST_F(EventReporterTest, ProgressIsAnEventOncePerStageAndAlwaysInTheReport) {
  trainer_.train = [this](const Trainer::Run& run) {
    training::TrainingProgress progress;
    const auto reported = [&](size_t count) {
      absl::MutexLock lock(&service_.mutex);
      const auto enough = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
        return service_.reports.size() >= count;
      };
      service_.mutex.Await(absl::Condition(&enough));
    };
    size_t count = 0;
    for (const char* stage : {"head", "head", "head", "evaluate"}) {
      progress.stage = stage;
      progress.fraction += 0.1;
      run.observer->OnProgress(progress);
      reported(++count);
    }
    return SmallResult();
  };
  runner_->RunJob(Job());
  std::vector<std::string> stages;
  for (const graft::v1::JobEvent& event : service_.Events()) {
    if (event.has_progress()) stages.push_back(event.progress().stage());
  }
  EXPECT_EQ(stages, (std::vector<std::string>{"head", "evaluate"}));
  absl::MutexLock lock(&service_.mutex);
  for (size_t i = 0; i < service_.reports.size(); ++i) {
    EXPECT_EQ(service_.reports[i].batch(), i + 1);
    if (i >= 4) continue;
    EXPECT_NEAR(service_.reports[i].progress().fraction(), 0.1 * static_cast<double>(i + 1), 1e-9);
  }
}

TEST_F(EventReporterTest, CountersAreReportedAsGrowth) {
  trainer_.train = [](const Trainer::Run& run) {
    training::TrainingCounters counters;
    counters.training_images = 32;
    run.observer->OnCounters(counters);
    counters.training_images = 64;
    run.observer->OnCounters(counters);
    training::FineTuneResult result = SmallResult();
    result.counters.training_images = 100;
    return result;
  };
  runner_->RunJob(Job());
  int64_t sum = 0;
  absl::MutexLock lock(&service_.mutex);
  for (const auto& report : service_.reports) sum += report.counters().training_images();
  EXPECT_EQ(sum, 100);
}

}  // namespace
}  // namespace graft::worker
