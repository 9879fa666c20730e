#include "core/jobs/claim_policy.h"

#include "gtest/gtest.h"

namespace graft::jobs {
namespace {

QueuedJob Queued(const char* id, const char* project, uint64_t order) {
  QueuedJob job;
  job.id = id;
  job.project = project;
  job.order = order;
  job.task = "classification";
  job.architecture = "vgg";
  return job;
}

TEST(ChooseNextJob, NothingQueuedGivesNothing) {
  EXPECT_EQ(ChooseNextJob({}, {}, {}), std::nullopt);
}

TEST(ChooseNextJob, TakesTheOldestOfAProject) {
  EXPECT_EQ(ChooseNextJob({Queued("b", "p", 2), Queued("a", "p", 1)}, {}, {}), 1u);
}

TEST(ChooseNextJob, AProjectWithFewerRunningJobsGoesFirst) {
  EXPECT_EQ(ChooseNextJob({Queued("old", "busy", 1), Queued("new", "idle", 2)}, {{"busy", 1}}, {}),
            1u);
}

TEST(ChooseNextJob, AmongProjectsAsBusyTheOldestGoesFirst) {
  EXPECT_EQ(ChooseNextJob({Queued("b", "p", 2), Queued("a", "q", 1)}, {{"p", 1}, {"q", 1}}, {}),
            1u);
}

TEST(ChooseNextJob, SkipsWhatTheWorkerCannotRun) {
  Capabilities resnet_only;
  resnet_only.architectures = {"resnet"};
  EXPECT_EQ(ChooseNextJob({Queued("a", "p", 1)}, {}, resnet_only), std::nullopt);
  QueuedJob other = Queued("b", "p", 2);
  other.architecture = "resnet";
  EXPECT_EQ(ChooseNextJob({Queued("a", "p", 1), other}, {}, resnet_only), 1u);
}

TEST(CanRun, EachCapabilityMustMatchAndAnEmptyOneMeansAny) {
  QueuedJob job = Queued("a", "p", 1);
  job.device = "cuda";
  EXPECT_TRUE(CanRun({}, job));

  Capabilities capabilities{{JobKind::kFineTune}, {"classification"}, {"vgg"}, "cuda"};
  EXPECT_TRUE(CanRun(capabilities, job));
  for (int part = 0; part < 4; ++part) {
    Capabilities wrong = capabilities;
    if (part == 0) wrong.kinds = {JobKind::kRank};
    if (part == 1) wrong.tasks = {"detection"};
    if (part == 2) wrong.architectures = {"resnet"};
    if (part == 3) wrong.device = "cpu";
    EXPECT_FALSE(CanRun(wrong, job)) << part;
  }
  job.device.clear();
  capabilities.device = "cpu";
  EXPECT_TRUE(CanRun(capabilities, job)) << "a job without a device runs on any";
}

}  // namespace
}  // namespace graft::jobs
