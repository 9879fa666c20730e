#ifndef GRAFT_CORE_DATA_RANDOM_H_
#define GRAFT_CORE_DATA_RANDOM_H_

#include <cstdint>
#include <initializer_list>

namespace graft::data {

// SplitMix64 (Steele, Lea & Flood 2014): small, and a function of its seed alone on every platform,
// which the standard library's distributions are not. Not for secrets.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  // A stream of its own for each combination, e.g. {seed, epoch, image}: what an image gets does
  // not depend on which thread takes it, or when.
  static Random For(std::initializer_list<uint64_t> parts) {
    Random mixer(0x9E3779B97F4A7C15);
    for (const uint64_t part : parts) mixer.state_ = mixer.Next() ^ part;
    return Random(mixer.Next());
  }

  uint64_t Next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

  // In [0, 1), 53 bits.
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }

  // In [0, bound); without bias (Lemire 2019).
  uint64_t Below(uint64_t bound) {
    __extension__ using Wide = unsigned __int128;
    Wide product = static_cast<Wide>(Next()) * bound;
    if (static_cast<uint64_t>(product) < bound) {
      const uint64_t threshold = -bound % bound;
      while (static_cast<uint64_t>(product) < threshold) {
        product = static_cast<Wide>(Next()) * bound;
      }
    }
    return static_cast<uint64_t>(product >> 64);
  }

 private:
  uint64_t state_;
};

}  // namespace graft::data

#endif  // GRAFT_CORE_DATA_RANDOM_H_
