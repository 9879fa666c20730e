#ifndef GRAFT_WIRE_INFERENCE_TENSORS_H_
#define GRAFT_WIRE_INFERENCE_TENSORS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "inference/inference.pb.h"

#include "wire/tasks/task_wire.h"

// The tensors of the Open Inference Protocol (proto/inference/inference.proto).
namespace graft::wire {

// The input that models declare: encoded pictures, BYTES [n] or [n, 1].
inline constexpr char kImageTensor[] = "image";
// What they take in its place: pictures that the client has framed and normalised, FP32
// [n, 3, height, width].
inline constexpr char kPixelTensor[] = "pixels";

// The pictures of a request, of one of the two kinds.
struct InferInputs {
  std::vector<std::string> images;
  std::vector<std::vector<float>> pixels;
  std::vector<int64_t> pixel_shape;  // of each: three sizes
};

// Moved out of the request: 1 to `most` pictures. INVALID_ARGUMENT names the field.
absl::StatusOr<InferInputs> TakeInputs(inference::ModelInferRequest* request, int64_t most);

// What a request wants to have of the answers.
struct AskedOutput {
  std::string name;
  int64_t classes = 0;  // the classification extension: so many; 0: the numbers
};

// None: all there are. INVALID_ARGUMENT names the field; each may be asked for once.
absl::StatusOr<std::vector<AskedOutput>> ReadAskedOutputs(
    const inference::ModelInferRequest& request);

// Answers, one an input and all of one model, as tensors. INVALID_ARGUMENT: `asked` names one that
// the model does not have.
absl::Status FillOutputs(const std::vector<AnswerTensor>& answers,
                         const std::vector<AskedOutput>& asked,
                         inference::ModelInferResponse* response);

}  // namespace graft::wire

#endif  // GRAFT_WIRE_INFERENCE_TENSORS_H_
