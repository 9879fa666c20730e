#include "client/lib/status.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

namespace graft::client {
namespace {

grpc::Status WithDetails(grpc::StatusCode code, const std::string& message,
                         std::initializer_list<const google::protobuf::Message*> details) {
  google::rpc::Status status;
  status.set_code(code);
  status.set_message(message);
  for (const google::protobuf::Message* detail : details) status.add_details()->PackFrom(*detail);
  return {code, message, status.SerializeAsString()};
}

TEST(StatusTest, OkStaysOk) { EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok()); }

TEST(StatusTest, SpellsOutEveryFieldOnce) {
  google::rpc::BadRequest bad_request;
  auto* first = bad_request.add_field_violations();
  first->set_field("spec.model");
  first->set_description("must not be empty");
  auto* second = bad_request.add_field_violations();
  second->set_field("spec.training.epochs");
  second->set_description("must be 1 to 10,000, not 0");
  const absl::Status status = FromGrpc(WithDetails(
      grpc::StatusCode::INVALID_ARGUMENT, "spec.model: must not be empty", {&bad_request}));
  EXPECT_EQ(status,
            absl::InvalidArgumentError("spec.model: must not be empty\n"
                                       "  spec.training.epochs: must be 1 to 10,000, not 0"));
}

TEST(StatusTest, ShowsHints) {
  google::rpc::Help help;
  help.add_links()->set_description("list them with ListBackbones");
  EXPECT_EQ(FromGrpc(WithDetails(grpc::StatusCode::NOT_FOUND, "no backbone 'x'", {&help})),
            absl::NotFoundError("no backbone 'x'\n  hint: list them with ListBackbones"));
}

TEST(StatusTest, KeepsWhenToTryAgain) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(2);
  info.mutable_retry_delay()->set_nanos(500'000'000);
  const absl::Status status =
      FromGrpc(WithDetails(grpc::StatusCode::RESOURCE_EXHAUSTED, "the queue is full", {&info}));
  EXPECT_EQ(RetryDelay(status), absl::Milliseconds(2500));
  EXPECT_EQ(RetryDelay(WithMessage(status, "other words")), absl::Milliseconds(2500));
  EXPECT_EQ(WithMessage(status, "other words").message(), "other words");
  EXPECT_EQ(RetryDelay(absl::ResourceExhaustedError("too large")), std::nullopt);
}

TEST(StatusTest, KeepsCodeAndMessageWhereTheDetailsAreForeign) {
  EXPECT_EQ(FromGrpc({grpc::StatusCode::UNAVAILABLE, "connection refused", "\xff\xff\xff"}),
            absl::UnavailableError("connection refused"));
}

}  // namespace
}  // namespace graft::client
