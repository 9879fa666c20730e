#!/usr/bin/env python3
"""A backbone that no published weights are at hand for, and pictures to train and ask it with.

    own_backbone.py --bin build/release/bin --architecture resnet50 --out FOLDER

Writes FOLDER/weights/ARCHITECTURE, the weights that training from nothing begins with, imported as any
others; and FOLDER/pictures, in class folders, coloured shapes under noise as JPEGs of a small photograph's
size, which a network tells apart after a few passes with margins that a trial of precision can go by. run.py
then trains all of it (--train "--strategy full ..."; all.py has the words). Needs opencv and numpy.
"""

import argparse
import pathlib
import subprocess
import sys

import cv2
import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
COLOURS = {"red": (40, 40, 220), "green": (60, 190, 60), "blue": (220, 90, 40),  # BGR
           "yellow": (40, 220, 230), "violet": (200, 50, 170)}
HEIGHT, WIDTH = 400, 500


def shape(random: numpy.random.Generator, colour: tuple[int, int, int]) -> numpy.ndarray:
    """One filled shape, or several, of this colour on a grey ground, under noise."""
    grey = int(random.integers(60, 190))
    picture = numpy.full((HEIGHT, WIDTH, 3), grey, numpy.uint8)
    for _ in range(int(random.integers(1, 4))):
        at = (int(random.integers(100, WIDTH - 100)), int(random.integers(100, HEIGHT - 100)))
        size = int(random.integers(60, 130))
        kind = random.integers(3)
        if kind == 0:
            cv2.circle(picture, at, size, colour, -1)
        elif kind == 1:
            cv2.rectangle(picture, (at[0] - size, at[1] - size), (at[0] + size, at[1] + size), colour, -1)
        else:
            angles = random.uniform(0, 6.28) + numpy.array([0, 2.1, 4.2])
            corners = numpy.stack([at[0] + size * numpy.cos(angles), at[1] + size * numpy.sin(angles)], 1)
            cv2.fillPoly(picture, [corners.astype(numpy.int32)], colour)
    # Coarse and fine: as much for a JPEG decoder to do as a photograph has.
    coarse = cv2.resize(random.normal(0, 18, (HEIGHT // 8, WIDTH // 8, 3)), (WIDTH, HEIGHT),
                        interpolation=cv2.INTER_CUBIC)
    noisy = picture + coarse + random.normal(0, 9, picture.shape)
    return numpy.clip(noisy, 0, 255).astype(numpy.uint8)


def write_pictures(folder: pathlib.Path, each: int, seed: int) -> None:
    random = numpy.random.default_rng(seed)
    for name, colour in COLOURS.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for index in range(each):
            done, data = cv2.imencode(".jpg", shape(random, colour), [cv2.IMWRITE_JPEG_QUALITY, 90])
            if not done:
                raise SystemExit("OpenCV writes no JPEG")
            (folder / name / f"{index:03}.jpg").write_bytes(data.tobytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--architecture", required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--pictures", type=int, default=40, help="of each class")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_pictures(arguments.out / "pictures", arguments.pictures, arguments.seed)
    # Last: where there are weights, the pictures are there, too (all.py).
    initial = arguments.out / f"{arguments.architecture}.safetensors"
    subprocess.run([arguments.bin / "graft_bench_initial_weights", "--architecture",
                    arguments.architecture, "--out", initial, "--seed", str(arguments.seed)], check=True)
    subprocess.run([sys.executable, ROOT / "scripts/import_weights.py", "--file", initial, "--id",
                    arguments.architecture, "--architecture", arguments.architecture, "--licence",
                    "Apache-2.0", "--source", "drawn by bench/serving", "--out",
                    arguments.out / "weights"], check=True)
    initial.unlink()


if __name__ == "__main__":
    main()
