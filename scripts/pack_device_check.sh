#!/usr/bin/env bash
# Packs graft_device_check for a machine with a GPU and little else: graft's sources that it is made
# of, Abseil, and nlohmann/json's headers. There it needs a C++20 compiler and PyTorch or LibTorch,
# and no network: unpack, ./build.sh, build/graft_device_check. docs/devices.md says more.
#
#   scripts/pack_device_check.sh OUT.tar.gz [--build FOLDER] [--abseil-source FOLDER]
#     --build FOLDER          a configured build, which knows the sources (default: build/release,
#                             which is configured where it is not there)
#     --abseil-source FOLDER  take Abseil's source tree along, for another processor than this one;
#                             else the distribution's headers and static libraries
source "$(dirname "$0")/lib.sh"

OUT="" BUILD="$ROOT/build/release" ABSEIL=""
while [ $# -gt 0 ]; do
  case "$1" in
    -h|--help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
    --build) BUILD=$(cd "$2" && pwd); shift 2 ;;
    --abseil-source) ABSEIL=$(cd "$2" && pwd); shift 2 ;;
    -*) die "unknown argument '$1' (see --help)" ;;
    *) [ -z "$OUT" ] || die "one output file, not '$OUT' and '$1'"; OUT=$(realpath -m "$1"); shift ;;
  esac
done
[ -n "$OUT" ] || die "say where to write: scripts/pack_device_check.sh OUT.tar.gz"
cd "$ROOT"

LIST="$BUILD/generated/device_check_sources.txt"
[ -e "$LIST" ] || cmake --preset release >/dev/null
[ -e "$LIST" ] || die "$BUILD is no configured build of this tree"

STAGE=$(mktemp -d)
trap 'rm -rf "$STAGE"' EXIT
TOP="$STAGE/graft_device_check"
mkdir -p "$TOP/generated" "$TOP/json"

# The package brings no OpenSSL.
sed 's,^core/base/sha256_openssl\.cc$,tools/device_check/sha256_plain.cc,' "$LIST" >"$TOP/sources.txt"
grep -q sha256_plain "$TOP/sources.txt" || die "core/base/sha256_openssl.cc is no longer in $LIST"
{
  cat "$TOP/sources.txt"
  find core tools/device_check -name '*.h' -o -name '*.def'
  echo core/engine/device/cuda_graphs.cc  # compiled where there are CUDA's headers
} | while read -r file; do install -D -m 644 "$file" "$TOP/$file"; done
cp tools/device_check/package/CMakeLists.txt tools/device_check/package/build.sh LICENSE "$TOP/"
cp docs/devices.md "$TOP/README.md"
sed -n 's/^project(graft VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt >"$TOP/version.txt"
sed 's/^#cmakedefine01 \(.*\)/#define \1 0/' cmake/build_options.h.in >"$TOP/generated/graft_build_options.h"
cp -r /usr/include/nlohmann "$TOP/json/"

if [ -n "$ABSEIL" ]; then
  [ -e "$ABSEIL/absl/base/config.h" ] || die "$ABSEIL is no source tree of Abseil"
  mkdir "$TOP/abseil"
  cp -r "$ABSEIL/absl" "$ABSEIL/CMake" "$ABSEIL/CMakeLists.txt" "$ABSEIL/LICENSE" "$TOP/abseil/"
else
  libraries=$(pkg-config --variable=libdir absl_base)
  ls "$libraries"/libabsl_base.a >/dev/null 2>&1 || die "no static libraries of Abseil in $libraries: install libabsl-dev"
  mkdir -p "$TOP/abseil/include" "$TOP/abseil/lib"
  cp -r /usr/include/absl "$TOP/abseil/include/"
  cp "$libraries"/libabsl_*.a "$TOP/abseil/lib/"
  uname -m >"$TOP/abseil/machine.txt"
fi

# The same files give the same archive.
tar -C "$STAGE" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cf - graft_device_check |
  gzip -9n >"$OUT.partial"
mv "$OUT.partial" "$OUT"
step "Wrote $OUT: $(du -h "$OUT" | cut -f1), $(wc -l <"$TOP/sources.txt") sources"
