#!/usr/bin/env python3
"""graft against servers that a team would write itself, in one run: the same trained network behind
each, the same client, in turns.

    run.py --bin build/release/bin --weights weights/efficientnet_lite0 --images PHOTOGRAPHS

PHOTOGRAPHS is a folder of class folders, which a model is trained on and which are then asked for.
Needs a Python with onnx, onnxruntime, openvino, opencv-python-headless, grpcio-tools and safetensors.
Writes a table, and with --out a JSON of every measurement.
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def cpu_seconds(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Server:
    def __init__(self, name: str, process: subprocess.Popen, port: int):
        self.name, self.process, self.port = name, process, port

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def start_graft(arguments, folder: pathlib.Path, name: str, *flags: str) -> Server:
    """On a copy of folder/data of its own, which may not be there yet."""
    data = folder / f"data-{name}"
    if (folder / "data").exists():
        shutil.copytree(folder / "data", data)
    else:
        data = folder / "data"
    ports = folder / f"ports-{name}.json"
    log = folder / f"log-{name}"
    with log.open("w") as out:
        process = subprocess.Popen(
            [arguments.bin / "graft-server", "--data-dir", data, "--weights-dir",
             arguments.weights.parent, "--default-backbone", arguments.weights.name, "--port", "0",
             "--http-port", "0", "--port-file", ports, "--serving-threads", str(arguments.threads),
             *flags], stdout=out, stderr=subprocess.STDOUT)
    while not ports.exists():
        if process.poll() is not None:
            raise SystemExit(f"graft-server ended:\n{log.read_text()}")
        time.sleep(0.05)
    return Server(name, process, json.loads(ports.read_text())["grpc_port"])


def train(arguments, server: Server) -> None:
    def cli(*words: str) -> str:
        return subprocess.run(
            [arguments.bin / "graft", "--server", f"127.0.0.1:{server.port}", "--output", "json",
             *words], check=True, capture_output=True, text=True).stdout

    identity = json.loads(cli("dataset", "upload", str(arguments.images)))["dataset"]["id"]
    cli("finetune", "--dataset", identity, "--model", "bench", "--framing", "centre_crop", "--watch")


def start_peer(arguments, engine: str, folder: pathlib.Path) -> Server:
    process = subprocess.Popen(
        [sys.executable, HERE / "peers/grpc_aio.py", "--engine", engine, "--network",
         folder / "network", "--threads", str(arguments.threads)],
        stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(folder / "stubs")})
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"the peer on {engine} ended")
    return Server(f"grpc.aio + {engine}", process, int(line))


def prepare_peers(arguments, folder: pathlib.Path) -> None:
    models = list((folder / "data").rglob("model.safetensors"))
    (folder / "network").mkdir()
    (folder / "stubs").mkdir()
    subprocess.run([arguments.bin / "graft_bench_export", "--weights", arguments.weights, "--model",
                    models[0], "--out", folder / "network"], check=True)
    subprocess.run([sys.executable, HERE / "to_onnx.py", folder / "network"], check=True)
    protos = sorted(str(p) for p in (ROOT / "proto/graft/v1").glob("*.proto"))
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT}/proto",
                    f"--python_out={folder}/stubs", f"--grpc_python_out={folder}/stubs", *protos],
                   check=True)


def load(arguments, server: Server, concurrency: int, per_request: int, seconds: float,
         labels: bool = False) -> dict:
    before = cpu_seconds(server.process.pid)
    run = subprocess.run(
        [arguments.bin / "graft_bench_load", "--address", f"127.0.0.1:{server.port}", "--model",
         "bench", "--images", arguments.images, "--concurrency", str(concurrency), "--per-request",
         str(per_request), "--seconds", str(seconds)] + (["--labels"] if labels else []),
        capture_output=True, text=True)
    result = json.loads(run.stdout)
    result["server_cpu_seconds"] = cpu_seconds(server.process.pid) - before
    return result


def processor() -> str:
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def check_answers(arguments, servers: list[Server]) -> dict[str, float]:
    """The share of pictures for which each says what the first of them says."""
    agreement = {}
    answers = {server.name: load(arguments, server, 2, 1, arguments.warm_seconds, labels=True)
               for server in servers}
    first = answers[servers[0].name]["labels"]
    for name, answer in answers.items():
        both = [(a, b) for a, b in zip(first, answer["labels"]) if a and b]
        same = sum(a == b for a, b in both) / max(1, len(both))
        agreement[name] = same
        print(f"{name}: {same:.1%} of {len(both)} answers are those of {servers[0].name}")
    return agreement


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--weights", type=pathlib.Path, required=True)
    parser.add_argument("--images", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--warm-seconds", type=float, default=4)
    parser.add_argument("--cases", default="1x1,8x1,64x1,1x8",
                        help="requests under way x images of each")
    parser.add_argument("--out", type=pathlib.Path)
    arguments = parser.parse_args()
    cases = [tuple(int(n) for n in case.split("x")) for case in arguments.cases.split(",")]
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        training = start_graft(arguments, folder, "training")
        try:
            train(arguments, training)
        finally:
            training.stop()
        prepare_peers(arguments, folder)
        servers = []
        stack.callback(lambda: [server.stop() for server in servers])
        servers.append(start_graft(arguments, folder, "graft", "--predict-cache-bytes", "0",
                                   "--serving-precision", "f32"))
        trained = servers[0]
        servers += [start_peer(arguments, engine, folder)
                    for engine in ("onnxruntime", "openvino", "openvino-throughput")]
        servers.append(start_graft(arguments, folder, "graft bf16", "--predict-cache-bytes", "0",
                                   "--serving-precision", "bf16"))
        servers.append(start_graft(arguments, folder, "graft, pictures seen before",
                                   "--serving-precision", "f32"))
        agreement = check_answers(arguments, servers)
        measurements = []
        for concurrency, per_request in cases:
            rounds = []
            for _ in range(arguments.rounds):
                rounds.append({server.name: load(arguments, server, concurrency, per_request,
                                                 arguments.seconds) for server in servers})
            measurements.append({"concurrency": concurrency, "per_request": per_request,
                                 "rounds": rounds})
            print(f"\n{concurrency} under way, {per_request} images each")
            for server in servers:
                mine = [r[server.name] for r in rounds]
                ratios = sorted(rounds[i][trained.name]["images_per_second"] /
                                max(1e-9, mine[i]["images_per_second"]) for i in range(len(mine)))
                quartiles = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
                median = lambda key: statistics.median(m[key] for m in mine)  # noqa: E731
                print(f"  {server.name:28s} {median('images_per_second'):8.1f} images/s  "
                      f"p50 {median('p50_ms'):7.1f}  p99 {median('p99_ms'):7.1f} ms  "
                      f"server CPU {1000 * median('server_cpu_seconds') / max(1, median('requests') * per_request):6.2f} ms/image  "
                      f"graft is {quartiles[1]:.2f}x ({quartiles[0]:.2f}-{quartiles[2]:.2f})  "
                      f"errors {sum(m['errors'] for m in mine)}")
        if arguments.out:
            arguments.out.write_text(json.dumps(
                {"machine": processor(), "cores": os.cpu_count(), "backbone": arguments.weights.name,
                 "pictures": sum(1 for path in arguments.images.rglob("*") if path.is_file()),
                 "agreement": agreement, "measurements": measurements}, indent=1))


if __name__ == "__main__":
    main()
