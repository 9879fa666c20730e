#!/usr/bin/env python3
"""Makes docs/performance.md and its plot of what run.py measured, and of the figures of the other
programs of this folder.

    report.py OUT_FOLDER MEASURED.json...

Needs matplotlib.
"""

import json
import pathlib
import statistics
import sys
import textwrap

import matplotlib
from figures import quartiles

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

OURS = "graft"
COLOURS = {"graft": "#1f6f54", "graft bf16": "#6fbf9c", "graft int8": "#a9dfc4", "grpc.aio + onnxruntime": "#c2773a",
           "grpc.aio + openvino": "#7a8fb8", "grpc.aio + openvino-throughput": "#b9c4da",
           "grpc.aio + torch": "#a34b4b", "LitServe + onnxruntime": "#8d6fae",
           "BentoML + onnxruntime": "#c9a9d6", "Triton + onnxruntime": "#5b5b5b"}


def rates(case: dict, server: str) -> list[float]:
    return [each[server]["images_per_second"] for each in case["rounds"]]


def median(case: dict, server: str, key: str) -> float:
    return statistics.median(each[server][key] for each in case["rounds"])


def case_name(case: dict) -> str:
    if case.get("rate"):
        return f"{case['rate']:g} a second"
    return f"{case['concurrency']} x {case['per_request']}"


def table(run: dict) -> list[str]:
    servers = list(run["measurements"][0]["rounds"][0])
    lines = ["| requests x pictures | server | pictures/s | p50, ms | p99, ms | server's CPU, ms a picture "
             "| graft's rate over it |", "|---|---|---|---|---|---|---|"]
    for case in run["measurements"]:
        for server in servers:
            ratios = [a / b for a, b in zip(rates(case, OURS), rates(case, server))]
            low, middle, high = quartiles(ratios)
            cpu = statistics.median(
                1000 * each[server]["server_cpu_seconds"] /
                max(1, each[server]["requests"] * case["per_request"]) for each in case["rounds"])
            ratio = "" if server == OURS or case.get("rate") else f"{middle:.2f} ({low:.2f}-{high:.2f})"
            lines.append(f"| {case_name(case)} | {server} | {statistics.median(rates(case, server)):,.0f} "
                         f"| {median(case, server, 'p50_ms'):.1f} | {median(case, server, 'p99_ms'):.1f} "
                         f"| {cpu:.2f} | {ratio} |")
    return lines


def plot(runs: list[dict], path: pathlib.Path) -> None:
    figure, axes = plt.subplots(1, len(runs), figsize=(4.6 * len(runs), 3.8), squeeze=False)
    for axis, run in zip(axes[0], runs):
        cases = [case for case in run["measurements"] if not case.get("rate")]
        servers = [s for s in cases[0]["rounds"][0] if s in COLOURS]
        width = 0.8 / len(servers)
        for index, server in enumerate(servers):
            places = [at + (index - (len(servers) - 1) / 2) * width for at in range(len(cases))]
            middle = [statistics.median(rates(case, server)) for case in cases]
            spread = [[m - quartiles(rates(c, server))[0] for m, c in zip(middle, cases)],
                      [quartiles(rates(c, server))[2] - m for m, c in zip(middle, cases)]]
            axis.bar(places, middle, width * 0.92, yerr=spread, label=server, color=COLOURS[server],
                     error_kw={"elinewidth": 0.8, "ecolor": "#444"})
        axis.set_xticks(range(len(cases)), [case_name(case) for case in cases])
        axis.set_title(run["backbone"], fontsize=10)
        axis.set_xlabel("requests under way x pictures of each")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0][0].set_ylabel("pictures a second")
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", ncols=5, frameon=False, fontsize=8)
    figure.tight_layout(rect=(0, 0, 1, 0.9))
    figure.savefig(path, metadata={"Date": None})


def is_peer(server: str) -> bool:
    return not server.startswith(OURS)


def starts_with(*beginnings: str):
    return lambda server: server.startswith(beginnings)


KERNEL_PEERS = starts_with("grpc.aio + onnxruntime", "grpc.aio + openvino")
LIGHT = ("efficientnet_lite", "mobilenet")
# Claim; whose rate; over the best of whom; goals by the beginning of a network's name, "": any other.
CLAIMS = (
    ("f32, over the best of onnxruntime and OpenVINO behind grpc.aio", "graft", KERNEL_PEERS,
     {LIGHT: "1.15 (64 x 1: 1.0)", "": "0.98"}),
    ("f32, over grpc.aio + torch", "graft", starts_with("grpc.aio + torch"),
     {"vgg": "1.05", "resnet50": "1.2", LIGHT: "2"}),
    ("f32, over LitServe", "graft", starts_with("LitServe"),
     {"vgg": "1.05", "resnet50": "1.2", LIGHT: "2"}),
    ("f32, over BentoML", "graft", starts_with("BentoML"),
     {"vgg": "1.05", "resnet50": "1.2", LIGHT: "2"}),
    ("f32, over Triton", "graft", starts_with("Triton"), {}),
    ("bf16, over the best peer in f32", "graft bf16", is_peer, {LIGHT: "1.5", "": "1.8"}),
    ("int8, over the best peer in f32", "graft int8", is_peer, {LIGHT: "1.7", "resnet50": "2.7"}),
    ("pictures seen before, over new ones", "graft, pictures seen before", lambda s: s == OURS,
     {"": "5"}),
)


def goal_of(goals: dict, network: str) -> str:
    for beginning, goal in goals.items():
        if beginning and network.startswith(beginning):
            return "≥ " + goal
    return "≥ " + goals[""] if "" in goals else ""


def summary(runs: list[dict]) -> list[str]:
    """The claims, each with what was measured: within each round our rate over the best of the peers'."""
    names = list(dict.fromkeys(case_name(case) for run in runs for case in run["measurements"]
                               if not case.get("rate")))
    lines = ["## In short", "",
             "Rates, over the best of the peers named within each round; medians and quartiles.", "",
             "| | network | goal | " + " | ".join(names) + " |", "|---|---|---" + "|---" * len(names) + "|"]
    for claim, ours, peers, goals in CLAIMS:
        for run in runs:
            cells = []
            for name in names:
                case = next((c for c in run["measurements"] if case_name(c) == name), None)
                measured = case["rounds"][0] if case else {}
                others = [server for server in measured if peers(server)]
                if ours not in measured or not others:
                    cells.append("")
                    continue
                ratios = [each[ours]["images_per_second"] /
                          max(each[other]["images_per_second"] for other in others)
                          for each in case["rounds"]]
                low, middle, high = quartiles(ratios)
                cells.append(f"**{middle:.2f}** ({low:.2f}-{high:.2f})")
            if any(cells):
                lines.append(f"| {claim} | {run['backbone']} | {goal_of(goals, run['backbone'])} | "
                             + " | ".join(cells) + " |")
    return lines + [""]


def wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 108, break_on_hyphens=False)


def trials(run: dict) -> list[str]:
    """What the model's trials before publishing said of fewer bits."""
    found = run.get("precision", {})
    told = [f"{trial['precision']} gives {trial['agreement']:.2%} of float32's answers on "
            f"{int(trial['rows']):,} rows" for trial in found.get("trials", [])
            if int(trial.get("rows", 0)) > 0]
    if not told:
        return []
    return [*wrapped(f"Trials before publishing: {'; '.join(told)}. It is served in "
                     f"{found.get('chosen', 'f32')} where nobody says otherwise."), ""]


INTRODUCTION = """
Measured and written by `bench/serving/all.py`: graft, servers that a team would write itself and servers
from the shelf, each with the same trained network, threads and pictures, asked in turns by the same C++ client for JPEGs: graft and grpc.aio over gRPC, Triton by the Open Inference
Protocol, LitServe and BentoML by HTTP. The cache of pictures seen before is off but in its own row, where
the first case may still be filling it. Medians of the rounds; ratios are taken within a round, with their
quartiles, and above 1 graft answers more. "N a second" is an open loop: latency counts from when a request
was due, and the rates are half and four fifths of what the fastest peer answers with 8 under way. ResNet-50
and ViT-S, of which no published weights are at hand, were trained on coloured shapes. Peers frame pictures with OpenCV, graft as in training: hence the answers that differ.
"""


def section(run: dict) -> list[str]:
    rounds = len(run["measurements"][0]["rounds"])
    agreement = ", ".join(f"{name} {share:.1%}" for name, share in run["agreement"].items()
                          if name != OURS)
    return [f"## {run['backbone']}", "",
            f"{run['cores']} cores of {run['machine']}, {rounds} rounds; {run['pictures']} pictures; "
            f"the same first label as graft's: {agreement}.", "", *trials(run),
            # What somebody has written into the JSON about it.
            *([run["note"], ""] if "note" in run else []), *table(run), ""]


def figures_section(measured: dict) -> list[str]:
    return [f"## {measured['title']}", "", *wrapped(measured["how"]), "",
            f"{measured['cores']} cores of {measured['machine']}.", "",
            "| figure | measured | goal |", "|---|---|---|",
            *(f"| {row['figure']} | {row['measured']} | {row['goal']} |" for row in measured["rows"]),
            ""]


def main() -> None:
    out = pathlib.Path(sys.argv[1])
    measured = [json.loads(pathlib.Path(name).read_text()) for name in sys.argv[2:]]
    runs = [each for each in measured if "measurements" in each]
    lines = ["# Performance", "", *wrapped(" ".join(INTRODUCTION.split())), "",
             "![pictures a second](performance.svg)", "", *summary(runs)]
    plot(runs, out / "performance.svg")
    for each in measured:
        lines += section(each) if "measurements" in each else figures_section(each)
    (out / "performance.md").write_text("\n".join(lines))


if __name__ == "__main__":
    main()
