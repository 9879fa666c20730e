#!/usr/bin/env python3
"""The ARTICLE recipe on VGG16 in plain PyTorch, to hold graft_bench_transfer against.

    reference_article.py --dataset DIR --weights DIR/vgg16-hed --folds FILE [--repeats 5]

The convolutions are frozen, so their features are computed once; then Flatten, Dense 256, ReLU,
Dropout 0.5, Dense, trained by SGD (rate 1e-4, momentum 0.9, batch 32, no weight decay, gradients
as they are) from PyTorch's own initial weights. FILE is what `graft_bench_transfer --save-folds`
wrote, so that both hold out the same images. Prints the accuracy of each fold and seed after the last
epoch, and the mean. Needs torch, safetensors, numpy and Pillow.
"""

import argparse
import json
import pathlib

import numpy
import torch
from PIL import Image
from safetensors.torch import load_file

# Channels of torchvision's vgg16.features; M: max pool.
VGG16 = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]


def build(weights: pathlib.Path) -> torch.nn.Sequential:
    layers: list[torch.nn.Module] = []
    channels = 3
    for item in VGG16:
        if item == "M":
            layers.append(torch.nn.MaxPool2d(2, 2))
        else:
            layers += [torch.nn.Conv2d(channels, item, 3, padding=1), torch.nn.ReLU()]
            channels = item
    network = torch.nn.Sequential(*layers)
    tensors = load_file(weights / "model.safetensors")
    network.load_state_dict({name.removeprefix("features."): tensor
                             for name, tensor in tensors.items() if name.startswith("features.")})
    return network.eval()


def prepare(path: pathlib.Path, spec: dict) -> torch.Tensor:
    image = Image.open(path).convert("RGB")
    size = int(spec["height"] / spec["crop_fraction"])
    scale = size / min(image.size)
    kind = Image.BICUBIC if spec["interpolation"] == "bicubic" else Image.BILINEAR
    image = image.resize([max(size, round(side * scale)) for side in image.size], kind)
    left, top = ((image.width - spec["width"]) // 2, (image.height - spec["height"]) // 2)
    image = image.crop((left, top, left + spec["width"], top + spec["height"]))
    values = torch.from_numpy(numpy.asarray(image).copy()).float().permute(2, 0, 1) / 255
    values *= spec["value_range"]
    if spec["channel_order"] == "bgr":
        values = values.flip(0)
    return (values - torch.tensor(spec["mean"]).view(3, 1, 1)) / torch.tensor(
        spec["std"]).view(3, 1, 1)


def train(features: torch.Tensor, labels: torch.Tensor, classes: int, epochs: int,
          seed: int) -> torch.nn.Module:
    torch.manual_seed(seed)
    head = torch.nn.Sequential(torch.nn.Linear(features.shape[1], 256), torch.nn.ReLU(),
                               torch.nn.Dropout(0.5), torch.nn.Linear(256, classes))
    optimizer = torch.optim.SGD(head.parameters(), lr=1e-4, momentum=0.9)
    for _ in range(epochs):
        for batch in torch.randperm(len(labels)).split(32):
            loss = torch.nn.functional.cross_entropy(head(features[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return head.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", type=pathlib.Path, required=True)
    parser.add_argument("--weights", type=pathlib.Path, required=True)
    parser.add_argument("--folds", type=pathlib.Path, required=True)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    spec = json.loads((arguments.weights / "config.json").read_text())["input_spec"]
    network = build(arguments.weights)

    paths, labels = [], []
    classes = sorted(path for path in arguments.dataset.iterdir() if path.is_dir())
    for label, folder in enumerate(classes):
        files = sorted(folder.iterdir())
        paths += files
        labels += [label] * len(files)
    target = torch.tensor(labels)
    with torch.no_grad():
        features = torch.cat([network(prepare(path, spec)[None]).flatten(1) for path in paths])

    held_out_in = {name: int(fold) for fold, name in
                   (line.split("\t") for line in arguments.folds.read_text().splitlines())}
    fold_of = torch.tensor([held_out_in[f"{path.parent.name}/{path.name}"] for path in paths])
    folds = int(fold_of.max()) + 1
    accuracies = []
    for fold in range(folds):
        held_out = fold_of == fold
        for seed in range(arguments.repeats):
            head = train(features[~held_out], target[~held_out], len(classes), arguments.epochs,
                         seed)
            with torch.no_grad():
                right = head(features[held_out]).argmax(1) == target[held_out]
            accuracies.append(right.float().mean().item())
            print(f"fold {fold + 1} seed {seed}: {100 * accuracies[-1]:.2f} %", flush=True)
    print(f"mean of {folds} folds, {arguments.repeats} seeds each: "
          f"{100 * sum(accuracies) / len(accuracies):.2f} %")


if __name__ == "__main__":
    main()
