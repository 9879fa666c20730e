// WatchToEnd: what the user sees of a job.

#include <functional>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "client/cli/command.h"
#include "tests/fakes/fake_client.h"

namespace graft::cli {
namespace {

using ::testing::HasSubstr;

class WatchedClient final : public FakeClient {
 public:
  absl::StatusOr<v1::Job> Watch(const std::string&, uint64_t,
                                const client::WatchCallbacks& callbacks) override {
    return script(callbacks);
  }
  std::function<absl::StatusOr<v1::Job>(const client::WatchCallbacks&)> script;
};

v1::JobEvent Log(uint64_t sequence, const std::string& text) {
  v1::JobEvent event;
  event.set_sequence(sequence);
  event.mutable_log()->set_text(text);
  return event;
}

v1::JobEvent At(uint64_t sequence, double fraction) {
  v1::JobEvent event;
  event.set_sequence(sequence);
  event.mutable_progress()->set_stage("head");
  event.mutable_progress()->set_fraction(fraction);
  return event;
}

class WatchTest : public ::testing::Test {
 protected:
  WatchTest() { globals_.client.cancellation = std::make_shared<client::Cancellation>(); }

  absl::Status Watch(
      const std::function<absl::StatusOr<v1::Job>(const client::WatchCallbacks&)>& script) {
    client_.script = script;
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    absl::Status status = WatchToEnd(client_, globals_, "j", 0);
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return status;
  }
  static v1::Job Succeeded() {
    v1::Job job;
    job.set_id("j");
    job.set_state(v1::JOB_STATE_SUCCEEDED);
    job.mutable_spec()->mutable_fine_tune()->set_model("pets");
    job.set_model_version(2);
    return job;
  }

  Globals globals_;
  WatchedClient client_;
  std::string out_;
  std::string err_;
};

TEST_F(WatchTest, ShowsLinesAndHowItEnded) {
  EXPECT_EQ(Watch([](const client::WatchCallbacks& callbacks) {
              callbacks.on_event(Log(1, "phase \x1b[2Jhead"));
              callbacks.on_event(At(2, 0.51));
              callbacks.on_event(At(3, 0.52));
              return Succeeded();
            }),
            absl::OkStatus());
  EXPECT_EQ(out_, "phase ?[2Jhead\n\npets version 2 is ready: graft predict pets IMAGE...\n");
  EXPECT_EQ(err_, " 51 %  head\n");
}

TEST_F(WatchTest, IsALineOfJsonForEachEvent) {
  globals_.json = true;
  EXPECT_EQ(Watch([](const client::WatchCallbacks& callbacks) {
              callbacks.on_event(Log(1, "a\nb"));
              callbacks.on_event(At(2, 0));
              callbacks.on_lost(absl::UnavailableError("reset"));
              return Succeeded();
            }),
            absl::OkStatus());
  EXPECT_EQ(out_,
            "{\"sequence\":\"1\",\"log\":{\"text\":\"a\\nb\"}}\n"
            "{\"sequence\":\"2\",\"progress\":{\"stage\":\"head\",\"epochs_done\":0,"
            "\"epochs_total\":0,\"steps_done\":\"0\",\"steps_total\":\"0\",\"fraction\":0}}\n");
  EXPECT_EQ(err_, "connection lost (reset), trying again for 2m\n");
}

TEST_F(WatchTest, SaysHowToGoOnAfterCtrlC) {
  EXPECT_EQ(Watch([this](const client::WatchCallbacks& callbacks) -> absl::StatusOr<v1::Job> {
              callbacks.on_event(Log(41, "step"));
              globals_.client.cancellation->Cancel();
              return absl::CancelledError("interrupted");
            }),
            absl::CancelledError("interrupted"));
  EXPECT_EQ(err_,
            "job j goes on; follow it with: graft watch j --after 41, "
            "or stop it with: graft cancel j\n");
}

TEST_F(WatchTest, SaysHowToGoOnWhereTheServerWentAway) {
  EXPECT_TRUE(absl::IsUnavailable(
      Watch([](const client::WatchCallbacks& callbacks) -> absl::StatusOr<v1::Job> {
        callbacks.on_event(Log(41, "step"));
        return absl::UnavailableError("reset");
      })));
  EXPECT_THAT(err_, HasSubstr("graft watch j --after 41"));
}

TEST_F(WatchTest, ClaimsNothingOfAJobItNeverSaw) {
  Watch([](const client::WatchCallbacks&) {
    return absl::NotFoundError("no job j");
  }).IgnoreError();
  EXPECT_EQ(err_, "");
  Watch([](const client::WatchCallbacks&) {
    return absl::UnavailableError("refused");
  }).IgnoreError();
  EXPECT_EQ(err_, "");
}

TEST_F(WatchTest, FailsWithTheJob) {
  const absl::Status status = Watch([](const client::WatchCallbacks&) {
    v1::Job job;
    job.set_id("j");
    job.set_state(v1::JOB_STATE_FAILED);
    job.mutable_error()->set_message("the loss is not a number");
    job.mutable_error()->set_hint("lower the learning rate");
    return job;
  });
  EXPECT_EQ(status, absl::FailedPreconditionError("job j is FAILED: the loss is not a number\n"
                                                  "  hint: lower the learning rate"));
}

}  // namespace
}  // namespace graft::cli
