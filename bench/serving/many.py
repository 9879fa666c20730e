#!/usr/bin/env python3
"""One picture and many models of one backbone: on graft a PredictMany that asks all of them at once, on
grpc.aio with onnxruntime a request to each of as many networks that share nothing.

    many.py --bin build/release/bin --weights weights/efficientnet_lite0 --images PHOTOGRAPHS

Compared are pictures that all models have answered for, a second. The pictures' cache is off: it would
spare the backbone for all but the first of requests that follow each other. Needs the Python of run.py.
"""

import client
import servers
from figures import Figures, in_turns, ratios, spread
from setting import arguments_of, prepared


def main() -> None:
    parser = arguments_of(__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=10)
    arguments = parser.parse_args()
    models = tuple(f"bench-{number}" for number in range(arguments.models))
    figures = Figures(f"One picture, {arguments.models} models of one backbone",
                      __doc__.split("\n\n")[0])
    flags = ("--predict-cache-bytes", "0", "--serving-precision", "f32")
    with prepared(arguments) as setting:
        setting.train(models, ("--precision", "f32"))
        setting.export()
        setting.make_stubs()
        with servers.start_graft(setting, "graft", *flags) as graft, servers.start_peer(
                setting, "grpc.aio", "grpc_aio.py", "--engine", "onnxruntime", "--copies",
                str(arguments.models)) as peer:

            def pictures(server: servers.Server, under_way: int, at_once: bool,
                         seconds: float) -> dict:
                result = client.load(setting, server, under_way, 1, seconds, models=models,
                                     protocol="many" if at_once else "")
                if result["errors"]:
                    raise SystemExit(f"{server.name}: {result['last_error']}")
                result["pictures_per_second"] = result["images_per_second"] / (
                    1 if at_once else arguments.models)
                return result

            cases = {"graft, all at once": (graft, True), "graft, one by one": (graft, False),
                     "grpc.aio, one by one": (peer, False)}
            for server in (graft, peer):
                client.warm(setting, server, arguments.warm_seconds, models=models)
            for under_way in (1, 8):
                rounds = in_turns(arguments.rounds, {
                    name: lambda case=case: pictures(case[0], under_way, case[1], arguments.seconds)
                    for name, case in cases.items()})
                figures.raw[str(under_way)] = rounds
                for name in cases:
                    figures.add(f"{name}, {under_way} under way: pictures a second",
                                spread([each[name]["pictures_per_second"] for each in rounds]))
                figures.add(f"all at once over separate models, {under_way} under way",
                            spread(ratios(rounds, "graft, all at once", "grpc.aio, one by one",
                                          "pictures_per_second")), "≥ 8")
                figures.add(f"all at once over one by one, on graft, {under_way} under way",
                            spread(ratios(rounds, "graft, all at once", "graft, one by one",
                                          "pictures_per_second")))
    figures.write(arguments.out)


if __name__ == "__main__":
    main()
