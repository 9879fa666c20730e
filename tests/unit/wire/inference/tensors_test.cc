#include "wire/inference/tensors.h"

#include <cstring>
#include <functional>
#include <numeric>
#include <tuple>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/base/status_details.h"

namespace graft::wire {
namespace {

using inference::ModelInferRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Element(const std::string& bytes) {
  const auto length = static_cast<uint32_t>(bytes.size());
  return std::string(reinterpret_cast<const char*>(&length), 4) + bytes;
}

// Two pictures, raw.
ModelInferRequest Request() {
  ModelInferRequest request;
  auto* const input = request.add_inputs();
  input->set_name("image");
  input->set_datatype("BYTES");
  input->add_shape(2);
  request.add_raw_input_contents(Element("first") + Element(""));
  return request;
}

// The same, typed.
ModelInferRequest Typed() {
  ModelInferRequest request = Request();
  request.clear_raw_input_contents();
  request.mutable_inputs(0)->mutable_contents()->add_bytes_contents("first");
  request.mutable_inputs(0)->mutable_contents()->add_bytes_contents("second");
  return request;
}

TEST(TakeInputs, ReadsRawAndTypedContentsInOneOrTwoDimensions) {
  ModelInferRequest request = Request();
  EXPECT_THAT(TakeInputs(&request, 8)->images, ElementsAre("first", ""));
  request = Request();
  request.mutable_inputs(0)->add_shape(1);
  EXPECT_THAT(TakeInputs(&request, 8)->images, ElementsAre("first", ""));
  request = Typed();
  EXPECT_THAT(TakeInputs(&request, 8)->images, ElementsAre("first", "second"));
}

TEST(TakeInputs, WhatIsWrongIsNamed) {
  struct Case {
    std::function<void(ModelInferRequest&)> spoil;
    std::string field;
    std::string message;
  };
  const auto raw = [](const std::string& bytes) {
    return [bytes](ModelInferRequest& r) { r.set_raw_input_contents(0, bytes); };
  };
  const std::string huge = std::string("\xff\xff\xff\xff", 4) + "x";
  const std::vector<Case> cases = {
      {[](auto& r) { r.clear_inputs(); }, "inputs", "holds no tensor"},
      {[](auto& r) { r.mutable_inputs(0)->set_name("voices"); }, "inputs[0].name", "\"image\""},
      {[](auto& r) { r.mutable_inputs(0)->set_name("pixels"); }, "inputs[0].datatype",
       "must be FP32 for \"pixels\""},
      {[](auto& r) { *r.add_inputs() = r.inputs(0); }, "inputs[1].name", "one input"},
      {[](auto& r) { r.mutable_inputs(0)->set_datatype("UINT8"); }, "inputs[0].datatype", "UINT8"},
      {[](auto& r) { r.mutable_inputs(0)->clear_shape(); }, "inputs[0].shape", "[]"},
      {[](auto& r) { r.mutable_inputs(0)->set_shape(0, 0); }, "inputs[0].shape", "[0]"},
      {[](auto& r) { r.mutable_inputs(0)->set_shape(0, -1); }, "inputs[0].shape", "[-1]"},
      {[](auto& r) { r.mutable_inputs(0)->add_shape(2); }, "inputs[0].shape", "[2, 2]"},
      {[](auto& r) { r.mutable_inputs(0)->set_shape(0, 3); }, "raw_input_contents[0]",
       "holds 2 elements, and the shape says 3"},
      {[](auto& r) { r.mutable_inputs(0)->set_shape(0, INT64_MAX); }, "inputs[0].shape",
       "at most 8"},
      {[](auto& r) { r.mutable_inputs(0)->set_shape(0, 1); }, "raw_input_contents[0]",
       "goes on for 4 bytes"},
      {raw(""), "raw_input_contents[0]", "holds 0"},
      {raw(Element("a") + "abc"), "raw_input_contents[0]", "ends in the length"},
      {raw(huge), "raw_input_contents[0]", "4294967295 bytes, and 1 are left"},
      {[](auto& r) { r.add_raw_input_contents("x"); }, "raw_input_contents", "holds 2 elements"},
      {[](auto& r) { r.mutable_inputs(0)->mutable_contents()->add_bytes_contents("x"); },
       "raw_input_contents", "both set"},
      {[](auto& r) { r.mutable_inputs(0)->mutable_contents()->add_fp32_contents(1); },
       "inputs[0].contents", "bytes_contents"},
      {[](auto& r) {
         (*r.mutable_inputs(0)->mutable_parameters())["shared_memory_region"].set_string_param("m");
       },
       "inputs[0].parameters", "shared memory"},
      {[](auto& r) {
         r = Typed();
         r.mutable_inputs(0)->set_shape(0, 5);
       },
       "inputs[0].contents", "holds 2 elements, and the shape says 5"},
  };
  for (const Case& each : cases) {
    ModelInferRequest request = Request();
    each.spoil(request);
    const absl::Status status = TakeInputs(&request, 8).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << each.message;
    const std::vector<FieldError> fields = InvalidFieldsOf(status);
    ASSERT_EQ(fields.size(), 1u);
    EXPECT_EQ(fields[0].field, each.field);
    EXPECT_THAT(fields[0].description, HasSubstr(each.message));
  }
}

// Two pictures of 3 x 1 x 2 numbers, raw.
ModelInferRequest Pixels() {
  ModelInferRequest request;
  auto* const input = request.add_inputs();
  input->set_name("pixels");
  input->set_datatype("FP32");
  for (const int64_t size : {2, 3, 1, 2}) input->add_shape(size);
  std::vector<float> values(12);
  std::iota(values.begin(), values.end(), 0.f);
  request.add_raw_input_contents(
      std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)));
  return request;
}

TEST(TakeInputs, ReadsPixelsRawAndTyped) {
  ModelInferRequest typed = Pixels();
  typed.clear_raw_input_contents();
  for (int i = 0; i < 12; ++i) {
    typed.mutable_inputs(0)->mutable_contents()->add_fp32_contents(static_cast<float>(i));
  }
  for (ModelInferRequest request : {Pixels(), typed}) {
    const auto inputs = TakeInputs(&request, 8);
    ASSERT_TRUE(inputs.ok()) << inputs.status();
    EXPECT_TRUE(inputs->images.empty());
    EXPECT_THAT(inputs->pixel_shape, ElementsAre(3, 1, 2));
    EXPECT_THAT(inputs->pixels,
                ElementsAre(ElementsAre(0, 1, 2, 3, 4, 5), ElementsAre(6, 7, 8, 9, 10, 11)));
  }
}

TEST(TakeInputs, WhatIsWrongWithPixelsIsNamed) {
  const std::tuple<std::function<void(ModelInferRequest&)>, std::string, std::string> cases[] = {
      {[](auto& r) { r.mutable_inputs(0)->set_datatype("FP16"); }, "inputs[0].datatype", "FP16"},
      {[](auto& r) { r.mutable_inputs(0)->mutable_shape()->RemoveLast(); }, "inputs[0].shape",
       "[n, 3, height, width]"},
      {[](auto& r) { r.mutable_inputs(0)->set_shape(1, 4); }, "inputs[0].shape", "[2, 4, 1, 2]"},
      {[](auto& r) { r.mutable_inputs(0)->set_shape(2, 0); }, "inputs[0].shape", "[2, 3, 0, 2]"},
      {[](auto& r) { r.mutable_inputs(0)->set_shape(3, INT64_MAX); }, "inputs[0].shape", "9223"},
      {[](auto& r) { r.mutable_inputs(0)->set_shape(0, 9); }, "inputs[0].shape", "at most 8"},
      {[](auto& r) { r.mutable_inputs(0)->set_shape(0, 3); }, "raw_input_contents[0]",
       "has 48 bytes, and the shape says 72"},
      {[](auto& r) { r.mutable_inputs(0)->mutable_contents()->add_fp32_contents(1); },
       "raw_input_contents", "both set"},
      {[](auto& r) { r.mutable_inputs(0)->mutable_contents()->add_int_contents(1); },
       "inputs[0].contents", "fp32_contents"},
      {[](auto& r) { r.mutable_inputs(0)->mutable_contents()->add_bytes_contents("x"); },
       "inputs[0].contents", "fp32_contents"},
      {[](auto& r) { r.clear_raw_input_contents(); }, "inputs[0].contents", "holds 0 elements"},
  };
  for (const auto& [spoil, field, message] : cases) {
    ModelInferRequest request = Pixels();
    spoil(request);
    const absl::Status status = TakeInputs(&request, 8).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << message;
    const std::vector<FieldError> fields = InvalidFieldsOf(status);
    ASSERT_EQ(fields.size(), 1u);
    EXPECT_EQ(fields[0].field, field);
    EXPECT_THAT(fields[0].description, HasSubstr(message));
  }
}

TEST(ReadAskedOutputs, ReadsTheClassificationExtension) {
  ModelInferRequest request;
  request.add_outputs()->set_name("probabilities");
  EXPECT_EQ(ReadAskedOutputs(request)->at(0).classes, 0);
  auto& parameter = (*request.mutable_outputs(0)->mutable_parameters())["classification"];
  parameter.set_int64_param(3);
  EXPECT_EQ(ReadAskedOutputs(request)->at(0).classes, 3);
  parameter.set_uint64_param(UINT64_MAX);
  EXPECT_GT(ReadAskedOutputs(request)->at(0).classes, 1'000'000);
  parameter.set_int64_param(-1);
  EXPECT_EQ(InvalidFieldsOf(ReadAskedOutputs(request).status()).at(0).field,
            "outputs[0].parameters.classification");
  parameter.set_string_param("3");
  EXPECT_FALSE(ReadAskedOutputs(request).ok());
  // Each is a tensor of the answer: a small request must not ask for a large one.
  parameter.set_int64_param(1);
  request.add_outputs()->set_name("probabilities");
  EXPECT_EQ(InvalidFieldsOf(ReadAskedOutputs(request).status()).at(0).field, "outputs[1].name");
  request.mutable_outputs(1)->set_name("values");
  EXPECT_EQ(InvalidFieldsOf(ReadAskedOutputs(request).status()).at(0).field, "outputs[1]");
}

TEST(FillOutputs, NumbersAreFloat32RowByRow) {
  inference::ModelInferResponse response;
  ASSERT_TRUE(
      FillOutputs({{"values", {1, 2, 3}, {}}, {"values", {4, 5, 6}, {}}}, {}, &response).ok());
  ASSERT_EQ(response.outputs_size(), 1);
  EXPECT_EQ(response.outputs(0).name(), "values");
  EXPECT_EQ(response.outputs(0).datatype(), "FP32");
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(2, 3));
  ASSERT_EQ(response.raw_output_contents_size(), 1);
  std::vector<float> numbers(6);
  ASSERT_EQ(response.raw_output_contents(0).size(), 24u);
  std::memcpy(numbers.data(), response.raw_output_contents(0).data(), 24);
  EXPECT_THAT(numbers, ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(FillOutputs, ClassesAreTheLargestFirst) {
  inference::ModelInferResponse response;
  const AnswerTensor answer = {"probabilities", {0.25, 0.5, 0.25}, {"cat", "dog:big", "owl"}};
  ASSERT_TRUE(FillOutputs({answer}, {{"probabilities", 2}, {"probabilities", 9}}, &response).ok());
  EXPECT_EQ(response.outputs(0).datatype(), "BYTES");
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(1, 2));
  EXPECT_THAT(response.outputs(1).shape(), ElementsAre(1, 3));
  EXPECT_EQ(response.raw_output_contents(0),
            Element("0.500000:1:dog:big") + Element("0.250000:0:cat"));
}

TEST(FillOutputs, AnUnknownOutputIsNamed) {
  inference::ModelInferResponse response;
  const absl::Status status =
      FillOutputs({{"values", {1}, {}}}, {{"values"}, {"logits"}}, &response);
  EXPECT_EQ(InvalidFieldsOf(status).at(0).field, "outputs[1].name");
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"values\""));
}

}  // namespace
}  // namespace graft::wire
