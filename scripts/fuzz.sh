#!/usr/bin/env bash
# Builds the fuzz targets (clang, with both sanitizers) and runs each from its seeds. What a target
# finds is kept in build/fuzz/findings/TARGET, and ends the run.
#
#   scripts/fuzz.sh [EXECUTIONS]     EXECUTIONS: of each target, default 10000
source "$(dirname "$0")/lib.sh"
cd "$ROOT"

case "${1:-}" in -h|--help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
EXECUTIONS=${1:-10000}
[[ $EXECUTIONS =~ ^[1-9][0-9]*$ ]] || die "EXECUTIONS must be a number above 0, not '$EXECUTIONS'"
command -v clang++-14 >/dev/null || die "clang++-14 is missing: run scripts/setup.sh"
SEEDS=tests/fuzz/seeds

step "Building the fuzz targets"
mkdir -p build
cmake --preset fuzz >build/fuzz.log 2>&1 || { tail -40 build/fuzz.log; die "configuring failed"; }
cmake --build --preset fuzz -j "${JOBS:-$(nproc)}"

# fuzz TARGET SEEDS...
fuzz() {
  local target=$1 findings=build/fuzz/findings/$1 log=build/fuzz/$1.log
  shift
  step "$target"
  mkdir -p "$findings"
  local corpus
  corpus=$(mktemp -d)
  # The seeds are read, what is new goes to a folder that is thrown away.
  if ! "build/fuzz/bin/$target" -runs="$EXECUTIONS" -max_len=65536 -rss_limit_mb=2048 -timeout=20 \
      -print_final_stats=1 -artifact_prefix="$findings/" "$corpus" "$@" >"$log" 2>&1; then
    rm -rf "$corpus"
    tail -60 "$log"
    die "$target found something: the input is in $findings"
  fi
  rm -rf "$corpus"
  grep -E 'stat::(number_of_executed_units|peak_rss_mb)|DONE' "$log" || true
}

fuzz archive_fuzz "$SEEDS/archive"
fuzz image_fuzz tests/testdata/image
fuzz infer_tensors_fuzz "$SEEDS/infer_tensors"
fuzz ingest_fuzz "$SEEDS/archive"
fuzz manifest_fuzz "$SEEDS/manifest"
fuzz safetensors_fuzz "$SEEDS/safetensors" tests/testdata/safetensors
fuzz upload_manifest_fuzz "$SEEDS/upload_manifest"
step "Nothing found"
