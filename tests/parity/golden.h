#ifndef GRAFT_TESTS_PARITY_GOLDEN_H_
#define GRAFT_TESTS_PARITY_GOLDEN_H_

#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include "core/nn/network.h"

namespace graft {

// A file that make_goldens.py or make_real_goldens.py wrote.
nlohmann::json ReadGoldens(const std::string& path);

// The formula's images [count, 3, size, size], as make_goldens.py makes them.
at::Tensor FormulaImages(const std::string& name, int64_t count, int64_t size);

// Expects the tensor's evenly spaced samples within `tolerance`.
void ExpectSamples(const at::Tensor& ours, const nlohmann::json& theirs, double tolerance);

// Runs `network` on the formula's input of the golden's size, and expects its feature map and,
// where the golden has them, its logits, each within 1e-4 of the largest value.
void ExpectGolden(const nn::Network& network, const nlohmann::json& golden);

// Takes one step of training as PyTorch does (cross-entropy, gradients of everything, SGD), and
// expects the golden's loss, gradients, running statistics and logits after it, each within 1e-5
// of the largest of its tensor. In float64: in float32 rounding alone reaches 1e-2 of some
// gradients behind fifty layers. Changes the network.
void ExpectStep(nn::Network& network, const nlohmann::json& golden);

}  // namespace graft

#endif  // GRAFT_TESTS_PARITY_GOLDEN_H_
