// A worker or a server that is killed at a step of publishing: the version is there whole, once, or
// not at all.

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/artifacts/blob/local/local_blob_store.h"
#include "core/artifacts/blob_layout.h"
#include "core/artifacts/manifest.h"
#include "core/base/failpoint.h"
#include "core/base/sha256.h"
#include "tests/integration/crash_test.h"

namespace graft {
namespace {

struct Kill {
  const char* point;
  bool server;     // which process is there
  bool published;  // the version was durable by then
};

class PublishCrashTest : public WorkerCrashTest, public ::testing::WithParamInterface<Kill> {
 protected:
  // The fences under which the job's artefacts lie.
  std::vector<std::string> Attempts(const std::string& job) const {
    std::vector<std::string> fences;
    const std::filesystem::path folder = folder_.path() / "data" / "blobs" / "jobs" / job;
    if (!std::filesystem::exists(folder)) return fences;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      fences.push_back(entry.path().filename().string());
    }
    return fences;
  }
};

TEST_P(PublishCrashTest, TheVersionIsPublishedOnceAndWhole) {
  if (!HasFailpoints()) GTEST_SKIP() << "this build has no failpoints";
  const std::filesystem::path happened = folder_.path() / "happened";
  StartServer(
      {}, {absl::StrCat("GRAFT_FAILPOINTS=", GetParam().point, "=kill,once=", happened.string())});
  const std::string id = Start(Upload(), 2);
  if (GetParam().server) {
    ASSERT_TRUE(server_->AwaitEnd()) << "the server was not killed";
    StartServer();
  }
  const v1::Job job = AwaitEnd(id);
  EXPECT_EQ(job.state(), v1::JOB_STATE_SUCCEEDED) << job.error().message();
  EXPECT_EQ(job.model_version(), 1);
  EXPECT_EQ(job.attempts(), GetParam().published ? 1 : 2);
  EXPECT_EQ(job.crashes(), GetParam().published || GetParam().server ? 0 : 1);

  // Once the server has ended its workers have, and one that was on its way to the step got there.
  EXPECT_TRUE(server_->Terminate().clean());
  ASSERT_TRUE(std::filesystem::exists(happened)) << "the step was not reached";

  // What is left by the attempt that published nothing goes at the latest at the next start.
  StartServer();
  ASSERT_EQ(Attempts(id), std::vector<std::string>{absl::StrCat(job.attempts())});
  const auto blobs = artifacts::LocalBlobStore::Open(folder_.path() / "data" / "blobs");
  ASSERT_TRUE(blobs.ok());
  const std::string prefix = absl::StrCat("jobs/", id, "/", job.attempts());
  const auto manifest = (*blobs)->Get(absl::StrCat(prefix, "/", artifacts::kManifestFile), 1 << 20);
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_TRUE(artifacts::LoadVerifiedManifest(**blobs, prefix, Sha256Hex(*manifest)).ok());
}

INSTANTIATE_TEST_SUITE_P(EveryStep, PublishCrashTest,
                         ::testing::Values(Kill{"worker.publish.before_model", false, false},
                                           Kill{"worker.publish.before_card", false, false},
                                           Kill{"worker.publish.before_manifest", false, false},
                                           Kill{"worker.publish.after_manifest", false, false},
                                           Kill{"worker.finish.before_call", false, false},
                                           Kill{"worker.finish.after_call", false, true},
                                           Kill{"server.finish.before_verify", true, false},
                                           Kill{"server.finish.before_commit", true, false},
                                           Kill{"store.finish.before_publish", true, false},
                                           Kill{"store.finish.after_publish", true, false},
                                           Kill{"server.finish.before_flip", true, true}),
                         [](const auto& kill) {
                           return absl::StrReplaceAll(kill.param.point, {{".", "_"}});
                         });

}  // namespace
}  // namespace graft
