"""Reads weights files of other people: PyTorch's (both formats), Keras HDF5, safetensors.

read_tensors(path) gives {tensor name: numpy array}. A PyTorch file is a pickle, which could run
anything: here it is read by an unpickler that knows tensors, storages and ordered dictionaries,
and refuses everything else by name. Whatever the format, tensors take no more memory than a small
multiple of the file. Needs numpy, h5py and safetensors; not torch.
"""

import collections
import io
import math
import os
import pathlib
import pickle
import pickletools
import struct
import zipfile

import numpy

MAX_ELEMENTS = 1 << 31  # of one storage
MAX_INDEX_BYTES = 8 << 20  # of a pickle, which holds names and sizes
MAX_SHARING = 2  # how often the file's bytes may be in tensors: some share a storage
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001

STORAGES = {
    "FloatStorage": numpy.dtype("<f4"), "DoubleStorage": numpy.dtype("<f8"),
    "HalfStorage": numpy.dtype("<f2"), "BFloat16Storage": numpy.dtype("<u2"),
    "LongStorage": numpy.dtype("<i8"), "IntStorage": numpy.dtype("<i4"),
    "ShortStorage": numpy.dtype("<i2"), "CharStorage": numpy.dtype("i1"),
    "ByteStorage": numpy.dtype("u1"), "BoolStorage": numpy.dtype("?"),
}


class ImportFailed(Exception):
    """Something a user can act on; shown without a stack trace."""


def widen_bfloat16(raw: bytes) -> numpy.ndarray:
    """bfloat16 is the upper half of a float32."""
    return (numpy.frombuffer(raw, "<u2").astype(numpy.uint32) << 16).view(numpy.float32)


def is_size(value) -> bool:
    return type(value) is int and 0 <= value <= MAX_ELEMENTS  # True and False are no sizes


class Storage:
    """A run of elements that tensors look into; filled once its bytes have been read."""

    __slots__ = ("kind", "elements", "values")

    def __init__(self, kind, elements):
        if not isinstance(kind, str) or kind not in STORAGES:
            raise ImportFailed("the file holds a storage of unknown kind")
        if not is_size(elements):
            raise ImportFailed(f"the file holds a storage of {elements} elements")
        self.kind, self.elements, self.values = kind, elements, None

    def __setstate__(self, state):
        raise ImportFailed("the file changes a storage after making it: refused")

    @property
    def bytes(self) -> int:
        return self.elements * STORAGES[self.kind].itemsize

    def fill(self, raw: bytes) -> None:
        if len(raw) != self.bytes:
            raise ImportFailed("the file is truncated")
        self.values = (widen_bfloat16(raw) if self.kind == "BFloat16Storage"
                       else numpy.frombuffer(raw, STORAGES[self.kind]))


class LazyTensor:
    """A tensor of a pickle, whose storage may be read later."""

    __slots__ = ("storage", "offset", "size", "stride")

    def __init__(self, storage, offset, size, stride):
        ranked = isinstance(size, tuple) and isinstance(stride, tuple) and len(size) == len(stride)
        if not isinstance(storage, Storage) or not ranked or len(size) > 16 or not all(
                is_size(value) for value in (offset, *size, *stride)):
            raise ImportFailed("the file holds a tensor that is none")
        count = math.prod(size)
        reach = offset + sum((n - 1) * s for n, s in zip(size, stride))
        # More elements than the storage has would be a small file that fills the memory.
        if count > storage.elements or (count > 0 and reach >= storage.elements):
            raise ImportFailed("the file holds a tensor that reaches outside its storage")
        self.storage, self.offset, self.size, self.stride = storage, offset, size, stride

    def __setstate__(self, state):
        raise ImportFailed("the file changes a tensor after making it: refused")

    @property
    def bytes(self) -> int:
        return math.prod(self.size) * STORAGES[self.storage.kind].itemsize

    def array(self) -> numpy.ndarray:
        values = self.storage.values
        if values is None:
            raise ImportFailed("the file lacks the content of a tensor")
        if math.prod(self.size) == 0:
            return numpy.zeros(self.size, values.dtype)
        view = numpy.lib.stride_tricks.as_strided(
            values[self.offset:], self.size, [s * values.itemsize for s in self.stride],
            writeable=False)
        return numpy.array(view, order="C")  # ascontiguousarray would make a scalar 1-d


class TensorUnpickler(pickle.Unpickler):
    """Builds ordered dictionaries of tensors. Everything else a pickle can ask for is refused."""

    REBUILDS = {"_rebuild_tensor", "_rebuild_tensor_v2"}

    def __init__(self, file, storages: dict):
        super().__init__(file, encoding="utf-8")
        self.storages = storages

    def find_class(self, module, name):
        # Functions made anew each time: what a pickle does to one stays with that pickle.
        if module == "torch._utils" and name in self.REBUILDS:
            return lambda storage, offset, size, stride, *_: LazyTensor(storage, offset, size,
                                                                        stride)
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda tensor, *_: tensor
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if module == "torch" and name in STORAGES:
            return name
        raise ImportFailed(f"the file asks for {module}.{name}, which no weights need: refused")

    def persistent_load(self, pid):
        if not isinstance(pid, tuple) or not 5 <= len(pid) <= 6 or pid[0] != "storage":
            raise ImportFailed("the file holds something other than tensors")
        if len(pid) == 6 and pid[5] is not None:
            raise ImportFailed("the file holds a view of a storage, as very old PyTorch wrote it: "
                               "save it again with a newer one")
        _, kind, key, _, elements = pid[:5]
        if not isinstance(key, str):
            raise ImportFailed("the file holds something other than tensors")
        if key not in self.storages:
            self.storages[key] = Storage(kind, elements)
        return self.storages[key]


def check_pickle(file) -> None:
    """Reads a pickle's instructions without following them: one that numbers its memo sparsely
    would have the unpickler make a list of that length."""
    start = file.tell()
    for count, (opcode, argument, position) in enumerate(pickletools.genops(file), 1):
        if position - start > MAX_INDEX_BYTES:
            raise ImportFailed("the file's index of names is too long")
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and argument > count:
            raise ImportFailed("the file's index numbers its entries as no pickle does: refused")
    file.seek(start)


def load_pickle(file, storages: dict):
    check_pickle(file)
    return TensorUnpickler(file, storages).load()


def read_torch_zip(path: pathlib.Path) -> object:
    with zipfile.ZipFile(path) as archive:
        # PyTorch never compresses, and what is not compressed cannot be larger than the file.
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise ImportFailed("not a PyTorch weights file: it is compressed")
        index = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if len(index) != 1 or archive.getinfo(index[0]).file_size > MAX_INDEX_BYTES:
            raise ImportFailed("not a PyTorch weights file: no data.pkl")
        folder = index[0].removesuffix("data.pkl")
        if f"{folder}byteorder" in archive.namelist():
            if archive.read(f"{folder}byteorder") != b"little":
                raise ImportFailed("the file was written on a big-endian machine")
        storages = {}
        state = load_pickle(io.BytesIO(archive.read(index[0])), storages)
        # Entries of a zip may lie over each other.
        if sum(storage.bytes for storage in storages.values()) > path.stat().st_size:
            raise ImportFailed("the file's storages are larger than the file")
        for key, storage in storages.items():
            member = f"{folder}data/{key}"
            if member not in archive.NameToInfo:
                raise ImportFailed(f"the file lacks its storage {key}")
            if archive.getinfo(member).file_size != storage.bytes:
                raise ImportFailed(f"storage {key} does not have the size it should")
            storage.fill(archive.read(member))
        return state


def read_torch_legacy(path: pathlib.Path) -> object:
    with open(path, "rb") as file:
        if load_pickle(file, {}) != LEGACY_MAGIC or load_pickle(file, {}) != LEGACY_PROTOCOL:
            raise ImportFailed("not a PyTorch weights file")
        machine = load_pickle(file, {})
        if not isinstance(machine, dict) or machine.get("little_endian") is not True:
            raise ImportFailed("the file was written on a big-endian machine")
        storages = {}
        state = load_pickle(file, storages)
        size = os.fstat(file.fileno()).st_size
        for key in load_pickle(file, {}):
            if key not in storages:
                raise ImportFailed(f"the file holds a storage {key} that nothing uses")
            storage = storages[key]
            header = file.read(8)
            if len(header) != 8 or storage.bytes > size - file.tell():
                raise ImportFailed("the file is truncated")
            if struct.unpack("<q", header)[0] != storage.elements:
                raise ImportFailed(f"storage {key} does not have the size it should")
            storage.fill(file.read(storage.bytes))
        return state


def read_torch(path: pathlib.Path) -> dict:
    state = read_torch_zip(path) if zipfile.is_zipfile(path) else read_torch_legacy(path)
    for wrapper in ("state_dict", "model", "state_dict_ema"):
        if isinstance(state, dict) and isinstance(state.get(wrapper), dict):
            state = state[wrapper]
    if not isinstance(state, dict):
        raise ImportFailed("the file is not a state dict")
    tensors = {str(name).removeprefix("module."): tensor for name, tensor in state.items()
               if isinstance(tensor, LazyTensor)}
    if sum(tensor.bytes for tensor in tensors.values()) > MAX_SHARING * path.stat().st_size:
        raise ImportFailed("the file's tensors are many times as large as the file")
    return {name: tensor.array() for name, tensor in tensors.items()}


def check_hdf5(name: str, item) -> None:
    """A dataset of numbers whose bytes are all here, as they are."""
    if item.external is not None or item.is_virtual:
        raise ImportFailed(f"'{name}' lies in another file: refused")
    if item.id.get_create_plist().get_nfilters() > 0:
        raise ImportFailed(f"'{name}' is compressed: save it again without compression")
    if item.id.get_storage_size() < item.nbytes:
        raise ImportFailed(f"'{name}' is larger than what the file holds of it")


def read_hdf5(path: pathlib.Path) -> dict:
    import h5py
    with h5py.File(path, "r") as file:
        wanted = {}

        def visit(name, item):
            # An optimizer's state, texts and the like are nobody's weights.
            if (isinstance(item, h5py.Dataset) and item.dtype.kind in "fiub"
                    and not name.startswith("optimizer")):
                check_hdf5(name, item)
                wanted[name] = item

        file.visititems(visit)
        # Datasets may lie over each other.
        if sum(item.nbytes for item in wanted.values()) > path.stat().st_size:
            raise ImportFailed("the file's tensors are larger than the file")
        return {name: item[()] for name, item in wanted.items()}


def read_safetensors(path: pathlib.Path) -> dict:
    import safetensors
    read = {}
    # Not through numpy, which has no bfloat16.
    for name, tensor in safetensors.deserialize(path.read_bytes()):
        if tensor["dtype"] == "BF16":
            values = widen_bfloat16(tensor["data"])
        else:
            dtype = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4",
                     "I16": "<i2", "I8": "i1", "U8": "u1", "BOOL": "?"}.get(tensor["dtype"])
            if dtype is None:
                raise ImportFailed(f"tensor '{name}' has type {tensor['dtype']}")
            values = numpy.frombuffer(tensor["data"], dtype)
        read[name] = values.reshape(tensor["shape"])
    return read


READERS = {".h5": read_hdf5, ".hdf5": read_hdf5, ".safetensors": read_safetensors,
           ".pth": read_torch, ".pt": read_torch, ".bin": read_torch}


def read_tensors(path: pathlib.Path) -> dict:
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ImportFailed(f"'{path.name}': know {', '.join(READERS)}")
    try:
        return reader(path)
    except ImportFailed as failure:
        raise ImportFailed(f"{path.name}: {failure}") from None
    except Exception as error:  # a broken file can fail in any way it likes
        raise ImportFailed(f"{path.name}: not a readable {path.suffix} file "
                           f"({type(error).__name__})") from None
