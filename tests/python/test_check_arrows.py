"""What scripts/check_arrows.py finds of vendors that a folder reaches through others' headers."""

import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import check_arrows  # noqa: E402


class FindsVendorsReached(unittest.TestCase):
    def test_through_headers_of_other_folders(self):
        graph = {
            "server/api/a.cc": ["server/api/a.h", "vector"],
            "server/api/a.h": ["wire/status.h"],
            "wire/status.h": ["wire/other.h", "grpcpp/support/status.h"],
            "wire/other.h": ["wire/status.h"],
            "server/rpc/b.cc": ["wire/status.h"],
        }
        self.assertEqual(check_arrows.reached_vendors(graph), [
            "server/api is to be free of grpcpp/support/status.h: server/api/a.cc -> "
            "server/api/a.h -> wire/status.h -> grpcpp/support/status.h",
            "server/api is to be free of grpcpp/support/status.h: server/api/a.h -> "
            "wire/status.h -> grpcpp/support/status.h",
        ])

    def test_and_generated_services_but_no_messages(self):
        graph = {
            "server/jobs/a.cc": ["graft/v1/dataset.pb.h"],
            "server/jobs/b.cc": ["graft/v1/dataset.grpc.pb.h"],
        }
        self.assertEqual(check_arrows.reached_vendors(graph), [
            "server/jobs is to be free of graft/v1/dataset.grpc.pb.h: server/jobs/b.cc -> "
            "graft/v1/dataset.grpc.pb.h",
        ])

    def test_in_what_is_included_as_written(self):
        self.assertEqual(
            check_arrows.includes('#include <map>\n  # include "core/a.h"\n// #include "b.h"\n'),
            ["map", "core/a.h"])


if __name__ == "__main__":
    unittest.main()
