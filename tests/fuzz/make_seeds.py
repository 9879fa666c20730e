#!/usr/bin/env python3
"""Makes tests/fuzz/seeds/: small good inputs to begin from.

  python make_seeds.py        needs Python alone, and the pictures of tests/testdata/image
"""

import gzip
import io
import json
import pathlib
import struct
import tarfile
import zipfile

HERE = pathlib.Path(__file__).parent
OUT = HERE / "seeds"
PICTURES = HERE.parent / "testdata" / "image"
SHA256 = "a" * 64


def write(name: str, content: bytes) -> None:
    path = OUT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def tar(entries: dict[str, bytes], pax: bool = False) -> bytes:
    file = io.BytesIO()
    kind = tarfile.PAX_FORMAT if pax else tarfile.GNU_FORMAT
    with tarfile.open(fileobj=file, mode="w", format=kind) as archive:
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if pax:
                info.pax_headers = {"comment": "a picture"}
            archive.addfile(info, io.BytesIO(content))
    whole = file.getvalue()
    return whole[:len(whole.rstrip(b"\0")) // 512 * 512 + 512 + 1024]


def packed_zip(entries: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def archives() -> None:
    tiny = (PICTURES / "tiny.png").read_bytes()
    jpeg = (PICTURES / "grey.jpg").read_bytes()
    classes = {"cats/1.png": tiny, "dogs/1.jpg": jpeg}
    parts = {"photos/train/a/1.png": tiny, "photos/train/b/.hidden": b"x",
             "photos/train/b/1.png": tiny, "photos/val/a/1.png": jpeg, "photos/val/b/x.txt": b"y"}
    long = {"n" * 120 + "/" + "f" * 120 + ".png": tiny, "caf\u00e9/1.png": tiny}
    write("archive/classes.tar", tar(classes))
    write("archive/classes.tar.gz", gzip.compress(tar(classes), mtime=0))
    write("archive/classes.zip", packed_zip(classes))
    write("archive/parts.tar.gz", gzip.compress(tar(parts, pax=True), mtime=0))
    write("archive/parts.zip", packed_zip(parts))
    write("archive/long.tar", tar(long))


def manifests() -> None:
    # The first byte chooses the document; see manifest_fuzz.cc.
    entry = {"name": "cats/1.png", "class": 0, "split": "train", "offset": 0, "length": 5,
             "sha256": SHA256, "width": 4, "height": 3}
    write("manifest/dataset", b"0" + json.dumps({
        "format": 1, "classes": ["cats", "dogs"],
        "entries": [entry, {**entry, "name": "dogs/1.png", "class": 1, "offset": 5, "split": ""}],
        "skipped": [{"name": "x.txt", "reason": "not an image"}], "skipped_total": 1,
        "warnings": ["few"], "bytes": 10}).encode())
    write("manifest/artifact", b"1" + json.dumps({
        "format": 1, "files": [{"name": "model.safetensors", "sha256": SHA256, "bytes": 7}],
        "description": {"cut_point": 3, "labels": ["cat", "d\u00f6g"]}}).encode())
    write("manifest/input_spec", b"2" + json.dumps({
        "height": 224, "width": 224, "crop_fraction": 0.875, "interpolation": "bicubic",
        "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "channel_order": "rgb",
        "value_range": 1}).encode())


def tensors() -> None:
    header = json.dumps({
        "__metadata__": {"format": "pt"},
        "a": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]},
        "b": {"dtype": "U8", "shape": [], "data_offsets": [8, 9]}}).encode()
    write("safetensors/two", struct.pack("<Q", len(header)) + header + bytes(9))


if __name__ == "__main__":
    archives()
    manifests()
    tensors()
