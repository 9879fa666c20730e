#include "server/rpc/unary_call.h"

#include <new>
#include <stdexcept>

#include <gmock/gmock.h>

#include "core/store/exhausted.h"
#include "wire/status.h"

namespace graft {
namespace {

TEST(ExplainExhausted, SaysWhatRanOutAndWhenToTryAgain) {
  for (const absl::string_view what : {kQueueFull, kDiskFull, kOutOfMemory}) {
    const absl::Status explained = ExplainExhausted(Exhausted(what, "no more"));
    EXPECT_EQ(explained.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(explained.message(), "no more");
    EXPECT_EQ(ErrorReason(explained), what);
    EXPECT_TRUE(RetryDelay(explained).has_value());
  }
}

TEST(ExplainExhausted, LeavesEverythingElseAlone) {
  for (const absl::Status& status :
       {absl::OkStatus(), absl::ResourceExhaustedError("too large"), NotFound("job", "x")}) {
    EXPECT_EQ(ExplainExhausted(status), status);
  }
}

TEST(CatchExceptions, TurnsThemIntoAStatus) {
  EXPECT_EQ(ErrorReason(CatchExceptions([]() -> absl::Status { throw std::bad_alloc(); })),
            "OUT_OF_MEMORY");
  EXPECT_EQ(CatchExceptions([]() -> absl::Status { throw std::runtime_error("x"); }).code(),
            absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace graft
