#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graft/v1/prediction.grpc.pb.h"
#include "inference/inference.grpc.pb.h"

#include "core/base/thread_pool.h"
#include "core/serving/model_manager.h"
#include "core/tasks/classification/decoder.h"
#include "server/rpc/services.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_serving.h"
#include "tests/fakes/loopback_server.h"
#include "wire/status.h"

namespace graft::server {
namespace {

using ::testing::HasSubstr;
using Submitted = Answer<serving::PredictResponse>;

// Both services that predict over one predictor, asked through sockets.
class PredictOverloadTest : public ::testing::Test {
 protected:
  void Start(const serving::Predictor::Options& options) {
    models_.Publish("pets", 1,
                    {.decoder = tasks::MakeClassificationDecoder({{"a", "b", "c"}, {}})});
    manager_ = *serving::ModelManager::Create({}, &models_, &models_, Clock::System(), nullptr);
    predictor_ = *serving::Predictor::Create(options, manager_.get(), &clock_, nullptr);
    predictions_ = std::make_unique<PredictionService>(predictor_.get(), &clock_, nullptr);
    inference_ = std::make_unique<InferenceService>(InferenceService::Environment{
        .predictor = predictor_.get(), .models = manager_.get(), .clock = &clock_});
    Api api;
    api.gate = &gate_;
    api.predictions = predictions_.get();
    api.inference = inference_.get();
    rpc_ = MakeRpcServices(api, {.executor = &executor_, .waiting = &executor_});
    for (const RpcService& service : rpc_) {
      servers_.push_back(std::make_unique<LoopbackServer>(service.service.get()));
      if (service.name == "graft.v1.PredictionService") {
        stub_ = v1::PredictionService::NewStub(servers_.back()->channel());
      } else {
        inference_stub_ = inference::GRPCInferenceService::NewStub(servers_.back()->channel());
      }
    }
    EXPECT_TRUE(Submit("").Wait().ok());  // which loads the model
  }
  void TearDown() override { world_.computing.Open(); }

  Submitted Submit(const std::string& caller) {
    Submitted answer;
    std::vector<serving::PredictInput> inputs = {serving::EncodedImage{"a"}};
    predictor_->Submit({.project = "p",
                        .models = {{.model = "pets"}},
                        .inputs = std::move(inputs),
                        .caller = caller},
                       absl::InfiniteDuration(), answer.Callback());
    return answer;
  }

  absl::Status Predict() {
    grpc::ClientContext context;
    v1::PredictRequest request;
    request.set_project("p");
    request.set_model("pets");
    request.add_inputs()->set_image("a");
    v1::PredictResponse response;
    return wire::FromGrpcStatus(stub_->Predict(&context, request, &response));
  }
  static inference::ModelInferRequest InferRequest() {
    inference::ModelInferRequest request;
    request.set_model_name("p/pets");
    auto* const input = request.add_inputs();
    input->set_name("image");
    input->set_datatype("BYTES");
    input->add_shape(1);
    input->mutable_contents()->add_bytes_contents("a");
    return request;
  }
  absl::Status Infer() {
    grpc::ClientContext context;
    inference::ModelInferResponse response;
    return wire::FromGrpcStatus(inference_stub_->ModelInfer(&context, InferRequest(), &response));
  }
  // What a stream says of one request: "" where it was answered.
  std::string InferOnStream() {
    grpc::ClientContext context;
    const auto stream = inference_stub_->ModelStreamInfer(&context);
    stream->Write(InferRequest());
    stream->WritesDone();
    inference::ModelStreamInferResponse response;
    EXPECT_TRUE(stream->Read(&response));
    EXPECT_TRUE(stream->Finish().ok());
    return response.error_message();
  }

  FakeWorld world_;
  FakeModels models_{&world_};
  FakeClock clock_;
  std::unique_ptr<serving::ModelManager> manager_;
  std::unique_ptr<serving::Predictor> predictor_;
  const Gate gate_;
  ThreadPool executor_{"test", 1};
  std::unique_ptr<PredictionService> predictions_;
  std::unique_ptr<InferenceService> inference_;
  std::vector<RpcService> rpc_;
  std::vector<std::unique_ptr<LoopbackServer>> servers_;
  std::unique_ptr<v1::PredictionService::Stub> stub_;
  std::unique_ptr<inference::GRPCInferenceService::Stub> inference_stub_;
};

TEST_F(PredictOverloadTest, WhatTheGoalRefusesSaysSoOnTheWire) {
  Start({.batch = {.max_batch_size = 8}, .p99_goal = absl::Milliseconds(100)});
  // 30 at once, that all take 600 ms.
  world_.computing.Close();
  std::vector<Submitted> answers;
  for (int i = 0; i < 30; ++i) answers.push_back(Submit(""));
  clock_.Advance(absl::Milliseconds(600));
  world_.computing.Open();
  for (Submitted& answer : answers) EXPECT_TRUE(answer.Wait().ok());
  world_.computing.Close();
  answers.clear();
  do {
    answers.push_back(Submit(""));
  } while (predictor_->admitted().inputs < predictor_->admitted().limit);

  for (const absl::Status& refused : {Predict(), Infer()}) {
    EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
    EXPECT_EQ(ErrorReason(refused), "OVERLOADED");
    EXPECT_EQ(RetryDelay(refused), absl::Milliseconds(500));
  }
  EXPECT_THAT(InferOnStream(), HasSubstr("predictions would take longer than 100ms"));
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(RetryDelay(Predict()), absl::Seconds(3)) << "it grows";
  world_.computing.Open();
  for (Submitted& answer : answers) EXPECT_TRUE(answer.Wait().ok());
  EXPECT_TRUE(Predict().ok());
  EXPECT_TRUE(Infer().ok());
}

TEST_F(PredictOverloadTest, AnAddressHasOneShareOfBothServices) {
  Start({.max_inputs_per_request = 2, .max_inputs_per_caller = 2});
  world_.computing.Close();
  std::vector<Submitted> held;
  held.push_back(Submit("peer 127.0.0.1"));
  held.push_back(Submit("peer 127.0.0.1"));
  for (const absl::Status& refused : {Predict(), Infer()}) {
    EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
    EXPECT_EQ(ErrorReason(refused), "CALLER_BUSY");
    EXPECT_TRUE(RetryDelay(refused).has_value());
  }
  EXPECT_THAT(InferOnStream(), HasSubstr("this caller has 2 inputs under way"));
  held.push_back(Submit("peer 10.0.0.7"));
  world_.computing.Open();
  for (Submitted& answer : held) EXPECT_TRUE(answer.Wait().ok());
  EXPECT_TRUE(Predict().ok());
  EXPECT_EQ(InferOnStream(), "");
}

TEST(Caller, AShareIsAPrincipalsOrAnAddresses) {
  const Gate gate;
  const auto share = [&](const std::string& name, const std::string& peer) {
    CallContext context;
    context.principal.name = name;
    context.peer = peer;
    v1::PredictRequest request;
    return gate.Admit(std::move(context), request)->share();
  };
  EXPECT_EQ(share("anonymous", "10.0.0.7"), share("anonymous", "10.0.0.7"));
  EXPECT_NE(share("anonymous", "10.0.0.7"), share("anonymous", "10.0.0.8"));
  EXPECT_EQ(share("ada", "10.0.0.7"), share("ada", "10.0.0.8"));
  EXPECT_NE(share("10.0.0.7", ""), share("anonymous", "10.0.0.7")) << "a name is no address";
}

}  // namespace
}  // namespace graft::server
