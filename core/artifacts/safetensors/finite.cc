#include "core/artifacts/safetensors/finite.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace graft::artifacts {
namespace {

// IEEE 754: all bits of the exponent are set in NaN and the infinities, and in nothing else. No
// early end: so that the compiler can take many at a time.
template <typename Bits>
bool NoneWithAll(Bits exponent, absl::string_view bytes) {
  uint32_t found = 0;
  for (size_t at = 0; at + sizeof(Bits) <= bytes.size(); at += sizeof(Bits)) {
    Bits bits;
    std::memcpy(&bits, bytes.data() + at, sizeof(Bits));
    found |= static_cast<uint32_t>((bits & exponent) == exponent);
  }
  return found == 0;
}

}  // namespace

bool AllFinite(DType dtype, absl::string_view bytes) {
  switch (dtype) {
    case DType::kF64:
      return NoneWithAll<uint64_t>(0x7ff0000000000000, bytes);
    case DType::kF32:
      return NoneWithAll<uint32_t>(0x7f800000, bytes);
    case DType::kF16:
      return NoneWithAll<uint16_t>(0x7c00, bytes);
    case DType::kBF16:
      return NoneWithAll<uint16_t>(0x7f80, bytes);
    case DType::kI64:
    case DType::kI32:
    case DType::kI16:
    case DType::kI8:
    case DType::kU8:
    case DType::kBool:
      return true;
  }
  return true;
}

}  // namespace graft::artifacts
