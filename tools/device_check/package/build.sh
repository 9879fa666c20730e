#!/usr/bin/env bash
# Builds graft_device_check in this folder with what is at hand: CMake where it is installed, else
# the compiler alone (then with the packed Abseil libraries, not from Abseil's source).
#
#   ./build.sh [TORCH_DIR]     TORCH_DIR: the folder with LibTorch's include/ and lib/; else that of
#                              the torch that python3 finds
#   CXX=clang++ ./build.sh     another compiler
#   CUDA_INCLUDE=DIR ./build.sh  where crt/host_config.h of CUDA's toolkit is, for CUDA graphs
set -euo pipefail
cd "$(dirname "$0")"

TORCH=${1:-$(python3 -c 'import importlib.util as u; print(u.find_spec("torch").submodule_search_locations[0])' 2>/dev/null || true)}
[ -e "$TORCH/include/ATen/ATen.h" ] || {
  echo "no LibTorch in \"$TORCH\": give the folder with include/ATen/ATen.h and lib/libtorch_cpu.so" >&2
  exit 1
}
TORCH=$(cd "$TORCH" && pwd)
JOBS=${JOBS:-$(nproc)}
# CUDA's headers, where there are any: then passes are recorded as CUDA graphs, too.
CUDA=${CUDA_INCLUDE:-}
for folder in "$TORCH/../nvidia/cu13/include" /usr/local/cuda/include; do
  [ -n "$CUDA" ] || [ ! -e "$folder/crt/host_config.h" ] || CUDA=$folder
done
[ -e "$TORCH/lib/libtorch_cuda.so" ] || CUDA=""
echo "CUDA graphs: ${CUDA:-no, there are no headers of CUDA (CUDA_INCLUDE=FOLDER)}"

if command -v cmake >/dev/null; then
  cmake -S . -B build -DGRAFT_TORCH_DIR="$TORCH" -DGRAFT_CUDA_INCLUDE="$CUDA"
  cmake --build build -j "$JOBS"
  echo "built: $PWD/build/graft_device_check"
  exit 0
fi

[ -d abseil/lib ] || { echo "CMake is needed to build Abseil from its source" >&2; exit 1; }
! grep -qs '_GLIBCXX_USE_CXX11_ABI=0' "$TORCH/share/cmake/Torch/TorchConfig.cmake" || {
  echo "this LibTorch has libstdc++'s old ABI: use CMake, and a package with Abseil's source" >&2
  exit 1
}
CXX=${CXX:-g++}
FLAGS=(-std=c++20 -O2 -DNDEBUG -D_GLIBCXX_USE_CXX11_ABI=1 -I. -Igenerated -isystem json
  -isystem abseil/include -isystem "$TORCH/include" -isystem "$TORCH/include/torch/csrc/api/include"
  "-DGRAFT_VERSION=\"$(cat version.txt)\"" '-DGRAFT_BUILD_TYPE="Release"' "-DGRAFT_COMPILER=\"$CXX\"")
[ -z "$CUDA" ] || FLAGS+=(-isystem "$CUDA" -DGRAFT_CUDA_GRAPHS=1)
mkdir -p build/objects
compile() {
  echo "$1"
  "$CXX" "${FLAGS[@]}" -c "$1" -o "build/objects/${1//\//_}.o"
}
running=0
while read -r source; do
  compile "$source" &
  running=$((running + 1))
  if [ "$running" -ge "$JOBS" ]; then
    wait -n
    running=$((running - 1))
  fi
done < <(cat sources.txt; [ -z "$CUDA" ] || echo core/engine/device/cuda_graphs.cc)
while [ "$running" -gt 0 ]; do
  wait -n
  running=$((running - 1))
done
LIBRARIES=()
for name in torch_cpu c10 torch_cuda c10_cuda torch_hip c10_hip torch_xpu c10_xpu; do
  [ ! -e "$TORCH/lib/lib$name.so" ] || LIBRARIES+=("$TORCH/lib/lib$name.so")
done
"$CXX" build/objects/*.o -o build/graft_device_check -Wl,--no-as-needed "${LIBRARIES[@]}" \
  -Wl,--as-needed -Wl,--start-group abseil/lib/*.a -Wl,--end-group -pthread -Wl,--allow-shlib-undefined \
  "-Wl,-rpath,$TORCH/lib" "-Wl,-rpath-link,$TORCH/lib"
echo "built: $PWD/build/graft_device_check"
