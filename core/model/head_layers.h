#ifndef GRAFT_CORE_MODEL_HEAD_LAYERS_H_
#define GRAFT_CORE_MODEL_HEAD_LAYERS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json_fwd.hpp"

namespace graft::model {

// The layers that a user may put between a backbone's features and the last linear layer.
enum class HeadLayerKind {
  kDense,       // of a vector, or of each token
  kConv,        // of a map, its size kept
  kNorm,        // BatchNorm of a map; LayerNorm of a vector or of tokens
  kActivation,  // of anything
  kDropout,     // of anything; only while training
  kFlatten,     // to a vector
  kPool,        // a map's mean, or that of the tokens behind the prefix, to a vector
};

enum class HeadActivation { kRelu, kGelu, kSilu, kTanh };

struct HeadLayer {
  HeadLayerKind kind = HeadLayerKind::kDense;
  int64_t units = 0;   // kDense, kConv: channels that come out
  int64_t kernel = 1;  // kConv: odd
  HeadActivation activation = HeadActivation::kRelu;
  double rate = 0;  // kDropout

  friend bool operator==(const HeadLayer&, const HeadLayer&) = default;
};

// "dense", "conv", ...
absl::string_view HeadLayerKindName(HeadLayerKind kind);
// "relu", "gelu", "silu", "tanh".
absl::string_view HeadActivationName(HeadActivation activation);

// What flows between the layers of a head.
struct HeadShape {
  enum class Form { kVector, kMap, kTokens };
  Form form = Form::kVector;
  int64_t channels = 0;
  int64_t places = 1;  // pixels of a map, tokens of a sequence

  int64_t values() const { return channels * places; }
};

// The largest head that a user may describe.
inline constexpr int kMaxHeadLayers = 32;
inline constexpr int64_t kMaxHeadLayerUnits = 65'536;
inline constexpr int64_t kMaxHeadLayerKernel = 15;
// Numbers that one layer gives for one example: 64 MiB of float32.
inline constexpr int64_t kMaxHeadLayerValues = int64_t{1} << 24;

// Whether the layer's own numbers are in range. INVALID_ARGUMENT says which it takes; does not name
// the layer.
absl::Status CheckHeadLayer(const HeadLayer& layer);

struct HeadLayerCost {
  HeadShape out;        // of the layer
  int64_t weights = 0;  // matrices and kernels
  int64_t others = 0;   // biases, scales, shifts
};

// What each layer gives and holds. INVALID_ARGUMENT names the layer by its index and says what is
// wrong with it or with what it reads.
absl::StatusOr<std::vector<HeadLayerCost>> WalkHeadLayers(const std::vector<HeadLayer>& layers,
                                                          const HeadShape& in);

// [{"kind":"conv","units":128,"kernel":3},{"kind":"activation","activation":"relu"},
//  {"kind":"dropout","rate":0.5},{"kind":"flatten"},...]
nlohmann::json HeadLayersToJson(const std::vector<HeadLayer>& layers);
// The inverse. INVALID_ARGUMENT names the layer by its index; a key that its kind does not have is
// an error. Throws nlohmann::json::exception where a value has the wrong type.
absl::StatusOr<std::vector<HeadLayer>> HeadLayersFromJson(const nlohmann::json& json);

}  // namespace graft::model

#endif  // GRAFT_CORE_MODEL_HEAD_LAYERS_H_
