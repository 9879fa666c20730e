#include "wire/job.h"

#include <gmock/gmock.h>

#include "core/jobs/state_table.h"

namespace graft::wire {
namespace {

jobs::Job StoredJob() {
  v1::JobSpec spec;
  spec.mutable_fine_tune()->set_model("pets");
  v1::Job progress;
  progress.mutable_progress()->set_epochs_done(3);
  progress.set_best_epoch(2);
  v1::Report report;
  report.mutable_classification()->set_accuracy(0.9);
  jobs::Job job;
  job.id = "job-1";
  job.project = "default";
  job.spec = spec.SerializeAsString();
  job.progress = progress.SerializeAsString();
  job.report = report.SerializeAsString();
  job.state = jobs::JobState::kSucceeded;
  job.stop_reason = "EARLY_STOPPED";
  job.create_time = absl::FromUnixSeconds(100);
  job.model_version = 4;
  job.labels = {{"team", "a"}};
  job.last_event_sequence = 7;
  return job;
}

TEST(WireJob, SaysAllThatIsStored) {
  const auto proto = ToProto(StoredJob());
  ASSERT_TRUE(proto.ok()) << proto.status();
  EXPECT_EQ(proto->id(), "job-1");
  EXPECT_EQ(proto->state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(proto->spec().fine_tune().model(), "pets");
  EXPECT_EQ(proto->progress().epochs_done(), 3);
  EXPECT_EQ(proto->best_epoch(), 2);
  EXPECT_DOUBLE_EQ(proto->report().classification().accuracy(), 0.9);
  EXPECT_EQ(proto->stop_reason(), v1::STOP_REASON_EARLY_STOPPED);
  EXPECT_EQ(proto->create_time().seconds(), 100);
  EXPECT_EQ(proto->labels().at("team"), "a");
  EXPECT_FALSE(proto->has_start_time());
  EXPECT_FALSE(proto->has_error());
}

TEST(WireJob, DamagedBytesAreNamed) {
  for (std::string jobs::Job::*bytes :
       {&jobs::Job::spec, &jobs::Job::progress, &jobs::Job::report}) {
    jobs::Job job = StoredJob();
    job.*bytes = "\xff\xff";
    EXPECT_EQ(ToProto(job).status().code(), absl::StatusCode::kDataLoss);
  }
}

TEST(WireJob, StatesMapOneToOne) {
  for (const jobs::JobState state : jobs::kAllJobStates) {
    const auto back = FromProto(ToProto(state));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(*back, state);
  }
  EXPECT_FALSE(FromProto(v1::JOB_STATE_UNSPECIFIED).ok());
  EXPECT_FALSE(FromProto(static_cast<v1::JobState>(99)).ok());
}

TEST(WireJob, StopReasonsSurviveStorage) {
  for (int i = v1::StopReason_MIN; i <= v1::StopReason_MAX; ++i) {
    const auto reason = static_cast<v1::StopReason>(i);
    EXPECT_EQ(StopReasonToProto(StopReasonFromProto(reason)), reason);
  }
  EXPECT_EQ(StopReasonToProto("FROM_A_NEWER_VERSION"), v1::STOP_REASON_UNSPECIFIED);
}

TEST(WireJob, EventsSurviveStorage) {
  v1::JobEvent event;
  event.set_sequence(99);  // the store's to give
  event.mutable_metrics()->set_epoch(5);
  auto stored = FromProto(event);
  ASSERT_TRUE(stored.ok());
  EXPECT_EQ(stored->type, "metrics");
  stored->sequence = 3;
  stored->time = absl::FromUnixSeconds(5);
  const auto back = ToProto(*stored);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->sequence(), 3u);
  EXPECT_EQ(back->time().seconds(), 5);
  EXPECT_EQ(back->metrics().epoch(), 5);
}

TEST(WireJob, StateEventsAreTheStoresOwn) {
  v1::JobEvent forged;
  forged.mutable_state()->set_state(v1::JOB_STATE_SUCCEEDED);
  EXPECT_FALSE(FromProto(forged).ok());
  EXPECT_FALSE(FromProto(v1::JobEvent()).ok());
  jobs::JobEvent stored;
  stored.type = jobs::kStateEventType;
  stored.state = jobs::JobState::kRunning;
  stored.detail = "leased";
  const auto proto = ToProto(stored);
  ASSERT_TRUE(proto.ok());
  EXPECT_EQ(proto->state().state(), v1::JOB_STATE_RUNNING);
  EXPECT_EQ(proto->state().detail(), "leased");
}

TEST(WireJob, MergedProgressKeepsWhatTheReportLeavesOut) {
  v1::Job first;
  first.mutable_progress()->set_epochs_done(1);
  first.set_best_epoch(1);
  first.add_best_metrics()->set_value(0.5);
  v1::Job second;
  second.mutable_progress()->set_epochs_done(2);
  v1::Job merged;
  ASSERT_TRUE(merged.ParseFromString(MergeProgress(MergeProgress("", first), second)));
  EXPECT_EQ(merged.progress().epochs_done(), 2);
  EXPECT_EQ(merged.best_epoch(), 1);
  ASSERT_EQ(merged.best_metrics_size(), 1);
  EXPECT_EQ(merged.best_metrics(0).value(), 0.5);
}

}  // namespace
}  // namespace graft::wire
