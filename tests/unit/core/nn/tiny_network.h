#ifndef GRAFT_TESTS_UNIT_CORE_NN_TINY_NETWORK_H_
#define GRAFT_TESTS_UNIT_CORE_NN_TINY_NETWORK_H_

#include "core/nn/network_spec.h"

namespace graft {

// Three stages with all that matters in a few hundred weights: convolution, norm, a residual, a
// gate, pooling, and a classifier.
inline NetworkSpec TinyNetwork() {
  SpecBuilder builder("tiny", Shape{3, 16, 16});
  builder.Append("stem", Conv2d{.in_channels = 3,
                                .out_channels = 4,
                                .kernel = 3,
                                .stride = 2,
                                .padding_mode = Padding::kSame,
                                .bias = false});
  builder.Append("norm1", BatchNorm2d{4});
  const int stem = builder.Append("", Activation{ActivationKind::kRelu});
  builder.EndStage("stem");
  builder.Append("body", Conv2d{.in_channels = 4, .out_channels = 4, .kernel = 3, .padding = 1});
  builder.Append("norm2", BatchNorm2d{4});
  const int body = builder.last();
  builder.Append("", AdaptiveAvgPool2d{1, 1});
  builder.Append("gate", Conv2d{.in_channels = 4, .out_channels = 4});
  const int gate = builder.Append("", Activation{ActivationKind::kSigmoid});
  builder.Append("", Multiply{}, {body, gate});
  builder.Append("", Add{}, {builder.last(), stem});
  builder.EndStage("body");
  builder.EndFeatures();
  builder.Append("", AdaptiveAvgPool2d{1, 1});
  builder.Append("", Flatten{});
  builder.Append("classifier", Linear{4, 5});
  builder.EndStage("classifier");
  return builder.Take();
}

}  // namespace graft

#endif  // GRAFT_TESTS_UNIT_CORE_NN_TINY_NETWORK_H_
