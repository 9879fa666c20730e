#include "server/rpc/grpc_listener.h"

#include <memory>
#include <string>

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "graft/v1/finetune.grpc.pb.h"

#include "core/base/clock.h"
#include "core/base/ids.h"
#include "server/rpc/rpc_interceptor.h"
#include "tests/unit/server/rpc/raw_call.h"
#include "wire/status.h"

namespace graft::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kReflect[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

// Fails with an error that names a file of the server's, in its details too.
class LeakyService final : public v1::FineTuneService::Service {
 public:
  grpc::Status GetStatus(grpc::ServerContext*, const v1::GetStatusRequest*,
                         v1::GetStatusResponse*) override {
    return wire::ToGrpcStatus(WithReason(InvalidField("job_id", "no file /srv/graft/jobs/x"),
                                         "GONE", {{"file", "/srv/graft/jobs/x"}}));
  }
};

class GrpcListenerTest : public ::testing::Test {
 protected:
  std::unique_ptr<GrpcListener> Start(bool reflection) {
    GrpcListener::Options options;
    options.address = "127.0.0.1:0";
    options.services = {{v1::FineTuneService::service_full_name(), &service_}};
    options.reflection = reflection;
    options.interceptors = MakeRpcInterceptors({metrics_.get(),
                                                logger_.get(),
                                                Clock::System(),
                                                IdGenerator::System(),
                                                {"/srv/graft"},
                                                {v1::FineTuneService::service_full_name()}});
    auto listener = GrpcListener::Start(std::move(options));
    EXPECT_TRUE(listener.ok()) << listener.status();
    return listener.ok() ? *std::move(listener) : nullptr;
  }
  static std::shared_ptr<grpc::Channel> Connect(const GrpcListener& listener) {
    return grpc::CreateChannel(absl::StrCat("127.0.0.1:", listener.port()),
                               grpc::InsecureChannelCredentials());
  }

  LeakyService service_;
  std::unique_ptr<telemetry::Metrics> metrics_ = telemetry::Metrics::Create();
  std::unique_ptr<wire::Logger> logger_ = wire::Logger::Silent();
};

TEST_F(GrpcListenerTest, ReflectionIsForThoseWhoAskedForIt) {
  const auto with = Start(true);
  const auto without = Start(false);
  ASSERT_TRUE(with && without);
  const std::string list_services = "\x3a\x01*";  // field 7 of the request, a string
  EXPECT_TRUE(CallRaw(Connect(*with), kReflect, list_services).ok());
  EXPECT_EQ(CallRaw(Connect(*without), kReflect, list_services).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(GrpcListenerTest, AMethodThatNobodyKnowsNamesNoSeries) {
  const auto listener = Start(false);
  ASSERT_TRUE(listener);
  const auto channel = Connect(*listener);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(CallRaw(channel, absl::StrCat("/secret.Text/", i), "").error_code(),
              grpc::StatusCode::UNIMPLEMENTED);
  }
  EXPECT_EQ(CallRaw(channel, "/graft.v1.FineTuneService/ListJobs", "").error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
  const std::string text = metrics_->Serialize();
  EXPECT_THAT(text, Not(HasSubstr("secret")));
  EXPECT_THAT(text, HasSubstr("graft.v1.FineTuneService/ListJobs"));
  EXPECT_THAT(text, HasSubstr("le=\"3600\""));
}

TEST_F(GrpcListenerTest, NoPathOfTheServersIsInAnErrorOrItsDetails) {
  const auto listener = Start(false);
  ASSERT_TRUE(listener);
  const auto stub = v1::FineTuneService::NewStub(Connect(*listener));
  grpc::ClientContext context;
  v1::GetStatusResponse response;
  const grpc::Status status = stub->GetStatus(&context, {}, &response);
  EXPECT_THAT(status.error_message(), HasSubstr("no file <server>/jobs/x"));
  EXPECT_THAT(status.error_details(), Not(HasSubstr("/srv")));
  EXPECT_EQ(ErrorReason(wire::FromGrpcStatus(status)), "GONE");
  EXPECT_EQ(InvalidFieldsOf(wire::FromGrpcStatus(status)).at(0).description,
            "no file <server>/jobs/x");
}

}  // namespace
}  // namespace graft::server
