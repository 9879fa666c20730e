#include "core/base/ids.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace graft {
namespace {

constexpr char kCrockford[] = "0123456789abcdefghjkmnpqrstvwxyz";

class SystemIdGenerator final : public IdGenerator {
 public:
  std::string NewId(absl::string_view prefix) override {
    std::array<unsigned char, 16> bytes;
    const uint64_t millis = static_cast<uint64_t>(absl::ToUnixMillis(absl::Now()));
    for (int i = 0; i < 6; ++i) bytes[i] = static_cast<unsigned char>(millis >> (8 * (5 - i)));
    // Without entropy an id could be guessed or repeat: better no process than a wrong one.
    if (::getentropy(bytes.data() + 6, 10) != 0) std::abort();

    // 128 bits as 26 base-32 digits, most significant first; the first digit carries 3 bits.
    std::string digits(26, '0');
    for (int digit = 0; digit < 26; ++digit) {
      int value = 0;
      for (int bit = 0; bit < 5; ++bit) {
        const int position = digit * 5 + bit - 2;  // two padding bits in front
        value <<= 1;
        if (position >= 0) value |= (bytes[position / 8] >> (7 - position % 8)) & 1;
      }
      digits[digit] = kCrockford[value];
    }
    return absl::StrCat(prefix, "-", digits);
  }
};

}  // namespace

IdGenerator* IdGenerator::System() {
  static SystemIdGenerator* const generator = new SystemIdGenerator;
  return generator;
}

bool IsValidResourceName(absl::string_view name) {
  if (name.empty() || name.size() > 63 || absl::StrContains(name, "..")) return false;
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (!alphanumeric(name.front())) return false;
  for (char c : name) {
    if (!alphanumeric(c) && c != '-' && c != '_' && c != '.') return false;
  }
  return true;
}

}  // namespace graft
