#ifndef GRAFT_TESTS_UNIT_CORE_NN_TINY_NETWORK_H_
#define GRAFT_TESTS_UNIT_CORE_NN_TINY_NETWORK_H_

#include "core/nn/network_spec.h"

namespace graft::nn {

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

// A text encoder of a few hundred weights: ids and a mask that every stage may read.
inline NetworkSpec TinyEncoder() {
  SpecBuilder builder("tiny_encoder",
                      std::vector<NetworkInput>{{.name = "ids", .shape = {6}, .integers = true},
                                                {.name = "mask", .shape = {6}, .optional = true}});
  builder.Append("embeddings", Embedding{.count = 20, .channels = 8});
  builder.EndStage("embed");
  const int input = builder.Append("norm", LayerNorm{8});
  builder.Append("qkv", Linear{8, 24});
  builder.Append("", Attention{.channels = 8, .heads = 2}, {builder.last(), InputNode(1)});
  builder.Append("", Add{}, {builder.last(), input});
  builder.EndStage("block");
  builder.EndFeatures();
  builder.Append("", TokenPool{TokenPoolKind::kMean}, {builder.last(), InputNode(1)});
  builder.Append("classifier", Linear{8, 3});
  builder.EndStage("classifier");
  return builder.Take();
}

}  // namespace graft::nn

#endif  // GRAFT_TESTS_UNIT_CORE_NN_TINY_NETWORK_H_
