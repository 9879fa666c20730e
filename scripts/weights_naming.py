"""What a weights file calls its tensors -> what torchvision or timm call them, which graft reads.

canonical(tensors, architecture) renames the layouts it knows and names what is missing or too much.
"""

import re

from tensor_names import (COUNTER, MOBILENET_V1_REPEATS, VGG_CONVOLUTIONS, efficientnet_repeats, expected_names,
                          vgg_layers)
from weights_reading import ImportFailed

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


KERAS_MOBILENET_V1 = {"conv1": "conv_stem", "conv1_bn": "bn1", "conv_preds": "classifier"}


def keras_mobilenet_v1_part(layer: str) -> str | None:
    """conv_dw_8_bn -> blocks.3.1.bn1"""
    if layer in KERAS_MOBILENET_V1:
        return KERAS_MOBILENET_V1[layer]
    match = re.fullmatch(r"conv_(dw|pw)_(\d+)(_bn)?", layer)
    places = [(stage, i) for stage, repeats in enumerate(MOBILENET_V1_REPEATS)
              for i in range(repeats)]
    if not match or not 1 <= int(match[2]) <= len(places):
        return None
    stage, i = places[int(match[2]) - 1]
    part = f"bn{1 if match[1] == 'dw' else 2}" if match[3] else f"conv_{match[1]}"
    return f"blocks.{stage}.{i}.{part}"


def renamed_keras(tensors: dict, part_of) -> dict:
    """As keras.applications saves weights in HDF5. Kernels are HWIO, a depthwise one's HW(C)(1).
    Layers that part_of does not know, a new head, are left out."""
    renamed = {}
    for name, value in tensors.items():
        layer, _, leaf = name.rpartition("/")
        layer = layer.rpartition("/")[2]
        part = part_of(layer)
        leaf = leaf.partition(":")[0]
        if part is None or leaf not in KERAS_LEAVES:
            continue
        if value.ndim == 4:
            # Keras 3 calls a depthwise kernel like any other.
            depthwise = re.search(r"_depthwise$|^conv_dw_", layer)
            value = value.transpose(2, 3, 0, 1) if depthwise else value.transpose(3, 2, 0, 1)
            if part == "classifier":  # a convolution of one place
                value = value.reshape(value.shape[:2])
        elif value.ndim == 2:
            value = value.transpose()
        renamed[f"{part}.{KERAS_LEAVES[leaf]}"] = value
    return renamed


def rename_keras_mobilenet(tensors: dict, architecture: str) -> dict:
    """MobileNetV2 of Keras -> torchvision."""
    if architecture != "tf_mobilenet_v2":
        raise ImportFailed(f"these are weights of Keras' MobileNetV2, tf_mobilenet_v2, not of "
                           f"{architecture}")
    return renamed_keras(tensors, keras_mobilenet_part)


def rename_keras_mobilenet_v1(tensors: dict, architecture: str) -> dict:
    """MobileNet of Keras -> timm."""
    if architecture != "tf_mobilenet_v1":
        raise ImportFailed(f"these are weights of Keras' MobileNet, tf_mobilenet_v1, not of "
                           f"{architecture}")
    return renamed_keras(tensors, keras_mobilenet_v1_part)


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


OLDER_DENSENET = re.compile(r"(.*denselayer\d+\.(?:norm|conv))\.([12]\..+)")


def rename_older_densenet(tensors: dict, architecture: str) -> dict:
    """torchvision's published files of DenseNets are older than its names: norm.1 -> norm1."""
    return {OLDER_DENSENET.sub(r"\1\2", name): value for name, value in tensors.items()}


def without_auxiliary_head(tensors: dict, architecture: str) -> dict:
    """torchvision's Inception v3 has a second head that only its own training looks at."""
    return {name: value for name, value in tensors.items() if not name.startswith("AuxLogits.")}


def layout(tensors: dict) -> str:
    if any(name.startswith("AuxLogits.") for name in tensors):
        return "inception"
    if any(OLDER_DENSENET.fullmatch(name) for name in tensors):
        return "older_densenet"
    if any(name.startswith("_blocks.") for name in tensors):
        return "efficientnet_lite_pytorch"
    if any(name.startswith("block1/layers/conv2d/") for name in tensors):
        return "hed"
    if any("block_1_depthwise/" in name for name in tensors):
        return "keras_mobilenet"
    if any("conv_dw_1/" in name for name in tensors):
        return "keras_mobilenet_v1"
    if "encoder.pos_embedding" in tensors:
        return "torchvision_vit"
    return "canonical"


def canonical(tensors: dict, architecture: str) -> dict:
    expected_names(architecture)  # an unknown one is the better message
    if not tensors:
        raise ImportFailed("no tensors in the file")
    rename = {"efficientnet_lite_pytorch": rename_lite, "hed": rename_hed,
              "inception": without_auxiliary_head,
              "keras_mobilenet": rename_keras_mobilenet,
              "keras_mobilenet_v1": rename_keras_mobilenet_v1,
              "torchvision_vit": rename_torchvision_vit,
              "older_densenet": rename_older_densenet}.get(layout(tensors))
    if rename:
        tensors = rename(tensors, architecture)
    check_names(tensors, architecture)
    return tensors
