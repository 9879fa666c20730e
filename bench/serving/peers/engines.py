"""The libraries that peers compute with. Each takes the folder that to_onnx.py was run on and a number
of threads; run() makes logits of a batch and may be called by several threads at a time."""


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


class Torch:
    """Eager PyTorch, channels last, in inference mode. Each thread that calls OpenMP gets a team of its
    own, and two teams on the same cores wait for one another: so one thread computes, with all of the
    threads that it was given."""

    def __init__(self, folder, threads):
        import concurrent.futures
        import torch
        import torch_network
        torch.set_num_interop_threads(1)
        self.torch = torch
        self.network = torch_network.TorchNetwork(folder)
        self.lane = concurrent.futures.ThreadPoolExecutor(
            1, initializer=lambda: torch.set_num_threads(threads))

    def compute(self, batch):
        with self.torch.inference_mode():
            image = self.torch.from_numpy(batch).contiguous(
                memory_format=self.torch.channels_last)
            return self.network(image).numpy()

    def run(self, batch):
        return self.lane.submit(self.compute, batch).result()


ENGINES = {"onnxruntime": OnnxRuntime, "openvino": OpenVino,
           "openvino-throughput": OpenVinoThroughput, "torch": Torch}
