#include "wire/inference/tensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

#include "core/base/status_macros.h"
#include "wire/status.h"

namespace graft::wire {
namespace {

using inference::ModelInferRequest;
using inference::ModelInferResponse;

constexpr int64_t kMostSize = int64_t{1} << 14;  // of a side
constexpr char kClassification[] = "classification";
constexpr size_t kLengthBytes = 4;
constexpr size_t kMostOutputs = 1;

static_assert(std::endian::native == std::endian::little, "raw tensors are written as they are");

// Anything but bytes_contents, and but so many others.
bool HasOtherContents(const inference::InferTensorContents& contents, int expected = 0) {
  return contents.bool_contents_size() + contents.int_contents_size() +
             contents.int64_contents_size() + contents.uint_contents_size() +
             contents.uint64_contents_size() + contents.fp32_contents_size() +
             contents.fp64_contents_size() >
         expected;
}

absl::Status NoSharedMemory(
    const google::protobuf::Map<std::string, inference::InferParameter>& parameters,
    absl::string_view field) {
  for (const auto& [name, value] : parameters) {
    if (absl::StartsWith(name, "shared_memory")) {
      return InvalidField(absl::StrCat(field, ".parameters"),
                          "shared memory is not supported: send the contents");
    }
  }
  return absl::OkStatus();
}

absl::Status BothContents() {
  return InvalidField("raw_input_contents", "and contents are both set: send one of them");
}

absl::Status TooMany(int64_t pictures, int64_t most) {
  return InvalidField("inputs[0].shape", absl::StrCat("says ", pictures, " pictures; at most ",
                                                      most, " may be asked about at once"));
}

// How many elements [n] or [n, 1] holds.
absl::StatusOr<int64_t> CountOf(const ModelInferRequest::InferInputTensor& input, int64_t most) {
  const bool fits = input.shape_size() == 1 || (input.shape_size() == 2 && input.shape(1) == 1);
  if (!fits || input.shape(0) < 1) {
    return InvalidField("inputs[0].shape", absl::StrCat("must be [n] or [n, 1], n pictures, not [",
                                                        absl::StrJoin(input.shape(), ", "), "]"));
  }
  if (input.shape(0) > most) {
    return TooMany(input.shape(0), most);
  }
  return input.shape(0);
}

absl::Status WrongCount(absl::string_view field, int64_t found, int64_t wanted) {
  return InvalidField(field,
                      absl::StrCat("holds ", found, " elements, and the shape says ", wanted));
}

absl::StatusOr<std::vector<std::string>> ReadRaw(absl::string_view raw, int64_t count) {
  constexpr absl::string_view kField = "raw_input_contents[0]";
  std::vector<std::string> elements;
  while (!raw.empty()) {
    if (static_cast<int64_t>(elements.size()) == count) {
      return InvalidField(kField, absl::StrCat("goes on for ", raw.size(), " bytes behind the ",
                                               count, " elements that the shape says"));
    }
    if (raw.size() < kLengthBytes) {
      return InvalidField(kField, "ends in the length of an element");
    }
    uint32_t length = 0;
    std::memcpy(&length, raw.data(), kLengthBytes);
    raw.remove_prefix(kLengthBytes);
    if (raw.size() < length) {
      return InvalidField(kField, absl::StrCat("element ", elements.size(), " is to have ", length,
                                               " bytes, and ", raw.size(), " are left"));
    }
    elements.emplace_back(raw.substr(0, length));
    raw.remove_prefix(length);
  }
  if (static_cast<int64_t>(elements.size()) != count) {
    return WrongCount(kField, static_cast<int64_t>(elements.size()), count);
  }
  return elements;
}

absl::StatusOr<int64_t> ClassesOf(const inference::InferParameter& parameter,
                                  absl::string_view field) {
  int64_t classes = -1;
  if (parameter.parameter_choice_case() == inference::InferParameter::kInt64Param) {
    classes = parameter.int64_param();
  } else if (parameter.parameter_choice_case() == inference::InferParameter::kUint64Param) {
    classes = static_cast<int64_t>(std::min<uint64_t>(parameter.uint64_param(), INT32_MAX));
  }
  if (classes >= 0) return classes;
  return InvalidField(absl::StrCat(field, ".parameters.classification"),
                      "must be a number of classes, 0 for none");
}

void AddNumbers(const std::vector<AnswerTensor>& answers, ModelInferResponse* response,
                ModelInferResponse::InferOutputTensor* tensor) {
  tensor->set_datatype("FP32");
  tensor->add_shape(static_cast<int64_t>(answers.size()));
  tensor->add_shape(static_cast<int64_t>(answers.front().values.size()));
  std::string* const raw = response->add_raw_output_contents();
  for (const AnswerTensor& answer : answers) {
    raw->append(reinterpret_cast<const char*>(answer.values.data()),
                answer.values.size() * sizeof(float));
  }
}

// "value:index:label" of the `classes` largest, of equal ones the lower index first.
void AddClasses(const std::vector<AnswerTensor>& answers, int64_t classes,
                ModelInferResponse* response, ModelInferResponse::InferOutputTensor* tensor) {
  const auto width = static_cast<int64_t>(answers.front().values.size());
  const int64_t count = std::min(classes, width);
  tensor->set_datatype("BYTES");
  tensor->add_shape(static_cast<int64_t>(answers.size()));
  tensor->add_shape(count);
  std::string* const raw = response->add_raw_output_contents();
  for (const AnswerTensor& answer : answers) {
    std::vector<int64_t> order(static_cast<size_t>(width));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return answer.values[a] > answer.values[b]; });
    for (int64_t i = 0; i < count; ++i) {
      const int64_t index = order[i];
      const std::string element =
          absl::StrFormat("%f:%d:%s", answer.values[index], index, answer.labels[index]);
      const auto length = static_cast<uint32_t>(element.size());
      raw->append(reinterpret_cast<const char*>(&length), kLengthBytes);
      raw->append(element);
    }
  }
}

// Of the first input, which is kImageTensor.
absl::StatusOr<std::vector<std::string>> TakeImages(ModelInferRequest* request, int64_t most) {
  ModelInferRequest::InferInputTensor& input = *request->mutable_inputs(0);
  GRAFT_ASSIGN_OR_RETURN(const int64_t count, CountOf(input, most));
  if (HasOtherContents(input.contents())) {
    return InvalidField("inputs[0].contents", "of BYTES only bytes_contents may be set");
  }
  auto& typed = *input.mutable_contents()->mutable_bytes_contents();
  if (request->raw_input_contents_size() > 0) {
    if (!typed.empty()) return BothContents();
    return ReadRaw(request->raw_input_contents(0), count);
  }
  if (typed.size() != count) return WrongCount("inputs[0].contents", typed.size(), count);
  std::vector<std::string> elements;
  for (std::string& element : typed) elements.push_back(std::move(element));
  return elements;
}

// Of the first input, which is kPixelTensor.
absl::Status TakePixels(ModelInferRequest* request, int64_t most, InferInputs* inputs) {
  const ModelInferRequest::InferInputTensor& input = request->inputs(0);
  const auto& shape = input.shape();
  const bool fits = shape.size() == 4 && shape[1] == 3 &&
                    std::all_of(shape.begin(), shape.end(),
                                [](int64_t size) { return size >= 1 && size <= kMostSize; });
  if (!fits) {
    return InvalidField("inputs[0].shape",
                        absl::StrCat("must be [n, 3, height, width], n pictures, not [",
                                     absl::StrJoin(shape, ", "), "]"));
  }
  if (shape[0] > most) return TooMany(shape[0], most);
  const inference::InferTensorContents& typed = input.contents();
  if (HasOtherContents(typed, typed.fp32_contents_size()) || typed.bytes_contents_size() > 0) {
    return InvalidField("inputs[0].contents", "of FP32 only fp32_contents may be set");
  }
  inputs->pixel_shape.assign(shape.begin() + 1, shape.end());
  const int64_t each = shape[1] * shape[2] * shape[3];  // no more than 3 * 2^28
  const int64_t all = each * shape[0];
  const float* values = typed.fp32_contents().data();
  std::vector<float> aligned;
  if (request->raw_input_contents_size() > 0) {
    if (typed.fp32_contents_size() > 0) return BothContents();
    const std::string& raw = request->raw_input_contents(0);
    if (raw.size() != static_cast<uint64_t>(all) * sizeof(float)) {
      return InvalidField("raw_input_contents[0]",
                          absl::StrCat("has ", raw.size(), " bytes, and the shape says ",
                                       static_cast<uint64_t>(all) * sizeof(float)));
    }
    aligned.resize(static_cast<size_t>(all));
    std::memcpy(aligned.data(), raw.data(), raw.size());
    values = aligned.data();
  } else if (typed.fp32_contents_size() != all) {
    return WrongCount("inputs[0].contents", typed.fp32_contents_size(), all);
  }
  for (int64_t i = 0; i < shape[0]; ++i) {
    inputs->pixels.emplace_back(values + i * each, values + (i + 1) * each);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<InferInputs> TakeInputs(ModelInferRequest* request, int64_t most) {
  if (request->inputs_size() == 0) {
    return InvalidField("inputs", absl::StrCat("holds no tensor: send \"", kImageTensor, "\""));
  }
  ModelInferRequest::InferInputTensor& input = *request->mutable_inputs(0);
  const bool pixels = input.name() == kPixelTensor;
  if (request->inputs_size() > 1 || (!pixels && input.name() != kImageTensor)) {
    return InvalidField(absl::StrCat("inputs[", request->inputs_size() - 1, "].name"),
                        absl::StrCat("the model has one input, \"", kImageTensor,
                                     "\", or in its place \"", kPixelTensor, "\""));
  }
  const absl::string_view datatype = pixels ? "FP32" : "BYTES";
  if (input.datatype() != datatype) {
    return InvalidField("inputs[0].datatype",
                        absl::StrCat("must be ", datatype, " for \"", input.name(), "\", not \"",
                                     input.datatype(), "\""));
  }
  GRAFT_RETURN_IF_ERROR(NoSharedMemory(input.parameters(), "inputs[0]"));
  if (request->raw_input_contents_size() > 1) {
    return WrongCount("raw_input_contents", request->raw_input_contents_size(), 1);
  }
  InferInputs inputs;
  if (pixels) {
    GRAFT_RETURN_IF_ERROR(TakePixels(request, most, &inputs));
  } else {
    GRAFT_ASSIGN_OR_RETURN(inputs.images, TakeImages(request, most));
  }
  return inputs;
}

absl::StatusOr<std::vector<AskedOutput>> ReadAskedOutputs(const ModelInferRequest& request) {
  std::vector<AskedOutput> asked;
  for (int i = 0; i < request.outputs_size(); ++i) {
    const auto& output = request.outputs(i);
    const std::string field = absl::StrCat("outputs[", i, "]");
    GRAFT_RETURN_IF_ERROR(NoSharedMemory(output.parameters(), field));
    const auto same = [&](const AskedOutput& before) { return before.name == output.name(); };
    if (std::any_of(asked.begin(), asked.end(), same)) {
      return InvalidField(absl::StrCat(field, ".name"),
                          absl::StrCat("\"", output.name(), "\" is asked for twice"));
    }
    // The model has one, and which it is shows with the answer: a second name is one too many.
    if (asked.size() == kMostOutputs) {
      return InvalidField(field, "is one output too many: the model has one");
    }
    AskedOutput& made = asked.emplace_back();
    made.name = output.name();
    if (const auto it = output.parameters().find(kClassification);
        it != output.parameters().end()) {
      GRAFT_ASSIGN_OR_RETURN(made.classes, ClassesOf(it->second, field));
    }
  }
  return asked;
}

absl::Status FillOutputs(const std::vector<AnswerTensor>& answers,
                         const std::vector<AskedOutput>& asked, ModelInferResponse* response) {
  if (answers.empty()) return absl::InternalError("there are no answers");
  std::vector<AskedOutput> wanted = asked;
  if (wanted.empty()) wanted.push_back({answers.front().name});
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].name != answers.front().name) {
      return InvalidField(absl::StrCat("outputs[", i, "].name"),
                          absl::StrCat("the model has one output, \"", answers.front().name, "\""));
    }
    ModelInferResponse::InferOutputTensor* const tensor = response->add_outputs();
    tensor->set_name(wanted[i].name);
    if (wanted[i].classes > 0) {
      AddClasses(answers, wanted[i].classes, response, tensor);
    } else {
      AddNumbers(answers, response, tensor);
    }
  }
  return absl::OkStatus();
}

}  // namespace graft::wire
