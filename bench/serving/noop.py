#!/usr/bin/env python3
"""What an RPC costs a server that does nothing for it: ServerLive of the Open Inference Protocol, of
graft and of grpc.aio, so many calls under way at all times. The client shares the machine; so what is
compared is the CPU time of the server's process, in calls a second of one core.

    noop.py --bin build/release/bin --weights weights/efficientnet_lite0 --images PHOTOGRAPHS

Needs the Python of run.py.
"""

import statistics

import client
import servers
from figures import Figures, in_turns, ratios, spread
from setting import arguments_of, prepared


def main() -> None:
    parser = arguments_of(__doc__.splitlines()[0])
    parser.add_argument("--under-way", default="1,8,64")
    arguments = parser.parse_args()
    figures = Figures("An RPC that does nothing", __doc__.split("\n\n")[0])
    with prepared(arguments) as setting:
        setting.train()
        setting.export()
        setting.make_stubs()
        with servers.start_graft(setting, "graft") as graft, servers.start_peer(
                setting, "grpc.aio", "grpc_aio.py", "--engine", "onnxruntime") as peer:

            def calls(server: servers.Server, under_way: int, seconds: float) -> dict:
                result = client.load(setting, server, under_way, 1, seconds, protocol="live")
                if result["errors"]:
                    raise SystemExit(f"{server.name}: {result['last_error']}")
                result["calls_per_core"] = result["requests"] / max(1e-9, result["own_cpu_seconds"])
                return result

            for under_way in (int(word) for word in arguments.under_way.split(",")):
                for server in (graft, peer):
                    calls(server, under_way, arguments.warm_seconds)
                rounds = in_turns(arguments.rounds, {
                    server.name: lambda server=server: calls(server, under_way, arguments.seconds)
                    for server in (graft, peer)})
                figures.raw[str(under_way)] = rounds
                for server in (graft, peer):
                    figures.add(
                        f"{server.name}, {under_way} under way: calls a second and core",
                        spread([each[server.name]["calls_per_core"] for each in rounds])
                        + ", calls a second "
                        + f"{statistics.median(e[server.name]['requests_per_second'] for e in rounds):,.0f}")
                figures.add(f"graft over grpc.aio, a core, {under_way} under way",
                            spread(ratios(rounds, "graft", "grpc.aio", "calls_per_core")), "≥ 8")
    figures.write(arguments.out)


if __name__ == "__main__":
    main()
