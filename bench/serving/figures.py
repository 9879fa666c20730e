"""Figures: how they are taken in turns, summed up, and written down."""

import json
import os
import pathlib
import platform
import statistics
from typing import Callable


LONGEST = 30  # seconds of one measurement


def seconds_of(least: float, answers: int, per_request: int, images_per_second: float) -> float:
    """Of a measurement that about so many answers, or more, are to come of: a server that gives few in
    `least` is asked for longer, up to LONGEST."""
    return max(least, min(LONGEST, answers * per_request / max(images_per_second, 1e-9)))


def in_turns(rounds: int, cases: dict[str, Callable[[], dict]]) -> list[dict]:
    """Each case once a round, every other round backwards: a machine that gets slower or faster
    meanwhile speaks for none of them."""
    taken = []
    for number in range(rounds):
        names = list(cases) if number % 2 == 0 else list(reversed(cases))
        measured = {name: cases[name]() for name in names}
        taken.append({name: measured[name] for name in cases})
    return taken


def quartiles(values: list[float]) -> tuple[float, float, float]:
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4)
    return low, middle, high


def ratios(rounds: list[dict], over: str, under: str, key: str) -> list[float]:
    """Within each round: what one case measured over what another did."""
    return [each[over][key] / max(1e-9, each[under][key]) for each in rounds]


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def spread(values: list[float], unit: str = "") -> str:
    low, middle, high = quartiles(values)
    return f"{number(middle)}{unit} ({number(low)}-{number(high)})"


def processor() -> str:
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def machine() -> dict:
    return {"machine": processor(), "cores": os.cpu_count()}


class Figures:
    """Rows of one table, printed as they come."""

    def __init__(self, title: str, how: str):
        self.title, self.how = title, " ".join(how.split())
        self.rows: list[dict] = []
        self.raw: dict = {}

    def add(self, figure: str, measured: str, goal: str = "") -> None:
        self.rows.append({"figure": figure, "measured": measured, "goal": goal})
        print(f"  {figure}: {measured}" + (f"   goal {goal}" if goal else ""), flush=True)

    def write(self, path: pathlib.Path | None) -> None:
        if path:
            path.write_text(json.dumps({**machine(), "title": self.title, "how": self.how,
                                        "rows": self.rows, "raw": self.raw}, indent=1))
