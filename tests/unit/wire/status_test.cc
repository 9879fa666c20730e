#include "wire/status.h"

#include <gmock/gmock.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace graft::wire {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(WireStatus, AnInvalidFieldIsNamedInTheMessageAndInTheDetails) {
  const grpc::Status sent =
      ToGrpcStatus(InvalidField("spec.training.epochs", "must be 1 to 10,000, not 0"));
  EXPECT_EQ(sent.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(sent.error_message(), "spec.training.epochs: must be 1 to 10,000, not 0");
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(sent.error_details()));
  EXPECT_EQ(details.code(), 3);
  ASSERT_EQ(details.details_size(), 1);
  google::rpc::BadRequest bad_request;
  ASSERT_TRUE(details.details(0).UnpackTo(&bad_request));
  EXPECT_EQ(bad_request.field_violations(0).field(), "spec.training.epochs");
}

TEST(WireStatus, ManyViolationsFitIntoAHeader) {
  std::vector<FieldError> many(5000, {std::string(500, 'f'), std::string(5000, 'd')});
  const absl::Status status = InvalidFields(many);
  EXPECT_THAT(InvalidFieldsOf(FromGrpcStatus(ToGrpcStatus(status))), SizeIs(10));
  EXPECT_LT(ToGrpcStatus(status).error_details().size(), 4000u);
}

TEST(WireStatus, ALongMessageIsCutBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "é";
  const grpc::Status sent = ToGrpcStatus(absl::InternalError(text));
  EXPECT_LT(sent.error_message().size(), 600u) << "each byte is %XX in the header";
  EXPECT_THAT(sent.error_message(), ::testing::EndsWith("é..."));
  EXPECT_EQ(ToGrpcStatus(absl::InternalError("short é")).error_message(), "short é");
}

TEST(WireStatus, DetailsSurviveTheWayThereAndBack) {
  const absl::Status sent =
      WithRetryDelay(WithReason(InvalidField("spec", "is too much"), "QUEUE_FULL", {{"most", "9"}}),
                     absl::Milliseconds(1500));
  const absl::Status received = FromGrpcStatus(ToGrpcStatus(sent));
  EXPECT_EQ(received, sent);
  EXPECT_EQ(ErrorReason(received), "QUEUE_FULL");
  EXPECT_EQ(RetryDelay(received), absl::Milliseconds(1500));
}

TEST(WireStatus, UnknownNeverReachesAClient) {
  EXPECT_EQ(ToGrpcStatus(absl::UnknownError("?")).error_code(), grpc::StatusCode::INTERNAL);
}

TEST(WireStatus, PayloadsThatAreNoMessagesStayInTheProcess) {
  absl::Status status = absl::InternalError("x");
  status.SetPayload("graft/private", absl::Cord("secret"));
  EXPECT_EQ(ToGrpcStatus(status).error_details(), "");
}

TEST(WireStatus, DetailsOfAStrangerAreDroppedAndTheRestKept) {
  const absl::Status status =
      FromGrpcStatus(grpc::Status(grpc::StatusCode::NOT_FOUND, "gone", "\xff\xff not a message"));
  EXPECT_EQ(status, absl::NotFoundError("gone"));
}

TEST(WireStatus, EveryCodeKeepsItsNumber) {
  for (int code = 1; code <= 16; ++code) {
    if (code == 2) continue;
    const absl::Status status(static_cast<absl::StatusCode>(code), "m");
    EXPECT_EQ(static_cast<int>(ToGrpcStatus(status).error_code()), code);
    EXPECT_EQ(FromGrpcStatus(ToGrpcStatus(status)).code(), status.code());
  }
}

}  // namespace
}  // namespace graft::wire
