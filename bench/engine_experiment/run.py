#!/usr/bin/env python3
"""Lets graft_bench_engine's engines and onnxruntime take turns on the same network.

Each engine is a process that waits while another computes. A round asks every engine for a few runs,
in an order that turns; the figure of a round is the median of its runs, that of an engine the median
over rounds. Ratios are taken within rounds, so that what else the machine does falls on both sides.

On a machine that others use, two threads on two cores mostly measure the others: a thread that is
preempted at a barrier holds up its partner. `--clock cpu` with one thread counts the process's own CPU
time instead, which preemption does not lengthen.

    run.py FOLDER PROGRAM [--rounds 15] [--threads 2] [--clock wall|cpu] [--jemalloc libjemalloc.so.2]
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

PEER = "onnxruntime"


def serve_onnxruntime(folder, network, threads):
    import time

    import numpy as np
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = ort.InferenceSession(f"{folder}/{network}.onnx", options,
                                   providers=["CPUExecutionProvider"])
    print("ready", flush=True)
    for line in sys.stdin:
        batch, runs = map(int, line.split())
        count = batch * 3 * 224 * 224
        index = np.arange(count, dtype=np.int64)
        images = ((index * 7919 % 2003) / 1001.5 - 1.0).astype(np.float32)
        feed = {"image": images.reshape(batch, 3, 224, 224)}
        if runs == 0:
            print(*session.run(None, feed)[0].ravel().tolist(), flush=True)
            continue
        times = []
        for _ in range(runs):
            cpu, begun = time.process_time(), time.perf_counter()
            session.run(None, feed)
            times += [(time.perf_counter() - begun) * 1e3, (time.process_time() - cpu) * 1e3]
        print(*times, flush=True)


class Engine:
    def __init__(self, name, command, environment):
        self.name = name
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env=environment)
        self.ok = self.process.stdout.readline().strip() == "ready"

    def ask(self, batch, runs):
        self.process.stdin.write(f"{batch} {runs}\n")
        self.process.stdin.flush()
        return [float(word) for word in self.process.stdout.readline().split()]

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def quartiles(values):
    return statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--networks", default="efficientnet_lite0,resnet50")
    parser.add_argument("--batches", default="1,8")
    parser.add_argument("--engines", default="eager,eager-nhwc,lowered,onednn,onednn-nhwc")
    parser.add_argument("--jemalloc", default="libjemalloc.so.2")
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    if arguments.clock == "cpu" and arguments.threads != 1:
        parser.error("CPU time of several threads counts their waiting too: use --threads 1")
    clock = 0 if arguments.clock == "wall" else 1

    environment = dict(os.environ, OMP_NUM_THREADS=str(arguments.threads))
    # The allocator and its option are the same on both sides (core/base/jemalloc_options.cc).
    preloaded = dict(environment, LD_PRELOAD=arguments.jemalloc, MALLOC_CONF="dirty_decay_ms:-1")
    report = {}
    for network in arguments.networks.split(","):
        engines = []
        for name in arguments.engines.split(","):
            command = [arguments.program, arguments.folder, network, name, str(arguments.threads)]
            engine = Engine(name, command, environment)
            if engine.ok:
                engines.append(engine)
        engines.append(Engine(PEER, [sys.executable, __file__, "--serve", arguments.folder, network,
                                     str(arguments.threads)], preloaded))
        reference = engines[-1].ask(2, 0)
        scale = max(map(abs, reference))
        for engine in engines:
            worst = max(abs(a - b) for a, b in zip(engine.ask(2, 0), reference)) / scale
            print(f"{network} {engine.name}: differs from {PEER} by {worst:.1e} of the largest logit")
            if worst > 1e-3:
                sys.exit(f"{engine.name} computes something else")
        for batch in map(int, arguments.batches.split(",")):
            runs = 7 if batch == 1 else 3
            for engine in engines:
                engine.ask(batch, runs)  # warm
            rounds = {engine.name: [] for engine in engines}
            for r in range(arguments.rounds):
                turn = r % len(engines)
                for engine in engines[turn:] + engines[:turn]:
                    rounds[engine.name].append(statistics.median(engine.ask(batch, runs)[clock::2]) / batch)
            for name, times in rounds.items():
                ratios = [peer / own for peer, own in zip(rounds[PEER], times)]
                low, middle, high = quartiles(ratios)
                report[f"{network}/{batch}/{name}"] = {
                    "ms": statistics.median(times), "ms_least": min(times),
                    "ratio": middle, "ratio_quartiles": [low, high],
                    "ratio_of_least": min(rounds[PEER]) / min(times)}
                print(f"{network} batch {batch} {name:13} {statistics.median(times):7.2f} ms/image "
                      f"(least {min(times):.2f}), {middle:.2f}x of {PEER} "
                      f"[{low:.2f}, {high:.2f}], least against least "
                      f"{min(rounds[PEER]) / min(times):.2f}x", flush=True)
        for engine in engines:
            engine.end()
    if arguments.json:
        with open(arguments.json, "w") as out:
            json.dump(report, out, indent=1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve_onnxruntime(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main()
