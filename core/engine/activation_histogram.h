#ifndef GRAFT_CORE_ENGINE_ACTIVATION_HISTOGRAM_H_
#define GRAFT_CORE_ENGINE_ACTIVATION_HISTOGRAM_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace graft::engine {

// How often values come that a layer reads, from which a range of them is chosen for 256 steps.
// It has room for any values: where one is too large, bins are joined in pairs. Zeros are left out,
// for every range has them exactly. Not safe for concurrent use.
class ActivationHistogram {
 public:
  void Add(absl::Span<const float> values);

  // Whether all values were numbers.
  bool finite() const { return finite_; }

  // Low and high ends: the range under which values come out with the least mean squared error,
  // where within it a value is off by a step's share at random and outside by its distance from
  // the end (Banner et al. 2019, "ACIQ", has the trade-off; here the counts are the values' own).
  // 0 is one of the 256 values that they are rounded to. Empty where there was no value but 0.
  std::optional<std::pair<float, float>> BestRange() const;

 private:
  static constexpr size_t kBins = 4'096;  // a side

  void MakeRoomFor(float magnitude);

  float width_ = 0;  // of a bin; 0: none yet
  bool finite_ = true;
  // By magnitude, bin i from i * width_ on.
  std::vector<uint64_t> below_ = std::vector<uint64_t>(kBins);
  std::vector<uint64_t> above_ = std::vector<uint64_t>(kBins);
};

}  // namespace graft::engine

#endif  // GRAFT_CORE_ENGINE_ACTIVATION_HISTOGRAM_H_
