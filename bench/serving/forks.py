#!/usr/bin/env python3
"""Models of one backbone that changed none, one and two of its last stages: one picture asked of all
three at once against a request to each, and what it costs the first one's rate that its trunk is cut for
another.

    forks.py --bin build/release/bin --weights weights/efficientnet_lite0 --images PHOTOGRAPHS
             [--before PROGRAMS_OF_AN_EARLIER_GRAFT]

Compared are pictures that all models have answered for, a second. The pictures' cache is off: it would
spare the backbone for all but the first of requests that follow each other. Needs the Python of run.py.
"""

import argparse
import pathlib

import client
import servers
from figures import Figures, in_turns, ratios, spread
from setting import Setting, arguments_of, prepared

MODELS = ("none-changed", "one-changed", "two-changed")
FLAGS = ("--predict-cache-bytes", "0", "--serving-precision", "f32")


def main() -> None:
    parser = arguments_of(__doc__.splitlines()[0])
    parser.add_argument("--before", type=pathlib.Path, help="programs of an earlier graft")
    arguments = parser.parse_args()
    figures = Figures("One picture, three models that part at different stages of one backbone",
                      __doc__.split("\n\n")[0])
    with prepared(arguments) as setting:
        setting.train(MODELS, ("--precision", "f32", "--epochs", "2"), of_one={
            "one-changed": ("--strategy", "top-layers", "--trainable-stages", "1"),
            "two-changed": ("--strategy", "top-layers", "--trainable-stages", "2")})
        ask_all(arguments, setting, figures)
        ask_one(arguments, setting, figures)
    figures.write(arguments.out)


def rate(setting: Setting, server: servers.Server, models: tuple[str, ...], under_way: int,
         at_once: bool, seconds: float) -> dict:
    result = client.load(setting, server, under_way, 1, seconds, models=models,
                         protocol="many" if at_once else "")
    if result["errors"]:
        raise SystemExit(f"{server.name}: {result['last_error']}")
    result["pictures_per_second"] = result["images_per_second"] / (1 if at_once else len(models))
    return result


def ask_all(arguments: argparse.Namespace, setting: Setting, figures: Figures) -> None:
    before = argparse.Namespace(**{**vars(arguments), "bin": arguments.before or arguments.bin})
    with servers.start_graft(setting, "graft", *FLAGS) as graft, servers.start_graft(
            Setting(before, setting.folder), "graft-before", *FLAGS) as earlier:
        cases = {"all at once": (graft, True), "one by one": (graft, False)}
        if arguments.before is not None:
            cases["all at once, before"] = (earlier, True)
        for server in (graft, earlier):
            client.warm(setting, server, arguments.warm_seconds, models=MODELS)
        for under_way in (1, 8):
            rounds = in_turns(arguments.rounds, {
                name: lambda case=case: rate(setting, case[0], MODELS, under_way, case[1],
                                             arguments.seconds)
                for name, case in cases.items()})
            figures.raw[f"all, {under_way}"] = rounds
            for name in cases:
                figures.add(f"{name}, {under_way} under way: pictures a second",
                            spread([each[name]["pictures_per_second"] for each in rounds]))
            for name in list(cases)[1:]:
                figures.add(f"all at once over {name}, {under_way} under way",
                            spread(ratios(rounds, "all at once", name, "pictures_per_second")))


def ask_one(arguments: argparse.Namespace, setting: Setting, figures: Figures) -> None:
    with servers.start_graft(setting, "whole", *FLAGS) as whole, servers.start_graft(
            setting, "cut", *FLAGS) as cut:
        client.warm(setting, whole, arguments.warm_seconds, models=MODELS[:1])
        client.warm(setting, cut, arguments.warm_seconds, models=MODELS[:2])
        for under_way in (1, 8):
            rounds = in_turns(arguments.rounds, {
                server.name: lambda server=server: rate(setting, server, MODELS[:1], under_way,
                                                        False, arguments.seconds)
                for server in (whole, cut)})
            figures.raw[f"one, {under_way}"] = rounds
            figures.add(f"none changed, its trunk cut over whole, {under_way} under way",
                        spread(ratios(rounds, "cut", "whole", "pictures_per_second")))


if __name__ == "__main__":
    main()
