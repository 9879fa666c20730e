#!/usr/bin/env bash
# Set-up, build, format and lint checks, all tests. Run again at will: what has not changed is not
# built again.
#
#   scripts/test.sh [PRESET]
#     release     (default) what continuous integration runs, with clang-tidy on what needs no LibTorch
#     dev         unoptimised
#     asan-ubsan  with AddressSanitizer and UBSan
#     tsan        with ThreadSanitizer
#     coverage    with gcov; the report comes to build/coverage/report/index.html
#     tidy        no tests: clang-tidy on every file, LibTorch's users too, in an hour or more
#
# GRAFT_SKIP_LINT=1 leaves out clang-tidy, which takes as long as the build.
source "$(dirname "$0")/lib.sh"
cd "$ROOT"

case "${1:-}" in -h|--help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
PRESET=${1:-release}
case "$PRESET" in
  release|dev|asan-ubsan|tsan|coverage|tidy) ;;
  *) die "unknown preset '$PRESET' (see --help)" ;;
esac
JOBS=$(nproc)

step "Setting up"
scripts/setup.sh

step "Configuring preset '$PRESET'"
cmake --preset "$PRESET" >build.log 2>&1 || { tail -40 build.log; die "configuring failed"; }
rm -f build.log

step "Checking format, includes, layers and names"
scripts/check_format.sh
.venv/bin/python3 scripts/check_arrows.py
.venv/bin/python3 scripts/check_names.py
(cd proto && ../.venv/bin/buf lint && ../.venv/bin/buf breaking --against released.binpb)

step "Building with $JOBS jobs"
cmake --build --preset "$PRESET" -j "$JOBS"

if [ "$PRESET" = tidy ]; then
  step "Every file is clean"
  exit 0
fi

if [ -z "${GRAFT_SKIP_LINT:-}" ] && [ "$PRESET" = release ]; then
  if echo '#include <chrono>' | clang++-14 -std=c++20 -fsyntax-only -x c++ - 2>/dev/null; then
    step "Linting with clang-tidy"
    .venv/bin/python3 scripts/lint.py --build "build/$PRESET"
  else
    step "Not linting: clang-tidy 14 cannot read this system's <chrono> (Debian 12's it can)"
  fi
fi

step "Testing"
ctest --test-dir "build/$PRESET" -j "$JOBS" --output-on-failure --no-tests=error

if [ "$PRESET" = coverage ]; then
  step "Writing the report"
  mkdir -p build/coverage/report
  gcovr --root . --filter '(core|wire|server|worker|client)/' --object-directory build/coverage \
    --html-details build/coverage/report/index.html --print-summary -j "$JOBS" \
    --gcov-ignore-parse-errors >build/coverage/report/summary.txt
  tail -3 build/coverage/report/summary.txt
fi
step "All passed"
