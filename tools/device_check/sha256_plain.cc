// SHA-256 without OpenSSL, in the place of core/base/sha256_openssl.cc: for the device check on
// machines that have neither OpenSSL's headers nor a way to get them. FIPS 180-4, section 6.2.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "absl/strings/escaping.h"

#include "core/base/sha256.h"

namespace graft {
namespace {

constexpr size_t kBlock = 64;  // bytes

uint32_t RotateRight(uint32_t x, int n) { return (x >> n) | (x << (32 - n)); }

// The first 32 bits of the fractional part of `root(prime)` for each of the first primes, which is
// how the standard defines its constants (4.2.2 and 5.3.3).
template <size_t count>
std::array<uint32_t, count> FractionsOfRoots(long double (*root)(long double)) {
  std::array<uint32_t, count> fractions = {};
  size_t found = 0;
  for (int candidate = 2; found < count; ++candidate) {
    bool prime = true;
    for (int divisor = 2; divisor * divisor <= candidate; ++divisor) {
      prime = prime && candidate % divisor != 0;
    }
    if (!prime) continue;
    const long double value = root(static_cast<long double>(candidate));
    fractions[found++] = static_cast<uint32_t>((value - std::floor(value)) * 0x1p32L);
  }
  return fractions;
}

}  // namespace

struct Sha256::Impl {
  std::array<uint32_t, 8> state =
      FractionsOfRoots<8>([](long double x) -> long double { return std::sqrt(x); });
  std::array<unsigned char, kBlock> pending;
  size_t pending_bytes = 0;
  uint64_t total_bytes = 0;

  void Compress(const unsigned char* block) {
    static const std::array<uint32_t, 64> kRound =
        FractionsOfRoots<64>([](long double x) -> long double { return std::cbrt(x); });
    std::array<uint32_t, 64> w;
    for (size_t t = 0; t < 16; ++t) {
      w[t] = static_cast<uint32_t>(block[4 * t]) << 24 |
             static_cast<uint32_t>(block[4 * t + 1]) << 16 |
             static_cast<uint32_t>(block[4 * t + 2]) << 8 | static_cast<uint32_t>(block[4 * t + 3]);
    }
    for (size_t t = 16; t < 64; ++t) {
      const uint32_t s0 = RotateRight(w[t - 15], 7) ^ RotateRight(w[t - 15], 18) ^ (w[t - 15] >> 3);
      const uint32_t s1 = RotateRight(w[t - 2], 17) ^ RotateRight(w[t - 2], 19) ^ (w[t - 2] >> 10);
      w[t] = s1 + w[t - 7] + s0 + w[t - 16];
    }
    auto [a, b, c, d, e, f, g, h] = state;
    for (size_t t = 0; t < 64; ++t) {
      const uint32_t sum1 = RotateRight(e, 6) ^ RotateRight(e, 11) ^ RotateRight(e, 25);
      const uint32_t t1 = h + sum1 + ((e & f) ^ (~e & g)) + kRound[t] + w[t];
      const uint32_t sum0 = RotateRight(a, 2) ^ RotateRight(a, 13) ^ RotateRight(a, 22);
      const uint32_t t2 = sum0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g;
      g = f;
      f = e;
      e = d + t1;
      d = c;
      c = b;
      b = a;
      a = t1 + t2;
    }
    const std::array<uint32_t, 8> after = {a, b, c, d, e, f, g, h};
    for (size_t i = 0; i < state.size(); ++i) state[i] += after[i];
  }

  void Add(const unsigned char* bytes, size_t size) {
    total_bytes += size;
    while (size > 0) {
      if (pending_bytes == 0 && size >= kBlock) {  // not by way of the buffer
        Compress(bytes);
        bytes += kBlock;
        size -= kBlock;
        continue;
      }
      const size_t taken = std::min(size, kBlock - pending_bytes);
      std::memcpy(pending.data() + pending_bytes, bytes, taken);
      pending_bytes += taken;
      bytes += taken;
      size -= taken;
      if (pending_bytes == kBlock) {
        Compress(pending.data());
        pending_bytes = 0;
      }
    }
  }
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::Update(absl::string_view bytes) {
  impl_->Add(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

std::string Sha256::FinishHex() {
  // A one, zeros up to 8 bytes before the end of a block, and the length in bits (5.1.1).
  const uint64_t bits = impl_->total_bytes * 8;
  std::array<unsigned char, kBlock + 8> padding = {0x80};
  const size_t zeros_end = (impl_->pending_bytes < 56 ? 56 : 120) - impl_->pending_bytes;
  for (size_t i = 0; i < 8; ++i) {
    padding[zeros_end + i] = static_cast<unsigned char>(bits >> (8 * (7 - i)));
  }
  impl_->Add(padding.data(), zeros_end + 8);
  std::string digest;
  for (const uint32_t word : impl_->state) {
    for (const int shift : {24, 16, 8, 0}) digest.push_back(static_cast<char>(word >> shift));
  }
  return absl::BytesToHexString(digest);
}

}  // namespace graft
