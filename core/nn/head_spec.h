#ifndef GRAFT_CORE_NN_HEAD_SPEC_H_
#define GRAFT_CORE_NN_HEAD_SPEC_H_

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

// A head as data: what it takes to build one. Plain data, no LibTorch.
struct HeadSpec {
  HeadKind kind = HeadKind::kLinear;
  int64_t channels = 0;  // of the feature map it reads
  // Of the feature map; only kArticle depends on them, the others take any.
  int64_t height = 0;
  int64_t width = 0;
  int64_t hidden_units = 0;  // kMlp, kArticle
  double dropout = 0;        // kMlp, kArticle; only while training
  int64_t classes = 0;

  // Numbers that its first linear layer reads.
  int64_t inputs() const {
    return kind == HeadKind::kArticle ? channels * height * width : channels;
  }

  // Of its linear layers, without biases. Sizes must be in range.
  int64_t weights() const {
    return kind == HeadKind::kLinear ? inputs() * classes : (inputs() + classes) * hidden_units;
  }

  friend bool operator==(const HeadSpec&, const HeadSpec&) = default;
};

// "linear", "mlp", "article".
absl::string_view HeadKindName(HeadKind kind);
// INVALID_ARGUMENT for another name.
absl::StatusOr<HeadKind> HeadKindFromName(absl::string_view name);

// Weights of a head's linear layers: 512 MiB. Training holds them several times over.
inline constexpr int64_t kMaxHeadWeights = int64_t{1} << 27;

// INVALID_ARGUMENT when a size is missing or beyond reason (16,777,216), the layers together have
// more than kMaxHeadWeights, or classes is below 2.
absl::Status ValidateHeadSpec(const HeadSpec& spec);

// {"kind":"linear","channels":1280,"height":7,"width":7,"hidden_units":0,"dropout":0.0,
//  "classes":8}
std::string HeadSpecToJson(const HeadSpec& spec);
// INVALID_ARGUMENT names what is missing or wrong.
absl::StatusOr<HeadSpec> HeadSpecFromJson(absl::string_view json);

}  // namespace graft

#endif  // GRAFT_CORE_NN_HEAD_SPEC_H_
