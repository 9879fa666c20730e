#!/usr/bin/env python3
"""Many models of one backbone, each with a head of its own, on graft: the memory of the server against
as many models that share nothing, and the rate of requests over all of them against one of them.

    heads.py --bin build/release/bin --weights weights/efficientnet_lite0 --images PHOTOGRAPHS

Memory is the resident set of the server's process once each model has answered requests of one picture
and of eight; graft's limit on models' memory is raised to hold all. What shares nothing is grpc.aio with
onnxruntime, holding the network once and --copies times: from the two follows what one more costs, and
by that line what as many as graft's would. The pictures' cache is off.
Needs the Python of run.py.
"""

import client
import servers
from figures import Figures, in_turns, ratios, spread
from setting import arguments_of, prepared

MIB = 1 << 20


def memory_of(setting, server: servers.Server, models: tuple[str, ...], seconds: float) -> float:
    client.warm(setting, server, seconds, concurrency=8, models=models)
    client.warm(setting, server, seconds, per_request=8, models=models)
    return server.resident_bytes() / MIB


def main() -> None:
    parser = arguments_of(__doc__.splitlines()[0])
    parser.add_argument("--heads", type=int, default=50)
    parser.add_argument("--copies", type=int, default=10)
    arguments = parser.parse_args()
    seconds = arguments.warm_seconds
    models = tuple(f"bench-{number}" for number in range(arguments.heads))
    figures = Figures(f"{arguments.heads} heads on one backbone", __doc__.split("\n\n")[0])
    flags = ("--predict-cache-bytes", "0", "--serving-precision", "f32", "--model-memory-bytes",
             "16GiB")
    with prepared(arguments) as setting:
        # In f32 as they are served here: trials of bf16 would be made for each.
        setting.train(models, ("--precision", "f32"))
        setting.export()
        setting.make_stubs()
        memory = {}
        with servers.start_graft(setting, "graft-one", *flags) as server:
            memory["graft, one model"] = memory_of(setting, server, models[:1], seconds)
        for copies in (1, arguments.copies):
            with servers.start_peer(setting, "grpc.aio", "grpc_aio.py", "--engine", "onnxruntime",
                                    "--copies", str(copies)) as server:
                memory[f"peer, {copies}"] = memory_of(setting, server, models[:copies], seconds)
        with servers.start_graft(setting, "graft-many", *flags) as server:
            memory["graft, all"] = memory_of(setting, server, models, seconds)
            repository, messages = setting.inference_stub(server)
            held = len(repository.RepositoryIndex(
                messages.RepositoryIndexRequest(ready=True), timeout=60).models)
            if held != arguments.heads:
                raise SystemExit(f"{held} of {arguments.heads} models are in memory")
            first, all_of_them = memory["peer, 1"], memory[f"peer, {arguments.copies}"]
            each = (all_of_them - first) / max(1, arguments.copies - 1)
            apart = first + each * (arguments.heads - 1)
            each_head = (memory["graft, all"] - memory["graft, one model"]) / max(
                1, arguments.heads - 1)
            figures.raw["memory, MiB"] = memory
            figures.add(f"graft, MiB with 1 model, with {arguments.heads}, one more",
                        f"{memory['graft, one model']:,.0f}, {memory['graft, all']:,.0f}, "
                        f"{each_head:.2f}")
            figures.add(f"grpc.aio + onnxruntime, MiB with 1 model, with {arguments.copies}, one more",
                        f"{first:,.0f}, {all_of_them:,.0f}, {each:.1f}")
            figures.add(f"memory of {arguments.heads} heads over that of {arguments.heads} models",
                        f"{memory['graft, all'] / apart:.3f} of {apart:,.0f} MiB", "≤ 0.1")
            figures.add("memory of one more head over that of one more model",
                        f"{each_head / max(1e-9, each):.4f}")
            for under_way, per_request in ((1, 1), (8, 1), (64, 1), (1, 8)):
                rounds = in_turns(arguments.rounds, {
                    name: lambda asked=asked: client.load(setting, server, under_way, per_request,
                                                          arguments.seconds, models=asked)
                    for name, asked in (("all", models), ("one", models[:1]))})
                figures.raw[f"{under_way} x {per_request}"] = rounds
                if any(each["errors"] for taken in rounds for each in taken.values()):
                    raise SystemExit(f"errors: {rounds}")
                figures.add(f"rate over {arguments.heads} models over that of one, {under_way} under way "
                            f"x {per_request}",
                            spread(ratios(rounds, "all", "one", "images_per_second")), "≥ 0.95")
    figures.write(arguments.out)


if __name__ == "__main__":
    main()
