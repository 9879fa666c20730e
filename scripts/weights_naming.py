"""What a weights file calls its tensors -> what torchvision or timm call them, which graft reads.

canonical(tensors, architecture) renames the layouts it knows and names what is missing or too much.
"""

import math
import re

from weights_reading import ImportFailed

# --- The names an architecture has ----------------------------------------------------------------

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


def expected_names(architecture: str) -> tuple[set, set]:
    """Those of the features, and those of the classifier, which may be absent as a whole."""
    if match := re.fullmatch(r"vgg(11|13|16|19)(_bn)?", architecture):
        return vgg_names(int(match[1]), match[2] is not None)
    if match := re.fullmatch(r"tf_efficientnet_(lite[0-4]|b[0-7])", architecture):
        return efficientnet_names(match[1][:-1], int(match[1][-1]))
    raise ImportFailed(f"unknown architecture '{architecture}': know vgg11, vgg13, vgg16, vgg19 "
                       "(also with _bn), tf_efficientnet_lite0 to _lite4, _b0 to _b7")


def listed(names) -> str:
    names = sorted(names)
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def check_names(tensors: dict, architecture: str) -> None:
    features, classifier = expected_names(architecture)
    names = {name for name in tensors if not name.endswith(COUNTER)}
    needed = features | classifier if names & classifier else features
    if missing := needed - names:
        raise ImportFailed(f"not the weights of {architecture}: lacks {listed(missing)}")
    counters = {name.removesuffix(COUNTER) for name in tensors if name.endswith(COUNTER)}
    strangers = names - needed
    strangers |= {norm + COUNTER for norm in counters if f"{norm}.running_var" not in features}
    if strangers:
        raise ImportFailed(f"not the weights of {architecture}: has also {listed(strangers)}")


# --- Layouts of others ----------------------------------------------------------------------------

LITE_PARTS = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2",
              "_fc": "classifier"}
LITE_EXPANDED = {"_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw",
                 "_bn1": "bn2", "_project_conv": "conv_pwl", "_bn2": "bn3"}
LITE_PLAIN = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw",
              "_bn2": "bn2"}  # the first stage's blocks do not expand


def rename_lite(tensors: dict, architecture: str) -> dict:
    """efficientnet_lite_pytorch -> timm: blocks numbered through -> by stage."""
    match = re.fullmatch(r"tf_efficientnet_lite([0-4])", architecture)
    if not match:
        raise ImportFailed(f"these are weights of an EfficientNet-Lite, not of {architecture}")
    places = [(stage, i)
              for stage, repeats in enumerate(efficientnet_repeats("lite", int(match[1])))
              for i in range(repeats)]
    renamed, strangers = {}, []
    for name, value in tensors.items():
        if match := re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", name):
            number = int(match[1])
            stage, i = places[number] if number < len(places) else (None, None)
            part = (LITE_PLAIN if stage == 0 else LITE_EXPANDED).get(match[2])
            new = f"blocks.{stage}.{i}.{part}.{match[3]}" if stage is not None and part else None
        else:
            part, _, leaf = name.rpartition(".")
            new = f"{LITE_PARTS[part]}.{leaf}" if part in LITE_PARTS else None
        if new is None:
            strangers.append(name)
        else:
            renamed[new] = value
    if strangers:
        raise ImportFailed(f"not the weights of {architecture}: has also {listed(strangers)}")
    return renamed


def rename_hed(tensors: dict, architecture: str) -> dict:
    """VGG16 of the Keras edge detector -> torchvision; HWIO -> OIHW. The detector's own side
    outputs are left out, and there is no classifier."""
    if architecture != "vgg16":
        raise ImportFailed(f"these are weights of a VGG16, not of {architecture}")
    layers = iter(vgg_layers(16, batch_norm=False))
    renamed, missing = {}, []
    for block, convolutions in enumerate(VGG_CONVOLUTIONS[16], 1):
        for i in range(convolutions):
            prefix = f"block{block}/layers/conv2d{'' if i == 0 else f'_{i}'}/vars"
            number = next(layers)
            kernel, bias = tensors.get(f"{prefix}/0"), tensors.get(f"{prefix}/1")
            if kernel is None or bias is None or kernel.ndim != 4:
                missing.append(prefix)
                continue
            renamed[f"features.{number}.weight"] = kernel.transpose(3, 2, 0, 1)
            renamed[f"features.{number}.bias"] = bias
    if missing:
        raise ImportFailed(f"not the weights of {architecture}: lacks {listed(missing)}")
    return renamed


def layout(tensors: dict) -> str:
    if any(name.startswith("_blocks.") for name in tensors):
        return "efficientnet_lite_pytorch"
    if any(name.startswith("block1/layers/conv2d/") for name in tensors):
        return "hed"
    return "canonical"


def canonical(tensors: dict, architecture: str) -> dict:
    expected_names(architecture)  # an unknown one is the better message
    if not tensors:
        raise ImportFailed("no tensors in the file")
    rename = {"efficientnet_lite_pytorch": rename_lite, "hed": rename_hed}.get(layout(tensors))
    if rename:
        tensors = rename(tensors, architecture)
    check_names(tensors, architecture)
    return tensors
