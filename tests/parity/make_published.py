#!/usr/bin/env python3
"""Makes scripts/published_weights.json: the weights files that torchvision publishes for the
architectures that graft knows, as torchvision itself describes them. Needs torchvision.

Files under a licence that forbids commercial use (SWAG's) are left out.

  python make_published.py > ../../scripts/published_weights.json
"""

import json
import pathlib
import re
import sys

import torchvision

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
from tensor_names import expected_names  # noqa: E402
from weights_reading import ImportFailed  # noqa: E402

OTHER_NAMES = {"vit_b_16": "vit_base_patch16_224"}  # graft's, where it is not torchvision's


def input_of(preset) -> dict:
    size, resized = preset.crop_size[0], preset.resize_size[0]
    return {"size": size, "crop_fraction": round(size / resized, 4),
            "interpolation": preset.interpolation.value, "mean": preset.mean, "std": preset.std}


def main() -> None:
    files = {}
    for model in torchvision.models.list_models(module=torchvision.models):
        architecture = OTHER_NAMES.get(model, model)
        try:
            expected_names(architecture)
        except ImportFailed:
            continue
        for weights in torchvision.models.get_model_weights(model):
            top1 = weights.meta["_metrics"]["ImageNet-1K"]["acc@1"]
            if "SWAG" in weights.name or not top1 > 0:  # VGG16's features alone have none
                continue
            file = weights.url.rsplit("/", 1)[1]
            files[file] = {
                "architecture": architecture, "sha256_prefix": re.search(r"-([0-9a-f]{8})\.", file)[1],
                "weights": f"{model} {weights.name}", "source": "torchvision",
                "licence": "BSD-3-Clause",
                "imagenet_top1": round(top1 / 100, 5),
                "classes": "ImageNet-1k", "input": input_of(weights.transforms())}
    print("{\n" + ",\n".join(f'"{file}": {json.dumps(what)}' for file, what in files.items()) + "\n}")


if __name__ == "__main__":
    main()
