#!/usr/bin/env python3
"""Makes tests/parity/goldens.json: what torchvision and timm compute with weights that a formula gives.

No weights are downloaded: tensor values are a function of the tensor's name and the element's
index, computed alike here and in formula_weights.cc. Needs torch, torchvision and timm.

  python make_goldens.py > goldens.json
"""

import json
import sys

import numpy
import timm
import torch
import torchvision

ARCHITECTURES = (
    [f"vgg{n}{bn}" for n in (11, 13, 16, 19) for bn in ("", "_bn")]
    + [f"tf_efficientnet_lite{i}" for i in range(5)]
    + [f"tf_efficientnet_b{i}" for i in range(8)])


def uniform(name: str, count: int) -> numpy.ndarray:
    """`count` values in [-1, 1): FNV-1a of the name, then SplitMix64's mixing of each index."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    with numpy.errstate(over="ignore"):
        z = numpy.uint64(seed) + numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(
            0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        z = z ^ (z >> numpy.uint64(31))
    return ((z >> numpy.uint64(40)).astype(numpy.float32) / numpy.float32(1 << 23)
            - numpy.float32(1))


def fill(model: torch.nn.Module) -> None:
    state = model.state_dict()
    for name, tensor in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        values = uniform(name, tensor.numel()).reshape(tensor.shape)
        if tensor.dim() >= 2:  # as He et al. 2015, so that activations keep their size
            fan_in = tensor[0].numel()
            values = values * numpy.float32((6.0 / fan_in) ** 0.5)
        elif name.endswith("running_var"):
            values = 1 + numpy.float32(0.2) * values
        elif name.endswith("weight"):
            values = 1 + numpy.float32(0.1) * values
        else:
            values = numpy.float32(0.1) * values
        tensor.copy_(torch.from_numpy(values))
    model.load_state_dict(state)


def build(architecture: str) -> torch.nn.Module:
    if architecture.startswith("vgg"):
        # Building it draws 100 million random numbers that are thrown away.
        with torch.device("meta"):
            model = getattr(torchvision.models, architecture)(weights=None, init_weights=False)
        return model.to_empty(device="cpu").eval()
    return timm.create_model(architecture, pretrained=False).eval()


def features_of(model: torch.nn.Module, architecture: str, x: torch.Tensor) -> torch.Tensor:
    return model.features(x) if architecture.startswith("vgg") else model.forward_features(x)


def sample(tensor: torch.Tensor, count: int) -> list:
    flat = tensor.flatten()
    step = max(1, flat.numel() // count)
    return [float(f"{v:.9g}") for v in flat[::step][:count].tolist()]


def main() -> None:
    goldens = {}
    with torch.no_grad():
        for architecture in ARCHITECTURES:
            size = 64 if architecture.startswith("vgg") else 80
            model = build(architecture)
            fill(model)
            x = torch.from_numpy(uniform("input", 3 * size * size).reshape(1, 3, size, size))
            features = features_of(model, architecture, x)
            logits = model(x)
            goldens[architecture] = {
                "size": size,
                "features_shape": list(features.shape),
                "features": sample(features, 24),
                "features_max": float(features.abs().max()),
                "logits": sample(logits, 24),
                "logits_max": float(logits.abs().max()),
                "parameters": sum(p.numel() for p in model.parameters()),
                "tensors": len(model.state_dict()),
            }
            print(architecture, goldens[architecture]["logits_max"], file=sys.stderr)
    json.dump(goldens, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
