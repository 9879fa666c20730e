#!/usr/bin/env python3
"""Triton, of the package nvidia-pytriton, in front of an inference library: ModelInfer of the Open
Inference Protocol with JPEGs as BYTES. That Triton carries the Python backend only: a function in this
process decodes a batch, in a pool of threads, and computes it. Triton makes batches of what waits. Its
interpreter is an older 3.11, which a newer one's standard library does not suit: Debian 12's does.

    pytriton_server.py --engine onnxruntime --network FOLDER --threads 2
"""

import concurrent.futures
import logging
import os

import numpy as np
from arguments import parser_of
from classifier import Classifier, softmax
from free_port import free_port
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--workspace", help="a folder that is not there yet")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    classifier = Classifier(arguments.network, arguments.engine, arguments.threads)
    pool = concurrent.futures.ThreadPoolExecutor(2 * arguments.threads)

    @batch
    def infer(image):
        images = list(pool.map(classifier.prepare, image[:, 0]))
        return {"probabilities": softmax(classifier.logits(images)).astype(np.float32)}

    # Triton writes its log where the port is expected.
    ready = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    port = free_port()
    with Triton(config=TritonConfig(grpc_address="127.0.0.1", grpc_port=port,
                                    http_address="127.0.0.1", http_port=free_port(),
                                    allow_metrics=False),
                workspace=arguments.workspace) as triton:
        triton.bind(
            model_name="bench", infer_func=infer,
            inputs=[Tensor(name="image", dtype=bytes, shape=(1,))],
            outputs=[Tensor(name="probabilities", dtype=np.float32, shape=(len(classifier.labels),))],
            config=ModelConfig(max_batch_size=64, batcher=DynamicBatcher()))
        triton.run()
        print(port, file=ready, flush=True)
        triton.serve()


if __name__ == "__main__":
    main()
