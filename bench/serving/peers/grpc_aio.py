#!/usr/bin/env python3
"""What a team writes without graft: grpc.aio in front of an inference library, PredictionService's
messages on the wire. Each request has an infer request of its own; JPEGs are decoded and framed by
OpenCV in a pool of threads; the library computes in such a pool, too.

    grpc_aio.py --engine onnxruntime --network FOLDER --threads 2

With --copies N it holds the network N times, as N models that share nothing would be held; of "bench-7"
copy 7 answers. ServerLive, of the Open Inference Protocol, is an RPC that does nothing.
"""

import asyncio
import concurrent.futures
import sys

import grpc
import numpy as np
from arguments import parser_of
from classifier import Classifier
from graft.v1 import prediction_pb2, prediction_pb2_grpc
from inference import inference_pb2, inference_pb2_grpc


class Predictions(prediction_pb2_grpc.PredictionServiceServicer):
    def __init__(self, classifiers, threads):
        self.classifiers = classifiers
        self.pool = concurrent.futures.ThreadPoolExecutor(2 * threads)

    def classifier(self, model):
        copy = model.rpartition("-")[2]
        return self.classifiers[int(copy) if copy.isdigit() else 0]

    async def Predict(self, request, context):
        loop = asyncio.get_running_loop()
        classifier = self.classifier(request.model)
        images = await asyncio.gather(*(
            loop.run_in_executor(self.pool, classifier.prepare, item.image)
            for item in request.inputs))
        logits = await loop.run_in_executor(self.pool, classifier.engine.run, np.stack(images))
        response = prediction_pb2.PredictResponse(model=request.model, version=1)
        for row in classifier.best(logits):
            output = response.outputs.add().classification
            for label, index, probability in row:
                output.labels.add(label=label, index=index, probability=probability)
        return response


class Live(inference_pb2_grpc.GRPCInferenceServiceServicer):
    async def ServerLive(self, request, context):
        return inference_pb2.ServerLiveResponse(live=True)


async def serve(arguments):
    classifiers = [Classifier(arguments.network, arguments.engine, arguments.threads)
                   for _ in range(arguments.copies)]
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", -1)])
    prediction_pb2_grpc.add_PredictionServiceServicer_to_server(
        Predictions(classifiers, arguments.threads), server)
    inference_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(Live(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--copies", type=int, default=1)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
