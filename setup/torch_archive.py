"""Read the tensors of a PyTorch state-dict file without PyTorch: it is a zip with a pickle and raw storages."""

import io
import pickle
import zipfile
from collections import OrderedDict

import numpy as np

STORAGES = {"FloatStorage": np.float32, "LongStorage": np.int64, "DoubleStorage": np.float64, "HalfStorage": np.float16}


class _Tensors(pickle.Unpickler):
    """Builds numpy arrays and refuses every class that a plain state dict does not need."""

    def __init__(self, archive, root):
        super().__init__(io.BytesIO(archive.read(f"{root}data.pkl")))
        self.archive, self.root = archive, root

    def find_class(self, module, name):
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and name in STORAGES:
            return name
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a weight file")

    def persistent_load(self, key):
        _, storage, name, _, _ = key
        return np.frombuffer(self.archive.read(f"{self.root}data/{name}"), STORAGES[storage])


def _rebuild(storage, offset, size, stride, *_):
    strides = [s * storage.itemsize for s in stride]
    return np.ascontiguousarray(np.lib.stride_tricks.as_strided(storage[offset:], size, strides))


def read(data):
    """Name -> array, from the bytes of a `.pt` or `.pth` file."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    root = next(n for n in archive.namelist() if n.endswith("data.pkl"))[: -len("data.pkl")]
    return _Tensors(archive, root).load()
