#!/usr/bin/env bash
# Set-up, build, format and lint checks, all tests. Run again at will: what has not changed is not
# built again.
#
#   scripts/test.sh [PRESET]     PRESET: release (default), dev, asan-ubsan, tsan
#
# GRAFT_SKIP_LINT=1 leaves out clang-tidy, which takes as long as the build.
source "$(dirname "$0")/lib.sh"
cd "$ROOT"

case "${1:-}" in -h|--help) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
PRESET=${1:-release}
JOBS=$(nproc)

step "Setting up"
scripts/setup.sh

step "Configuring preset '$PRESET'"
cmake --preset "$PRESET" >build.log 2>&1 || { tail -40 build.log; die "configuring failed"; }
rm -f build.log

step "Checking format, includes and layers"
scripts/check_format.sh
.venv/bin/python3 scripts/check_arrows.py
(cd proto && ../.venv/bin/buf lint)

step "Building with $JOBS jobs"
cmake --build --preset "$PRESET" -j "$JOBS"

if [ -z "${GRAFT_SKIP_LINT:-}" ] && [ "$PRESET" = release ]; then
  step "Linting with clang-tidy"
  .venv/bin/python3 scripts/lint.py --build "build/$PRESET"
fi

step "Testing"
ctest --test-dir "build/$PRESET" -j "$JOBS" --output-on-failure --no-tests=error
step "All passed"
