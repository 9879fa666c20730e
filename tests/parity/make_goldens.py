#!/usr/bin/env python3
"""Makes tests/parity/goldens.json: what torchvision and timm compute with weights that a formula gives.

No weights are downloaded: tensor values are a function of the tensor's name and the element's
index, computed alike here and in formula_weights.cc. Needs torch, torchvision and timm.

For every architecture features and logits in evaluation mode. For those of TRAINED, in which every
kind of block of every family is, also one step of training as PyTorch takes it: the loss, each
parameter's gradient, each norm's running statistics, and the logits of the network after the step.
That part is computed in float64: it is the exact answer, from which float32 strays a little on
every machine in another way.

  python make_goldens.py > goldens.json
  python make_goldens.py convnext_tiny > one.json    # of these alone
"""

import copy
import json
import pathlib
import sys

import numpy
import timm
import torch
import torchvision

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import weights_naming  # noqa: E402

ARCHITECTURES = (
    [f"vgg{n}{bn}" for n in (11, 13, 16, 19) for bn in ("", "_bn")]
    + [f"tf_efficientnet_lite{i}" for i in range(5)]
    + [f"tf_efficientnet_b{i}" for i in range(8)]
    + ["resnet18", "resnet34", "resnet50", "mobilenet_v2", "tf_mobilenet_v2",
       "vit_small_patch16_224", "vit_base_patch16_224",
       "resnet101", "resnet152", "resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d",
       "wide_resnet50_2", "wide_resnet101_2", "densenet121", "densenet161", "densenet169",
       "densenet201", "alexnet", "squeezenet1_0", "squeezenet1_1", "mobilenet_v3_small",
       "mobilenet_v3_large", "tf_mobilenet_v1", "inception_v3", "convnext_tiny", "convnext_small", "convnext_base", "convnext_large"]
    + [f"regnet_{kind}_{size}" for kind in "xy"
       for size in ("400mf", "800mf", "1_6gf", "3_2gf", "8gf", "16gf", "32gf")]
    + ["vit_tiny_patch16_224", "vit_large_patch16_224"])
TRAINED = {"vgg11", "vgg11_bn", "tf_efficientnet_lite0", "tf_efficientnet_b0", "resnet18", "resnet34",
           "resnet50", "mobilenet_v2", "tf_mobilenet_v2", "vit_small_patch16_224",
           "vit_base_patch16_224", "resnext50_32x4d", "densenet121", "alexnet", "squeezenet1_0",
           "mobilenet_v3_small", "tf_mobilenet_v1", "inception_v3", "convnext_tiny",
           "regnet_x_400mf", "regnet_y_400mf"}
OF_TORCHVISION = ("resnet", "resnext", "wide_resnet", "mobilenet", "densenet", "alexnet",
                  "squeezenet", "convnext", "regnet")
LEARNING_RATE = 0.01


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
        if name.endswith("layer_scale"):  # as small as it begins, if not quite
            values = numpy.float32(0.1) * values
        elif tensor.dim() >= 2:  # as He et al. 2015, so that activations keep their size
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


class SameConv2d(torch.nn.Conv2d):
    """TensorFlow's "SAME" padding."""

    def forward(self, x):
        pads = []
        for size, kernel, stride in reversed(list(zip(x.shape[2:], self.kernel_size, self.stride))):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2]
        return torch.nn.functional.conv2d(torch.nn.functional.pad(x, pads), self.weight, self.bias,
                                          self.stride, 0, 1, self.groups)


def as_tensorflow(model: torch.nn.Module) -> torch.nn.Module:
    """timm takes the epsilon of TensorFlow's norms, but not their momentum (0.99 as it counts)."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.01
    return model


def as_keras(model: torch.nn.Module, momentum: float) -> torch.nn.Module:
    """What Keras' MobileNets do otherwise than torchvision's and timm's."""
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.__class__ = SameConv2d
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps, module.momentum = 1e-3, momentum
    return model


def build(architecture: str) -> torch.nn.Module:
    if architecture.startswith("vgg"):
        # Building it draws 100 million random numbers that are thrown away.
        with torch.device("meta"):
            model = getattr(torchvision.models, architecture)(weights=None, init_weights=False)
        return model.to_empty(device="cpu").eval()
    if architecture == "tf_mobilenet_v2":
        return as_keras(torchvision.models.mobilenet_v2(weights=None), 0.001).eval()
    if architecture == "tf_mobilenet_v1":
        return as_keras(timm.create_model("mobilenetv1_100", pretrained=False), 0.01).eval()
    if architecture == "inception_v3":
        return torchvision.models.inception_v3(weights=None, init_weights=False,
                                               aux_logits=False).eval()
    if architecture.startswith(OF_TORCHVISION):
        return getattr(torchvision.models, architecture)(weights=None).eval()
    model = timm.create_model(architecture, pretrained=False).eval()
    return as_tensorflow(model) if architecture.startswith("tf_") else model


def features_of(model: torch.nn.Module, architecture: str, x: torch.Tensor) -> torch.Tensor:
    if architecture.startswith(("resnet", "resnext", "wide_resnet")):
        return torch.nn.Sequential(*list(model.children())[:-2])(x)
    if architecture == "inception_v3":
        return torch.nn.Sequential(*[part for name, part in model.named_children()
                                     if name not in ("avgpool", "dropout", "fc")])(x)
    if architecture.startswith("regnet"):
        return model.trunk_output(model.stem(x))
    if architecture.startswith("densenet"):
        return torch.relu(model.features(x))  # as the network itself does
    if hasattr(model, "features"):
        return model.features(x)
    return model.forward_features(x)


def size_of(architecture: str) -> int:
    if architecture.startswith("vit"):
        return 224
    return 80 if architecture.startswith(("tf_efficientnet", "inception")) else 64


def step_size_of(architecture: str) -> int:
    """Float64 is slow, depthwise convolutions in it above all."""
    if architecture.startswith("tf_"):
        return 40  # halved, odd before long
    return 32 if architecture.startswith("mobilenet") else size_of(architecture)


def image(name: str, count: int, size: int) -> torch.Tensor:
    return torch.from_numpy(uniform(name, count * 3 * size * size).reshape(count, 3, size, size))


def rounded(value, digits: int = 9) -> float:
    return float(f"{float(value):.{digits}g}")


def sample(tensor: torch.Tensor, count: int) -> list:
    flat = tensor.flatten()
    step = max(1, flat.numel() // count)
    return [rounded(v) for v in flat[::step][:count].tolist()]


def digest(tensor: torch.Tensor) -> list:
    """Of all values the Euclidean norm and the largest; then two of them."""
    return [rounded(v, 6) for v in (tensor.norm(), tensor.abs().max(), *sample(tensor, 2))]


def step(model: torch.nn.Module, architecture: str) -> dict:
    model = copy.deepcopy(model).double().train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        if isinstance(module, torchvision.ops.StochasticDepth):
            module.p = 0.0
    images = 1 if architecture.startswith("vit") else 4
    size = step_size_of(architecture)
    x = image("batch", images, size).double()
    labels = torch.tensor([(37 * i) % 1000 for i in range(images)])
    loss = torch.nn.functional.cross_entropy(model(x), labels)
    loss.backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    torch.optim.SGD(model.parameters(), lr=LEARNING_RATE).step()
    statistics = {name: value for name, value in model.state_dict().items()
                  if name.endswith(("running_mean", "running_var"))}
    with torch.no_grad():
        logits = model.eval()(x[:1])
    # In the order of the names, which therefore need not be written.
    return {"images": images, "size": size, "loss": rounded(loss),
            "gradients": [digest(gradients[name]) for name in sorted(gradients)],
            "statistics": [digest(statistics[name]) for name in sorted(statistics)],
            "logits": sample(logits, 24), "logits_max": rounded(logits.abs().max())}


def check_torchvision_vit(reference: torch.nn.Module, x: torch.Tensor) -> None:
    """timm's weights under torchvision's names in torchvision's network."""
    model = torchvision.models.vit_b_16(weights=None).eval()
    state = reference.state_dict()
    back = {}
    for name in model.state_dict():
        (ours,) = weights_naming.rename_torchvision_vit({name: None}, "vit_base_patch16_224")
        back[name] = state[ours]
    assert len(back) == len(state)
    model.load_state_dict(back)
    difference = (model(x) - reference(x)).abs().max()
    assert difference < 1e-4, difference


def main() -> None:
    goldens = {}
    torch.set_num_threads(2)
    for architecture in sys.argv[1:] or ARCHITECTURES:
        size = size_of(architecture)
        model = build(architecture)
        with torch.no_grad():
            fill(model)
            x = image("input", 1, size)
            features = features_of(model, architecture, x)
            logits = model(x)
            if architecture == "vit_base_patch16_224":
                check_torchvision_vit(model, x)
        golden = {
            "size": size,
            "features_shape": list(features.shape),
            "features": sample(features, 24),
            "features_max": rounded(features.abs().max()),
            "logits": sample(logits, 24),
            "logits_max": rounded(logits.abs().max()),
            "parameters": sum(p.numel() for p in model.parameters()),
            "tensors": len(model.state_dict()),
        }
        if architecture in TRAINED:
            golden["step"] = step(model, architecture)
        goldens[architecture] = golden
        print(architecture, golden["logits_max"], file=sys.stderr)
    # One architecture a line, so that a change shows where it is.
    print("{\n" + ",\n".join(f'"{name}": {json.dumps(golden, separators=(",", ":"))}'
                             for name, golden in goldens.items()) + "\n}")


if __name__ == "__main__":
    main()
