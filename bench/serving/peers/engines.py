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
    """Eager PyTorch, channels last, in inference mode. Each thread that computes has a team of OpenMP's
    of its own, and teams on the same cores wait for one another: so one thread computes, with all that
    it was given."""

    def __init__(self, folder, threads, lanes=1):
        import concurrent.futures
        import torch
        import torch_network
        self.torch = torch
        self.network = torch_network.TorchNetwork(folder)
        self.lanes = concurrent.futures.ThreadPoolExecutor(
            lanes, initializer=lambda: torch.set_num_threads(threads))

    def compute(self, batch):
        with self.torch.inference_mode():
            image = self.torch.from_numpy(batch).contiguous(
                memory_format=self.torch.channels_last)
            return self.network(image).numpy()

    def run(self, batch):
        return self.lanes.submit(self.compute, batch).result()


class TorchThroughput(Torch):
    """As many requests at a time as threads, each computed by one."""

    def __init__(self, folder, threads):
        super().__init__(folder, 1, lanes=threads)


ENGINES = {"onnxruntime": OnnxRuntime, "openvino": OpenVino,
           "openvino-throughput": OpenVinoThroughput, "torch": Torch,
           "torch-throughput": TorchThroughput}
