"""A tensor in an archive of C++'s ``torch::save()``: what R's torch once wrote.

The archive is a TorchScript module: a zip file with a pickle and the bytes of storages. PyTorch
would compile the code in it. Here the pickle is read alone, and may name nothing but what a tensor
is made of.

Tests: tests/saving/test_tensor_archives.py.
"""

from __future__ import annotations

import base64
import io
import pickle
import zipfile
from dataclasses import dataclass
from typing import Any, NoReturn

import torch
from torch import Tensor

from torchbridge.saving.tensor_content import DamagedContent

#: PyTorch's names of storages -> the dtypes of what is in them.
_STORAGES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
    "ComplexFloatStorage": torch.complex64,
    "ComplexDoubleStorage": torch.complex128,
}


def tensor(data: bytes | str, device: str | None) -> Tensor:
    """The one tensor of an archive.

    Args:
        data: the archive, or its Base64 text.
        device: for the tensor, or None for the one where it was, or the CPU without that.

    Raises:
        DamagedContent: it is damaged, or holds something else.
    """
    try:
        content = base64.b64decode(data, validate=True) if isinstance(data, str) else bytes(data)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found, was = _read(archive, len(content))
    except DamagedContent:
        raise
    # What a damaged zip or pickle ends in is any of these.
    except Exception as error:
        raise DamagedContent("the archive of a tensor in it is damaged") from error
    return found.to(_there(was) if device is None else device)


def _there(device: str) -> str:
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError):
        return "cpu"
    return device


def _read(archive: zipfile.ZipFile, size: int) -> tuple[Tensor, str]:
    names = archive.namelist()
    if sum(archive.getinfo(name).file_size for name in names) > size:
        raise DamagedContent("the archive of a tensor in it is damaged: it would grow")  # stored
    (place,) = (name for name in names if name.endswith("/data.pkl"))
    unpickler = _Unpickler(archive, place.removesuffix("data.pkl"))
    module = unpickler.load()
    tensors = [x for x in vars(module).values() if isinstance(x, Tensor)]
    if not isinstance(module, _Module) or len(tensors) != 1:
        raise DamagedContent("the archive in it holds something else than a tensor")
    return tensors[0], unpickler.device


@dataclass
class _Storage:
    values: Tensor


class _Module:
    """What the archive calls a module: a place for the tensor."""

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, dict):
            raise DamagedContent("the archive of a tensor in it is damaged")
        self.__dict__.update({str(name): x for name, x in state.items()})


class _Unpickler(pickle.Unpickler):
    """Makes tensors, numbers and text; nothing else has a name."""

    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(io.BytesIO(archive.read(folder + "data.pkl")))
        self._archive, self._folder = archive, folder
        self.device = "cpu"

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] == "__torch__":
            return _Module
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuilt
        if (module, name) == ("collections", "OrderedDict"):
            return dict
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        _refuse(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, device, n = pid
        if kind != "storage" or not isinstance(dtype, torch.dtype):
            _refuse(str(kind))
        self.device = str(device)
        data = self._archive.read(f"{self._folder}data/{key}")
        if len(data) != n * dtype.itemsize:
            raise DamagedContent("the archive of a tensor in it is damaged: it ends too early")
        values = torch.frombuffer(bytearray(data), dtype=dtype) if n else torch.empty(0).to(dtype)
        return _Storage(values)


def _refuse(name: str) -> NoReturn:
    raise DamagedContent(f"the archive of a tensor in it names {name}, which makes no tensor")


def _rebuilt(
    storage: _Storage, offset: int, size: Any, stride: Any, requires_grad: bool, *_: object
) -> Tensor:
    made = storage.values.as_strided(size, stride, offset)
    if made.numel() <= storage.values.numel():  # else many dims of one number: no copy
        made = made.clone()
    return made.requires_grad_() if requires_grad is True else made
