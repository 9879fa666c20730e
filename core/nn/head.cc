#include "core/nn/head.h"

#include "absl/strings/str_cat.h"

#include "core/base/status_macros.h"

namespace graft {

absl::StatusOr<NetworkSpec> BuildHead(const HeadSpec& head) {
  GRAFT_RETURN_IF_ERROR(ValidateHeadSpec(head));
  const int inputs = static_cast<int>(head.inputs());
  const int hidden = static_cast<int>(head.hidden_units);
  const int classes = static_cast<int>(head.classes);

  SpecBuilder builder(absl::StrCat("head_", HeadKindName(head.kind)),
                      Shape{static_cast<int>(head.channels), static_cast<int>(head.height),
                            static_cast<int>(head.width)});
  if (head.kind != HeadKind::kArticle) builder.Append("", AdaptiveAvgPool2d{1, 1});
  builder.Append("", Flatten{});
  if (head.kind == HeadKind::kLinear) {
    builder.Append("head", Linear{inputs, classes});
  } else {
    // Numbered as in nn.Sequential(Linear, ReLU, Dropout, Linear).
    builder.Append("head.0", Linear{inputs, hidden});
    builder.Append("", Activation{ActivationKind::kRelu});
    builder.Append("", Dropout{head.dropout});
    builder.Append("head.3", Linear{hidden, classes});
  }
  builder.EndStage("head");
  builder.EndFeatures();
  return builder.Take();
}

}  // namespace graft
