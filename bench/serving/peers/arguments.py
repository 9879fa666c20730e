"""What each peer is asked for."""

import argparse
import pathlib

from engines import ENGINES


def parser_of(doc: str) -> argparse.ArgumentParser:
    """A parser of what all peers take; `doc` is the peer's docstring."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--engine", choices=list(ENGINES), required=True)
    parser.add_argument("--network", type=pathlib.Path, required=True,
                        help="folder that to_onnx.py was run on")
    parser.add_argument("--threads", type=int, default=2)
    return parser
