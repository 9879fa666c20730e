// Any message as a ModelInferRequest of the Open Inference Protocol: refused, or understood as a
// bounded number of pictures whose sizes are what they hold.
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "inference/inference.pb.h"

#include "tests/fuzz/require.h"
#include "wire/inference/tensors.h"

namespace graft {
namespace {

constexpr int64_t kMost = 8;

void FuzzInputs(inference::ModelInferRequest request, size_t size) {
  const absl::StatusOr<wire::InferInputs> inputs = wire::TakeInputs(&request, kMost);
  if (!inputs.ok()) {
    Require(!inputs.status().message().empty(), "a refusal that says nothing");
    return;
  }
  Require(inputs->images.empty() != inputs->pixels.empty(), "pictures of two kinds, or none");
  Require(inputs->images.size() + inputs->pixels.size() <= static_cast<size_t>(kMost),
          "more pictures than allowed");
  size_t held = 0;
  for (const std::string& image : inputs->images) held += image.size();
  for (const std::vector<float>& picture : inputs->pixels) {
    held += picture.size() * sizeof(float);
    Require(inputs->pixel_shape.size() == 3, "not three sizes");
    int64_t numbers = 1;
    for (const int64_t each : inputs->pixel_shape) numbers *= each;
    Require(numbers == static_cast<int64_t>(picture.size()), "sizes that are not what there is");
  }
  // A packed bool or a small integer of the message is a byte or more; floats are four.
  Require(held <= 4 * size, "more bytes than came");
}

void FuzzOutputs(const inference::ModelInferRequest& request) {
  const auto asked = wire::ReadAskedOutputs(request);
  if (!asked.ok()) return;
  std::set<std::string> names;
  for (const wire::AskedOutput& each : *asked) {
    Require(names.insert(each.name).second, "an output asked for twice");
    Require(each.classes >= 0, "fewer classes than none");
  }
}

}  // namespace
}  // namespace graft

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  inference::ModelInferRequest request;
  if (!request.ParseFromArray(data, static_cast<int>(size))) return 0;
  graft::FuzzOutputs(request);
  graft::FuzzInputs(std::move(request), size);
  return 0;
}
