#include "server/api/inference_service.h"

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inference/inference.grpc.pb.h"

#include "core/tasks/classification/decoder.h"
#include "server/rpc/services.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_serving.h"
#include "tests/fakes/loopback_server.h"
#include "tests/unit/server/store_test.h"
#include "wire/status.h"

namespace graft::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Stub = inference::GRPCInferenceService::Stub;

// Two versions of a classifier of a, b and c, over a real store and a fake network.
class InferenceServiceTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    ASSERT_FALSE(HasFatalFailure());
    Publish("job-1", 1);
    Publish("job-2", 2);
    manager_ = *serving::ModelManager::Create({}, &models_, &models_, Clock::System(), nullptr);
    predictor_ = *serving::Predictor::Create({}, manager_.get(), Clock::System(), &statistics_);
    service_ = std::make_unique<InferenceService>(InferenceService::Environment{
        predictor_.get(), manager_.get(), store_.get(), Clock::System(), &statistics_,
        [this] { return ready_; }, &statistics_, 16});
    Api api;
    api.gate = &gate_;
    api.inference = service_.get();
    rpc_ = MakeRpcServices(api, {.executor = &executor_, .waiting = &executor_});
    server_ = std::make_unique<LoopbackServer>(rpc_.at(0).service.get());
    stub_ = inference::GRPCInferenceService::NewStub(server_->channel());
  }

  void TearDown() override { world_.decoding.Open(); }

  void Publish(const std::string& job_id, int64_t version) {
    PublishPets(job_id, "p", R"({"labels":["a","b","c"]})");
    models_.Publish("pets", version,
                    {.decoder = tasks::MakeClassificationDecoder({{"a", "b", "c"}, {}})});
  }

  template <typename Request, typename Response>
  absl::Status Ask(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                   const Request& request, Response* response) {
    grpc::ClientContext context;
    return wire::FromGrpcStatus((stub_.get()->*method)(&context, request, response));
  }
  absl::Status Infer(const inference::ModelInferRequest& request) {
    infer_.Clear();
    return Ask(&Stub::ModelInfer, request, &infer_);
  }
  bool Ready(const std::string& name, const std::string& version) {
    inference::ModelReadyRequest request;
    request.set_name(name);
    request.set_version(version);
    inference::ModelReadyResponse response;
    const absl::Status status = Ask(&Stub::ModelReady, request, &response);
    EXPECT_TRUE(status.ok()) << status;
    return response.ready();
  }
  // name version state, of each in the index.
  std::vector<std::string> Indexed(bool only_ready) {
    inference::RepositoryIndexRequest request;
    request.set_repository_name("p");
    request.set_ready(only_ready);
    inference::RepositoryIndexResponse response;
    const absl::Status status = Ask(&Stub::RepositoryIndex, request, &response);
    EXPECT_TRUE(status.ok()) << status;
    std::vector<std::string> found;
    for (const auto& model : response.models()) {
      found.push_back(model.name() + " " + model.version() + " " + model.state());
    }
    return found;
  }

  static inference::ModelInferRequest Request(const std::vector<std::string>& images) {
    inference::ModelInferRequest request;
    request.set_model_name("p/pets");
    auto* const input = request.add_inputs();
    input->set_name("image");
    input->set_datatype("BYTES");
    input->add_shape(static_cast<int64_t>(images.size()));
    for (const std::string& image : images) input->mutable_contents()->add_bytes_contents(image);
    return request;
  }

  FakeWorld world_;
  FakeModels models_{&world_};
  RecordingServingObserver observer_;
  FakeClock clock_;
  InferenceStatistics statistics_{&observer_, &clock_};
  std::unique_ptr<serving::ModelManager> manager_;
  std::unique_ptr<serving::Predictor> predictor_;
  absl::Status ready_;
  const Gate gate_;
  ThreadPool executor_{"test-api", 2, 16};
  std::unique_ptr<InferenceService> service_;
  std::vector<RpcService> rpc_;
  std::unique_ptr<LoopbackServer> server_;
  std::unique_ptr<Stub> stub_;
  inference::ModelInferResponse infer_;
};

TEST_F(InferenceServiceTest, AnswersWithEveryProbabilityOfEveryPicture) {
  inference::ModelInferRequest request = Request({"c", "b"});
  request.set_id("call-7");
  const absl::Status status = Infer(request);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(infer_.model_name(), "p/pets");
  EXPECT_EQ(infer_.model_version(), "2");
  EXPECT_EQ(infer_.id(), "call-7");
  ASSERT_EQ(infer_.outputs_size(), 1);
  EXPECT_EQ(infer_.outputs(0).name(), "probabilities");
  EXPECT_THAT(infer_.outputs(0).shape(), ElementsAre(2, 3));
  std::vector<float> numbers(6);
  ASSERT_EQ(infer_.raw_output_contents(0).size(), 24u);
  std::memcpy(numbers.data(), infer_.raw_output_contents(0).data(), 24);
  EXPECT_GT(numbers[2], numbers[0]) << "the first shows a c";
  EXPECT_GT(numbers[4], numbers[3]) << "the second a b";
  EXPECT_NEAR(numbers[0] + numbers[1] + numbers[2], 1, 1e-6);
}

TEST_F(InferenceServiceTest, VersionsAreNumbersOrLabels) {
  inference::ModelInferRequest request = Request({"a"});
  request.set_model_version("1");
  ASSERT_TRUE(Infer(request).ok());
  EXPECT_EQ(infer_.model_version(), "1");
  manager_->SetLabel("p", "pets", "stable", 1);
  request.set_model_version("stable");
  ASSERT_TRUE(Infer(request).ok());
  EXPECT_EQ(infer_.model_version(), "1");
  for (const char* const unknown : {"9", "canary"}) {
    request.set_model_version(unknown);
    EXPECT_TRUE(absl::IsNotFound(Infer(request))) << unknown;
  }
}

TEST_F(InferenceServiceTest, TheClassificationExtensionNamesClasses) {
  inference::ModelInferRequest request = Request({"b"});
  auto* const output = request.add_outputs();
  output->set_name("probabilities");
  (*output->mutable_parameters())["classification"].set_int64_param(1);
  ASSERT_TRUE(Infer(request).ok());
  EXPECT_EQ(infer_.outputs(0).datatype(), "BYTES");
  EXPECT_THAT(infer_.raw_output_contents(0), HasSubstr(":1:b"));
}

TEST_F(InferenceServiceTest, WhatIsWrongIsNamedAndCounted) {
  inference::ModelInferRequest request = Request({"a", "bad"});
  absl::Status status = Infer(request);
  EXPECT_EQ(status.message(), "inputs[1]: truncated JPEG");
  request = Request({"a"});
  request.add_outputs()->set_name("logits");
  EXPECT_EQ(InvalidFieldsOf(Infer(request)).at(0).field, "outputs[0].name");
  request = Request({"a"});
  request.set_model_name("p/No Name");
  EXPECT_EQ(InvalidFieldsOf(Infer(request)).at(0).field, "model_name");
  request.set_model_name("No Name/pets");
  EXPECT_EQ(InvalidFieldsOf(Infer(request)).at(0).field, "project");
  request.set_model_name("p/cars");
  EXPECT_TRUE(absl::IsNotFound(Infer(request)));
  request = Request({"a"});
  request.set_model_version("0");
  EXPECT_EQ(InvalidFieldsOf(Infer(request)).at(0).field, "model_version");
  EXPECT_EQ(observer_.AwaitRequests(6).size(), 6u);
}

TEST_F(InferenceServiceTest, MetadataSaysWhatGoesInAndComesOut) {
  inference::ModelMetadataRequest request;
  request.set_name("p/pets");
  inference::ModelMetadataResponse response;
  ASSERT_TRUE(Ask(&Stub::ModelMetadata, request, &response).ok());
  EXPECT_EQ(response.name(), "p/pets");
  EXPECT_EQ(response.platform(), "graft_classification");
  EXPECT_THAT(response.versions(), ElementsAre("1", "2"));
  ASSERT_EQ(response.inputs_size(), 1);
  EXPECT_EQ(response.inputs(0).name(), "image");
  EXPECT_EQ(response.inputs(0).datatype(), "BYTES");
  EXPECT_THAT(response.inputs(0).shape(), ElementsAre(-1, 1));
  ASSERT_EQ(response.outputs_size(), 1);
  EXPECT_EQ(response.outputs(0).name(), "probabilities");
  EXPECT_EQ(response.outputs(0).datatype(), "FP32");
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(-1, 3));
  request.set_version("stable");
  EXPECT_TRUE(absl::IsNotFound(Ask(&Stub::ModelMetadata, request, &response)));
  ASSERT_TRUE(store_->SetModelLabel({"p", "pets", "stable", 1}, std::nullopt).ok());
  EXPECT_TRUE(Ask(&Stub::ModelMetadata, request, &response).ok());
}

TEST_F(InferenceServiceTest, ServerAndModelsSayWhetherTheyAreReady) {
  inference::ServerLiveResponse live;
  ASSERT_TRUE(Ask(&Stub::ServerLive, inference::ServerLiveRequest(), &live).ok());
  EXPECT_TRUE(live.live());
  inference::ServerReadyResponse ready;
  ASSERT_TRUE(Ask(&Stub::ServerReady, inference::ServerReadyRequest(), &ready).ok());
  EXPECT_TRUE(ready.ready());
  ready_ = absl::UnavailableError("draining");
  ASSERT_TRUE(Ask(&Stub::ServerReady, inference::ServerReadyRequest(), &ready).ok());
  EXPECT_FALSE(ready.ready());
  inference::ServerMetadataResponse metadata;
  ASSERT_TRUE(Ask(&Stub::ServerMetadata, inference::ServerMetadataRequest(), &metadata).ok());
  EXPECT_EQ(metadata.name(), "graft");
  EXPECT_THAT(metadata.extensions(),
              ElementsAre("classification", "model_repository", "statistics"));

  EXPECT_TRUE(Ready("p/pets", ""));
  EXPECT_TRUE(Ready("p/pets", "1"));
  EXPECT_FALSE(Ready("p/pets", "9"));
  EXPECT_FALSE(Ready("pets", "")) << "that is the default project's";
  models_.Corrupt("pets", 1);
  inference::ModelInferRequest request = Request({"a"});
  request.set_model_version("1");
  ASSERT_FALSE(Infer(request).ok());
  EXPECT_FALSE(Ready("p/pets", "1"));
  EXPECT_TRUE(Ready("p/pets", "2"));
}

TEST_F(InferenceServiceTest, ModelsAreLoadedUnloadedAndIndexed) {
  EXPECT_THAT(Indexed(false), ElementsAre("pets 1 UNAVAILABLE", "pets 2 UNAVAILABLE"));
  EXPECT_THAT(Indexed(true), IsEmpty());
  inference::RepositoryModelLoadRequest load;
  load.set_repository_name("p");
  load.set_model_name("pets");
  inference::RepositoryModelLoadResponse loaded;
  ASSERT_TRUE(Ask(&Stub::RepositoryModelLoad, load, &loaded).ok());
  EXPECT_THAT(Indexed(true), ElementsAre("pets 2 READY"));
  inference::RepositoryModelUnloadRequest unload;
  unload.set_repository_name("p");
  unload.set_model_name("pets");
  (*unload.mutable_parameters())["unload_dependents"].set_bool_param(false);
  inference::RepositoryModelUnloadResponse unloaded;
  ASSERT_TRUE(Ask(&Stub::RepositoryModelUnload, unload, &unloaded).ok());
  EXPECT_THAT(Indexed(true), IsEmpty());
  // It is loaded again when it is asked for.
  ASSERT_TRUE(Infer(Request({"a"})).ok());
  EXPECT_THAT(Indexed(true), ElementsAre("pets 2 READY"));
  manager_->SetPinned("p", "pets", true);
  EXPECT_TRUE(absl::IsFailedPrecondition(Ask(&Stub::RepositoryModelUnload, unload, &unloaded)));
  EXPECT_THAT(Indexed(true), ElementsAre("pets 2 READY"));
  manager_->SetPinned("p", "pets", false);

  (*load.mutable_parameters())["config"].set_string_param("{}");
  EXPECT_EQ(InvalidFieldsOf(Ask(&Stub::RepositoryModelLoad, load, &loaded)).at(0).field,
            "parameters.config");
  load.clear_parameters();
  load.set_model_name("cars");
  EXPECT_TRUE(absl::IsNotFound(Ask(&Stub::RepositoryModelLoad, load, &loaded)));
  unload.set_model_name("cars");
  EXPECT_TRUE(absl::IsNotFound(Ask(&Stub::RepositoryModelUnload, unload, &unloaded)));
}

TEST_F(InferenceServiceTest, ConfigurationSaysWhatALoadGeneratorHasToKnow) {
  inference::ModelConfigRequest request;
  request.set_name("p/pets");
  inference::ModelConfigResponse response;
  ASSERT_TRUE(Ask(&Stub::ModelConfig, request, &response).ok());
  const inference::ModelConfig& config = response.config();
  EXPECT_EQ(config.name(), "p/pets");
  EXPECT_EQ(config.backend(), "graft");
  EXPECT_EQ(config.max_batch_size(), 16);
  ASSERT_EQ(config.input_size(), 1);
  EXPECT_EQ(config.input(0).data_type(), inference::TYPE_STRING);
  EXPECT_THAT(config.input(0).dims(), ElementsAre(1));
  ASSERT_EQ(config.output_size(), 1);
  EXPECT_EQ(config.output(0).data_type(), inference::TYPE_FP32);
  EXPECT_THAT(config.output(0).dims(), ElementsAre(3));
}

TEST_F(InferenceServiceTest, StatisticsCountRequestsAndInputsByVersion) {
  ASSERT_TRUE(Infer(Request({"a", "b"})).ok());
  ASSERT_TRUE(Infer(Request({"c"})).ok());
  ASSERT_FALSE(Infer(Request({"bad"})).ok());
  inference::ModelInferRequest first = Request({"a"});
  first.set_model_version("1");
  ASSERT_TRUE(Infer(first).ok());
  observer_.AwaitRequests(4);
  inference::ModelStatisticsRequest request;
  request.set_name("p/pets");
  request.set_version("2");
  inference::ModelStatisticsResponse response;
  ASSERT_TRUE(Ask(&Stub::ModelStatistics, request, &response).ok());
  ASSERT_EQ(response.model_stats_size(), 1);
  const inference::ModelStatistics& statistics = response.model_stats(0);
  EXPECT_EQ(statistics.name(), "p/pets");
  EXPECT_EQ(statistics.version(), "2");
  EXPECT_EQ(statistics.inference_count(), 3u);
  EXPECT_EQ(statistics.execution_count(), 2u);
  EXPECT_EQ(statistics.last_inference(), absl::ToUnixMillis(clock_.Now()));
  EXPECT_EQ(statistics.inference_stats().success().count(), 2u);
  EXPECT_GT(statistics.inference_stats().success().ns(), 0u);
  EXPECT_EQ(statistics.inference_stats().fail().count(), 1u);
  EXPECT_EQ(statistics.inference_stats().compute_infer().count(), 2u);
  request.clear_version();
  ASSERT_TRUE(Ask(&Stub::ModelStatistics, request, &response).ok());
  EXPECT_EQ(response.model_stats_size(), 2);
  request.set_name("p/cars");
  EXPECT_TRUE(absl::IsNotFound(Ask(&Stub::ModelStatistics, request, &response)));
  request.clear_name();
  ASSERT_TRUE(Ask(&Stub::ModelStatistics, request, &response).ok());
  EXPECT_EQ(response.model_stats_size(), 0) << "the default project's";
  request.set_version("1");
  EXPECT_EQ(InvalidFieldsOf(Ask(&Stub::ModelStatistics, request, &response)).at(0).field, "name");
}

TEST(InferenceStatistics, ForgetsTheVersionThatWasAskedLongestAgo) {
  RecordingServingObserver observer;
  FakeClock clock;
  InferenceStatistics statistics(&observer, &clock, 2);
  for (const int64_t version : {1, 2, 1, 3}) {
    clock.Advance(absl::Seconds(1));
    statistics.OnRequest({.project = "p", .model = "m", .version = version, .inputs = 1});
  }
  const auto found = statistics.Of("p");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].key.version, 1);
  EXPECT_EQ(found[0].inputs, 2u);
  EXPECT_EQ(found[1].key.version, 3);
  EXPECT_TRUE(statistics.Of("q").empty());
  EXPECT_EQ(observer.AwaitRequests(4).size(), 4u) << "all are handed on";
}

// Answers by their ids.
std::map<std::string, inference::ModelStreamInferResponse> ReadAll(
    grpc::ClientReaderWriter<inference::ModelInferRequest, inference::ModelStreamInferResponse>&
        stream) {
  std::map<std::string, inference::ModelStreamInferResponse> answers;
  inference::ModelStreamInferResponse answer;
  while (stream.Read(&answer)) answers[answer.infer_response().id()] = answer;
  return answers;
}

TEST_F(InferenceServiceTest, AStreamAnswersEachRequestAndGoesOnBehindBadOnes) {
  grpc::ClientContext context;
  const auto stream = stub_->ModelStreamInfer(&context);
  constexpr int kRequests = 200;  // more than are under way at a time
  std::thread writer([&] {
    for (int i = 0; i < kRequests; ++i) {
      inference::ModelInferRequest request = Request({i % 10 == 3 ? "bad" : "b"});
      if (i % 10 == 4) request.set_model_name("No Name/pets");
      if (i % 10 == 5) request.set_model_version("9");
      request.set_id(std::to_string(i));
      EXPECT_TRUE(stream->Write(request));
    }
    stream->WritesDone();
  });
  const auto answers = ReadAll(*stream);
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  ASSERT_EQ(answers.size(), static_cast<size_t>(kRequests));
  for (const auto& [id, answer] : answers) {
    const int kind = std::stoi(id) % 10;
    EXPECT_EQ(answer.error_message().empty(), kind < 3 || kind > 5) << id;
    const char* const expected[] = {"truncated JPEG", "project", "version 9"};
    if (kind >= 3 && kind <= 5) {
      EXPECT_THAT(answer.error_message(), HasSubstr(expected[kind - 3]));
    } else {
      EXPECT_EQ(answer.infer_response().outputs_size(), 1);
    }
  }
}

TEST_F(InferenceServiceTest, AStreamWhoseCallerGoesAwayTakesItsRequestsBack) {
  world_.decoding.Close();
  grpc::ClientContext context;
  const auto stream = stub_->ModelStreamInfer(&context);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(stream->Write(Request({"a"})));
  world_.decoding.AwaitArrivals(2);
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  for (const serving::RequestStats& request : observer_.AwaitRequests(2)) {
    EXPECT_EQ(request.code, absl::StatusCode::kCancelled);
  }
}

// An idle stream would hold up a server that stops until its time is over.
TEST_F(InferenceServiceTest, AStreamEndsWhenTheServerStopsOnceAllIsAnswered) {
  grpc::ClientContext idle_context;
  const auto idle = stub_->ModelStreamInfer(&idle_context);
  ASSERT_TRUE(idle->Write(Request({"a"})));
  inference::ModelStreamInferResponse answer;
  ASSERT_TRUE(idle->Read(&answer)) << "so it has begun";
  world_.computing.Close();
  grpc::ClientContext busy_context;
  const auto busy = stub_->ModelStreamInfer(&busy_context);
  ASSERT_TRUE(busy->Write(Request({"b"})));
  world_.computing.AwaitArrivals(2);
  service_->streams().StopAll();
  EXPECT_FALSE(idle->Read(&answer));
  EXPECT_EQ(idle->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  world_.computing.Open();
  ASSERT_TRUE(busy->Read(&answer));
  EXPECT_EQ(answer.infer_response().outputs_size(), 1);
  EXPECT_FALSE(busy->Read(&answer));
  EXPECT_EQ(busy->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  grpc::ClientContext late_context;
  EXPECT_EQ(stub_->ModelStreamInfer(&late_context)->Finish().error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST(InferStreams, AreBounded) {
  InferStreams streams(1);
  int first = 0;
  int second = 0;
  int stopped = 0;
  EXPECT_TRUE(streams.Add(&first, [&] { ++stopped; }).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(streams.Add(&second, [&] { ++stopped; })));
  streams.Remove(&first);
  EXPECT_TRUE(streams.Add(&second, [&] { ++stopped; }).ok());
  streams.StopAll();
  EXPECT_EQ(stopped, 1);
  EXPECT_TRUE(absl::IsUnavailable(streams.Add(&first, [] {})));
}

}  // namespace
}  // namespace graft::server
