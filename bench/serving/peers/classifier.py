"""What every peer does with a request: decode, compute, name the likeliest labels."""

import json

import numpy as np
from engines import ENGINES
from preprocessing import Preprocessing


def softmax(logits):
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)


class Classifier:
    def __init__(self, folder, engine, threads):
        network = json.loads((folder / "network.json").read_text())
        self.labels = network["outputs"]["labels"]
        self.prepare = Preprocessing(network["input"])
        self.engine = ENGINES[engine](folder, threads)

    def best(self, logits):
        """For each row its five likeliest labels, as (label, index, probability)."""
        return [[(self.labels[i], int(i), float(row[i])) for i in np.argsort(-row)[:5]]
                for row in softmax(logits)]

    def logits(self, images):
        return self.engine.run(np.stack(images))

    def response(self, logits):
        """PredictResponse as JSON has it."""
        return {"outputs": [{"classification": {"labels": [
            {"label": label, "index": index, "probability": probability}
            for label, index, probability in row]}} for row in self.best(logits)]}

    def answer(self, pictures):
        return self.response(self.logits([self.prepare(picture) for picture in pictures]))
