#include "tools/device_check/compare.h"

#include <chrono>
#include <cmath>
#include <limits>

#include <ATen/ATen.h>

#include "core/nn/devices.h"

namespace graft {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int kWarmUps = 3;

at::Tensor InDouble(const at::Tensor& tensor) {  // some devices have no float64 themselves
  return tensor.detach().to(at::kCPU).to(at::kDouble);
}

}  // namespace

Difference Compare(const at::Tensor& reference, const at::Tensor& subject) {
  if (!reference.defined() || !subject.defined() || reference.sizes() != subject.sizes()) {
    return {kInfinity, kInfinity};
  }
  if (reference.numel() == 0) return {};
  const at::Tensor expected = InDouble(reference);
  const at::Tensor got = InDouble(subject);
  if (!at::isfinite(expected).all().item<bool>() || !at::isfinite(got).all().item<bool>()) {
    return {kInfinity, kInfinity};
  }
  Difference difference;
  difference.absolute = (expected - got).abs().max().item<double>();
  const double largest = expected.abs().max().item<double>();
  difference.relative = difference.absolute == 0 ? 0
                        : largest > 0            ? difference.absolute / largest
                                                 : kInfinity;
  return difference;
}

Difference Compare(const std::vector<double>& reference, const std::vector<double>& subject) {
  if (reference.size() != subject.size()) return {kInfinity, kInfinity};
  Difference worst;
  for (size_t i = 0; i < reference.size(); ++i) {
    const double absolute = std::abs(reference[i] - subject[i]);
    if (!std::isfinite(absolute)) return {kInfinity, kInfinity};
    if (absolute == 0) continue;
    worst.Join({absolute, reference[i] == 0 ? kInfinity : absolute / std::abs(reference[i])});
  }
  return worst;
}

double MedianMilliseconds(at::Device device, int repeats, const std::function<void()>& body) {
  for (int i = 0; i < kWarmUps; ++i) body();
  nn::Synchronise(device);
  std::vector<double> times;
  for (int i = 0; i < std::max(1, repeats); ++i) {
    const auto start = std::chrono::steady_clock::now();
    body();
    nn::Synchronise(device);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    times.push_back(took.count());
  }
  std::nth_element(times.begin(), times.begin() + static_cast<int64_t>(times.size() / 2),
                   times.end());
  return times[times.size() / 2];
}

}  // namespace graft
