#ifndef GRAFT_CORE_MODEL_HEAD_SPEC_H_
#define GRAFT_CORE_MODEL_HEAD_SPEC_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "core/model/head_layers.h"

namespace graft::model {

// A head's shape. Its tensors, by state-dict name under "head.":
//   kLinear: pool, linear                               weight, bias
//   kMlp: pool, linear, ReLU, dropout, linear           0.weight, 0.bias, 3.weight, 3.bias
//   kArticle: flatten, then as kMlp                     0.weight, 0.bias, 3.weight, 3.bias
//   kCosine: pool, cosine similarity to a learnt vector a number, times a learnt scale
//            (Gidaris & Komodakis 2018)                 weight, scale
//   kLayers: pool or not, the layers that are listed, linear: as nn.Sequential numbers them
enum class HeadKind { kLinear, kMlp, kArticle, kCosine, kLayers };

// How a head makes one vector of what it reads.
enum class Pooling {
  kMean,        // over the map's pixels; over the tokens behind the prefix
  kClassToken,  // tokens: the first
  kLastToken,   // tokens: the last
  kNone,        // not at all: for kArticle, which flattens, and for kLayers
};

// What a backbone gives for one input at its cut point: a map [channels, height, width], or tokens
// [tokens, channels].
struct FeatureMap {
  int64_t channels = 0;
  int64_t height = 0;
  int64_t width = 0;
  int64_t tokens = 0;         // 0: a map
  int64_t prefix_tokens = 0;  // class tokens and the like in front, which are no places

  bool has_tokens() const { return tokens > 0; }
  // Pixels or tokens.
  int64_t places() const { return has_tokens() ? tokens : height * width; }

  friend bool operator==(const FeatureMap&, const FeatureMap&) = default;
};

// What a stage of a backbone gives for one input, by the stage's name.
struct StageFeatures {
  std::string stage;
  FeatureMap features = {};

  friend bool operator==(const StageFeatures&, const StageFeatures&) = default;
};

// What a head that pools does with such features unless it is told otherwise: the class token where
// there is one, as vision transformers are trained, else the mean.
inline Pooling DefaultPooling(const FeatureMap& features) {
  return features.prefix_tokens > 0 ? Pooling::kClassToken : Pooling::kMean;
}

// A head as data: what it takes to build one, and the one place that knows how large it is. Plain
// data, no LibTorch.
struct HeadSpec {
  HeadKind kind = HeadKind::kLinear;
  // What it reads; where it pools a map, any height and width will do. With taps a map of one
  // pixel, as wide as they are together.
  FeatureMap features = {};
  int64_t hidden_units = 0;          // kMlp, kArticle
  double dropout = 0;                // kMlp, kArticle; only while training
  int64_t outputs = 0;               // numbers that it gives for one input; a classifier's classes
  Pooling pooling = Pooling::kMean;  // of all but kArticle
  std::vector<HeadLayer> layers = {};  // kLayers: those before the last linear one
  // The stages whose features it reads, bottom first: each is pooled, and the vectors lie side by
  // side in this order. Empty: the features of the cut point alone.
  std::vector<StageFeatures> taps = {};

  // Whether it reads one vector of the features rather than all of them.
  bool pools() const { return kind != HeadKind::kArticle && pooling != Pooling::kNone; }
  bool has_hidden_layer() const { return kind == HeadKind::kMlp || kind == HeadKind::kArticle; }

  // Numbers that its first layer reads.
  int64_t inputs() const {
    return pools() ? features.channels : features.channels * features.places();
  }
  // What its first layer reads.
  HeadShape input_shape() const;

  // Of its matrices and kernels, and all that it learns. ValidateHeadSpec must have passed.
  int64_t weights() const;
  int64_t parameters() const;

  friend bool operator==(const HeadSpec&, const HeadSpec&) = default;
};

// "linear", "mlp", "article", "cosine", "layers".
absl::string_view HeadKindName(HeadKind kind);
// INVALID_ARGUMENT for another name.
absl::StatusOr<HeadKind> HeadKindFromName(absl::string_view name);

// "mean", "class_token", "last_token", "none".
absl::string_view PoolingName(Pooling pooling);
// INVALID_ARGUMENT for another name.
absl::StatusOr<Pooling> PoolingFromName(absl::string_view name);

// Weights of a head's matrices and kernels: 512 MiB. Training holds them several times over.
inline constexpr int64_t kMaxHeadWeights = int64_t{1} << 27;
// Stages that one head may read.
inline constexpr int kMaxHeadTaps = 64;

// Whether `pooling` can make a vector of such features. INVALID_ARGUMENT says what goes instead.
absl::Status CheckPooling(Pooling pooling, const FeatureMap& features);

// The features that a head reads of these taps: each pooled, side by side.
FeatureMap JoinedFeatures(const std::vector<StageFeatures>& taps);

// INVALID_ARGUMENT when a size is missing or beyond reason (16,777,216), the pooling is not one of
// such features, a layer is wrong (named by its index), the layers together have more than
// kMaxHeadWeights, or the taps do not add up to the features.
absl::Status ValidateHeadSpec(const HeadSpec& spec);

// {"kind":"linear","channels":1280,"height":7,"width":7,"tokens":0,"prefix_tokens":0,
//  "pooling":"mean","hidden_units":0,"dropout":0.0,"outputs":8,"layers":[]}, and where there are
// taps "taps":[{"stage":"block3","channels":...,"height":...,...},...].
std::string HeadSpecToJson(const HeadSpec& spec);
// The inverse; validates. "classes" is an earlier name of "outputs"; tokens, pooling, layers and
// taps may be absent, as they once were. INVALID_ARGUMENT names what is missing or wrong.
absl::StatusOr<HeadSpec> HeadSpecFromJson(absl::string_view json);

}  // namespace graft::model

#endif  // GRAFT_CORE_MODEL_HEAD_SPEC_H_
