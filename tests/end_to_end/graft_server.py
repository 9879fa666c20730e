"""Starts graft-server for a test, with generated stubs to talk to it."""

import importlib
import io
import json
import pathlib
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

import grpc
from grpc_tools import protoc
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS = 60


def generate_stubs(out: pathlib.Path) -> None:
    """Python modules for proto/graft/v1, importable afterwards."""
    protos = sorted(str(path) for path in (ROOT / "proto/graft/v1").glob("*.proto"))
    well_known = str(pathlib.Path(protoc.__file__).parent / "_proto")
    code = protoc.main(["protoc", f"-I{ROOT / 'proto'}", f"-I{well_known}",
                        f"--python_out={out}", f"--grpc_python_out={out}", *protos])
    assert code == 0, "protoc failed"
    sys.path.insert(0, str(out))


class Server:
    """One server process in a folder of its own, and a channel to it."""

    def __init__(self, bin_dir: pathlib.Path, folder: pathlib.Path, *flags: str):
        self.folder = folder
        self.ports = folder / "ports.json"
        self.ports.unlink(missing_ok=True)
        self.log = open(folder / "server.log", "ab")
        self.process = subprocess.Popen(
            [bin_dir / "graft-server", "--data-dir", folder / "data",
             "--weights-dir", folder / "weights", "--port", "0", "--http-port", "0",
             "--port-file", self.ports, *flags], stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + START_SECONDS
        while not self.ports.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("the server did not start:\n" + self.log_text())
            time.sleep(0.02)
        ports = json.loads(self.ports.read_text())
        self.address = f"127.0.0.1:{ports['grpc_port']}"
        self.http = f"http://127.0.0.1:{ports['http_port']}"
        self.channel = grpc.insecure_channel(self.address)

    def stub(self, module: str, service: str):
        return getattr(importlib.import_module(f"graft.v1.{module}_pb2_grpc"), f"{service}Stub")(
            self.channel)

    def log_text(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")

    def ask_to_stop(self) -> None:
        """SIGTERM. A second one would end the server at once."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """The exit status of a server that was asked to stop."""
        try:
            return self.process.wait(timeout=60)
        finally:
            self.channel.close()
            self.log.close()

    def kill(self) -> None:
        self.channel.close()
        self.process.kill()
        self.process.wait()
        self.log.close()


def picture(colour: tuple[int, int, int], seed: int, form: str = "PNG") -> bytes:
    """A small picture of one colour with a darker square somewhere."""
    image = Image.new("RGB", (40, 36), colour)
    x, y = seed * 7 % 28, seed * 5 % 24
    image.paste(tuple(value // 2 for value in colour), (x, y, x + 10, y + 10))
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()


COLOURS = {"blue": (30, 60, 230), "green": (40, 200, 60), "red": (220, 40, 30)}


def archive(files: dict[str, bytes], mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def colour_files(per_class: int, salt: int = 0) -> dict[str, bytes]:
    return {f"{name}/{i}.png": picture(colour, i + 100 * salt)
            for name, colour in COLOURS.items() for i in range(per_class)}


def upload_parts(dataset_pb2, content: bytes, chunk: int = 1 << 16, **header):
    yield dataset_pb2.UploadDatasetRequest(header=dataset_pb2.UploadHeader(**header))
    for at in range(0, len(content), chunk):
        yield dataset_pb2.UploadDatasetRequest(chunk=content[at:at + chunk])


def scratch() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="graft-e2e-")
