#include "core/nn/head.h"

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"

namespace graft {

absl::StatusOr<NetworkSpec> BuildHead(const HeadSpec& head) {
  GRAFT_RETURN_IF_ERROR(ValidateHeadSpec(head));
  const int inputs = static_cast<int>(head.inputs());
  const int hidden = static_cast<int>(head.hidden_units);
  const int outputs = static_cast<int>(head.outputs);

  SpecBuilder builder(
      absl::StrCat("head_", HeadKindName(head.kind)),
      Shape{static_cast<int>(head.features.channels), static_cast<int>(head.features.height),
            static_cast<int>(head.features.width)});
  if (head.pools()) builder.Append("", AdaptiveAvgPool2d{1, 1});
  builder.Append("", Flatten{});
  if (!head.has_hidden_layer()) {
    builder.Append("head", Linear{inputs, outputs});
  } else {
    // Numbered as in nn.Sequential(Linear, ReLU, Dropout, Linear).
    builder.Append("head.0", Linear{inputs, hidden});
    builder.Append("", Activation{ActivationKind::kRelu});
    builder.Append("", Dropout{head.dropout});
    builder.Append("head.3", Linear{hidden, outputs});
  }
  builder.EndStage("head");
  builder.EndFeatures();
  return builder.Take();
}

}  // namespace graft
