#include "server/api/run_handler.h"

#include <new>
#include <stdexcept>

#include <gmock/gmock.h>

#include "absl/time/clock.h"
#include "graft/v1/finetune.pb.h"

#include "core/base/error_reasons.h"
#include "core/base/refusals.h"
#include "core/store/exhausted.h"

namespace graft::server {
namespace {

TEST(ExplainExhausted, SaysWhatRanOutAndWhenToTryAgain) {
  for (const absl::string_view what :
       {reasons::kQueueFull, reasons::kDiskFull, reasons::kOutOfMemory}) {
    const absl::Status explained = ExplainExhausted(store::Exhausted(what, "no more"));
    EXPECT_EQ(explained.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(explained.message(), "no more");
    EXPECT_EQ(ErrorReason(explained), what);
    EXPECT_TRUE(RetryDelay(explained).has_value());
  }
}

TEST(ExplainExhausted, LeavesEverythingElseAlone) {
  for (const absl::Status& status :
       {absl::OkStatus(), absl::ResourceExhaustedError("too large"), JobNotFound("x")}) {
    EXPECT_EQ(ExplainExhausted(status), status);
  }
}

TEST(CatchExceptions, TurnsThemIntoAStatus) {
  EXPECT_EQ(ErrorReason(CatchExceptions([]() -> absl::Status { throw std::bad_alloc(); })),
            "OUT_OF_MEMORY");
  EXPECT_EQ(CatchExceptions([]() -> absl::Status { throw std::runtime_error("x"); }).code(),
            absl::StatusCode::kInternal);
}

TEST(RunHandler, BeginsNothingForACallerWhoIsGoneOrWhoseTimeIsOver) {
  const auto never = []() -> absl::Status {
    ADD_FAILURE() << "begun";
    return absl::OkStatus();
  };
  CallContext gone;
  gone.cancel->Cancel();
  EXPECT_EQ(RunHandler(gone, never).code(), absl::StatusCode::kCancelled);
  CallContext late;
  late.deadline = absl::Now() - absl::Seconds(1);
  EXPECT_EQ(RunHandler(late, never).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(RunHandler({}, [] { return JobNotFound("x"); }).code(), absl::StatusCode::kNotFound);
}

// A service of one method, to see what comes through.
class Echo {
 public:
  absl::StatusOr<v1::GetStatusResponse> GetStatus(const Caller& caller,
                                                  const v1::GetStatusRequest& request) {
    if (request.job_id() == "throw") throw std::runtime_error("x");
    v1::GetStatusResponse response;
    response.mutable_job()->set_project(caller.project());
    response.mutable_job()->set_id(request.job_id());
    return response;
  }
};

TEST(Call, GoesThroughTheGateToTheHandlerAndBack) {
  Echo echo;
  v1::GetStatusRequest request;
  request.set_job_id("j");
  const Gate gate;
  const auto answer = Call(gate, {}, echo, &Echo::GetStatus, request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->job().id(), "j");
  EXPECT_EQ(answer->job().project(), "default");
  request.set_job_id("throw");
  EXPECT_EQ(Call(gate, {}, echo, &Echo::GetStatus, request).status().code(),
            absl::StatusCode::kInternal);
  request.set_project("No Name");
  EXPECT_EQ(Call(gate, {}, echo, &Echo::GetStatus, request).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace graft::server
