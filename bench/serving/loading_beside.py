#!/usr/bin/env python3
"""How much slower another model's answers are while one is loaded.

The slowest of a hundred answers (p99) of Predict for one model while another is taken out of memory and
loaded again (RepositoryModelUnload and Load of the Open Inference Protocol) {often}, over the same while
nothing is loaded, in turns. The other model is one of whose network every layer was trained, so that each
load reads all of it and compiles it.

    loading_beside.py --bin build/release/bin --weights weights/efficientnet_lite0 --images PHOTOGRAPHS

Needs the Python of run.py.
"""

import contextlib
import threading
import time

import beside
import client
import servers
from figures import Figures, spread
from setting import arguments_of, prepared

ASKED, LOADED = "bench", "bench-loaded"


@contextlib.contextmanager
def loading(repository, messages, every: float):
    """Unloads and loads until it is left, one time after the other or every so many seconds; gives
    what says how often it has."""
    over, loads = threading.Event(), []

    def work() -> None:
        begun = time.monotonic()
        while not over.wait(max(0.0, begun + len(loads) * every - time.monotonic())):
            repository.RepositoryModelUnload(
                messages.RepositoryModelUnloadRequest(model_name=LOADED), timeout=60)
            repository.RepositoryModelLoad(
                messages.RepositoryModelLoadRequest(model_name=LOADED), timeout=60)
            loads.append(LOADED)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield lambda: len(loads)
    finally:
        over.set()
        thread.join()


def main() -> None:
    parser = arguments_of(__doc__.splitlines()[0])
    parser.add_argument("--under-way", default="1,8")
    parser.add_argument("--every", type=float, default=0, help="seconds from load to load; 0: no pause")
    arguments = parser.parse_args()
    under_ways = [int(word) for word in arguments.under_way.split(",")]
    often = f"every {arguments.every:g} s" if arguments.every else "without a pause"
    figures = Figures(f"Predict while another model loads {often}",
                      __doc__.split("\n\n")[1].format(often=often))
    with prepared(arguments) as setting:
        setting.train((ASKED, LOADED), ("--precision", "f32"), {
            LOADED: ("--strategy", "full", "--head-epochs", "0", "--epochs", "1")})
        setting.make_stubs()
        with servers.start_graft(setting, "graft", "--predict-cache-bytes", "0",
                                 "--serving-precision", "f32") as server:
            repository, messages = setting.inference_stub(server)
            client.warm(setting, server, arguments.warm_seconds, 8, models=(LOADED,))
            client.warm(setting, server, arguments.warm_seconds, 8)
            client.warm(setting, server, arguments.warm_seconds, 1)

            rounds = beside.measure(setting, server, under_ways, arguments.rounds, arguments.seconds,
                                    lambda: loading(repository, messages, arguments.every))
    figures.raw["rounds"] = rounds
    beside.add_figures(figures, rounds, under_ways, "while another loads",
                       {under_way: "≤ 2" for under_way in under_ways})
    measured_for = len(under_ways) * arguments.seconds
    figures.add("loads a second meanwhile", spread([each["done"] / measured_for for each in rounds]))
    figures.write(arguments.out)


if __name__ == "__main__":
    main()
