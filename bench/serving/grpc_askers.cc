#include <algorithm>
#include <cstdint>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "absl/strings/str_split.h"
#include "graft/v1/prediction.grpc.pb.h"
#include "inference/inference.grpc.pb.h"

#include "bench/serving/asker.h"

namespace graft::bench {
namespace {

// A connection of its own for every so many requests, as many clients would have.
template <typename Service>
class Stubs {
 public:
  Stubs(const std::string& address, int connections) {
    grpc::ChannelArguments options;
    options.SetMaxReceiveMessageSize(-1);
    options.SetInt("grpc.enable_http_proxy", 0);
    for (int i = 0; i < connections; ++i) {
      options.SetInt("grpc.channel_number", i);
      stubs_.push_back(Service::NewStub(
          grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), options)));
    }
  }

  typename Service::Stub& OfLane(int lane) {
    return *stubs_[static_cast<size_t>(lane) % stubs_.size()];
  }

 private:
  std::vector<std::unique_ptr<typename Service::Stub>> stubs_;
};

template <typename Request, typename Response>
struct Call {
  grpc::ClientContext context;
  Request request;
  Response response;
};

template <typename Request>
void AddPictures(const Question& question, Request* request) {
  for (const std::string* picture : question.pictures) {
    request->add_inputs()->set_image(*picture);
  }
}

// The most probable label of each picture; "" where a picture has none.
std::vector<std::string> FirstLabels(
    const google::protobuf::RepeatedPtrField<v1::TaskOutput>& outputs) {
  std::vector<std::string> first;
  for (const v1::TaskOutput& output : outputs) {
    const auto& labels = output.classification().labels();
    first.push_back(labels.empty() ? "" : labels[0].label());
  }
  return first;
}

class PredictAsker : public Asker {
 public:
  PredictAsker(const std::string& address, int connections) : stubs_(address, connections) {}

  void Ask(int lane, const Question& question, std::function<void(Answer)> done) override {
    auto* const call = new Call<v1::PredictRequest, v1::PredictResponse>;
    call->request.set_model(question.model);
    AddPictures(question, &call->request);
    stubs_.OfLane(lane).async()->Predict(
        &call->context, &call->request, &call->response,
        [call, done = std::move(done)](const grpc::Status& status) {
          Answer answer{.error = status.error_message(),
                        .labels = FirstLabels(call->response.outputs())};
          delete call;
          done(std::move(answer));
        });
  }

 private:
  Stubs<v1::PredictionService> stubs_;
};

class ManyAsker : public Asker {
 public:
  ManyAsker(const std::string& address, int connections, std::vector<std::string> models)
      : stubs_(address, connections), models_(std::move(models)) {}

  void Ask(int lane, const Question& question, std::function<void(Answer)> done) override {
    auto* const call = new Call<v1::PredictManyRequest, v1::PredictManyResponse>;
    for (const std::string& model : models_) call->request.add_models()->set_model(model);
    AddPictures(question, &call->request);
    stubs_.OfLane(lane).async()->PredictMany(
        &call->context, &call->request, &call->response,
        [call, models = models_.size(), done = std::move(done)](const grpc::Status& status) {
          Answer answer{.error = status.error_message(), .labels = {}};
          if (static_cast<size_t>(call->response.answers_size()) == models) {
            answer.labels = FirstLabels(call->response.answers(0).outputs());
          }
          delete call;
          done(std::move(answer));
        });
  }

 private:
  Stubs<v1::PredictionService> stubs_;
  const std::vector<std::string> models_;
};

// BYTES on the wire: each element behind its length, 4 bytes, little-endian.
std::string RawBytes(const std::vector<const std::string*>& elements) {
  std::string raw;
  for (const std::string* element : elements) {
    const auto size = static_cast<uint32_t>(element->size());
    for (int shift = 0; shift < 32; shift += 8) raw.push_back(static_cast<char>(size >> shift));
    raw.append(*element);
  }
  return raw;
}

std::vector<std::string> ElementsOf(const std::string& raw) {
  std::vector<std::string> elements;
  for (size_t at = 0; at + 4 <= raw.size();) {
    uint32_t size = 0;
    for (size_t i = 0; i < 4; ++i) size |= static_cast<uint32_t>(uint8_t(raw[at + i])) << (8 * i);
    elements.push_back(raw.substr(at + 4, size));
    at += 4 + static_cast<size_t>(size);
  }
  return elements;
}

class InferAsker : public Asker {
 public:
  InferAsker(const std::string& address, int connections) : stubs_(address, connections) {}

  void Ask(int lane, const Question& question, std::function<void(Answer)> done) override {
    auto* const call = new Call<inference::ModelInferRequest, inference::ModelInferResponse>;
    call->request.set_model_name(question.model);
    inference::ModelInferRequest::InferInputTensor& input = *call->request.add_inputs();
    input.set_name("image");
    input.set_datatype("BYTES");
    input.add_shape(static_cast<int64_t>(question.pictures.size()));
    input.add_shape(1);
    call->request.add_raw_input_contents(RawBytes(question.pictures));
    inference::ModelInferRequest::InferRequestedOutputTensor& output = *call->request.add_outputs();
    output.set_name("probabilities");
    (*output.mutable_parameters())["classification"].set_int64_param(1);
    stubs_.OfLane(lane).async()->ModelInfer(
        &call->context, &call->request, &call->response,
        [call, done = std::move(done)](const grpc::Status& status) {
          Answer answer{.error = status.error_message(), .labels = {}};
          if (call->response.raw_output_contents_size() > 0) {
            for (const std::string& text : ElementsOf(call->response.raw_output_contents(0))) {
              const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits(':', 2));
              answer.labels.push_back(parts.back());
            }
          }
          delete call;
          done(std::move(answer));
        });
  }

 private:
  Stubs<inference::GRPCInferenceService> stubs_;
};

class LiveAsker : public Asker {
 public:
  LiveAsker(const std::string& address, int connections) : stubs_(address, connections) {}

  void Ask(int lane, const Question& question, std::function<void(Answer)> done) override {
    auto* const call = new Call<inference::ServerLiveRequest, inference::ServerLiveResponse>;
    stubs_.OfLane(lane).async()->ServerLive(&call->context, &call->request, &call->response,
                                            [call, pictures = question.pictures.size(),
                                             done = std::move(done)](const grpc::Status& status) {
                                              Answer answer{
                                                  .error = status.error_message(),
                                                  .labels = std::vector<std::string>(pictures)};
                                              if (status.ok() && !call->response.live())
                                                answer.error = "not live";
                                              delete call;
                                              done(std::move(answer));
                                            });
  }

 private:
  Stubs<inference::GRPCInferenceService> stubs_;
};

}  // namespace

std::unique_ptr<Asker> MakePredictAsker(const std::string& address, int connections) {
  return std::make_unique<PredictAsker>(address, connections);
}

std::unique_ptr<Asker> MakeManyAsker(const std::string& address, int connections,
                                     std::vector<std::string> models) {
  return std::make_unique<ManyAsker>(address, connections, std::move(models));
}

std::unique_ptr<Asker> MakeInferAsker(const std::string& address, int connections) {
  return std::make_unique<InferAsker>(address, connections);
}

std::unique_ptr<Asker> MakeLiveAsker(const std::string& address, int connections) {
  return std::make_unique<LiveAsker>(address, connections);
}

}  // namespace graft::bench
