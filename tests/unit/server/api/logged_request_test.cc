#include "server/api/logged_request.h"

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "core/tasks/classification/decoder.h"
#include "server/api/explanation_service.h"
#include "server/api/gate.h"
#include "server/api/inference_service.h"
#include "server/api/prediction_service.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_serving.h"

namespace graft::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The services over a real predictor and a fake network, with a log that the test writes by hand.
class LoggedRequestTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TempDirectory::Create();
    ASSERT_TRUE(folder.ok());
    folder_ = std::make_unique<TempDirectory>(*std::move(folder));
    models_.Publish(
        "pets", 3,
        {.judges = true, .decoder = tasks::MakeClassificationDecoder({{"a", "b", "c"}})});
    manager_ = *serving::ModelManager::Create({}, &models_, &models_, &clock_, nullptr);
    predictor_ = *serving::Predictor::Create({}, manager_.get(), &clock_, nullptr);
    Open(1);
  }
  void Open(double share) {
    auto files = LogFiles::Open({.folder = folder_->path(), .max_bytes = 1 << 20});
    ASSERT_TRUE(files.ok()) << files.status();
    log_ = std::make_unique<RequestLog>(
        RequestLog::Options{.share = share, .thread = WorkQueue<RequestLine>::Thread::kByHand},
        *std::move(files), metrics_.get(), logger_.get());
    predictions_ =
        std::make_unique<PredictionService>(predictor_.get(), &clock_, nullptr, log_.get());
    explanations_ = std::make_unique<ExplanationService>(manager_.get(), &clock_, &computing_,
                                                         /*max_image_bytes=*/100, log_.get());
  }

  static CallContext Context(const std::string& id) {
    CallContext context;
    context.peer = "192.0.2.7";
    context.principal.name = "somebody";
    context.request_id = id;
    return context;
  }
  template <typename Request, typename Response, typename Service>
  absl::StatusOr<Response> Ask(
      Service& service,
      void (Service::*method)(const Caller&, Request,
                              std::function<void(absl::StatusOr<Response>)>),
      Request request, const std::string& id = "req-1") {
    request.set_project("p");
    const auto caller = gate_.Admit(Context(id), request);
    EXPECT_TRUE(caller.ok()) << caller.status();
    Answer<Response> answer;
    (service.*method)(*caller, std::move(request), answer.Callback());
    return answer.Wait();
  }
  static v1::PredictRequest Request(const std::string& image, const std::string& model = "pets") {
    v1::PredictRequest request;
    request.set_model(model);
    request.add_inputs()->set_image(image);
    return request;
  }
  // The lines since the start.
  std::vector<nlohmann::json> Lines() {
    while (log_->WriteOne()) {
    }
    std::vector<nlohmann::json> lines;
    std::ifstream file(folder_->path() / "requests-00000001.jsonl");
    for (std::string line; std::getline(file, line);) {
      text_ += line;
      lines.push_back(nlohmann::json::parse(line));
    }
    return lines;
  }

  std::unique_ptr<TempDirectory> folder_;
  FakeClock clock_;
  FakeWorld world_;
  FakeModels models_{&world_};
  const std::unique_ptr<telemetry::Metrics> metrics_ = telemetry::Metrics::Create();
  const std::unique_ptr<wire::Logger> logger_ = wire::Logger::Silent();
  std::unique_ptr<serving::ModelManager> manager_;
  std::unique_ptr<RequestLog> log_;
  std::unique_ptr<serving::Predictor> predictor_;
  ThreadPool computing_{"test", 1};
  const Gate gate_;
  std::unique_ptr<PredictionService> predictions_;
  std::unique_ptr<ExplanationService> explanations_;
  std::string text_;
};

TEST_F(LoggedRequestTest, AnAnswerIsALineWithWhatItSaysFirst) {
  v1::PredictRequest request = Request("b secret picture");
  request.add_inputs()->set_image("c");
  ASSERT_TRUE(Ask(*predictions_, &PredictionService::Predict, request).ok());
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 1u);
  const nlohmann::json& line = lines[0];
  EXPECT_EQ(line["request"], "req-1");
  EXPECT_EQ(line["method"], "Predict");
  EXPECT_EQ(line["project"], "p");
  EXPECT_EQ(line["code"], "OK");
  EXPECT_EQ(line["inputs"], 2);
  EXPECT_EQ(line["bytes"], 17);
  EXPECT_EQ(line["time"], "2023-11-14T22:13:20.000Z");
  for (const char* time : {"queue_ms", "decode_ms", "compute_ms", "total_ms"}) {
    EXPECT_TRUE(line.contains(time)) << time;
  }
  EXPECT_EQ(line["models"][0]["model"], "pets");
  EXPECT_EQ(line["models"][0]["version"], 3);
  EXPECT_EQ(line["models"][0]["answers"][0]["answer"], "b");
  EXPECT_GT(line["models"][0]["answers"][0]["probability"], 0.4);
  EXPECT_EQ(line["models"][0]["answers"][1]["unknown_score"], 2);
  EXPECT_THAT(text_, Not(HasSubstr("secret")));
  EXPECT_THAT(text_, Not(HasSubstr("192.0.2.7")));
  EXPECT_THAT(text_, Not(HasSubstr("somebody")));
}

TEST_F(LoggedRequestTest, EveryMethodHasLines) {
  v1::PredictManyRequest many;
  many.add_models()->set_model("pets");
  many.add_models()->set_model("pets");
  many.add_inputs()->set_image("a");
  ASSERT_TRUE(Ask(*predictions_, &PredictionService::PredictMany, many).ok());
  v1::EmbedRequest embed;
  embed.set_model("pets");
  embed.add_inputs()->set_image("a");
  ASSERT_TRUE(Ask(*predictions_, &PredictionService::Embed, embed).ok());
  v1::ExplainRequest explain;
  explain.set_model("pets");
  explain.mutable_input()->set_image("abc");
  ASSERT_TRUE(Ask(*explanations_, &ExplanationService::Explain, explain).ok());
  inference::ModelInferRequest infer;
  infer.set_model_name("nothing");
  InferenceService inference({.predictor = predictor_.get(), .clock = &clock_, .log = log_.get()});
  const auto caller = gate_.Admit(Context("req-1"), infer);
  ASSERT_TRUE(caller.ok());
  inference.ModelInfer(*caller, infer, [](const auto& response) { EXPECT_FALSE(response.ok()); });
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0]["method"], "PredictMany");
  EXPECT_EQ(lines[0]["models"].size(), 2u);
  EXPECT_EQ(lines[1]["method"], "Embed");
  EXPECT_FALSE(lines[1]["models"][0].contains("answers"));
  EXPECT_EQ(lines[2]["method"], "Explain");
  EXPECT_EQ(lines[2]["models"][0]["version"], 3);
  EXPECT_EQ(lines[2]["bytes"], 3);
  EXPECT_EQ(lines[3]["method"], "ModelInfer");
  EXPECT_EQ(lines[3]["code"], "INVALID_ARGUMENT");
}

TEST_F(LoggedRequestTest, AFailureIsALineWithoutWhatTheCallerWrote) {
  EXPECT_FALSE(Ask(*predictions_, &PredictionService::Predict, Request("bad")).ok());
  EXPECT_FALSE(Ask(*predictions_, &PredictionService::Predict, Request("a", "none")).ok());
  EXPECT_FALSE(Ask(*predictions_, &PredictionService::Predict, Request("a", "My password")).ok());
  v1::ExplainRequest explain;
  explain.set_model("My password");
  EXPECT_FALSE(Ask(*explanations_, &ExplanationService::Explain, explain).ok());
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0]["code"], "INVALID_ARGUMENT");
  EXPECT_EQ(lines[0]["models"][0]["model"], "pets");
  EXPECT_EQ(lines[1]["code"], "NOT_FOUND");
  EXPECT_EQ(lines[1]["reason"], "MODEL_NOT_FOUND");
  EXPECT_EQ(lines[1]["models"][0]["model"], "none");
  EXPECT_EQ(lines[3]["method"], "Explain");
  EXPECT_THAT(text_, Not(HasSubstr("password")));
  EXPECT_THAT(text_, Not(HasSubstr("truncated")));
}

TEST_F(LoggedRequestTest, OnlyTheShareIsLogged) {
  Open(0.1);
  ASSERT_TRUE(Ask(*predictions_, &PredictionService::Predict, Request("a"), "req-0").ok());
  ASSERT_TRUE(Ask(*predictions_, &PredictionService::Predict, Request("a"), "req-7").ok());
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["request"], "req-7");
}

}  // namespace
}  // namespace graft::server
