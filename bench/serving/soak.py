#!/usr/bin/env python3
"""Minutes of load on graft while models are taken out of memory and loaded again (RepositoryModelUnload
and Load of the Open Inference Protocol) and new versions of them are trained and published: how many
requests failed, which is to be none, and how the resident memory of the server's process went.

    soak.py --bin build/release/bin --weights weights/efficientnet_lite0 --images PHOTOGRAPHS --minutes 10

Eight requests are under way at all times, over three models in turn. One thread unloads and loads one
model after another, one fine-tunes a head at a time, a version more for one model after another. The
slope of the memory is the least squares' over the second half, when what is kept for the next use has
been taken. The pictures' cache is smaller than the pictures, so that it always evicts.
Needs the Python of run.py.
"""

import concurrent.futures
import itertools
import statistics
import threading
import time

import client
import servers
from figures import Figures
from setting import arguments_of, prepared

MODELS = ("bench-0", "bench-1", "bench-2")


class Work:
    """What goes on beside the load, until it is told that it is over."""

    def __init__(self, setting, server: servers.Graft, dataset: str, pause: float):
        self.server, self.dataset, self.pause = server, dataset, pause
        self.over = threading.Event()
        self.unloads = self.loads = self.publishes = 0
        self.memory: list[tuple[float, float]] = []  # seconds, MiB
        self.repository, self.messages = setting.inference_stub(server)

    def unload_and_load(self) -> None:
        for model in itertools.cycle(MODELS):
            if self.over.wait(self.pause):
                return
            self.repository.RepositoryModelUnload(
                self.messages.RepositoryModelUnloadRequest(model_name=model), timeout=60)
            self.unloads += 1
            self.repository.RepositoryModelLoad(
                self.messages.RepositoryModelLoadRequest(model_name=model), timeout=60)
            self.loads += 1

    def publish(self) -> None:
        for seed, model in enumerate(itertools.cycle(MODELS), start=len(MODELS)):
            if self.over.wait(self.pause):
                return
            self.server.cli("finetune", "--dataset", self.dataset, "--model", model, "--framing",
                            "centre_crop", "--seed", str(seed), "--watch")
            self.publishes += 1

    def watch_memory(self) -> None:
        begin = time.monotonic()
        while not self.over.wait(1):
            self.memory.append((time.monotonic() - begin, self.server.resident_bytes() / (1 << 20)))


def slope(points: list[tuple[float, float]]) -> float:
    return statistics.linear_regression(*zip(*points)).slope


def main() -> None:
    parser = arguments_of(__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--pause", type=float, default=1, help="seconds between two unloads")
    arguments = parser.parse_args()
    figures = Figures(f"{arguments.minutes:g} minutes of load, with loads, unloads and publishes",
                      __doc__.split("\n\n")[0])
    with prepared(arguments) as setting:
        setting.train(MODELS)
        setting.make_stubs()
        with servers.start_graft(setting, "graft", "--predict-cache-bytes",
                                 "512KiB") as server, \
                concurrent.futures.ThreadPoolExecutor() as pool:
            client.warm(setting, server, arguments.warm_seconds, 8, models=MODELS)
            work = Work(setting, server, server.upload(setting.images), arguments.pause)
            beside = [pool.submit(task)
                      for task in (work.unload_and_load, work.publish, work.watch_memory)]
            try:
                load = client.load(setting, server, 8, 1, 60 * arguments.minutes, models=MODELS)
            finally:
                work.over.set()
            for task in beside:
                task.result()
    figures.raw = {"load": load, "memory": work.memory}
    figures.add("failed requests", f"{load['errors']} of {load['requests'] + load['errors']:,}"
                + (f" ({load['last_error']})" if load["errors"] else ""), "0")
    figures.add("unloads, loads, publishes", f"{work.unloads}, {work.loads}, {work.publishes}")
    figures.add("p50, p99, ms", f"{load['p50_ms']:.1f}, {load['p99_ms']:.1f}")
    figures.add("resident memory at first, at its most, at last, MiB", ", ".join(
        f"{value:,.0f}" for value in (work.memory[0][1], max(m for _, m in work.memory),
                                      work.memory[-1][1])))
    second_half = work.memory[len(work.memory) // 2:]
    figures.add("its slope over the second half, MiB a minute", f"{60 * slope(second_half):.2f}",
                "about 0")
    figures.write(arguments.out)


if __name__ == "__main__":
    main()
