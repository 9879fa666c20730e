#include "core/engine/openvino/int8_instructions.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace graft::engine {
namespace {

#if defined(__x86_64__)
// By CPUID, for not every compiler knows it by name: leaf 7.1, EAX, bit 4.
bool HasAvxVnni() {
  constexpr unsigned kAvxVnni = 1U << 4;
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  return __builtin_cpu_supports("avx2") != 0 &&
         __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax & kAvxVnni) != 0;
}
#endif

}  // namespace

bool HasInt8Instructions() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512vnni") != 0 || HasAvxVnni();
#else
  return false;
#endif
}

}  // namespace graft::engine
