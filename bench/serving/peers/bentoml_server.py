#!/usr/bin/env python3
"""Starts bentoml_service.py as `bentoml serve` does.

    bentoml_server.py --engine onnxruntime --network FOLDER --threads 2
"""

import os
import pathlib
import sys

from arguments import parser_of
from free_port import free_port


def main() -> None:
    arguments = parser_of(__doc__).parse_args()
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
