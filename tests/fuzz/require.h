#ifndef GRAFT_TESTS_FUZZ_REQUIRE_H_
#define GRAFT_TESTS_FUZZ_REQUIRE_H_

#include <cstdio>
#include <cstdlib>

namespace graft {

// A promise that must hold whatever the input: a crash is how libFuzzer learns of a finding.
inline void Require(bool condition, const char* broken_promise) {
  if (condition) return;
  std::fprintf(stderr, "found: %s\n", broken_promise);
  std::abort();
}

}  // namespace graft

#endif  // GRAFT_TESTS_FUZZ_REQUIRE_H_
