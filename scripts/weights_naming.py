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


RESNET_BLOCKS = {18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3]}  # by layer


def resnet_names(depth: int) -> tuple[set, set]:
    features = {"conv1.weight"} | {f"bn1.{leaf}" for leaf in NORM}
    convolutions = 3 if depth >= 50 else 2
    for layer, blocks in enumerate(RESNET_BLOCKS[depth], 1):
        for block in range(blocks):
            prefix = f"layer{layer}.{block}"
            for i in range(1, convolutions + 1):
                features |= {f"{prefix}.conv{i}.weight"}
                features |= {f"{prefix}.bn{i}.{leaf}" for leaf in NORM}
            # The first block of a layer changes the size or, in a bottleneck, the channels.
            if block == 0 and (layer > 1 or depth >= 50):
                features |= {f"{prefix}.downsample.0.weight"}
                features |= {f"{prefix}.downsample.1.{leaf}" for leaf in NORM}
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


VIT_BLOCKS = 12
VIT_PARTS = ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2")


def vit_names() -> tuple[set, set]:
    layers = ["patch_embed.proj", "norm"]
    layers += [f"blocks.{i}.{part}" for i in range(VIT_BLOCKS) for part in VIT_PARTS]
    features = {f"{layer}.{leaf}" for layer in layers for leaf in ("weight", "bias")}
    return features | {"cls_token", "pos_embed"}, {"head.weight", "head.bias"}


def expected_names(architecture: str) -> tuple[set, set]:
    """Those of the features, and those of the classifier, which may be absent as a whole."""
    if match := re.fullmatch(r"vgg(11|13|16|19)(_bn)?", architecture):
        return vgg_names(int(match[1]), match[2] is not None)
    if match := re.fullmatch(r"tf_efficientnet_(lite[0-4]|b[0-7])", architecture):
        return efficientnet_names(match[1][:-1], int(match[1][-1]))
    if match := re.fullmatch(r"resnet(18|34|50)", architecture):
        return resnet_names(int(match[1]))
    if architecture in ("mobilenet_v2", "tf_mobilenet_v2"):
        return mobilenet_v2_names()
    if architecture in ("vit_small_patch16_224", "vit_base_patch16_224"):
        return vit_names()
    raise ImportFailed(f"unknown architecture '{architecture}': know vgg11, vgg13, vgg16, vgg19 "
                       "(also with _bn), tf_efficientnet_lite0 to _lite4, _b0 to _b7, resnet18, "
                       "resnet34, resnet50, mobilenet_v2, tf_mobilenet_v2, "
                       "vit_small_patch16_224, vit_base_patch16_224")


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


KERAS_MOBILENET = {"Conv1": "features.0.0", "bn_Conv1": "features.0.1",
                   "Conv_1": "features.18.0", "Conv_1_bn": "features.18.1",
                   "predictions": "classifier.1", "Logits": "classifier.1"}
KERAS_LEAVES = {"kernel": "weight", "depthwise_kernel": "weight", "gamma": "weight", "bias": "bias",
                "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


def keras_mobilenet_part(layer: str) -> str | None:
    """block_7_depthwise_BN -> features.8.conv.1.1"""
    if layer in KERAS_MOBILENET:
        return KERAS_MOBILENET[layer]
    match = re.fullmatch(r"(expanded_conv|block_(\d+))_(expand|depthwise|project)(_BN)?", layer)
    if not match:
        return None
    block = int(match[2] or 0)
    first = 0 if block == 0 else 1  # the first block does not expand
    norm = match[4] is not None
    number = {"expand": 0, "depthwise": first, "project": first + 1}[match[3]]
    inner = f"{number + norm}" if match[3] == "project" else f"{number}.{int(norm)}"
    return f"features.{block + 1}.conv.{inner}"


def rename_keras_mobilenet(tensors: dict, architecture: str) -> dict:
    """MobileNetV2 of keras.applications, as it saves weights in HDF5 -> torchvision. Kernels are
    HWIO, a depthwise one's HW(C)(1). A new head on top is left out."""
    if architecture != "tf_mobilenet_v2":
        raise ImportFailed(f"these are weights of Keras' MobileNetV2, tf_mobilenet_v2, not of "
                           f"{architecture}")
    renamed = {}
    for name, value in tensors.items():
        layer, _, leaf = name.rpartition("/")
        part = keras_mobilenet_part(layer.rpartition("/")[2])
        leaf = leaf.partition(":")[0]
        if part is None or leaf not in KERAS_LEAVES:
            continue
        if value.ndim == 4:
            depthwise = layer.endswith("_depthwise")  # Keras 3 calls its kernel like any other
            value = value.transpose(2, 3, 0, 1) if depthwise else value.transpose(3, 2, 0, 1)
        elif value.ndim == 2:
            value = value.transpose()
        renamed[f"{part}.{KERAS_LEAVES[leaf]}"] = value
    return renamed


TORCHVISION_VIT = {"class_token": "cls_token", "encoder.pos_embedding": "pos_embed"}
TORCHVISION_VIT_LAYERS = {"conv_proj": "patch_embed.proj", "encoder.ln": "norm",
                          "heads.head": "head"}
TORCHVISION_VIT_PARTS = {"ln_1": "norm1", "self_attention.out_proj": "attn.proj", "ln_2": "norm2",
                         "mlp.0": "mlp.fc1", "mlp.linear_1": "mlp.fc1", "mlp.3": "mlp.fc2",
                         "mlp.linear_2": "mlp.fc2"}  # linear_n: in older files


def torchvision_vit_name(name: str) -> str | None:
    if name in TORCHVISION_VIT:
        return TORCHVISION_VIT[name]
    layer, _, leaf = name.rpartition(".")
    if layer in TORCHVISION_VIT_LAYERS:
        return f"{TORCHVISION_VIT_LAYERS[layer]}.{leaf}"
    match = re.fullmatch(r"encoder\.layers\.encoder_layer_(\d+)\.(.+)", name)
    if not match:
        return None
    prefix, part = f"blocks.{int(match[1])}", match[2]
    if part in ("self_attention.in_proj_weight", "self_attention.in_proj_bias"):
        return f"{prefix}.attn.qkv.{part.rpartition('_')[2]}"
    part, _, leaf = part.rpartition(".")
    return (f"{prefix}.{TORCHVISION_VIT_PARTS[part]}.{leaf}" if part in TORCHVISION_VIT_PARTS
            else None)


def rename_torchvision_vit(tensors: dict, architecture: str) -> dict:
    """torchvision's vit_b_16 -> timm; the tensors themselves are laid out alike."""
    if architecture != "vit_base_patch16_224":
        raise ImportFailed("these are weights of torchvision's vit_b_16, which graft calls "
                           f"vit_base_patch16_224, not of {architecture}")
    renamed, strangers = {}, []
    for name, value in tensors.items():
        new = torchvision_vit_name(name)
        if new is None:
            strangers.append(name)
        else:
            renamed[new] = value
    if strangers:
        raise ImportFailed(f"not the weights of {architecture}: has also {listed(strangers)}")
    return renamed


def layout(tensors: dict) -> str:
    if any(name.startswith("_blocks.") for name in tensors):
        return "efficientnet_lite_pytorch"
    if any(name.startswith("block1/layers/conv2d/") for name in tensors):
        return "hed"
    if any("block_1_depthwise/" in name for name in tensors):
        return "keras_mobilenet"
    if "encoder.pos_embedding" in tensors:
        return "torchvision_vit"
    return "canonical"


def canonical(tensors: dict, architecture: str) -> dict:
    expected_names(architecture)  # an unknown one is the better message
    if not tensors:
        raise ImportFailed("no tensors in the file")
    rename = {"efficientnet_lite_pytorch": rename_lite, "hed": rename_hed,
              "keras_mobilenet": rename_keras_mobilenet,
              "torchvision_vit": rename_torchvision_vit}.get(layout(tensors))
    if rename:
        tensors = rename(tensors, architecture)
    check_names(tensors, architecture)
    return tensors
