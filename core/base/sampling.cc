#include "core/base/sampling.h"

#include <cstdint>
#include <string>

#include "absl/strings/numbers.h"

#include "core/base/sha256.h"

namespace graft {

bool InShare(absl::string_view key, double share) {
  if (!(share > 0)) return false;
  if (share >= 1) return true;
  // 52 bits: as many as a double tells apart.
  uint64_t drawn = 0;
  static_cast<void>(absl::SimpleHexAtoi(Sha256Hex(key).substr(0, 13), &drawn));
  return static_cast<double>(drawn) < share * static_cast<double>(uint64_t{1} << 52);
}

}  // namespace graft
