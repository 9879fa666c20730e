"""The network that graft_bench_export wrote into a folder, as calls of torch.nn.functional."""

import json

import torch
import torch.nn.functional as functional
from safetensors.torch import load_file


def same_padding(x, kernel, stride):
    """TensorFlow's: what is odd goes behind."""
    padding = []
    for size in (x.shape[3], x.shape[2]):
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        padding += [total // 2, total - total // 2]
    return functional.pad(x, padding) if any(padding) else x


def conv(node, weights):
    weight = weights[0].contiguous(memory_format=torch.channels_last)
    bias = weights[1] if node["bias"] else None
    kernel, stride, groups = node["kernel"], node["stride"], node["groups"]
    if node["same"]:
        return lambda x: functional.conv2d(same_padding(x, kernel, stride), weight, bias, stride,
                                           groups=groups)
    return lambda x: functional.conv2d(x, weight, bias, stride, node["padding"], groups=groups)


def attention(node, weights):
    heads = node["heads"]

    def run(x):
        batch, tokens, _ = x.shape
        query, key, value = x.reshape(batch, tokens, 3, heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        return mixed.transpose(1, 2).reshape(batch, tokens, -1)
    return run


def lower(node, weights):
    kind = node["op"]
    simple = {"relu": functional.relu, "relu6": functional.relu6, "silu": functional.silu,
              "sigmoid": torch.sigmoid, "gelu": functional.gelu, "tanh": torch.tanh,
              "add": torch.add, "multiply": torch.mul, "identity": lambda x: x,
              "global_pool": lambda x: functional.adaptive_avg_pool2d(x, 1),
              "flatten": lambda x: torch.flatten(x, 1), "first_token": lambda x: x[:, 0],
              "map_to_tokens": lambda x: x.flatten(2).transpose(1, 2)}
    if kind in simple:
        return simple[kind]
    if kind == "conv":
        return conv(node, weights)
    if kind == "attention":
        return attention(node, weights)
    if kind == "batch_norm":
        weight, bias, mean, variance = weights
        return lambda x: functional.batch_norm(x, mean, variance, weight, bias,
                                               eps=node["epsilon"])
    if kind == "layer_norm":
        return lambda x: functional.layer_norm(x, x.shape[-1:], *weights, eps=node["epsilon"])
    if kind == "max_pool":
        return lambda x: functional.max_pool2d(x, node["kernel"], node["stride"], node["padding"])
    if kind == "linear":
        return lambda x: functional.linear(x, *weights)
    if kind == "add_constant":
        return lambda x: x + weights[0]
    if kind == "class_token":
        return lambda x: torch.cat([weights[0].reshape(1, 1, -1).expand(x.shape[0], 1, -1), x], 1)
    raise SystemExit(f"no PyTorch for {kind}")


class TorchNetwork:
    def __init__(self, folder):
        tensors = load_file(folder / "tensors.safetensors")
        nodes = json.loads((folder / "network.json").read_text())["nodes"]
        self.steps = [(lower(node, [tensors[name] for name in node["tensors"]]), node["inputs"])
                      for node in nodes]
        last_use = {source: index for index, node in enumerate(nodes) for source in node["inputs"]}
        self.over = [[source for source, last in last_use.items() if last == index]
                     for index in range(len(nodes))]

    def __call__(self, image):
        values = {-1: image}
        for index, (step, sources) in enumerate(self.steps):
            values[index] = step(*(values[source] for source in sources))
            for source in self.over[index]:
                del values[source]
        return values[len(self.steps) - 1]
