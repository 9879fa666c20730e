"""What docs/performance.md claims, each beside its goal and what run.py measured: tables of their own, made
of the JSONs alone."""

import math
import statistics

from figures import quartiles

OURS = "graft"
# Of a model's answers, before it is served in fewer bits without anybody asking (docs/options.md, AUTO).
SAME_ANSWERS = 0.995


def case_name(case: dict) -> str:
    if case.get("rate"):
        return f"{case['rate']:g} a second"
    return f"{case['concurrency']} x {case['per_request']}"


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


def precisions(runs: list[dict]) -> list[str]:
    """What each model's trials before publishing said of fewer bits."""
    lines = []
    for run in runs:
        found = run.get("precision", {})
        for trial in found.get("trials", []):
            begins = f"| {trial['precision']} | {run['backbone']} | "
            ends = f" | {found.get('chosen', 'f32')} |"
            if int(trial.get("rows", 0)) == 0:
                lines.append(f"{begins}not tried: {trial.get('declined', '')} | {ends}")
                continue
            met = "met" if trial["agreement"] >= SAME_ANSWERS else "not met"
            # Down, as the trial itself does: 99.49 % is not 99.5 %.
            shown = math.floor(trial["agreement"] * 1000 + 1e-9) / 10
            lines.append(f"{begins}{shown:.1f} % of {int(trial['rows']):,}, {met} | "
                         f"{trial.get('score', 0):.3f} (f32: {trial.get('score_f32', 0):.3f}){ends}")
    if not lines:
        return []
    return ["Fewer bits, in the trials before publishing:", "",
            f"| | network | answers that are float32's, goal ≥ {100 * SAME_ANSWERS:.1f} % | accuracy "
            "| served in, unless told |", "|---|---|---|---|---|", *lines, ""]


def fullest(measurements: list[dict]) -> dict | None:
    """The closed loop with 8 single pictures under way, or else another one of single pictures."""
    closed = [each for each in measurements if not each.get("rate") and each["per_request"] == 1]
    return max(closed, key=lambda each: each["concurrency"] == 8, default=None)


def fastest_peer(measurements: list[dict]) -> float:
    """What it answers a second in the fullest closed loop, the median of the rounds; 0: none was asked."""
    case = fullest(measurements)
    return max((statistics.median(each[name]["requests_per_second"] for each in case["rounds"])
                for name in case["rounds"][0] if is_peer(name)), default=0) if case else 0


def open_shares(run: dict) -> list[float]:
    """The rate of each open loop over what the fastest peer answered."""
    fastest = fastest_peer(run["measurements"])
    return [case["rate"] / fastest for case in run["measurements"] if case.get("rate") and fastest]
