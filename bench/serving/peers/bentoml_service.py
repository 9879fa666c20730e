"""BentoML in front of an inference library: POST /predict, multipart/form-data, the answer in JSON. One
process; requests are decoded and computed in its pool of threads. bentoml_server.py starts it and says
by the environment what it serves."""

import os
import pathlib

import bentoml
from classifier import Classifier

THREADS = int(os.environ["GRAFT_BENCH_THREADS"])


@bentoml.service(workers=1, threads=2 * THREADS, traffic={"timeout": 600},
                 logging={"access": {"enabled": False}}, metrics={"enabled": False})
class Pictures:
    def __init__(self):
        self.classifier = Classifier(pathlib.Path(os.environ["GRAFT_BENCH_NETWORK"]),
                                     os.environ["GRAFT_BENCH_ENGINE"], THREADS)

    @bentoml.api
    def predict(self, images: list[pathlib.Path]) -> dict:
        return self.classifier.answer([image.read_bytes() for image in images])
