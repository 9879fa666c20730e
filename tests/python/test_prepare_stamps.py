"""What scripts/prepare_stamps.py promises: photographs alone, and no mixture of two runs."""

import contextlib
import io
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import prepare_stamps  # noqa: E402


class PreparesStamps(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.stamps = pathlib.Path(scratch.name) / "stamps"
        self.out = pathlib.Path(scratch.name) / "out"
        for folders in prepare_stamps.CLASSES.values():
            folder = self.stamps / folders[0]
            folder.mkdir(parents=True)
            for i in range(10):
                (folder / f"photo{i}.png").write_bytes(prepare_stamps.PNG + b"photograph")
            (folder / "photo1_mirror.png").write_bytes(prepare_stamps.PNG)
            (folder / "drawing.png").write_bytes(prepare_stamps.PNG)
            (folder / "drawing.svg").write_text("<svg/>")

    def run_script(self, *options):
        arguments = ["prepare_stamps.py", str(self.out), "--stamps", str(self.stamps), *options]
        with mock.patch.object(sys, "argv", arguments), contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(prepare_stamps.main(), 0)
        return sorted(str(path.relative_to(self.out)) for path in self.out.rglob("*")
                      if path.is_file())

    def test_only_photographs_are_taken(self):
        files = self.run_script()
        self.assertEqual(len(files), 10 * len(prepare_stamps.CLASSES))
        self.assertIn("vehicle/photo0.png", files)

    def test_another_share_leaves_nothing_of_the_run_before(self):
        plain = self.run_script()
        (self.out / "notes.txt").write_text("mine")
        halves = self.run_script("--test", "0.5")
        self.assertEqual(len(halves), len(plain) + 1)
        self.assertEqual({name.split("/")[0] for name in halves}, {"train", "test", "notes.txt"})
        few = self.run_script("--test", "0.1")
        self.assertEqual(len(few), len(plain) + 1)
        self.assertLess(sum(name.startswith("test/") for name in few),
                        sum(name.startswith("test/") for name in halves))
        self.assertEqual(self.run_script(), sorted([*plain, "notes.txt"]))
        self.assertFalse((self.out / "train").exists())


if __name__ == "__main__":
    unittest.main()
