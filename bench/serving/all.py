#!/usr/bin/env python3
"""Everything that docs/performance.md shows of graft against its peers, in one command: run.py for each
network, the other programs of this folder for what is theirs, and report.py.

    all.py --bin build/release/bin --weights WEIGHTS --images PHOTOGRAPHS --work FOLDER --docs docs

WEIGHTS holds efficientnet_lite0, mobilenet_v2-dogs and vgg16-hed (scripts/import_weights.py --package).
ResNet-50 and ViT-S, of which no weights are at hand, are trained here (own_backbone.py), some minutes each.
What FOLDER has already is not done again: an interrupted run goes on, and deleting a JSON measures it anew.
About two hours on two processors; --only resnet50,vgg16 does a part, and options of run.py shorten it:

    --only lite0,mobilenet_v2,resnet50,vit_small,vgg16 --run "--seconds 2 --warm-seconds 2 --open-shares 0.8"

Needs the Python of run.py.
"""

import argparse
import pathlib
import shlex
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
OWN_TRAINING = ("--strategy full --optimizer adamw --learning-rate 0.001 --backbone-learning-rate 0.001 "
                "--batch-size 16 --epochs 8 --head-epochs 0 --patience 0")
# Name in the files; folder of the weights, or the architecture that is trained here; words for run.py.
NETWORKS = {
    "lite0": ("efficientnet_lite0", False, ()),
    "mobilenet_v2": ("mobilenet_v2-dogs", False, ()),
    "resnet50": ("resnet50", True, ()),
    "vit_small": ("vit_small_patch16_224", True, ()),
    # 64 pictures take VGG16 four seconds, so that a case of 64 would measure one wave of them.
    "vgg16": ("vgg16-hed", False, ("--cases", "1x1,8x1,1x8")),
}
OTHERS = {"noop": ("noop.py",), "heads": ("heads.py",), "many": ("many.py",), "forks": ("forks.py",),
          "connections": ("awkward_connections.py",), "training": ("training_beside.py",),
          "loading": ("loading_beside.py",), "loading_each_second": ("loading_beside.py", "--every", "1"),
          "soak": ("soak.py",)}


def call(*words) -> None:
    print("+", *words, flush=True)
    subprocess.run([sys.executable, *map(str, words)], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("bin", "weights", "images", "work"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--docs", type=pathlib.Path, help="then the report is written there")
    parser.add_argument("--only", default=",".join([*NETWORKS, *OTHERS]))
    parser.add_argument("--rounds", default="3", help="of run.py")
    parser.add_argument("--triton-python", help="then Triton is a peer, too")
    parser.add_argument("--run", type=shlex.split, default=[], metavar="OPTIONS",
                        help="further options of run.py, in one word")
    arguments = parser.parse_args()
    only = arguments.only.split(",")
    arguments.work.mkdir(parents=True, exist_ok=True)
    made = lambda name: arguments.work / f"{name}.json"  # noqa: E731
    peers = ("--triton-python", arguments.triton_python) if arguments.triton_python else ()

    for name, (backbone, own, words) in NETWORKS.items():
        if name not in only or made(name).exists():
            continue
        weights, images, training = arguments.weights / backbone, arguments.images, ()
        if own:
            folder = arguments.work / name
            weights, images = folder / "weights" / backbone, folder / "pictures"
            training = ("--train", OWN_TRAINING)
            if not weights.exists():
                call(HERE / "own_backbone.py", "--bin", arguments.bin, "--architecture", backbone,
                     "--out", folder)
        call(HERE / "run.py", "--bin", arguments.bin, "--weights", weights, "--images", images,
             "--trained", arguments.work / f"{name}-trained", *training, "--rounds", arguments.rounds,
             *words, *peers, *arguments.run, "--out", made(name))
    for name, (program, *words) in OTHERS.items():
        if name in only and not made(name).exists():
            call(HERE / program, *words, "--bin", arguments.bin, "--weights",
                 arguments.weights / "efficientnet_lite0", "--images", arguments.images, "--out",
                 made(name))
    if arguments.docs:
        call(HERE / "report.py", arguments.docs,
             *(made(name) for name in (*NETWORKS, *OTHERS) if made(name).exists()))


if __name__ == "__main__":
    main()
