"""Every failpoint of core/base/failpoint_names.h stands in the code once, and no other does."""

import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("core", "wire", "server", "worker", "client")


class Failpoints(unittest.TestCase):
    def test_the_table_and_the_code_agree(self):
        table = (ROOT / "core/base/failpoint_names.h").read_text(encoding="utf-8")
        names = re.findall(r'FailpointName\{"([^"]+)"', table)
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--",
             *(f"{folder}/*.cc" for folder in FOLDERS)],
            cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
        points = []
        for path in listed:
            if (ROOT / path).exists():
                text = (ROOT / path).read_text(encoding="utf-8")
                points += re.findall(r'GRAFT_FAILPOINT\("([^"]+)"\)', text)
        self.assertGreater(len(names), 20)
        self.assertEqual(sorted(points), sorted(names))


if __name__ == "__main__":
    unittest.main()
