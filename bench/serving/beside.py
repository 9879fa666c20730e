"""Predict by itself, and beside something else that goes on: how its rate and its slowest answers change."""

from typing import Callable, ContextManager

import client
import servers
from figures import Figures, ratios, spread
from setting import Setting


def measure(setting: Setting, server: servers.Graft, under_ways: list[int], rounds: int, seconds: float,
            other: Callable[[], ContextManager[Callable[[], int]]]) -> list[dict]:
    """In turns without and within `other`, whose context gives what counts its work: "idle" and
    "beside", each by requests under way, and "done", what was counted within."""

    def measured() -> dict[int, dict]:
        return {under_way: client.load(setting, server, under_way, 1, seconds)
                for under_way in under_ways}

    taken = []
    for _ in range(rounds):
        idle = measured()
        with other() as counted:
            before = counted()
            beside = measured()
            taken.append({"idle": idle, "beside": beside, "done": counted() - before})
    return taken


def add_figures(figures: Figures, rounds: list[dict], under_ways: list[int], what: str,
                goals: dict[int, str]) -> None:
    for under_way in under_ways:
        taken = [{name: each[name][under_way] for name in ("idle", "beside")} for each in rounds]
        for name in ("idle", "beside"):
            figures.add(f"{under_way} under way, {name}: p99, ms",
                        spread([each[name]["p99_ms"] for each in taken]))
        figures.add(f"{under_way} under way: p99 {what} over idle",
                    spread(ratios(taken, "beside", "idle", "p99_ms")), goals.get(under_way, ""))
        figures.add(f"{under_way} under way: rate {what} over idle",
                    spread(ratios(taken, "beside", "idle", "images_per_second")))
