#!/usr/bin/env python3
"""What a team writes without graft: grpc.aio in front of an inference library, PredictionService's
messages on the wire. Each request has an infer request of its own; JPEGs are decoded and framed by
OpenCV in a pool of threads; the library computes in such a pool, too.

    grpc_aio.py --engine onnxruntime|openvino|openvino-throughput --network FOLDER --threads 2
"""

import argparse
import asyncio
import concurrent.futures
import json
import pathlib
import sys

import cv2
import grpc
import numpy as np
from graft.v1 import prediction_pb2, prediction_pb2_grpc


class OnnxRuntime:
    def __init__(self, folder, threads):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(folder / "model.onnx", options,
                                                    providers=["CPUExecutionProvider"])

    def run(self, batch):
        return self.session.run(None, {"image": batch})[0]


class OpenVino:
    hint = "LATENCY"

    def __init__(self, folder, threads):
        import openvino
        core = openvino.Core()
        model = core.read_model(folder / "model.onnx")
        self.compiled = core.compile_model(model, "CPU", {
            "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": self.hint})

    def run(self, batch):
        request = self.compiled.create_infer_request()
        return request.infer({0: batch})[0]


class OpenVinoThroughput(OpenVino):
    hint = "THROUGHPUT"


class Preprocessing:
    """Centre crop and normalisation of graft's InputSpec."""

    def __init__(self, spec):
        self.size = (spec["height"], spec["width"])
        self.crop = spec["crop_fraction"]
        self.framing = spec.get("framing", "centre_crop")
        scale = spec["value_range"] / 255
        self.scale = (scale / np.asarray(spec["std"])).astype(np.float32)
        self.shift = (-np.asarray(spec["mean"]) / np.asarray(spec["std"])).astype(np.float32)

    def __call__(self, encoded):
        bgr = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
        height, width = self.size
        if self.framing == "squeeze":
            view = cv2.resize(bgr, (width, height), interpolation=cv2.INTER_AREA)
        elif self.framing == "centre_crop":
            factor = max(height, width) / self.crop / min(bgr.shape[:2])
            bgr = cv2.resize(bgr, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
            y, x = (bgr.shape[0] - height) // 2, (bgr.shape[1] - width) // 2
            view = bgr[y:y + height, x:x + width]
        else:
            raise SystemExit(f"no framing {self.framing} here")
        rgb = cv2.cvtColor(view, cv2.COLOR_BGR2RGB).astype(np.float32)
        return (rgb * self.scale + self.shift).transpose(2, 0, 1)


ENGINES = {"onnxruntime": OnnxRuntime, "openvino": OpenVino,
           "openvino-throughput": OpenVinoThroughput}


class Servicer(prediction_pb2_grpc.PredictionServiceServicer):
    def __init__(self, folder, engine, threads):
        network = json.loads((folder / "network.json").read_text())
        self.labels = network["outputs"]["labels"]
        self.prepare = Preprocessing(network["input"])
        self.engine = engine
        self.pool = concurrent.futures.ThreadPoolExecutor(2 * threads)

    async def Predict(self, request, context):
        loop = asyncio.get_running_loop()
        images = await asyncio.gather(*(loop.run_in_executor(self.pool, self.prepare, item.image)
                                        for item in request.inputs))
        logits = await loop.run_in_executor(self.pool, self.engine.run, np.stack(images))
        response = prediction_pb2.PredictResponse(model=request.model, version=1)
        exp = np.exp(logits - logits.max(axis=1, keepdims=True))
        for row in exp / exp.sum(axis=1, keepdims=True):
            output = response.outputs.add().classification
            for index in np.argsort(-row)[:5]:
                output.labels.add(label=self.labels[index], index=int(index),
                                  probability=float(row[index]))
        return response


async def serve(arguments):
    folder = pathlib.Path(arguments.network)
    engine = ENGINES[arguments.engine](folder, arguments.threads)
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", -1)])
    prediction_pb2_grpc.add_PredictionServiceServicer_to_server(
        Servicer(folder, engine, arguments.threads), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=list(ENGINES), required=True)
    parser.add_argument("--network", required=True, help="folder that to_onnx.py was run on")
    parser.add_argument("--threads", type=int, default=2)
    cv2.setNumThreads(0)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
