#!/usr/bin/env python3
"""Makes model.onnx of the network that graft_bench_export wrote into a folder.

    to_onnx.py FOLDER
"""

import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

OPSET = 20


class Graph:
    """Nodes and constants as they come."""

    def __init__(self, tensors):
        self.tensors = tensors
        self.nodes = []
        self.constants = {}

    def constant(self, name, array):
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.asarray(array, order="C"), name)
        return name

    def weight(self, name):
        return self.constant(name, self.tensors[name])

    def add(self, kind, inputs, name, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def integers(self, name, values):
        return self.constant(name, np.asarray(values, np.int64))


def conv(graph, node, x, name):
    padding = {"auto_pad": "SAME_UPPER"} if node["same"] else {"pads": [node["padding"]] * 4}
    return graph.add("Conv", x + [graph.weight(t) for t in node["tensors"]], name,
                     group=node["groups"], kernel_shape=[node["kernel"]] * 2,
                     strides=[node["stride"]] * 2, **padding)


def attention(graph, node, x, name):
    heads, channels = node["heads"], node["channels"]
    width = channels // heads
    split = graph.add("Transpose", [graph.add("Reshape", x + [graph.integers(
        f"{name}.s", [0, 0, 3, heads, width])], name + ".r")], name + ".t", perm=[2, 0, 3, 1, 4])
    query, key, value = (graph.add("Gather", [split, graph.integers(f"i{i}", i)], f"{name}.{i}",
                                   axis=0) for i in range(3))
    key = graph.add("Transpose", [key], name + ".kt", perm=[0, 1, 3, 2])
    scaled = graph.add("Mul", [query, graph.constant(f"{name}.f", np.float32(width ** -0.5))],
                       name + ".q")
    weights = graph.add("Softmax", [graph.add("MatMul", [scaled, key], name + ".qk")], name + ".w",
                        axis=-1)
    joined = graph.add("Transpose", [graph.add("MatMul", [weights, value], name + ".v")],
                       name + ".j", perm=[0, 2, 1, 3])
    return graph.add("Reshape", [joined, graph.integers(f"{name}.o", [0, 0, channels])], name)


def class_token(graph, node, x, name):
    batch = graph.add("Gather", [graph.add("Shape", x, name + ".shape"), graph.integers("i0v", [0])],
                      name + ".n")
    shape = graph.add("Concat", [batch, graph.integers("ones2", [1, 1])], name + ".e", axis=0)
    token = graph.add("Expand", [graph.weight(node["tensors"][0]), shape], name + ".token")
    return graph.add("Concat", [token] + x, name, axis=1)


def linear(graph, node, x, name):
    weight = node["tensors"][0]
    matrix = graph.constant(weight + ".T", graph.tensors[weight].T)
    if not node["bias"]:
        return graph.add("MatMul", x + [matrix], name)
    product = graph.add("MatMul", x + [matrix], name + ".p")
    return graph.add("Add", [product, graph.weight(node["tensors"][1])], name)


def lower(graph, node, x, name):
    kind = node["op"]
    simple = {"relu": "Relu", "sigmoid": "Sigmoid", "gelu": "Gelu", "tanh": "Tanh", "add": "Add",
              "multiply": "Mul", "identity": "Identity", "global_pool": "GlobalAveragePool",
              "flatten": "Flatten"}
    if kind in simple:
        return graph.add(simple[kind], x, name)
    if kind in ("conv", "attention", "class_token", "linear"):
        return globals()[kind](graph, node, x, name)
    if kind == "relu6":
        return graph.add("Clip", x + [graph.constant("zero", np.float32(0)),
                                      graph.constant("six", np.float32(6))], name)
    if kind == "silu":
        return graph.add("Mul", x + [graph.add("Sigmoid", x, name + ".s")], name)
    if kind == "batch_norm":
        return graph.add("BatchNormalization", x + [graph.weight(t) for t in node["tensors"]], name,
                         epsilon=node["epsilon"])
    if kind == "layer_norm":
        return graph.add("LayerNormalization", x + [graph.weight(t) for t in node["tensors"]], name,
                         epsilon=node["epsilon"], axis=-1)
    if kind == "max_pool":
        return graph.add("MaxPool", x, name, kernel_shape=[node["kernel"]] * 2,
                         strides=[node["stride"]] * 2, pads=[node["padding"]] * 4)
    if kind == "map_to_tokens":
        flat = graph.add("Reshape", x + [graph.integers("flat", [0, 0, -1])], name + ".f")
        return graph.add("Transpose", [flat], name, perm=[0, 2, 1])
    if kind == "add_constant":
        return graph.add("Add", x + [graph.weight(node["tensors"][0])], name)
    if kind == "first_token":
        return graph.add("Gather", x + [graph.integers("i0", 0)], name, axis=1)
    raise SystemExit(f"no ONNX for {kind}")


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    network = json.loads((folder / "network.json").read_text())
    graph = Graph(load_file(folder / "tensors.safetensors"))
    names = []
    for index, node in enumerate(network["nodes"]):
        inputs = ["image" if i < 0 else names[i] for i in node["inputs"]]
        names.append(lower(graph, node, inputs, f"n{index}"))
    size = [network["input"]["height"], network["input"]["width"]]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes, "graft",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3] + size)],
            [helper.make_tensor_value_info(names[-1], TensorProto.FLOAT, ["batch", None])],
            list(graph.constants.values())),
        opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    onnx.save(model, folder / "model.onnx")


if __name__ == "__main__":
    main()
