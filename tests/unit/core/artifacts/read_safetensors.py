"""Runs graft's writer and reads its file with the safetensors package."""

import pathlib
import subprocess
import sys
import tempfile

import numpy
import safetensors

with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "file.safetensors"
    subprocess.run([sys.argv[1], str(path)], check=True)
    with safetensors.safe_open(path, framework="numpy") as file:
        assert file.metadata() == {"made by": "graft"}, file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    assert set(tensors) == {"weight", "count", "flags"}, tensors.keys()
    assert tensors["weight"].dtype == numpy.float32
    assert (tensors["weight"] == numpy.arange(6).reshape(2, 3) / 2).all()
    assert tensors["count"].shape == () and tensors["count"] == 7
    assert tensors["flags"].tolist() == [1, 0, 1]
