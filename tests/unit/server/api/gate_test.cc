#include "server/api/gate.h"

#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "graft/v1/backbone.pb.h"
#include "graft/v1/capture.pb.h"
#include "graft/v1/dataset.pb.h"
#include "graft/v1/finetune.pb.h"
#include "graft/v1/model.pb.h"
#include "graft/v1/prediction.pb.h"
#include "inference/inference.pb.h"

#include "core/base/refusals.h"
#include "core/base/status_details.h"

namespace graft::server {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAreArray;

std::vector<std::string> DeclaredMethods() {
  std::vector<std::string> methods;
  for (const google::protobuf::FileDescriptor* file :
       {v1::ListBackbonesRequest::descriptor()->file(),
        v1::SetCapturePolicyRequest::descriptor()->file(),
        v1::GetDatasetRequest::descriptor()->file(), v1::GetStatusRequest::descriptor()->file(),
        v1::GetModelRequest::descriptor()->file(), v1::PredictRequest::descriptor()->file(),
        inference::ModelInferRequest::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        methods.push_back(
            absl::StrCat(file->service(i)->full_name(), "/", file->service(i)->method(j)->name()));
      }
    }
  }
  return methods;
}

TEST(MethodRules, AreThoseOfTheMethodsThatTheApiDeclares) {
  std::vector<std::string> ruled;
  for (const MethodRule& rule : MethodRules()) ruled.emplace_back(rule.method);
  EXPECT_THAT(ruled, UnorderedElementsAreArray(DeclaredMethods()));
}

TEST(MethodRules, WorkIsStartedByUploadsAndJobsAlone) {
  std::set<std::string> starting;
  for (const MethodRule& rule : MethodRules()) {
    if (rule.starts_work) starting.insert(std::string(rule.method));
  }
  EXPECT_THAT(starting, ::testing::ElementsAre("graft.v1.DatasetService/UploadDataset",
                                               "graft.v1.FineTuneService/StartFineTune"));
}

TEST(Authorize, SaysYesToEveryoneToday) {
  for (const MethodRule& rule : MethodRules()) {
    EXPECT_TRUE(Authorize({}, {rule, "default"}).ok()) << rule.method;
    EXPECT_TRUE(Authorize({"somebody", {"viewer"}}, {rule, "other"}).ok()) << rule.method;
  }
}

TEST(Gate, GivesACallerItsProjectAndWhatTheTransportKnew) {
  CallContext context;
  context.principal.name = "ann";
  context.request_id = "r-1";
  context.deadline = absl::FromUnixSeconds(7);
  v1::GetStatusRequest request;
  const Gate gate;
  auto caller = gate.Admit(context, request);
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->project(), "default");
  EXPECT_EQ(caller->principal().name, "ann");
  EXPECT_EQ(caller->request_id(), "r-1");
  EXPECT_EQ(caller->deadline(), absl::FromUnixSeconds(7));
  EXPECT_FALSE(caller->cancelled());
  context.cancel->Cancel();
  EXPECT_TRUE(caller->cancelled());
  request.set_project("zoo");
  EXPECT_EQ(gate.Admit({}, request)->project(), "zoo");
  EXPECT_EQ(gate.Admit({}, v1::ListBackbonesRequest())->project(), "default");
}

TEST(Gate, AProjectWithABadNameIsNamedAsAField) {
  v1::GetStatusRequest request;
  for (const char* name : {"No Name", "../x", "-x", "UPPER"}) {
    request.set_project(name);
    const absl::Status status = Gate().Admit({}, request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
    ASSERT_EQ(InvalidFieldsOf(status).size(), 1u);
    EXPECT_EQ(InvalidFieldsOf(status)[0].field, "project");
  }
}

TEST(Gate, AsksWhoMayDoWhatWithTheMethodAndTheProject) {
  std::vector<std::string> asked;
  Gate::Options options;
  options.authorize = [&](const Principal& principal, const Action& action) {
    asked.push_back(absl::StrCat(principal.name, " ", action.rule.method, " ", action.project));
    return action.rule.permission == Permission::kView ? absl::OkStatus()
                                                       : absl::PermissionDeniedError("not you");
  };
  const Gate gate(options);
  EXPECT_TRUE(gate.Admit({}, v1::GetStatusRequest()).ok());
  v1::DeleteJobRequest request;
  request.set_project("zoo");
  EXPECT_EQ(gate.Admit({}, request).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(asked, ::testing::ElementsAre("anonymous graft.v1.FineTuneService/GetStatus default",
                                            "anonymous graft.v1.FineTuneService/DeleteJob zoo"));
}

TEST(Gate, AsksForRoomOnlyWhereWorkIsStarted) {
  Gate::Options options;
  options.quota = [](const Principal&, const Action&) { return Draining(); };
  const Gate gate(options);
  EXPECT_EQ(gate.Admit({}, v1::StartFineTuneRequest()).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_TRUE(gate.Admit({}, v1::CancelJobRequest()).ok());
  EXPECT_TRUE(gate.Admit({}, v1::PredictRequest()).ok());
}

TEST(Gate, WhatHasNoRuleIsNotLetIn) {
  EXPECT_THAT(std::string(Gate().Admit({}, "graft.v1.Other/Do", "").status().message()),
              HasSubstr("server/api/authorize.cc"));
  EXPECT_EQ(Gate().Admit({}, "graft.v1.Other/Do", "").status().code(), absl::StatusCode::kInternal);
  // A message that is no method's request.
  EXPECT_EQ(Gate().Admit({}, v1::Job()).status().code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace graft::server
