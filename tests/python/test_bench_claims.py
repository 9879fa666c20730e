"""What docs/performance.md is told of the measurements of bench/serving."""

import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench/serving"))

import claims  # noqa: E402
import figures  # noqa: E402


def case(rates, under_way=8, per_request=1, **more):
    """A round each of the lists that `rates` has by server, in pictures a second."""
    count = len(next(iter(rates.values())))
    return {"concurrency": under_way, "per_request": per_request, **more, "rounds": [
        {server: {"images_per_second": each[index], "requests_per_second": each[index] / per_request}
         for server, each in rates.items()} for index in range(count)]}


def run(*cases, backbone="efficientnet_lite0", **more):
    return {"backbone": backbone, "measurements": list(cases), **more}


def rows(lines, beginning):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines
            if line.startswith(f"| {beginning}")]


class Claims(unittest.TestCase):
    def test_are_over_the_fastest_peer_of_each_round(self):
        measured = case({"graft": [100, 120, 90], "grpc.aio + onnxruntime": [50, 80, 30],
                         "grpc.aio + openvino-throughput": [40, 60, 60],
                         "grpc.aio + torch": [99, 99, 99]})
        [row] = rows(claims.summary([run(measured)]), "f32, over the best")
        # 100 / 50, 120 / 80 and 90 / 60: a server of another claim counts for nothing.
        self.assertEqual(row[1:], ["efficientnet_lite0", "≥ 1.15 (64 x 1: 1.0)",
                                   "**1.50** (1.50-2.00)"])

    def test_of_fewer_bits_are_over_every_peer_but_not_over_graft(self):
        measured = case({"graft": [100], "grpc.aio + onnxruntime": [50], "Triton + onnxruntime": [80],
                         "graft bf16": [160], "graft int8": [240]})
        told = claims.summary([run(measured, backbone="resnet50")])
        self.assertEqual(rows(told, "bf16")[0][2:], ["≥ 1.8", "**2.00** (2.00-2.00)"])
        self.assertEqual(rows(told, "int8")[0][2:], ["≥ 2.7", "**3.00** (3.00-3.00)"])

    def test_leave_empty_what_was_not_measured(self):
        peers = {"graft": [10], "grpc.aio + onnxruntime": [5]}
        told = claims.summary([run(case(peers, 8), case(peers, 64)),
                               run(case(peers, 8), backbone="vgg16-hed")])
        self.assertEqual([row[3:] for row in rows(told, "f32, over the best")],
                         [["**2.00** (2.00-2.00)"] * 2, ["**2.00** (2.00-2.00)", ""]])
        self.assertEqual(rows(told, "int8"), [])
        self.assertEqual(rows(told, "f32, over LitServe"), [])

    def test_are_about_the_closed_loop(self):
        peers = {"graft": [10], "grpc.aio + onnxruntime": [5]}
        told = claims.summary([run(case(peers), case(peers, 1, rate=4.0))])
        self.assertIn("| | network | goal | 8 x 1 |", told)


class Precisions(unittest.TestCase):
    def told(self, **trial):
        return rows(claims.precisions([run(precision={"chosen": "f32", "trials": [
            {"precision": "int8", **trial}]})]), "int8")

    def test_say_whether_enough_answers_stayed_the_same(self):
        numbers = {"rows": "1000", "score": 0.9, "score_f32": 0.91}
        [row] = self.told(agreement=0.995, **numbers)
        self.assertEqual(row[1:], ["efficientnet_lite0", "99.5 % of 1,000, met", "0.900 (f32: 0.910)",
                                   "f32"])
        [row] = self.told(agreement=0.9949, **numbers)
        self.assertEqual(row[2], "99.4 % of 1,000, not met")

    def test_say_why_one_was_not_tried(self):
        [row] = self.told(rows="0", declined="the processor has no such instructions")
        self.assertEqual(row[2], "not tried: the processor has no such instructions")

    def test_are_nothing_where_no_model_has_trials(self):
        self.assertEqual(claims.precisions([run()]), [])


class OpenLoop(unittest.TestCase):
    def test_is_a_share_of_the_fastest_peer_with_8_under_way(self):
        one = case({"graft": [900], "grpc.aio + onnxruntime": [500]}, 1)
        eight = case({"graft": [900, 900, 900], "grpc.aio + onnxruntime": [200, 900, 250],
                      "grpc.aio + torch": [100, 100, 100]}, 8)
        many = case({"graft": [900], "grpc.aio + onnxruntime": [700]}, 1, 8)
        half = case({"graft": [125]}, 1, rate=125.0)
        self.assertEqual(claims.fastest_peer([one, eight, many, half]), 250)
        self.assertEqual(claims.open_shares(run(one, eight, many, half)), [0.5])

    def test_is_none_without_a_peer_or_a_closed_loop(self):
        self.assertEqual(claims.fastest_peer([case({"graft": [9]})]), 0)
        self.assertEqual(claims.fastest_peer([]), 0)
        self.assertEqual(claims.open_shares(run(case({"graft": [9]}, rate=4.0))), [])


class Seconds(unittest.TestCase):
    def test_are_more_for_a_server_that_answers_little(self):
        self.assertEqual(figures.seconds_of(2, 20, 1, 300), 2)
        self.assertEqual(figures.seconds_of(2, 20, 8, 16), 10)

    def test_end(self):
        self.assertEqual(figures.seconds_of(2, 20, 8, 0), figures.LONGEST)
        self.assertEqual(figures.seconds_of(60, 20, 8, 0), 60)


if __name__ == "__main__":
    unittest.main()
