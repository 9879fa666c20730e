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

// Runs `network` on the formula's input of the golden's size, and expects its feature map and,
// where the golden has them, its logits, each within 1e-4 of the largest value.
void ExpectGolden(const Network& network, const nlohmann::json& golden);

}  // namespace graft

#endif  // GRAFT_TESTS_PARITY_GOLDEN_H_
