"""What each measurement of this folder starts from: programs, a backbone, pictures, and in a folder that
is gone afterwards the data of a graft-server that has trained on them."""

import argparse
import contextlib
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

from servers import HERE, start_graft

ROOT = HERE.parent.parent


def arguments_of(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--bin", type=pathlib.Path, required=True,
                        help="graft's programs, built with -DGRAFT_BENCH=ON")
    parser.add_argument("--weights", type=pathlib.Path, required=True,
                        help="the folder of an imported backbone")
    parser.add_argument("--images", type=pathlib.Path, required=True,
                        help="class folders: trained on, and then asked for")
    parser.add_argument("--train", type=shlex.split, default=[], metavar="OPTIONS",
                        help="further options of `graft finetune`, in one word")
    parser.add_argument("--trained", type=pathlib.Path,
                        help="a folder with what was trained before; made where there is none")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement in a round")
    parser.add_argument("--warm-seconds", type=float, default=4)
    parser.add_argument("--out", type=pathlib.Path, help="a JSON of every measurement")
    return parser


class Setting:
    def __init__(self, arguments: argparse.Namespace, folder: pathlib.Path):
        self.bin, self.weights = arguments.bin, arguments.weights
        self.images, self.threads = arguments.images, arguments.threads
        self.options, self.trained = tuple(arguments.train), arguments.trained
        self.folder = folder

    def train(self, models: tuple[str, ...] = ("bench",), options: tuple[str, ...] = (),
              of_one: dict[str, tuple[str, ...]] | None = None) -> None:
        """A fine-tuned head for each, on a server that then ends. Each has a seed, and so a split and
        a head, of its own, and may have options of its own."""
        data = self.folder / "data"
        if self.trained and self.trained.exists():
            shutil.copytree(self.trained, data)
            return
        with start_graft(self, "training") as server:
            dataset = server.upload(self.images)
            for seed, model in enumerate(models):
                own = (of_one or {}).get(model, ())
                server.cli("finetune", "--dataset", dataset, "--model", model, "--framing",
                           "centre_crop", "--seed", str(seed), *self.options, *options, *own, "--watch")
        if self.trained:
            # Whole or not at all: what an interrupted copy left would be taken for it.
            part = self.trained.with_name(self.trained.name + ".part")
            shutil.rmtree(part, ignore_errors=True)
            shutil.copytree(data, part)
            part.rename(self.trained)

    def make_stubs(self) -> None:
        """Python modules of the protocols, for peers and for what asks over grpcio."""
        stubs = self.folder / "stubs"
        stubs.mkdir()
        protos = sorted(str(path) for folder in ("graft/v1", "inference")
                        for path in (ROOT / "proto" / folder).glob("*.proto"))
        subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT}/proto",
                        f"--python_out={stubs}", f"--grpc_python_out={stubs}", *protos], check=True)

    def inference_stub(self, server):
        """Of the Open Inference Protocol, with the module of its messages."""
        sys.path.insert(0, str(self.folder / "stubs"))
        import grpc
        from inference import inference_pb2, inference_pb2_grpc
        channel = grpc.insecure_channel(f"127.0.0.1:{server.port}",
                                        options=[("grpc.enable_http_proxy", 0)])
        return inference_pb2_grpc.GRPCInferenceServiceStub(channel), inference_pb2

    def export(self) -> None:
        """The network of a trained model, for peers."""
        models = sorted((self.folder / "data").rglob("model.safetensors"))
        network = self.folder / "network"
        network.mkdir()
        subprocess.run([self.bin / "graft_bench_export", "--weights", self.weights, "--model",
                        models[0], "--out", network], check=True)
        subprocess.run([sys.executable, HERE / "to_onnx.py", network], check=True)


@contextlib.contextmanager
def prepared(arguments: argparse.Namespace):
    """A Setting. SIGTERM is an exit like another: servers are ended and the folder removed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    with tempfile.TemporaryDirectory() as folder:
        yield Setting(arguments, pathlib.Path(folder))
