#!/usr/bin/env python3
"""Writes EfficientNet-Lite0 and ResNet-50 twice: as a plan for graft_bench_engine and as ONNX.

The ONNX graph is built node by node from the same plan (Conv, BatchNormalization, Clip or Relu, Add,
...), so both sides compute the same network with the same weights; nothing depends on an exporter.
Weights are drawn from a fixed seed, scaled so that activations neither die nor explode.

    make_networks.py FOLDER      (needs numpy and onnx)
"""
import math
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Net:
    def __init__(self, name, size=224, seed=1):
        self.name = name
        self.lines = [f"input {size}"]
        self.channels = {-1: 3}
        self.weights = []
        self.nodes = []
        self.initializers = []
        self.size = size
        self.rng = np.random.default_rng(seed)

    def _value(self, index):
        return "image" if index < 0 else f"v{index}"

    def _constant(self, name, array):
        self.weights.append(array)
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def _next(self, line, channels):
        index = len(self.lines) - 1
        self.lines.append(line)
        self.channels[index] = channels
        return index

    def _act(self, act, index):
        """The name under which a node's last op must write, adding the activation behind."""
        if act == "none":
            return self._value(index), None
        raw = f"v{index}_raw"
        if act == "relu":
            node = helper.make_node("Relu", [raw], [self._value(index)])
        else:
            node = helper.make_node("Clip", [raw, "zero", "six"], [self._value(index)])
        return raw, node

    def conv(self, a, out, kernel, stride=1, groups=1, act="relu"):
        pad, cin = kernel // 2, self.channels[a]
        i = self._next(f"conv {a} {out} {kernel} {stride} {pad} {groups} {act}", out)
        shape = (out, cin // groups, kernel, kernel)
        scale = math.sqrt(2.0 / (shape[1] * kernel * kernel))
        draw = lambda low, high: self.rng.uniform(low, high, out).astype(np.float32)
        w = self._constant(f"w{i}", (self.rng.standard_normal(shape) * scale).astype(np.float32))
        norm = [self._constant(f"gamma{i}", draw(0.6, 1.0)), self._constant(f"beta{i}", draw(-.1, .1)),
                self._constant(f"mean{i}", draw(-.1, .1)), self._constant(f"var{i}", draw(0.8, 1.2))]
        name, after = self._act(act, i)
        self.nodes.append(helper.make_node("Conv", [self._value(a), w], [f"c{i}"], group=groups,
                                           kernel_shape=[kernel] * 2, pads=[pad] * 4,
                                           strides=[stride] * 2))
        self.nodes.append(helper.make_node("BatchNormalization", [f"c{i}"] + norm, [name],
                                           epsilon=1e-5))
        if after:
            self.nodes.append(after)
        return i

    def add(self, a, b, act="none"):
        i = self._next(f"add {a} {b} {act}", self.channels[a])
        name, after = self._act(act, i)
        self.nodes.append(helper.make_node("Add", [self._value(a), self._value(b)], [name]))
        if after:
            self.nodes.append(after)
        return i

    def maxpool(self, a, kernel, stride, pad):
        i = self._next(f"maxpool {a} {kernel} {stride} {pad}", self.channels[a])
        self.nodes.append(helper.make_node("MaxPool", [self._value(a)], [self._value(i)],
                                           kernel_shape=[kernel] * 2, pads=[pad] * 4,
                                           strides=[stride] * 2))
        return i

    def classifier(self, a, classes):
        i = self._next(f"gap {a}", self.channels[a])
        self.nodes.append(helper.make_node("GlobalAveragePool", [self._value(a)], [self._value(i)]))
        j = self._next(f"linear {i} {classes}", classes)
        shape = (classes, self.channels[i])
        w = self._constant(f"w{j}", (self.rng.standard_normal(shape) * .02).astype(np.float32))
        b = self._constant(f"b{j}", self.rng.uniform(-.1, .1, classes).astype(np.float32))
        self.nodes.append(helper.make_node("Flatten", [self._value(i)], [f"flat{j}"]))
        self.nodes.append(helper.make_node("Gemm", [f"flat{j}", w, b], [self._value(j)], transB=1))
        return j

    def write(self, folder):
        (folder / f"{self.name}.plan").write_text("\n".join(self.lines) + "\n")
        with open(folder / f"{self.name}.weights", "wb") as out:
            for array in self.weights:
                out.write(array.astype("<f4").tobytes())
        last = self._value(len(self.lines) - 2)
        if any(node.op_type == "Clip" for node in self.nodes):
            for name, value in (("zero", 0.0), ("six", 6.0)):
                self.initializers.append(numpy_helper.from_array(np.float32(value), name))
        graph = helper.make_graph(
            self.nodes, self.name,
            [helper.make_tensor_value_info("image", TensorProto.FLOAT,
                                           ["batch", 3, self.size, self.size])],
            [helper.make_tensor_value_info(last, TensorProto.FLOAT, ["batch", None])],
            self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)])
        model.ir_version = 8
        onnx.checker.check_model(model)
        onnx.save(model, folder / f"{self.name}.onnx")
        print(f"{self.name}: {sum(w.size for w in self.weights) / 1e6:.2f} M numbers")


def efficientnet_lite0():
    # Tan & Le 2019, Lite0: width and depth 1, no squeeze and excitation, ReLU6.
    net = Net("efficientnet_lite0")
    x = net.conv(-1, 32, 3, 2, act="relu6")
    table = [(1, 16, 3, 1, 1), (6, 24, 3, 2, 2), (6, 40, 5, 2, 2), (6, 80, 3, 2, 3),
             (6, 112, 5, 1, 3), (6, 192, 5, 2, 4), (6, 320, 3, 1, 1)]
    for expand, out, kernel, stride, repeats in table:
        for r in range(repeats):
            start, s = x, stride if r == 0 else 1
            width = net.channels[x] * expand
            if expand > 1:
                x = net.conv(x, width, 1, act="relu6")
            x = net.conv(x, width, kernel, s, groups=width, act="relu6")
            x = net.conv(x, out, 1, act="none")
            if s == 1 and net.channels[start] == out:
                x = net.add(x, start)
    x = net.conv(x, 1280, 1, act="relu6")
    net.classifier(x, 1000)
    return net


def resnet50():
    # He et al. 2015, the stride in the 3x3 convolution as torchvision has it.
    net = Net("resnet50")
    x = net.maxpool(net.conv(-1, 64, 7, 2), 3, 2, 1)
    for stage, repeats in enumerate([3, 4, 6, 3]):
        width = 64 << stage
        for r in range(repeats):
            stride = 2 if r == 0 and stage > 0 else 1
            shortcut = net.conv(x, width * 4, 1, stride, act="none") if r == 0 else x
            y = net.conv(x, width, 1)
            y = net.conv(y, width, 3, stride)
            y = net.conv(y, width * 4, 1, act="none")
            x = net.add(y, shortcut, "relu")
    net.classifier(x, 1000)
    return net


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    for network in (efficientnet_lite0(), resnet50()):
        network.write(target)
