"""Writes files in PyTorch's two formats, good and bad ones, without PyTorch."""

import io
import pickle
import struct
import sys
import types
import zipfile

MAGIC = 0x1950A86A20F9469CFC6C


def _stand_ins():
    """Modules of PyTorch's names, so that a pickle can refer to what is in them."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for kind in ("FloatStorage", "LongStorage", "QInt8Storage"):
        setattr(torch, kind, type(kind, (), {"__module__": "torch"}))
    for function in ("_rebuild_tensor_v2", "_rebuild_parameter"):
        def stand_in(*_):
            raise AssertionError("only its name is used")
        stand_in.__module__, stand_in.__qualname__ = "torch._utils", function
        stand_in.__name__ = function
        setattr(utils, function, stand_in)
    torch._utils = utils
    return torch, utils


TORCH, UTILS = _stand_ins()


class Call:
    """Pickles as a call of `function` with `arguments`, and then whatever `state` sets."""

    def __init__(self, function, *arguments, state=None):
        self.made = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.made


class PersistentId:
    def __init__(self, *pid):
        self.pid = pid


def storage(key="0", elements=4, kind="FloatStorage"):
    return PersistentId("storage", getattr(TORCH, kind), key, "cpu", elements)


def tensor(held=None, offset=0, size=(4,), stride=(1,), state=None):
    return Call(UTILS._rebuild_tensor_v2, storage() if held is None else held, offset, size, stride,
                False, None, state=state)


class _Pickler(pickle.Pickler):
    def persistent_id(self, thing):
        return thing.pid if isinstance(thing, PersistentId) else None


def pickled(thing, protocol=2) -> bytes:
    kept = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules["torch"], sys.modules["torch._utils"] = TORCH, UTILS
    try:
        out = io.BytesIO()
        _Pickler(out, protocol).dump(thing)
        return out.getvalue()
    finally:
        for name, module in kept.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def write_zip(path, index: bytes, storages: dict, compression=zipfile.ZIP_STORED, extra=()):
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", index)
        for key, raw in storages.items():
            archive.writestr(f"archive/data/{key}", raw)
        for name, raw in extra:
            archive.writestr(name, raw)


def write_legacy(path, index: bytes, storages: dict, magic=MAGIC, little_endian=True, keys=None):
    with open(path, "wb") as file:
        for thing in (magic, 1001, {"little_endian": little_endian, "type_sizes": {}}):
            file.write(pickled(thing))
        file.write(index)
        file.write(pickled(list(storages) if keys is None else keys))
        for elements, raw in storages.values():
            file.write(struct.pack("<q", elements) + raw)
