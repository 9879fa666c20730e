#!/usr/bin/env python3
"""Makes a dataset of photographs from Debian's package tuxpaint-stamps-default (GPL-2).

    prepare_stamps.py OUT [--test FRACTION] [--stamps DIR]

Writes OUT/<class>/<name>.png for 8 kinds of things, or with --test (say 0.2) OUT/train/<class>/
and OUT/test/<class>/, the test part drawn by the hash of the name, so that it is the same
everywhere. What an earlier run wrote there goes first. Only photographs are taken: PNG files, but
for those rendered from a drawing (an SVG of the same name) and mirrored or flipped twins. The files
are copied as they are: transparent ground and all. Needs nothing but Python.
"""

import argparse
import hashlib
import pathlib
import shutil
import sys

# Class -> folders of the package, with everything below them.
CLASSES = {
    "bird": ["animals/birds"],
    "mammal": ["animals/mammals"],
    "sealife": ["animals/fish", "animals/shellfish"],
    "flower": ["plants/flowers"],
    "fruit": ["food/fruit"],
    "vehicle": ["vehicles"],
    "household": ["household"],
    "clothes": ["clothes"],
}
VARIANTS = ("_mirror", "_flip", "_mirror_flip", "-mirror", "-flip")
PNG = b"\x89PNG\r\n\x1a\n"


def is_png(path: pathlib.Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(PNG)) == PNG


def collect(stamps: pathlib.Path, folders: list[str]) -> list[pathlib.Path]:
    found = []
    for folder in folders:
        for path in sorted((stamps / folder).rglob("*.png")):
            if (path.stem.endswith(VARIANTS) or path.with_suffix(".svg").exists()
                    or "cartoon" in path.parts):
                continue
            if is_png(path):
                found.append(path)
    return found


def in_test(name: str, fraction: float) -> bool:
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) < fraction * 2**32


def clear(out: pathlib.Path) -> None:
    """Takes away the folders of an earlier run, with --test or without, and nothing else."""
    for parent in (out, out / "train", out / "test"):
        for label in CLASSES:
            if (parent / label).is_dir():
                shutil.rmtree(parent / label)
        if parent != out and parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--test", type=float, default=0.0, metavar="FRACTION",
                        help="held out into OUT/test; default 0: no such folders")
    parser.add_argument("--stamps", type=pathlib.Path,
                        default=pathlib.Path("/usr/share/tuxpaint/stamps"))
    arguments = parser.parse_args()
    if not 0 <= arguments.test < 1:
        parser.error("--test must be at least 0 and below 1")
    if not arguments.stamps.is_dir():
        print(f"{arguments.stamps}: no such folder; install tuxpaint-stamps-default",
              file=sys.stderr)
        return 1

    clear(arguments.out)
    for label, folders in CLASSES.items():
        paths = collect(arguments.stamps, folders)
        if not paths:
            print(f"no photographs for class {label} in {folders}", file=sys.stderr)
            return 1
        counts = {"train": 0, "test": 0}
        for path in paths:
            name = "-".join(path.relative_to(arguments.stamps).parts[1:])
            part = "test" if in_test(name, arguments.test) else "train"
            folder = arguments.out / part / label if arguments.test > 0 else arguments.out / label
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / name)
            counts[part] += 1
        held_out = f", {counts['test']} held out" if arguments.test > 0 else ""
        print(f"{label}: {counts['train']} photographs{held_out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
