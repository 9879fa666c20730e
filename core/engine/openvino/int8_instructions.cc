#include "core/engine/openvino/int8_instructions.h"

namespace graft::engine {

bool HasInt8Instructions() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512vnni") != 0 || __builtin_cpu_supports("avxvnni") != 0;
#else
  return false;
#endif
}

}  // namespace graft::engine
