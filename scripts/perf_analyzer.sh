#!/usr/bin/env bash
# Measures a model of a running graft-server with Triton's own perf_analyzer, unchanged, over the Open
# Inference Protocol.
#
#   scripts/perf_analyzer.sh PHOTOGRAPHS MODEL HOST:PORT [OPTION...]
#
# PHOTOGRAPHS is a folder of JPEG or PNG files, up to 200 of which are sent in turn; MODEL is a name, or
# PROJECT/NAME; OPTIONs go to perf_analyzer (--concurrency-range 1:8, --request-rate-range 50,
# --streaming ...). perf_analyzer comes from PyPI into .deps/perf_analyzer. It needs glibc 2.38; where
# the system's is older, as on Debian 12, it runs with the libraries of Debian 13, which apt fetches and
# checks, and which nothing else sees.
source "$(dirname "$0")/lib.sh"
cd "$ROOT"

case "${1:-}" in -h|--help) sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
[ $# -ge 3 ] || die "say PHOTOGRAPHS, MODEL and HOST:PORT (see --help)"
PHOTOGRAPHS=$1 MODEL=$2 URL=$3
shift 3
[ -d "$PHOTOGRAPHS" ] || die "no folder '$PHOTOGRAPHS'"

HOME_DIR=$ROOT/.deps/perf_analyzer
VERSION=2.60.0
LIBRARIES="libc6 libstdc++6 libgcc-s1 libssl3t64 zlib1g libzstd1"
mkdir -p "$HOME_DIR"

fetch_program() {
  step "Fetching perf_analyzer $VERSION from PyPI"
  "$ROOT/.venv/bin/python3" -m pip download --quiet --no-deps --only-binary=:all: \
    --platform manylinux_2_38_x86_64 --dest "$HOME_DIR" "perf-analyzer==$VERSION"
  (cd "$HOME_DIR" && "$ROOT/.venv/bin/python3" -m zipfile -e perf_analyzer-"$VERSION"-*.whl .)
  chmod +x "$HOME_DIR/perf_analyzer/bin/perf_analyzer"
}

fetch_libraries() {
  step "Fetching Debian 13's C and C++ libraries"
  local apt=$HOME_DIR/apt
  rm -rf "$apt"
  mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
    "http://deb.debian.org/debian trixie main" >"$apt/sources"
  : >"$apt/status"
  local options=(-qq -o "Dir::Etc::sourcelist=$apt/sources" -o Dir::Etc::sourceparts=-
    -o "Dir::State=$apt/state" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache"
    -o APT::Sandbox::User=root -o Acquire::Languages=none)
  apt-get "${options[@]}" update
  # shellcheck disable=SC2086  # words
  (cd "$apt" && apt-get "${options[@]}" download $LIBRARIES)
  for package in "$apt"/*.deb; do dpkg-deb -x "$package" "$apt/root"; done
  mv "$apt/root" "$HOME_DIR/debian13"
  rm -rf "$apt"
}

PROGRAM=$HOME_DIR/perf_analyzer/bin/perf_analyzer
[ -x "$PROGRAM" ] || fetch_program
COMMAND=("$PROGRAM")
if ! "$PROGRAM" --version >/dev/null 2>&1; then
  [ -d "$HOME_DIR/debian13" ] || fetch_libraries
  COMMAND=("$HOME_DIR/debian13/usr/lib64/ld-linux-x86-64.so.2" --library-path
    "$HOME_DIR/debian13/usr/lib/x86_64-linux-gnu" "$PROGRAM")
fi

INPUT=$(mktemp --suffix=.json)
trap 'rm -f "$INPUT"' EXIT
"$ROOT/.venv/bin/python3" - "$PHOTOGRAPHS" "$INPUT" <<'EOF'
import base64, json, pathlib, struct, sys
files = sorted(path for path in pathlib.Path(sys.argv[1]).rglob("*")
               if path.suffix.lower() in (".jpg", ".jpeg", ".png"))[:200]
if not files:
    sys.exit("no JPEG or PNG there")
# perf_analyzer sends what is encoded here as it is: an element of a BYTES tensor has its length first.
def tensor(picture):
    return base64.b64encode(struct.pack("<I", len(picture)) + picture).decode()
data = [{"image": {"b64": tensor(path.read_bytes())}} for path in files]
pathlib.Path(sys.argv[2]).write_text(json.dumps({"data": data}))
EOF
"${COMMAND[@]}" -m "$MODEL" -u "$URL" -i grpc --input-data "$INPUT" "$@"
