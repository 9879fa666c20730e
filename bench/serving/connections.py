#!/usr/bin/env python3
"""The slowest of a hundred answers (p99) of Predict with 1,000 idle and 100 slow connections open, over
the same with none, in turns. Half of the slow ones send a request 16 bytes at a time, the others read
their answer byte by byte (awkward_connections.py); they share the machine, so the CPU time that they
themselves take is said, too.

    connections.py --bin build/release/bin --weights weights/efficientnet_lite0 --images PHOTOGRAPHS

Needs the Python of run.py.
"""

import resource
import subprocess
import sys

import client
import servers
from figures import Figures, in_turns, ratios, spread
from setting import arguments_of, prepared


class Awkward:
    def __init__(self, setting, server: servers.Server, arguments):
        image = next(path for path in sorted(setting.images.rglob("*")) if path.is_file())
        self.process = subprocess.Popen(
            [sys.executable, servers.HERE / "awkward_connections.py", "--port", str(server.port),
             "--idle", str(arguments.idle), "--slow", str(arguments.slow), "--image", image,
             "--stubs", setting.folder / "stubs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)

    def __enter__(self) -> "Awkward":
        if self.process.stdout.readline().strip() != "open":
            self.__exit__()
            raise SystemExit("the connections could not be opened")
        return self

    def cpu_seconds(self) -> float:
        return servers.cpu_of(self.process.pid)

    def close(self) -> str:
        """What became of them."""
        return self.process.communicate(timeout=60)[0].strip()

    def __exit__(self, *_) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def main() -> None:
    parser = arguments_of(__doc__.splitlines()[0])
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("--slow", type=int, default=100)
    parser.add_argument("--under-way", default="1,8")
    arguments = parser.parse_args()
    needed = 2 * (arguments.idle + arguments.slow) + 200
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(needed, hard), hard))
    figures = Figures(f"{arguments.idle:,} idle and {arguments.slow} slow connections",
                      __doc__.split("\n\n")[0])
    with prepared(arguments) as setting:
        setting.train()
        setting.make_stubs()
        with servers.start_graft(setting, "graft", "--predict-cache-bytes", "0",
                                 "--serving-precision", "f32") as server:
            client.warm(setting, server, arguments.warm_seconds, 8)
            client.warm(setting, server, arguments.warm_seconds, 1)

            def alone(under_way: int) -> dict:
                return client.load(setting, server, under_way, 1, arguments.seconds)

            def beside(under_way: int) -> dict:
                with Awkward(setting, server, arguments) as awkward:
                    before = awkward.cpu_seconds()
                    result = client.load(setting, server, under_way, 1, arguments.seconds)
                    result["awkward_cpu_share"] = (awkward.cpu_seconds() - before) / arguments.seconds
                    result["resident_mib"] = server.resident_bytes() / (1 << 20)
                    result["became"] = awkward.close()
                return result

            for under_way in (int(word) for word in arguments.under_way.split(",")):
                rounds = in_turns(arguments.rounds, {"alone": lambda: alone(under_way),
                                                     "beside": lambda: beside(under_way)})
                figures.raw[str(under_way)] = rounds
                for name in ("alone", "beside"):
                    figures.add(f"{under_way} under way, {name}: p99, ms",
                                spread([each[name]["p99_ms"] for each in rounds]))
                figures.add(f"{under_way} under way: p99 beside them over alone",
                            spread(ratios(rounds, "beside", "alone", "p99_ms")), "≤ 2")
                figures.add(f"{under_way} under way: rate beside them over alone",
                            spread(ratios(rounds, "beside", "alone", "images_per_second")))
                figures.add(f"{under_way} under way: cores that the connections' own program takes",
                            spread([each["beside"]["awkward_cpu_share"] for each in rounds]))
                figures.add(f"{under_way} under way: failed requests; what became of the connections",
                            f"{sum(e[n]['errors'] for e in rounds for n in e)}; "
                            + rounds[-1]["beside"]["became"])
    figures.write(arguments.out)


if __name__ == "__main__":
    main()
