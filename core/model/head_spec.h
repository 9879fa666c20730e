#ifndef GRAFT_CORE_MODEL_HEAD_SPEC_H_
#define GRAFT_CORE_MODEL_HEAD_SPEC_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace graft {

// A head's shape. Its tensors, by state-dict name under "head.":
//   kLinear: global average pool, linear                        weight, bias
//   kMlp: global average pool, linear, ReLU, dropout, linear    0.weight, 0.bias, 3.weight, 3.bias
//   kArticle: flatten (channels, height, width), then as kMlp   0.weight, 0.bias, 3.weight, 3.bias
enum class HeadKind { kLinear, kMlp, kArticle };

// What a backbone gives for one input at its cut point.
struct FeatureMap {
  int64_t channels = 0;
  int64_t height = 0;
  int64_t width = 0;

  friend bool operator==(const FeatureMap&, const FeatureMap&) = default;
};

// A head as data: what it takes to build one, and the one place that knows how large it is. Plain
// data, no LibTorch.
struct HeadSpec {
  HeadKind kind = HeadKind::kLinear;
  // What it reads; only kArticle depends on height and width, the others take any.
  FeatureMap features;
  int64_t hidden_units = 0;  // kMlp, kArticle
  double dropout = 0;        // kMlp, kArticle; only while training
  int64_t outputs = 0;       // numbers that it gives for one input; a classifier's classes

  // Whether it reads the mean over the feature map rather than all of it.
  bool pools() const { return kind != HeadKind::kArticle; }
  bool has_hidden_layer() const { return kind != HeadKind::kLinear; }

  // Numbers that its first linear layer reads.
  int64_t inputs() const {
    return pools() ? features.channels : features.channels * features.height * features.width;
  }

  // Of its linear layers, without and with biases. Sizes must be in range.
  int64_t weights() const {
    return has_hidden_layer() ? (inputs() + outputs) * hidden_units : inputs() * outputs;
  }
  int64_t parameters() const {
    return weights() + outputs + (has_hidden_layer() ? hidden_units : 0);
  }

  friend bool operator==(const HeadSpec&, const HeadSpec&) = default;
};

// "linear", "mlp", "article".
absl::string_view HeadKindName(HeadKind kind);
// INVALID_ARGUMENT for another name.
absl::StatusOr<HeadKind> HeadKindFromName(absl::string_view name);

// Weights of a head's linear layers: 512 MiB. Training holds them several times over.
inline constexpr int64_t kMaxHeadWeights = int64_t{1} << 27;

// INVALID_ARGUMENT when a size is missing or beyond reason (16,777,216), or the layers together
// have more than kMaxHeadWeights.
absl::Status ValidateHeadSpec(const HeadSpec& spec);

// {"kind":"linear","channels":1280,"height":7,"width":7,"hidden_units":0,"dropout":0.0,
//  "outputs":8}
std::string HeadSpecToJson(const HeadSpec& spec);
// The inverse; validates. "classes" is an earlier name of "outputs". INVALID_ARGUMENT names what is
// missing or wrong.
absl::StatusOr<HeadSpec> HeadSpecFromJson(absl::string_view json);

}  // namespace graft

#endif  // GRAFT_CORE_MODEL_HEAD_SPEC_H_
