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
    table = b"path,label\n1.png,a\n2.jpg,b\n"
    write("archive/manifest.tar", tar({"manifest.csv": table, "1.png": tiny, "2.jpg": jpeg}))
    write("archive/metadata.zip", packed_zip({
        "set/metadata.jsonl": b'{"file_name": "1.png", "labels": ["a", "b"], "group": "g"}\n',
        "set/1.png": tiny}))
    write("archive/kaggle.zip", packed_zip({
        "seg_train/seg_train/a/1.png": tiny, "seg_train/seg_train/b/1.png": tiny,
        "seg_test/seg_test/a/1.jpg": jpeg, "__MACOSX/._1.png": b"x"}))
    linked = io.BytesIO()
    with tarfile.open(fileobj=linked, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a/1.png")
        info.size = len(tiny)
        archive.addfile(info, io.BytesIO(tiny))
        info = tarfile.TarInfo("b/1.png")
        info.type, info.linkname = tarfile.LNKTYPE, "a/1.png"
        archive.addfile(info)
    write("archive/linked.tar", linked.getvalue()[:3 * 512 + len(tiny) // 512 * 512 + 1024])


def manifests() -> None:
    # The first byte chooses the document; see manifest_fuzz.cc.
    entry = {"name": "cats/1.png", "class": 0, "split": "train", "offset": 0, "length": 5,
             "sha256": SHA256, "width": 4, "height": 3}
    write("manifest/dataset", b"0" + json.dumps({
        "format": 1, "classes": ["cats", "dogs"],
        "entries": [entry, {**entry, "name": "dogs/1.png", "class": 1, "offset": 5, "split": ""}],
        "skipped": [{"name": "x.txt", "reason": "not an image"}], "skipped_total": 1,
        "warnings": ["few"], "bytes": 10}).encode())
    bare = {key: value for key, value in entry.items() if key != "class"}
    write("manifest/labels", b"0" + json.dumps({
        "format": 2, "targets": "labels", "classes": ["cats", "dogs"], "numbers": [],
        "entries": [{**bare, "labels": [0, 1], "group": "g"}], "skipped": [], "skipped_total": 0,
        "warnings": [], "bytes": 10}).encode())
    write("manifest/numbers", b"0" + json.dumps({
        "format": 2, "targets": "numbers", "classes": [], "numbers": ["age"],
        "entries": [{**bare, "numbers": [3.5], "group": ""}], "skipped": [], "skipped_total": 0,
        "warnings": [], "bytes": 10}).encode())
    write("manifest/artifact", b"1" + json.dumps({
        "format": 1, "files": [{"name": "model.safetensors", "sha256": SHA256, "bytes": 7}],
        "description": {"cut_point": 3, "labels": ["cat", "d\u00f6g"]}}).encode())
    write("manifest/input_spec", b"2" + json.dumps({
        "height": 224, "width": 224, "crop_fraction": 0.875, "interpolation": "bicubic",
        "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "channel_order": "rgb",
        "value_range": 1}).encode())


def upload_manifests() -> None:
    # The first byte chooses CSV ("0") or JSON Lines ("1"); see upload_manifest_fuzz.cc.
    write("upload_manifest/label", b'0path,label,split,group\n1.jpg,cat,train,p1\n2.jpg,dog,,\n')
    write("upload_manifest/labels", b'0sep=;\r\nimage;labels\r\n1.jpg;"a|b"\r\n2.jpg;[]\r\n')
    write("upload_manifest/quotes", b'0"path"\t"number:x"\n"a\n""b"".jpg"\t-1e3\n')
    write("upload_manifest/numbers", b'0filename,age,note\n1.jpg,3.5,"x, y"\n')
    write("upload_manifest/json", b'1{"file_name": "1.jpg", "label": 1}\n{"label":0,"path":"2"}\n')
    write("upload_manifest/nested", b'1{"path": "1", "numbers": {"age": 3, "x": -0.5}}\n')
    write("upload_manifest/lists", b'1{"path": "1", "labels": ["a", "b"], "group": null}\n')


def tensors() -> None:
    header = json.dumps({
        "__metadata__": {"format": "pt"},
        "a": {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]},
        "b": {"dtype": "U8", "shape": [], "data_offsets": [8, 9]}}).encode()
    write("safetensors/two", struct.pack("<Q", len(header)) + header + bytes(9))


def field(number: int, content: bytes) -> bytes:
    """A field of a protobuf message that is a string, bytes, packed numbers or a message."""
    size = len(content)
    return bytes([number << 3 | 2, size & 0x7f | 0x80, size >> 7]) + content


def infer_tensors() -> None:
    # ModelInferRequest of proto/inference/inference.proto.
    tiny = (PICTURES / "tiny.png").read_bytes()
    asked = field(6, field(1, b"probabilities") + field(2, field(1, b"classification") +
                                                        field(2, bytes([2 << 3, 3]))))
    image = field(1, b"image") + field(2, b"BYTES")
    raw = b"".join(struct.pack("<I", len(each)) + each for each in (tiny, tiny))
    write("infer_tensors/raw", field(1, b"p/pets") + field(3, b"7") +
          field(5, image + field(3, bytes([2, 1]))) + asked + field(7, raw))
    write("infer_tensors/typed",
          field(5, image + field(3, bytes([1])) + field(5, field(8, tiny))))
    pixels = field(1, b"pixels") + field(2, b"FP32") + field(3, bytes([1, 3, 2, 2]))
    numbers = struct.pack("<12f", *range(12))
    write("infer_tensors/raw_pixels", field(5, pixels) + field(7, numbers))
    write("infer_tensors/typed_pixels", field(5, pixels + field(5, field(6, numbers))))


if __name__ == "__main__":
    archives()
    manifests()
    upload_manifests()
    tensors()
    infer_tensors()
