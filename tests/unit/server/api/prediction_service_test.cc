#include "server/api/prediction_service.h"

#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graft/v1/prediction.grpc.pb.h"

#include "core/base/thread_pool.h"
#include "core/serving/model_manager.h"
#include "core/tasks/classification/decoder.h"
#include "server/rpc/services.h"
#include "tests/fakes/fake_serving.h"
#include "tests/fakes/loopback_server.h"
#include "wire/status.h"

namespace graft::server {
namespace {

using ::testing::ElementsAre;

// The service over a real predictor and a fake network, asked through sockets.
class PredictionServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    models_.Publish("pets", 1,
                    {.decoder = tasks::MakeClassificationDecoder({{"a", "b", "c"}, {}})});
    manager_ = *serving::ModelManager::Create({}, &models_, &models_, Clock::System(), nullptr);
    predictor_ = *serving::Predictor::Create({.max_inputs_per_request = 2, .max_pending_inputs = 2},
                                             manager_.get(), Clock::System(), &observer_);
    service_ = std::make_unique<PredictionService>(predictor_.get(), Clock::System(), &observer_);
    explanations_ =
        std::make_unique<ExplanationService>(manager_.get(), Clock::System(), &computing_,
                                             /*max_image_bytes=*/100);
    Api api;
    api.gate = &gate_;
    api.predictions = service_.get();
    api.explanations = explanations_.get();
    rpc_ = MakeRpcServices(api, {});
    server_ = std::make_unique<LoopbackServer>(rpc_.at(0).service.get());
    stub_ = v1::PredictionService::NewStub(server_->channel());
  }
  void TearDown() override {
    world_.computing.Open();
    world_.decoding.Open();
  }

  static v1::PredictRequest Request(const std::vector<std::string>& images,
                                    const std::string& model = "pets") {
    v1::PredictRequest request;
    request.set_project("p");
    request.set_model(model);
    for (const std::string& image : images) request.add_inputs()->set_image(image);
    return request;
  }
  absl::Status Predict(const v1::PredictRequest& request) {
    grpc::ClientContext context;
    return wire::FromGrpcStatus(stub_->Predict(&context, request, &response_));
  }
  // A request that fills the queue and is in the network until `computing` is opened.
  std::thread Occupy() {
    world_.computing.Close();
    std::thread running([this] {
      grpc::ClientContext context;
      v1::PredictResponse response;
      EXPECT_TRUE(stub_->Predict(&context, Request({"a", "b"}), &response).ok());
    });
    world_.computing.AwaitArrivals(1);
    return running;
  }

  FakeWorld world_;
  FakeModels models_{&world_};
  RecordingServingObserver observer_;
  std::unique_ptr<serving::ModelManager> manager_;
  std::unique_ptr<serving::Predictor> predictor_;
  const Gate gate_;
  std::unique_ptr<PredictionService> service_;
  std::unique_ptr<ExplanationService> explanations_;
  ThreadPool computing_{"test", 1};
  std::vector<RpcService> rpc_;
  std::unique_ptr<LoopbackServer> server_;
  std::unique_ptr<v1::PredictionService::Stub> stub_;
  v1::PredictResponse response_;
};

TEST_F(PredictionServiceTest, AnswersEachInputInOrder) {
  ASSERT_TRUE(Predict(Request({"c", "b"})).ok());
  EXPECT_EQ(response_.model(), "pets");
  EXPECT_EQ(response_.version(), 1);
  ASSERT_EQ(response_.outputs_size(), 2);
  EXPECT_EQ(response_.outputs(0).classification().labels(0).label(), "c");
  EXPECT_EQ(response_.outputs(1).classification().labels(0).label(), "b");
  EXPECT_EQ(response_.outputs(0).classification().labels_size(), 3);
}

TEST_F(PredictionServiceTest, ALabelIsAnsweredByTheVersionThatItNames) {
  v1::PredictRequest request = Request({"a"});
  request.set_label("stable");
  const absl::Status unknown = Predict(request);
  EXPECT_TRUE(absl::IsNotFound(unknown)) << unknown;
  EXPECT_EQ(ErrorReason(unknown), "MODEL_NOT_FOUND");
  manager_->SetLabel("p", "pets", "stable", 1);
  ASSERT_TRUE(Predict(request).ok());
  EXPECT_EQ(response_.version(), 1);
}

TEST_F(PredictionServiceTest, SeveralModelsAnswerInTheOrderInWhichTheyAreAsked) {
  models_.Publish("cars", 4, {.decoder = tasks::MakeClassificationDecoder({{"x", "y", "z"}, {}})});
  v1::PredictManyRequest request;
  request.set_project("p");
  for (const char* const model : {"pets", "cars"}) request.add_models()->set_model(model);
  request.mutable_models(1)->mutable_options()->mutable_classification()->set_top_k(1);
  request.add_inputs()->set_image("c");
  const auto ask = [&](v1::PredictManyResponse* response) {
    grpc::ClientContext context;
    return wire::FromGrpcStatus(stub_->PredictMany(&context, request, response));
  };
  v1::PredictManyResponse response;
  ASSERT_TRUE(ask(&response).ok());
  ASSERT_EQ(response.answers_size(), 2);
  EXPECT_EQ(response.answers(0).model(), "pets");
  EXPECT_EQ(response.answers(0).outputs(0).classification().labels(0).label(), "c");
  EXPECT_EQ(response.answers(0).outputs(0).classification().labels_size(), 3);
  EXPECT_EQ(response.answers(1).version(), 4);
  EXPECT_EQ(response.answers(1).outputs(0).classification().labels(0).label(), "z");
  EXPECT_EQ(response.answers(1).outputs(0).classification().labels_size(), 1);
  EXPECT_TRUE(response.timing().has_total());

  const auto field = [&] {
    const absl::Status status = ask(&response);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    const std::vector<FieldError> fields = InvalidFieldsOf(status);
    return fields.size() == 1 ? fields[0].field : "";
  };
  request.mutable_models(1)->mutable_options()->mutable_regression();
  EXPECT_EQ(field(), "models[1].options");
  request.mutable_models(1)->mutable_options()->mutable_classification()->set_top_k(-1);
  EXPECT_EQ(field(), "models[1].options.classification.top_k");
  request.mutable_models(1)->clear_options();
  request.mutable_models(1)->set_model("No Name");
  EXPECT_EQ(field(), "models[1].model");
  request.mutable_models(1)->set_model("none");
  EXPECT_TRUE(absl::IsNotFound(ask(&response)));
  request.mutable_models(1)->set_model("pets");
  request.add_models()->set_model("cars");
  EXPECT_EQ(field(), "models") << "three answers are more than the queue holds";
  request.clear_models();
  EXPECT_EQ(field(), "models");
}

TEST_F(PredictionServiceTest, EmbedsEachInputInOrder) {
  v1::EmbedRequest request;
  request.set_project("p");
  request.set_model("pets");
  request.set_priority(v1::PRIORITY_BULK);
  for (const char* const image : {"c", "b"}) request.add_inputs()->set_image(image);
  grpc::ClientContext context;
  v1::EmbedResponse response;
  const grpc::Status status = stub_->Embed(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.model(), "pets");
  EXPECT_EQ(response.version(), 1);
  ASSERT_EQ(response.embeddings_size(), 2);
  EXPECT_THAT(response.embeddings(0).values(), ElementsAre(2));
  EXPECT_THAT(response.embeddings(1).values(), ElementsAre(1));
}

TEST_F(PredictionServiceTest, ExplainsTheAnswerOrWhatItIsAskedFor) {
  v1::ExplainRequest request;
  request.set_project("p");
  request.set_model("pets");
  request.mutable_input()->set_image("c");
  v1::ExplainResponse response;
  const auto ask = [&] {
    grpc::ClientContext context;
    return wire::FromGrpcStatus(stub_->Explain(&context, request, &response));
  };
  absl::Status status = ask();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(response.model(), "pets");
  EXPECT_EQ(response.version(), 1);
  EXPECT_EQ(response.of(), "c");
  EXPECT_EQ(response.output().classification().answer(), "c");
  EXPECT_THAT(response.map().values(), ElementsAre(1));
  EXPECT_EQ(response.overlay_png(), "");
  request.set_of("b");
  request.set_overlay(true);
  ASSERT_TRUE(ask().ok());
  EXPECT_EQ(response.of(), "b");
  EXPECT_NE(response.overlay_png(), "");

  const auto field = [&] {
    status = ask();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    const std::vector<FieldError> fields = InvalidFieldsOf(status);
    return fields.size() == 1 ? fields[0].field : "";
  };
  request.set_of("fox");
  EXPECT_EQ(field(), "of");
  request.set_of("");
  request.mutable_input()->set_image("bad");
  EXPECT_EQ(field(), "input");
  request.mutable_input()->set_image(std::string(101, 'a'));
  EXPECT_EQ(field(), "input");
  request.clear_input();
  EXPECT_EQ(field(), "input");
  request.mutable_input()->set_image("a");
  request.set_label("none");
  EXPECT_TRUE(absl::IsNotFound(ask()));
  request.set_label("");
  request.set_model("none");
  EXPECT_TRUE(absl::IsNotFound(ask()));
}

TEST_F(PredictionServiceTest, APriorityThatIsNoneIsNamedAsAField) {
  v1::PredictRequest request = Request({"a"});
  request.set_priority(static_cast<v1::Priority>(7));
  EXPECT_EQ(InvalidFieldsOf(Predict(request)).at(0).field, "priority");
}

TEST_F(PredictionServiceTest, AnInputThatCannotBeReadIsNamedAsAField) {
  const absl::Status status = Predict(Request({"a", "bad"}));
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_EQ(status.message(), "inputs[1]: truncated JPEG");
  ASSERT_EQ(InvalidFieldsOf(status).size(), 1u);
  EXPECT_EQ(InvalidFieldsOf(status)[0].field, "inputs[1]");
  EXPECT_EQ(InvalidFieldsOf(status)[0].description, "truncated JPEG");
}

TEST_F(PredictionServiceTest, WhatIsWrongWithTheRequestIsNamedAsAField) {
  const auto field = [&](const v1::PredictRequest& request) {
    const absl::Status status = Predict(request);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    const std::vector<FieldError> fields = InvalidFieldsOf(status);
    return fields.size() == 1 ? fields[0].field : "";
  };
  EXPECT_EQ(field(Request({})), "inputs");
  EXPECT_EQ(field(Request({"a", "a", "a"})), "inputs");
  EXPECT_EQ(field(Request({"a", ""})), "inputs[1]");
  EXPECT_EQ(field(Request({"a"}, "No Name")), "model");
  v1::PredictRequest request = Request({"a"});
  request.add_inputs();
  EXPECT_EQ(field(request), "inputs[1]");
  request = Request({"a"});
  request.set_label("stable");
  request.set_version(1);
  EXPECT_EQ(field(request), "label");
  request = Request({"a"});
  request.mutable_options()->mutable_classification()->set_top_k(-1);
  EXPECT_EQ(field(request), "options.classification.top_k");
}

TEST_F(PredictionServiceTest, RefusedRequestsAreCountedWhereverTheyAreRefused) {
  ASSERT_FALSE(Predict(Request({})).ok());
  ASSERT_FALSE(Predict(Request({"a", "a", "a"})).ok());
  v1::PredictRequest elsewhere = Request({"a"});
  elsewhere.set_project("No Name");
  ASSERT_FALSE(Predict(elsewhere).ok());
  const std::vector<serving::RequestStats> requests = observer_.AwaitRequests(3);
  EXPECT_EQ(requests[2].code, absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(requests[0].code, absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(requests[1].code, absl::StatusCode::kInvalidArgument);
}

TEST_F(PredictionServiceTest, AModelThatDoesNotExistHasAReason) {
  const absl::Status status = Predict(Request({"a"}, "other"));
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_EQ(ErrorReason(status), "MODEL_NOT_FOUND");
}

TEST_F(PredictionServiceTest, AFullQueueSaysOnTheWireWhenToComeBack) {
  std::thread running = Occupy();
  const absl::Status status = Predict(Request({"a"}));
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_EQ(ErrorReason(status), "QUEUE_FULL");
  EXPECT_EQ(RetryDelay(status), absl::Milliseconds(500));
  world_.computing.Open();
  running.join();
}

TEST_F(PredictionServiceTest, WhileDrainingSaysWhenToComeBack) {
  predictor_->Drain();
  const absl::Status status = Predict(Request({"a"}));
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_EQ(ErrorReason(status), "DRAINING");
  EXPECT_TRUE(RetryDelay(status).has_value());
}

TEST_F(PredictionServiceTest, ACallerWhoGoesAwayTakesItsRequestOutOfTheQueue) {
  world_.decoding.Close();
  grpc::ClientContext context;
  std::thread calling([&] {
    v1::PredictResponse response;
    EXPECT_EQ(stub_->Predict(&context, Request({"a", "b"}), &response).error_code(),
              grpc::StatusCode::CANCELLED);
  });
  world_.decoding.AwaitArrivals(1);
  context.TryCancel();
  calling.join();
  EXPECT_EQ(observer_.AwaitRequests(1)[0].code, absl::StatusCode::kCancelled);
  world_.decoding.Open();
  EXPECT_TRUE(Predict(Request({"a", "b"})).ok());
}

TEST_F(PredictionServiceTest, ACallWhoseDeadlinePassesIsRecordedAsThat) {
  world_.decoding.Close();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  v1::PredictResponse response;
  EXPECT_EQ(stub_->Predict(&context, Request({"a"}), &response).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(observer_.AwaitRequests(1)[0].code, absl::StatusCode::kDeadlineExceeded);
  world_.decoding.Open();
}

}  // namespace
}  // namespace graft::server
