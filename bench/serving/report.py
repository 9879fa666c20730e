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
from claims import OURS, case_name, open_shares, precisions, summary
from figures import quartiles

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

COLOURS = {"graft": "#1f6f54", "graft bf16": "#6fbf9c", "graft int8": "#a9dfc4",
           "grpc.aio + onnxruntime": "#c2773a", "grpc.aio + openvino": "#7a8fb8",
           "grpc.aio + openvino-throughput": "#b9c4da", "grpc.aio + torch": "#a34b4b",
           "LitServe + onnxruntime": "#8d6fae", "BentoML + onnxruntime": "#c9a9d6",
           "Triton + onnxruntime": "#5b5b5b"}


def rates(case: dict, server: str) -> list[float]:
    return [each[server]["images_per_second"] for each in case["rounds"]]


def median(case: dict, server: str, key: str) -> float:
    return statistics.median(each[server][key] for each in case["rounds"])


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
    columns = min(3, len(runs))  # more are too small to read on a page
    lines = -(-len(runs) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(4.6 * columns, 3.4 * lines + 0.4), squeeze=False)
    for axis in axes.flat[len(runs):]:
        axis.axis("off")
    for axis, run in zip(axes.flat, runs):
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
    for line in axes:
        line[0].set_ylabel("pictures a second")
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", ncols=5, frameon=False, fontsize=8)
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.4 / (3.4 * lines + 0.4)))
    figure.savefig(path, metadata={"Date": None})


def wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 108, break_on_hyphens=False)


INTRODUCTION = """
Measured and written by `bench/serving/all.py`, which says how: graft, servers that a team would write
itself and servers from the shelf, each with the same trained network, threads and pictures, asked in turns
by the same C++ client for JPEGs: graft and grpc.aio over gRPC, Triton by the Open Inference Protocol,
LitServe and BentoML by HTTP. The cache of pictures seen before is off but in its own row, where the first
case may still be filling it. Medians of the rounds; ratios are taken within a round, with their quartiles,
and above 1 graft answers more. "N a second" is an open loop: latency counts from when a request was due.
ResNet-50 and ViT-S, of which no published weights are at hand, were trained on coloured shapes. Peers frame
pictures with OpenCV, graft as in training: hence the answers that differ.
"""


def section(run: dict) -> list[str]:
    rounds = len(run["measurements"][0]["rounds"])
    agreement = ", ".join(f"{name} {share:.1%}" for name, share in run["agreement"].items()
                          if name != OURS)
    shares = " and ".join(f"{share:.0%}" for share in open_shares(run))
    return [f"## {run['backbone']}", "",
            *wrapped(f"{run['cores']} cores of {run['machine']}, {rounds} rounds; {run['pictures']} "
                     f"pictures; the same first label as graft's: {agreement}."), "",
            *wrapped(f"The open loop asks for {shares} of what the fastest peer answers with 8 under way."
                     if shares else ""), "",
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
             "![pictures a second](performance.svg)", "", *summary(runs), *precisions(runs)]
    plot(runs, out / "performance.svg")
    for each in measured:
        lines += section(each) if "measurements" in each else figures_section(each)
    (out / "performance.md").write_text("\n".join(lines))


if __name__ == "__main__":
    main()
