#!/usr/bin/env python3
"""The slowest of a hundred answers (p99) of Predict while a job trains, over the same while none does, in
turns: each round measures without one, starts a full fine-tune on the pictures, waits until it has taken
its first steps, measures, and cancels it.

    training_beside.py --bin build/release/bin --weights weights/efficientnet_lite0 --images PHOTOGRAPHS

Needs the Python of run.py.
"""

import contextlib
import json
import time

import beside
import client
import servers
from figures import Figures, spread
from setting import arguments_of, prepared

ENDED = {"JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED", "JOB_STATE_CANCELLED"}


def job(server: servers.Graft, identity: str) -> dict:
    return json.loads(server.cli("status", identity))


def steps(server: servers.Graft, identity: str) -> int:
    """That the fine-tuning itself has taken."""
    progress = job(server, identity).get("progress", {})
    if progress.get("stage") != "fine-tune":
        return 0
    return progress["epochs_done"] * int(progress["steps_total"]) + int(progress["steps_done"])


@contextlib.contextmanager
def training(server: servers.Graft, dataset: str):
    """A full fine-tune that has taken a step with every layer, cancelled at the end; gives what says how
    many it has taken."""
    identity = json.loads(server.cli(
        "finetune", "--dataset", dataset, "--model", "beside", "--strategy", "full", "--epochs",
        "10000", "--head-epochs", "0", "--patience", "0"))["job"]["id"]
    try:
        deadline = time.monotonic() + 600
        while steps(server, identity) == 0:
            if time.monotonic() > deadline:
                raise SystemExit("the job takes no step")
            time.sleep(0.5)
        yield lambda: steps(server, identity)
        state = job(server, identity)["state"]
        if state in ENDED:
            raise SystemExit(f"the job was to train meanwhile, but it is {state}")
    finally:
        server.cli("cancel", identity)
        while job(server, identity)["state"] not in ENDED:
            time.sleep(0.2)


def main() -> None:
    parser = arguments_of(__doc__.splitlines()[0])
    parser.add_argument("--under-way", default="1,8")
    arguments = parser.parse_args()
    under_ways = [int(word) for word in arguments.under_way.split(",")]
    figures = Figures("Predict while a job trains", __doc__.split("\n\n")[0])
    with prepared(arguments) as setting:
        setting.train()
        with servers.start_graft(setting, "graft", "--predict-cache-bytes", "0",
                                 "--serving-precision", "f32") as server:
            dataset = server.upload(setting.images)
            client.warm(setting, server, arguments.warm_seconds, 8)
            client.warm(setting, server, arguments.warm_seconds, 1)

            rounds = beside.measure(setting, server, under_ways, arguments.rounds, arguments.seconds,
                                    lambda: training(server, dataset))
    figures.raw["rounds"] = rounds
    beside.add_figures(figures, rounds, under_ways, "while training", {1: "≤ 1.2", 8: "≤ 1.5"})
    measured_for = len(under_ways) * arguments.seconds
    figures.add("steps of 32 pictures that the job took meanwhile, a second",
                spread([each["done"] / measured_for for each in rounds]))
    figures.write(arguments.out)


if __name__ == "__main__":
    main()
