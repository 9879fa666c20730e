"""What scripts/weights_reading.py promises of memory: a small file makes no large arrays."""

import copy
import pathlib
import struct
import sys
import unittest
import zipfile

import h5py
import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import torch_pickles as made  # noqa: E402
from test_import_weights import FOUR, InAFolder  # noqa: E402
from weights_reading import read_tensors  # noqa: E402


class TakesNoMoreMemoryThanTheFile(InAFolder):
    """A small file that makes a large array is stopped before the array is there."""

    def test_memo_of_a_pickle(self):
        index = made.pickled({"a": made.tensor()})
        for put in (b"r" + struct.pack("<I", 0xFFFFFFF0), b"p4000000000\n", b"q\xff"):
            sparse = index[:2] + b"}" + put + b"0" + index[2:]
            made.write_zip(self.folder / "x.pth", sparse, {"0": FOUR})
            self.assert_refused(self.folder / "x.pth", "numbers its entries")
            made.write_legacy(self.folder / "x.pth", sparse, {"0": (4, FOUR)})
            self.assert_refused(self.folder / "x.pth", "numbers its entries")

    def test_index_of_a_pickle(self):
        index = b"\x80\x02](" + b"]" * (9 << 20) + b"e."
        made.write_zip(self.folder / "x.pth", index, {})
        self.assert_refused(self.folder / "x.pth", "data.pkl")
        made.write_legacy(self.folder / "x.pth", index, {})
        self.assert_refused(self.folder / "x.pth", "too long")

    def test_tensors_that_share_a_storage(self):
        raw = bytes(4 << 10)
        whole = made.tensor(made.storage(elements=1 << 10), size=(1 << 10,))
        path = self.folder / "x.pth"
        made.write_zip(path, made.pickled({"a": whole, "b": whole}), {"0": raw})
        self.assertEqual(len(read_tensors(path)), 2)
        many = made.pickled({f"{i}": whole for i in range(100)})
        made.write_zip(path, many, {"0": raw})
        self.assert_refused(path, "many times as large")
        made.write_legacy(path, many, {"0": (1 << 10, raw)})
        self.assert_refused(path, "many times as large")

    def test_entries_of_a_zip_that_lie_over_each_other(self):
        raw = bytes(64 << 10)
        path = self.folder / "x.pth"
        made.write_zip(path, made.pickled({
            f"{i}": made.tensor(made.storage(str(i), elements=16 << 10), size=(1,))
            for i in range(4)}), {"0": raw})
        # Three more entries of the table of contents, for the same bytes.
        with zipfile.ZipFile(path, "a") as archive:
            first = archive.getinfo("archive/data/0")
            for i in range(1, 4):
                twin = copy.copy(first)
                twin.filename = twin.orig_filename = f"archive/data/{i}"
                archive.filelist.append(twin)
                archive.NameToInfo[twin.filename] = twin
            archive._didModify = True
        self.assert_refused(path, "larger than the file")

    def test_hdf5_whose_bytes_are_elsewhere_or_nowhere(self):
        path = self.folder / "x.h5"
        (self.folder / "secret").write_bytes(bytes(4 << 10))

        def refused(make, message):
            with h5py.File(path, "w") as file:
                make(file)
            self.assert_refused(path, "'a'", message)

        refused(lambda file: file.create_dataset(
            "a", (1 << 10,), "f4", external=[(str(self.folder / "secret"), 0, 4 << 10)]),
                "another file")

        def virtual(file):
            layout = h5py.VirtualLayout((4,), "f4")
            layout[:] = h5py.VirtualSource(str(self.folder / "other.h5"), "b", (4,))
            file.create_virtual_dataset("a", layout)
        refused(virtual, "another file")
        refused(lambda file: file.create_dataset("a", (1 << 40,), "f4"), "larger than")
        refused(lambda file: file.create_dataset("a", (1 << 40,), "f4", chunks=(1 << 10,)),
                "larger than")
        refused(lambda file: file.create_dataset("a", data=numpy.zeros(1 << 20, "f4"),
                                                 compression="gzip"), "compressed")

    def test_hdf5_is_read_where_it_holds_weights(self):
        path = self.folder / "x.h5"
        with h5py.File(path, "w") as file:
            file["layer/vars/0"] = numpy.ones(3, "f4")
            file["optimizer/vars/0"] = numpy.ones(3, "f4")
            file["text"] = "about"
            file["link"] = h5py.ExternalLink("other.h5", "/")
        self.assertEqual(list(read_tensors(path)), ["layer/vars/0"])


if __name__ == "__main__":
    unittest.main()
