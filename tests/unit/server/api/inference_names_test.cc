#include "server/api/inference_names.h"

#include "graft/v1/model.pb.h"
#include "gtest/gtest.h"
#include "inference/inference.pb.h"

#include "core/base/status_details.h"

namespace graft::server {
namespace {

TEST(SplitInferenceName, AProjectMayStandInFront) {
  EXPECT_EQ(SplitInferenceName("pets").project, "");
  EXPECT_EQ(SplitInferenceName("pets").model, "pets");
  EXPECT_EQ(SplitInferenceName("team/pets").project, "team");
  EXPECT_EQ(SplitInferenceName("team/pets").model, "pets");
  // What is wrong stays for the checks of names to find.
  EXPECT_EQ(SplitInferenceName("team/pets/x").model, "pets/x");
  EXPECT_EQ(SplitInferenceName("/pets").project, "");
}

TEST(ReadInferenceVersion, NumbersLabelsAndNothing) {
  EXPECT_EQ(ReadInferenceVersion("v", "")->version, 0);
  EXPECT_EQ(ReadInferenceVersion("v", "")->label, "");
  EXPECT_EQ(ReadInferenceVersion("v", "12")->version, 12);
  EXPECT_EQ(ReadInferenceVersion("v", "stable")->label, "stable");
  for (const char* const wrong : {"0", "99999999999999999999", "-1", "Stable", "a b"}) {
    const absl::Status status = ReadInferenceVersion("v", wrong).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << wrong;
    EXPECT_EQ(InvalidFieldsOf(status).at(0).field, "v") << wrong;
  }
}

TEST(ProjectNamedIn, EveryKindOfRequest) {
  v1::GetModelRequest own;
  own.set_project("a");
  EXPECT_EQ(ProjectNamedIn(own), "a");
  inference::ModelInferRequest infer;
  infer.set_model_name("b/pets");
  EXPECT_EQ(ProjectNamedIn(infer), "b");
  inference::ModelReadyRequest ready;
  ready.set_name("c/pets");
  EXPECT_EQ(ProjectNamedIn(ready), "c");
  inference::RepositoryModelLoadRequest load;
  load.set_repository_name("d");
  load.set_model_name("pets");
  EXPECT_EQ(ProjectNamedIn(load), "d");
  load.clear_repository_name();
  load.set_model_name("e/pets");
  EXPECT_EQ(ProjectNamedIn(load), "e");
  inference::RepositoryIndexRequest index;
  index.set_repository_name("f");
  EXPECT_EQ(ProjectNamedIn(index), "f");
  EXPECT_EQ(ProjectNamedIn(inference::ServerLiveRequest()), "");
}

}  // namespace
}  // namespace graft::server
