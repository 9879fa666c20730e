"""The state-dict names that each architecture has: torchvision's or timm's.

expected_names(architecture) gives those of the features and those of the published classifier.
"""

import math
import re

from weights_reading import ImportFailed

VGG_CONVOLUTIONS = {11: [1, 1, 2, 2, 2], 13: [2, 2, 2, 2, 2], 16: [2, 2, 3, 3, 3],
                    19: [2, 2, 4, 4, 4]}  # by block
EFFICIENTNET_REPEATS = [1, 2, 2, 3, 3, 4, 1]  # of B0 and Lite0, by stage
EFFICIENTNET_DEPTHS = {"b": [1.0, 1.1, 1.2, 1.4, 1.8, 2.2, 2.6, 3.1],
                       "lite": [1.0, 1.1, 1.2, 1.4, 1.8]}
NORM = ("weight", "bias", "running_mean", "running_var")
COUNTER = ".num_batches_tracked"  # of a batch norm: not needed to compute anything


def vgg_layers(depth: int, batch_norm: bool) -> list[int]:
    """The numbers of the convolutions in torchvision's `features`."""
    layers, number = [], 0
    for convolutions in VGG_CONVOLUTIONS[depth]:
        for _ in range(convolutions):
            layers.append(number)
            number += 3 if batch_norm else 2  # convolution, norm, activation
        number += 1  # pooling
    return layers


def vgg_names(depth: int, batch_norm: bool) -> tuple[set, set]:
    features = set()
    for number in vgg_layers(depth, batch_norm):
        features |= {f"features.{number}.weight", f"features.{number}.bias"}
        if batch_norm:
            features |= {f"features.{number + 1}.{leaf}" for leaf in NORM}
    return features, {f"classifier.{i}.{leaf}" for i in (0, 3, 6) for leaf in ("weight", "bias")}


def efficientnet_repeats(family: str, variant: int) -> list[int]:
    depth = EFFICIENTNET_DEPTHS[family][variant]
    repeats = [math.ceil(repeat * depth) for repeat in EFFICIENTNET_REPEATS]
    if family == "lite":  # the first and the last stage do not grow
        repeats[0], repeats[-1] = EFFICIENTNET_REPEATS[0], EFFICIENTNET_REPEATS[-1]
    return repeats


def efficientnet_names(family: str, variant: int) -> tuple[set, set]:
    features = {"conv_stem.weight", "conv_head.weight"}
    features |= {f"{norm}.{leaf}" for norm in ("bn1", "bn2") for leaf in NORM}
    for stage, repeats in enumerate(efficientnet_repeats(family, variant)):
        for i in range(repeats):
            prefix = f"blocks.{stage}.{i}"
            convolutions = ["conv_dw", "conv_pw"] + (["conv_pwl"] if stage > 0 else [])
            features |= {f"{prefix}.{convolution}.weight" for convolution in convolutions}
            features |= {f"{prefix}.bn{n + 1}.{leaf}" for n in range(len(convolutions))
                         for leaf in NORM}
            if family == "b":
                features |= {f"{prefix}.se.{part}.{leaf}" for part in ("conv_reduce", "conv_expand")
                             for leaf in ("weight", "bias")}
    return features, {"classifier.weight", "classifier.bias"}


RESNET_50, RESNET_101 = [3, 4, 6, 3], [3, 4, 23, 3]
RESNETS = {  # blocks by layer, and whether they are bottlenecks
    "resnet18": ([2, 2, 2, 2], False), "resnet34": (RESNET_50, False),
    "resnet50": (RESNET_50, True), "resnet101": (RESNET_101, True),
    "resnet152": ([3, 8, 36, 3], True), "resnext50_32x4d": (RESNET_50, True),
    "resnext101_32x8d": (RESNET_101, True), "resnext101_64x4d": (RESNET_101, True),
    "wide_resnet50_2": (RESNET_50, True), "wide_resnet101_2": (RESNET_101, True)}


def with_leaves(layers, leaves=("weight", "bias")) -> set:
    return {f"{layer}.{leaf}" for layer in layers for leaf in leaves}


def resnet_names(blocks_by_layer: list, bottleneck: bool) -> tuple[set, set]:
    features = {"conv1.weight"} | with_leaves(["bn1"], NORM)
    for layer, blocks in enumerate(blocks_by_layer, 1):
        for block in range(blocks):
            prefix = f"layer{layer}.{block}"
            for i in range(1, 4 if bottleneck else 3):
                features |= {f"{prefix}.conv{i}.weight"} | with_leaves([f"{prefix}.bn{i}"], NORM)
            # The first block of a layer changes the size or, in a bottleneck, the channels.
            if block == 0 and (layer > 1 or bottleneck):
                features |= {f"{prefix}.downsample.0.weight"}
                features |= with_leaves([f"{prefix}.downsample.1"], NORM)
    return features, {"fc.weight", "fc.bias"}


DENSENET_LAYERS = {121: [6, 12, 24, 16], 161: [6, 12, 36, 24], 169: [6, 12, 32, 32],
                   201: [6, 12, 48, 32]}


def densenet_names(depth: int) -> tuple[set, set]:
    convolutions, norms = ["features.conv0"], ["features.norm0", "features.norm5"]
    for block, layers in enumerate(DENSENET_LAYERS[depth], 1):
        for layer in range(1, layers + 1):
            prefix = f"features.denseblock{block}.denselayer{layer}"
            convolutions += [f"{prefix}.conv1", f"{prefix}.conv2"]
            norms += [f"{prefix}.norm1", f"{prefix}.norm2"]
        if block < 4:
            convolutions.append(f"features.transition{block}.conv")
            norms.append(f"features.transition{block}.norm")
    return (with_leaves(convolutions, ["weight"]) | with_leaves(norms, NORM),
            {"classifier.weight", "classifier.bias"})


def alexnet_names() -> tuple[set, set]:
    return (with_leaves(f"features.{i}" for i in (0, 3, 6, 8, 10)),
            with_leaves(f"classifier.{i}" for i in (1, 4, 6)))


SQUEEZENET_FIRES = {"1_0": [3, 4, 5, 7, 8, 9, 10, 12], "1_1": [3, 4, 6, 7, 9, 10, 11, 12]}


def squeezenet_names(version: str) -> tuple[set, set]:
    layers = ["features.0"] + [f"features.{i}.{part}" for i in SQUEEZENET_FIRES[version]
                               for part in ("squeeze", "expand1x1", "expand3x3")]
    return with_leaves(layers), with_leaves(["classifier.1"])


MOBILENET_V3_GATED = {  # blocks with squeeze-and-excitation; of all, how many
    "large": ({4, 5, 6, 11, 12, 13, 14, 15}, 15), "small": ({1, 4, 5, 6, 7, 8, 9, 10, 11}, 11)}


def mobilenet_v3_names(size: str) -> tuple[set, set]:
    gated, blocks = MOBILENET_V3_GATED[size]
    parts, gates = ["features.0", f"features.{blocks + 1}"], []
    for block in range(1, blocks + 1):
        prefix, number = f"features.{block}.block", 0
        for part in ["expand"] * (block > 1) + ["depthwise"] + ["gate"] * (block in gated) + ["project"]:
            (gates if part == "gate" else parts).append(f"{prefix}.{number}")
            number += 1
    features = {f"{part}.0.weight" for part in parts}
    features |= with_leaves((f"{part}.1" for part in parts), NORM)
    features |= with_leaves(f"{gate}.{layer}" for gate in gates for layer in ("fc1", "fc2"))
    return features, with_leaves(["classifier.0", "classifier.3"])


MOBILENET_V1_REPEATS = [1, 2, 2, 6, 2]  # by stage


def mobilenet_v1_names() -> tuple[set, set]:
    convolutions, norms = ["conv_stem"], ["bn1"]
    for stage, repeats in enumerate(MOBILENET_V1_REPEATS):
        for i in range(repeats):
            convolutions += [f"blocks.{stage}.{i}.conv_dw", f"blocks.{stage}.{i}.conv_pw"]
            norms += [f"blocks.{stage}.{i}.bn1", f"blocks.{stage}.{i}.bn2"]
    return (with_leaves(convolutions, ["weight"]) | with_leaves(norms, NORM),
            {"classifier.weight", "classifier.bias"})


INCEPTION_PARTS = {  # of each kind of block, convolutions by branch
    "A": ["branch1x1", "branch5x5_1", "branch5x5_2", "branch3x3dbl_1", "branch3x3dbl_2",
          "branch3x3dbl_3", "branch_pool"],
    "B": ["branch3x3", "branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"],
    "C": ["branch1x1", *(f"branch7x7_{i}" for i in (1, 2, 3)),
          *(f"branch7x7dbl_{i}" for i in (1, 2, 3, 4, 5)), "branch_pool"],
    "D": ["branch3x3_1", "branch3x3_2", *(f"branch7x7x3_{i}" for i in (1, 2, 3, 4))],
    "E": ["branch1x1", "branch3x3_1", "branch3x3_2a", "branch3x3_2b", "branch3x3dbl_1",
          "branch3x3dbl_2", "branch3x3dbl_3a", "branch3x3dbl_3b", "branch_pool"]}
INCEPTION_BLOCKS = {"5b": "A", "5c": "A", "5d": "A", "6a": "B", "6b": "C", "6c": "C", "6d": "C",
                    "6e": "C", "7a": "D", "7b": "E", "7c": "E"}


def inception_v3_names() -> tuple[set, set]:
    layers = [f"Conv2d_{name}" for name in ("1a_3x3", "2a_3x3", "2b_3x3", "3b_1x1", "4a_3x3")]
    layers += [f"Mixed_{block}.{part}" for block, kind in INCEPTION_BLOCKS.items()
               for part in INCEPTION_PARTS[kind]]
    features = {f"{layer}.conv.weight" for layer in layers}
    features |= with_leaves((f"{layer}.bn" for layer in layers), NORM)
    return features, {"fc.weight", "fc.bias"}


CONVNEXT_BLOCKS = {"tiny": [3, 3, 9, 3], "small": [3, 3, 27, 3], "base": [3, 3, 27, 3],
                   "large": [3, 3, 27, 3]}


def convnext_names(size: str) -> tuple[set, set]:
    layers, scales = ["features.0.0", "features.0.1"], set()
    for stage, blocks in enumerate(CONVNEXT_BLOCKS[size]):
        if stage > 0:
            layers += [f"features.{2 * stage}.0", f"features.{2 * stage}.1"]
        for block in range(blocks):
            prefix = f"features.{2 * stage + 1}.{block}"
            layers += [f"{prefix}.block.{i}" for i in (0, 2, 3, 5)]
            scales.add(f"{prefix}.layer_scale")
    return with_leaves(layers) | scales, with_leaves(["classifier.0", "classifier.2"])


REGNET_BLOCKS = {
    "x_400mf": [1, 2, 7, 12], "x_800mf": [1, 3, 7, 5], "x_1_6gf": [2, 4, 10, 2],
    "x_3_2gf": [2, 6, 15, 2], "x_8gf": [2, 5, 15, 1], "x_16gf": [2, 6, 13, 1],
    "x_32gf": [2, 7, 13, 1], "y_400mf": [1, 3, 6, 6], "y_800mf": [1, 3, 8, 2],
    "y_1_6gf": [2, 6, 17, 2], "y_3_2gf": [2, 5, 13, 1], "y_8gf": [2, 4, 10, 1],
    "y_16gf": [2, 4, 11, 1], "y_32gf": [2, 5, 12, 1]}


def regnet_names(kind: str) -> tuple[set, set]:
    parts, gates = ["stem"], []
    for stage, blocks in enumerate(REGNET_BLOCKS[kind], 1):
        for block in range(blocks):
            prefix = f"trunk_output.block{stage}.block{stage}-{block}"
            parts += [f"{prefix}.f.{part}" for part in "abc"]
            parts += [f"{prefix}.proj"] * (block == 0)
            gates += [f"{prefix}.f.se"] * kind.startswith("y")
    features = {f"{part}.0.weight" for part in parts}
    features |= with_leaves((f"{part}.1" for part in parts), NORM)
    features |= with_leaves(f"{gate}.{layer}" for gate in gates for layer in ("fc1", "fc2"))
    return features, {"fc.weight", "fc.bias"}


MOBILENET_V2_BLOCKS = 17


def mobilenet_v2_names() -> tuple[set, set]:
    layers = [("features.0.0", "features.0.1"), ("features.18.0", "features.18.1")]
    for block in range(1, MOBILENET_V2_BLOCKS + 1):
        prefix = f"features.{block}.conv"
        parts = 1 if block == 1 else 2  # the first block does not expand
        layers += [(f"{prefix}.{i}.0", f"{prefix}.{i}.1") for i in range(parts)]
        layers += [(f"{prefix}.{parts}", f"{prefix}.{parts + 1}")]
    features = {f"{convolution}.weight" for convolution, _ in layers}
    features |= {f"{norm}.{leaf}" for _, norm in layers for leaf in NORM}
    return features, {"classifier.1.weight", "classifier.1.bias"}


VIT_BLOCKS = {"tiny": 12, "small": 12, "base": 12, "large": 24}
VIT_PARTS = ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2")


def vit_names(size: str) -> tuple[set, set]:
    layers = ["patch_embed.proj", "norm"]
    layers += [f"blocks.{i}.{part}" for i in range(VIT_BLOCKS[size]) for part in VIT_PARTS]
    features = {f"{layer}.{leaf}" for layer in layers for leaf in ("weight", "bias")}
    return features | {"cls_token", "pos_embed"}, {"head.weight", "head.bias"}


def expected_names(architecture: str) -> tuple[set, set]:
    """Those of the features, and those of the classifier, which may be absent as a whole."""
    if match := re.fullmatch(r"vgg(11|13|16|19)(_bn)?", architecture):
        return vgg_names(int(match[1]), match[2] is not None)
    if match := re.fullmatch(r"tf_efficientnet_(lite[0-4]|b[0-7])", architecture):
        return efficientnet_names(match[1][:-1], int(match[1][-1]))
    if architecture in RESNETS:
        return resnet_names(*RESNETS[architecture])
    if match := re.fullmatch(r"densenet(\d+)", architecture):
        if int(match[1]) in DENSENET_LAYERS:
            return densenet_names(int(match[1]))
    if architecture == "alexnet":
        return alexnet_names()
    if architecture in ("squeezenet1_0", "squeezenet1_1"):
        return squeezenet_names(architecture[-3:])
    if architecture in ("mobilenet_v2", "tf_mobilenet_v2"):
        return mobilenet_v2_names()
    if architecture == "tf_mobilenet_v1":
        return mobilenet_v1_names()
    if architecture == "inception_v3":
        return inception_v3_names()
    if match := re.fullmatch(r"mobilenet_v3_(small|large)", architecture):
        return mobilenet_v3_names(match[1])
    if match := re.fullmatch(r"convnext_(tiny|small|base|large)", architecture):
        return convnext_names(match[1])
    if match := re.fullmatch(r"regnet_(\w+)", architecture):
        if match[1] in REGNET_BLOCKS:
            return regnet_names(match[1])
    if match := re.fullmatch(r"vit_(tiny|small|base|large)_patch16_224", architecture):
        return vit_names(match[1])
    raise ImportFailed(f"unknown architecture '{architecture}': know vgg11, vgg13, vgg16, vgg19 "
                       "(also with _bn), tf_efficientnet_lite0 to _lite4, _b0 to _b7, "
                       f"{', '.join(RESNETS)}, densenet121, 161, 169, 201, alexnet, "
                       "squeezenet1_0, squeezenet1_1, inception_v3, tf_mobilenet_v1, mobilenet_v2, tf_mobilenet_v2, "
                       "mobilenet_v3_small, mobilenet_v3_large, convnext_tiny, _small, _base, "
                       "_large, regnet_x_400mf to regnet_y_32gf, and vit_tiny_patch16_224, "
                       "vit_small, vit_base, vit_large")
