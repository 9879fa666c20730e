#ifndef GRAFT_TESTS_PARITY_FORMULA_WEIGHTS_H_
#define GRAFT_TESTS_PARITY_FORMULA_WEIGHTS_H_

#include <string>
#include <vector>

#include "core/nn/network.h"

namespace graft {

// `count` values in [-1, 1) that depend on `name` and their index alone: FNV-1a of the name,
// SplitMix64's mixing of the index. make_goldens.py computes the same.
std::vector<float> FormulaValues(const std::string& name, int64_t count);

// Gives every tensor of a network, empty ones too, values from the formula, scaled as
// make_goldens.py does; counters are 0.
void FillByFormula(nn::Network& network);

}  // namespace graft

#endif  // GRAFT_TESTS_PARITY_FORMULA_WEIGHTS_H_
