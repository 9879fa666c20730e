#include "client/lib/cancellation.h"

#include <memory>
#include <thread>

#include "graft/v1/finetune.grpc.pb.h"
#include "gtest/gtest.h"

#include "client/lib/client.h"
#include "tests/fakes/loopback_server.h"

namespace graft::client {
namespace {

// Answers nobody.
class SilentJobs final : public v1::FineTuneService::Service {
 public:
  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest*,
                         v1::GetStatusResponse*) override {
    if (on_call) on_call();
    while (!context->IsCancelled()) std::this_thread::yield();
    return grpc::Status::CANCELLED;
  }
  std::function<void()> on_call;
};

TEST(CancellationTest, EndsACallUnderWay) {
  SilentJobs jobs;
  LoopbackServer server(&jobs);
  ClientOptions options;
  options.server = server.address();
  options.cancellation = std::make_shared<Cancellation>();
  jobs.on_call = [&] { options.cancellation->Cancel(); };
  EXPECT_EQ(Client::Create(options)->GetJob("j").status(), absl::CancelledError("interrupted"));
}

TEST(CancellationTest, EndsLaterCallsBeforeTheyStart) {
  SilentJobs jobs;
  bool called = false;
  jobs.on_call = [&] { called = true; };
  LoopbackServer server(&jobs);
  ClientOptions options;
  options.server = server.address();
  options.cancellation = std::make_shared<Cancellation>();
  const auto client = Client::Create(options);
  options.cancellation->Cancel();
  EXPECT_EQ(client->GetJob("j").status(), absl::CancelledError("interrupted"));
  EXPECT_FALSE(called);
}

TEST(CancellationTest, EndsAPause) {
  Cancellation cancellation;
  std::thread other([&] { cancellation.Cancel(); });
  cancellation.WaitFor(absl::InfiniteDuration());
  other.join();
  EXPECT_TRUE(cancellation.cancelled());
}

}  // namespace
}  // namespace graft::client
