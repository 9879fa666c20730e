#!/usr/bin/env python3
"""graft against servers that a team would write itself or take from a shelf, in one run: the same
trained network behind each, the same client, in turns, with the same threads and allocator.

    run.py --bin build/release/bin --weights weights/efficientnet_lite0 --images PHOTOGRAPHS

all.py does so for all the networks of docs/performance.md, and says which.
PHOTOGRAPHS is a folder of class folders, which a model is trained on and which are then asked for.
Needs a Python with what requirements.txt beside this file names. nvidia-pytriton wants an older numpy:
--triton-python names a Python that has it, onnxruntime and opencv-python-headless.
Writes a table, and with --out a JSON of every measurement. Beside the closed loop, an open one asks each
server so many times a second, whether or not it has answered: shares of what the fastest peer answered in
the closed loop with 8 requests under way (--open-shares), so that they fit the machine.
"""

import contextlib
import json
import statistics

import client
import figures
import servers
from claims import fastest_peer
from setting import arguments_of, prepared

AIO = ("onnxruntime", "openvino", "openvino-throughput", "torch", "torch-throughput")


def start_peer(setting, peer: str, arguments) -> servers.Server:
    if peer in AIO:
        return servers.start_peer(setting, f"grpc.aio + {peer}", "grpc_aio.py", "--engine", peer)
    if peer == "litserve":
        return servers.start_peer(setting, "LitServe + onnxruntime", "litserve_server.py", "--engine",
                                  "onnxruntime", protocol="http")
    if peer == "litserve-throughput":  # a worker a core, each with one thread
        return servers.start_peer(setting, "LitServe + onnxruntime-throughput", "litserve_server.py",
                                  "--engine", "onnxruntime", "--workers", str(setting.threads),
                                  "--threads", "1", protocol="http")
    if peer == "bentoml":
        return servers.start_peer(setting, "BentoML + onnxruntime", "bentoml_server.py", "--engine",
                                  "onnxruntime", protocol="http")
    if peer == "triton":
        return servers.start_peer(setting, "Triton + onnxruntime", "pytriton_server.py", "--engine",
                                  "onnxruntime", "--workspace", str(setting.folder / "triton"),
                                  protocol="infer", python=arguments.triton_python)
    raise SystemExit(f"no peer {peer}")


def check_answers(setting, running: list[servers.Server], seconds: float) -> tuple[dict, dict]:
    """The share of pictures for which each says what the first of them says, and what each answers."""
    names = json.loads((setting.folder / "network/network.json").read_text())["outputs"]["labels"]
    agreement, rates = {}, {}
    first = []
    for server in running:
        asked = client.load(setting, server, 2, 1, seconds, labels=True)
        answers, rates[server.name] = asked["labels"], asked["images_per_second"]
        # Triton, which was told no labels, answers with their indices.
        answers = [names[int(label)] if label.isdigit() else label for label in answers]
        first = first or answers
        both = [(a, b) for a, b in zip(first, answers) if a and b]
        agreement[server.name] = sum(a == b for a, b in both) / max(1, len(both))
        print(f"{server.name}: {agreement[server.name]:.1%} of {len(both)} answers are those of "
              f"{running[0].name}", flush=True)
    return agreement, rates


def print_case(rounds: list[dict], per_request: int) -> None:
    ours = next(iter(rounds[0]))
    for name in rounds[0]:
        mine = [each[name] for each in rounds]
        median = lambda key: statistics.median(m[key] for m in mine)  # noqa: E731
        print(f"  {name:28s} {median('images_per_second'):8.1f} images/s  "
              f"p50 {median('p50_ms'):7.1f}  p99 {median('p99_ms'):7.1f} ms  server CPU "
              f"{1000 * median('server_cpu_seconds') / max(1, median('requests') * per_request):6.2f}"
              f" ms/image  graft is "
              f"{figures.spread(figures.ratios(rounds, ours, name, 'images_per_second'))}  "
              f"errors {sum(m['errors'] for m in mine)}", flush=True)


def precision_trials(server: servers.Graft) -> dict:
    """What the model's trials before publishing found out."""
    shown = json.loads(server.cli("models", "show", "bench"))
    return (shown.get("version") or shown).get("precision", {})


def open_loop(measurements: list[dict], shares: list[float]) -> list[dict]:
    """Cases of an open loop, as shares of the fastest peer's rate."""
    fastest = fastest_peer(measurements)
    if not fastest:
        return []
    return [{"concurrency": 1, "per_request": 1, "rate": float(f"{share * fastest:.2g}")}
            for share in shares]


def main() -> None:
    parser = arguments_of(__doc__.splitlines()[0])
    parser.add_argument("--cases", default="1x1,8x1,64x1,1x8",
                        help="requests under way x images of each")
    parser.add_argument("--open-shares", default="0.5,0.8", help="of the open loop; empty: none")
    parser.add_argument("--answers", type=int, default=20,
                        help="about so many of each measurement, or more: slow servers are asked for longer")
    parser.add_argument("--peers", default=",".join(
        AIO + ("litserve", "litserve-throughput", "bentoml")))
    parser.add_argument("--triton-python", help="then Triton is a peer, too")
    arguments = parser.parse_args()
    peers = arguments.peers.split(",") + (["triton"] if arguments.triton_python else [])
    cases = [{"concurrency": int(under_way), "per_request": int(images)} for under_way, images in (
        case.split("x") for case in arguments.cases.split(",") if case)]
    shares = [float(share) for share in arguments.open_shares.split(",") if share]
    with prepared(arguments) as setting, contextlib.ExitStack() as stack:
        setting.train()
        setting.export()
        setting.make_stubs()

        def graft(name: str, *flags: str) -> servers.Server:
            return stack.enter_context(servers.start_graft(setting, name, *flags))

        running = [graft("graft", "--predict-cache-bytes", "0", "--serving-precision", "f32")]
        running += [stack.enter_context(start_peer(setting, peer, arguments)) for peer in peers]
        for precision in ("bf16", "int8"):
            running.append(graft(f"graft {precision}", "--predict-cache-bytes", "0",
                                 "--serving-precision", precision))
        running.append(graft("graft, pictures seen before", "--serving-precision", "f32"))
        for server in running:
            client.warm(setting, server, arguments.warm_seconds)
        agreement, rates_before = check_answers(setting, running, arguments.warm_seconds)
        measurements = []

        def measure(case: dict) -> None:
            def ask(server: servers.Server) -> dict:
                # An open loop is as long for all: one that falls behind waits longer and longer.
                seconds = figures.seconds_of(arguments.seconds, arguments.answers, case["per_request"],
                                     case.get("rate") or rates_before[server.name])
                return client.load(setting, server, seconds=seconds, **case)

            rounds = figures.in_turns(arguments.rounds, {
                server.name: lambda server=server: ask(server) for server in running})
            measurements.append({**case, "rounds": rounds})
            print(f"\n{case}")
            print_case(rounds, case["per_request"])

        for case in cases:
            measure(case)
        for case in open_loop(measurements, shares):
            measure(case)
        if arguments.out:
            arguments.out.write_text(json.dumps(
                {**figures.machine(), "backbone": arguments.weights.name,
                 "pictures": sum(1 for path in arguments.images.rglob("*") if path.is_file()),
                 "agreement": agreement, "precision": precision_trials(running[0]),
                 "measurements": measurements}, indent=1))


if __name__ == "__main__":
    main()
