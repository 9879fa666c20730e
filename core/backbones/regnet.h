#ifndef GRAFT_CORE_BACKBONES_REGNET_H_
#define GRAFT_CORE_BACKBONES_REGNET_H_

#include <array>
#include <string>

#include "core/nn/network_spec.h"

namespace graft::backbones {

// A RegNet (Radosavovic et al. 2020) as torchvision builds it, by what the paper's formula comes
// to.
struct RegNetShape {
  std::string name;                // torchvision's: "regnet_y_400mf"
  std::array<int, 4> widths = {};  // channels of each stage
  std::array<int, 4> depths = {};  // its blocks
  int group_width = 0;             // channels a group of the 3x3 convolutions
  bool gated = false;              // squeeze-and-excitation: RegNetY
};

// Stages stem and block1 to block4 give a feature map at 1/32 of widths[3] channels; behind them
// the classifier of 1,000 classes.
nn::NetworkSpec BuildRegNet(const RegNetShape& shape);

}  // namespace graft::backbones

#endif  // GRAFT_CORE_BACKBONES_REGNET_H_
