#!/usr/bin/env python3
"""LitServe in front of an inference library: POST /predict, multipart/form-data, the answer in JSON. As
it comes: one worker process, which decodes, computes and encodes one request after another.

    litserve_server.py --engine onnxruntime --network FOLDER --threads 2 --workers 1
"""

import litserve
from arguments import parser_of
from classifier import Classifier
from free_port import free_port


class Api(litserve.LitAPI):
    def __init__(self, arguments):
        super().__init__()
        self.arguments = arguments

    def setup(self, device):
        self.classifier = Classifier(self.arguments.network, self.arguments.engine,
                                     self.arguments.threads)

    def decode_request(self, request):
        return [self.classifier.prepare(part.file.read()) for part in request.getlist("images")]

    def predict(self, images):
        return self.classifier.logits(images)

    def encode_response(self, logits):
        return self.classifier.response(logits)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    port = free_port()
    print(port, flush=True)
    server = litserve.LitServer(Api(arguments), accelerator="cpu", devices=1,
                                workers_per_device=arguments.workers, timeout=False)
    server.run(host="127.0.0.1", port=port, num_api_servers=1, log_level="error",
               generate_client_file=False, access_log=False)


if __name__ == "__main__":
    main()
