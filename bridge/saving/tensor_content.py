"""The content of safetensors files: written with a checksum, and read only where it is whole.

The header is read first and checked by itself: every tensor's dtype, shape and place must fit the
file, so that nothing is allocated that the file does not hold. Tensors are then read into memory
of PyTorch's own, on its alignment: they compute to the same bits as those that were saved, and
nobody who writes the file again changes them. The checksum covers tensors and metadata; files
without one (of others, or of version 0.1.0) are read as they are.

Tests: tests/saving/test_tensor_content.py.
"""

from __future__ import annotations

import ctypes
import io
import json
import os
import zlib
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, BinaryIO

import safetensors.torch
import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The entry of the metadata that has the checksum.
CHECKSUM = "torchbridge_checksum"

#: What safetensors itself allows a header.
_LARGEST_HEADER = 100_000_000
#: More dims than PyTorch computes with.
_MOST_DIMS = 64

_NAMES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
    "C64": "complex64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2": "float8_e5m2",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
}
#: The format's names of dtypes -> PyTorch's, where this PyTorch has them.
_DTYPES: dict[str, torch.dtype] = {
    name: getattr(torch, dtype) for name, dtype in _NAMES.items() if hasattr(torch, dtype)
}
_NAMES_OF = {dtype: name for name, dtype in _DTYPES.items()}


class DamagedContent(ValueError):
    """The content is not whole, or no safetensors content; the message says what is wrong."""


@dataclass(frozen=True)
class Entry:
    """What the header says of a tensor; `start` and `end` count bytes after the header."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    start: int
    end: int


class Content:
    """A file, or bytes, whose header has been read and fits.

    Attributes:
        metadata: text by name, without the checksum.
        entries: the tensors by name.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        size = source.seek(0, os.SEEK_END)
        header = self._header(size)
        metadata = header.pop("__metadata__", {})
        if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
            raise DamagedContent("the header's metadata are not text")
        self.metadata: dict[str, str] = dict(metadata)
        self._checksum = self.metadata.pop(CHECKSUM, None)
        self.entries = {name: _entry(name, about) for name, about in header.items()}
        _check_places(self.entries.values(), size - self._start)

    def tensors(self) -> dict[str, Tensor]:
        """All tensors by name.

        Raises:
            DamagedContent: they are not what the checksum says.
        """
        found = {name: self._tensor(entry) for name, entry in self.entries.items()}
        if self._checksum is not None and self._checksum != _checksum(self.metadata, found):
            raise DamagedContent("its checksum is another: something in it has changed")
        return found

    def _header(self, size: int) -> dict[str, Any]:
        self._source.seek(0)
        start = self._source.read(8)
        n = int.from_bytes(start, "little")
        if len(start) < 8 or n > min(size - 8, _LARGEST_HEADER):
            raise DamagedContent("its header is longer than it may be")
        self._start = 8 + n
        header = parsed(self._source.read(n))
        if not isinstance(header, dict):
            raise DamagedContent("its header is no JSON object")
        return header

    def _tensor(self, entry: Entry) -> Tensor:
        try:
            x = torch.empty(entry.shape, dtype=entry.dtype, device="cpu")
        except RuntimeError as error:  # a dim of 0 beside some that no tensor can have
            raise DamagedContent(f"no tensor has the shape {entry.shape}") from error
        self._source.seek(self._start + entry.start)
        rest = _memory(x)
        while len(rest):
            n: int = self._source.readinto(rest)  # type: ignore[attr-defined] # all of ours have it
            if n == 0:
                raise DamagedContent("it ends too early")
            rest = rest[n:]
        return x


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[Content]:
    """The content of a file, whose header has been checked.

    Raises:
        DamagedContent: the file is damaged or of another kind.
    """
    with open(path, "rb") as file:
        yield Content(file)


def of_bytes(data: bytes) -> Content:
    """The same of the bytes of such a file."""
    return Content(io.BytesIO(data))


def to_bytes(tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> bytes:
    """The content of a file with these tensors: on the CPU, row-major, no two over one memory."""
    about = dict(metadata or {})
    data: bytes = safetensors.torch.save(
        dict(tensors), {**about, CHECKSUM: _checksum(about, tensors)}
    )
    return data


def parsed(text: str | bytes) -> Any:
    """JSON of a file.

    Raises:
        DamagedContent: it is no JSON, or nested deeper than anything that is written.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DamagedContent(f"the description in the header is damaged: {error}") from error


def _entry(name: str, about: object) -> Entry:
    if not isinstance(about, dict) or not {"dtype", "shape", "data_offsets"} <= set(about):
        raise DamagedContent(f"the header does not say what `{name}` is")
    dtype, shape, offsets = about["dtype"], about["shape"], about["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise DamagedContent(f"the dtype {dtype!r} of `{name}` is not known")
    if not _are_sizes(shape) or len(shape) > _MOST_DIMS:
        raise DamagedContent(f"`{name}` has no shape")
    if not _are_sizes(offsets) or len(offsets) != 2:
        raise DamagedContent(f"the header does not say where `{name}` is")
    start, end = offsets
    if end - start != prod(shape) * _DTYPES[dtype].itemsize:
        raise DamagedContent(f"`{name}` does not have the size of its shape")
    return Entry(_DTYPES[dtype], tuple(shape), start, end)


def _are_sizes(x: object) -> bool:
    return isinstance(x, list) and all(type(n) is int and 0 <= n < 2**63 for n in x)


def _check_places(entries: Iterable[Entry], size: int) -> None:
    """One after the other, to the end."""
    end = 0
    for entry in sorted(entries, key=lambda entry: (entry.start, entry.end)):
        if entry.start != end:
            raise DamagedContent("its tensors are not one after the other")
        end = entry.end
    if end != size:
        raise DamagedContent(f"it has {size} bytes of tensors, and its header says {end}")


def _checksum(metadata: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    """CRC-32 of the metadata and of the tensors' names, dtypes, shapes and bytes."""
    total = 0
    for name in sorted(metadata):
        for part in (name, metadata[name]):
            data = part.encode("utf-8", "surrogatepass")
            total = zlib.crc32(data, zlib.crc32(b"%d:" % len(data), total))
    for name in sorted(tensors):
        x = tensors[name]
        own = zlib.crc32(_memory(x.detach()))
        said = json.dumps([name, _NAMES_OF.get(x.dtype, str(x.dtype)), list(x.shape), own])
        total = zlib.crc32(said.encode(), total)
    return f"crc32:{total:08x}"


def _memory(x: Tensor) -> memoryview:
    """The bytes of a row-major tensor on the CPU: its own, and it stays one that can be resized."""
    n = x.numel() * x.element_size()
    return memoryview((ctypes.c_char * n).from_address(x.data_ptr() if n else 0)).cast("B")
