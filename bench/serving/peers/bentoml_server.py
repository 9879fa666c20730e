#!/usr/bin/env python3
"""Starts bentoml_service.py as `bentoml serve` does.

    bentoml_server.py --engine onnxruntime --network FOLDER --threads 2
"""

import argparse
import os
import pathlib
import sys

from engines import ENGINES
from free_port import free_port


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=list(ENGINES), required=True)
    parser.add_argument("--network", type=pathlib.Path, required=True,
                        help="folder that to_onnx.py was run on")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    port = free_port()
    print(port, flush=True)
    os.environ.update(GRAFT_BENCH_THREADS=str(arguments.threads),
                      GRAFT_BENCH_NETWORK=str(arguments.network.resolve()),
                      GRAFT_BENCH_ENGINE=arguments.engine, BENTOML_DO_NOT_TRACK="1")
    os.execv(sys.executable, [
        sys.executable, "-m", "bentoml", "serve", "bentoml_service:Pictures", "--working-dir",
        str(pathlib.Path(__file__).resolve().parent), "--host", "127.0.0.1", "--port", str(port)])


if __name__ == "__main__":
    main()
