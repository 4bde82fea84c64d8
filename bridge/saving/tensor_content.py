"""The content of safetensors files: written with a checksum, and read only where it is whole.

The header is read first and checked by itself: every tensor's dtype, shape and place must fit the
file, so that nothing is allocated that the file does not hold. Tensors are then read into memory
of PyTorch's own, on its alignment: they compute to the same bits as those that were saved, and
nobody who writes the file again changes them. The checksum covers tensors and metadata. Files of
others have none, nor had those of version 0.1.0; where a description of ours says that the file is
later, it must be there.

Tests: tests/saving/test_tensor_content.py.
"""

from __future__ import annotations

import ctypes
import io
import json
import os
import threading
import zlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any, BinaryIO

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The entry of the header that is no tensor.
_METADATA = "__metadata__"
#: The entry of the metadata that has the checksum.
CHECKSUM = "torchbridge_checksum"
#: The first version of descriptions whose files have one.
_CHECKED_SINCE = 2

#: Of headers.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

#: What safetensors itself allows a header.
_LARGEST_HEADER = 100_000_000
#: More dims than PyTorch computes with.
_MOST_DIMS = 64
#: Bytes that are checked while the next are read.
_PIECE = 1 << 20
#: What has fewer bytes is read before a thread has begun.
_LARGE = 4 << 20

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


class LaterFormat(ValueError):
    """The content is of a later version of torchbridge; the message says so."""


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
        metadata = header.pop(_METADATA, {})
        if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
            raise DamagedContent("the header's metadata are not text")
        self.metadata: dict[str, str] = dict(metadata)
        self._checksum = self.metadata.pop(CHECKSUM, None)
        self.entries = {name: _entry(name, about) for name, about in header.items()}
        _check_places(self.entries.values(), size - self._start)

    @property
    def has_checksum(self) -> bool:
        """Whether it can be told that the content is what was written."""
        return self._checksum is not None

    def description(self, name: str, latest: int) -> dict[str, Any]:
        """What a writer of ours says of the tensors: JSON in an entry of the metadata.

        Args:
            name: of the entry.
            latest: the latest `version` of it that is known; one that says none is 1.

        Raises:
            LaterFormat: it is of a later version.
            DamagedContent: it is no description, or has lost its checksum.
        """
        about = parsed(self.metadata[name])
        version = about.get("version", 1) if isinstance(about, dict) else None
        if type(version) is not int or version < 1:
            raise DamagedContent("its description is damaged: version is not what it must be")
        if version > latest:
            raise LaterFormat(
                f"written by a later torchbridge (format {version}, this one knows {latest})"
            )
        if version >= _CHECKED_SINCE and not self.has_checksum:
            raise DamagedContent("its checksum is missing: something in it has changed")
        return dict(about)

    def tensors(self) -> dict[str, Tensor]:
        """All tensors by name.

        Raises:
            DamagedContent: they are not what the checksum says.
        """
        found, checks = {}, {}
        for name, entry in self.entries.items():
            found[name], checks[name] = self._tensor(entry)
        if self.has_checksum and self._checksum != _checksum(self.metadata, found, checks):
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

    def _tensor(self, entry: Entry) -> tuple[Tensor, int]:
        """A tensor, and the CRC-32 of its bytes where there is a checksum."""
        try:
            x = torch.empty(entry.shape, dtype=entry.dtype, device="cpu")
        except RuntimeError as error:  # a dim of 0 beside some that no tensor can have
            raise DamagedContent(f"no tensor has the shape {entry.shape}") from error
        self._source.seek(self._start + entry.start)
        memory = _memory(x)
        if self.has_checksum and len(memory) >= _LARGE:
            with _ChecksWhileRead(x) as checks:
                for start in range(0, len(memory), _PIECE):
                    piece = memory[start : start + _PIECE]
                    self._fill(piece)
                    checks.add(piece)
            return x, checks.found
        self._fill(memory)
        return x, zlib.crc32(memory) if self.has_checksum else 0

    def _fill(self, memory: memoryview) -> None:
        while len(memory):
            n: int = self._source.readinto(memory)  # type: ignore[attr-defined] # all of ours have it
            if n == 0:
                raise DamagedContent("it ends too early")
            memory = memory[n:]


class _ChecksWhileRead:
    """The CRC-32 of a tensor's memory, by a thread that follows the one that reads.

    Neither holds the GIL at it. 10 MB into warm memory take 2.7 ms for 3.2.
    """

    def __init__(self, x: Tensor) -> None:
        self.found = 0
        self._pieces: SimpleQueue[memoryview | None] = SimpleQueue()
        # The thread holds the tensor: an interrupt may end the reader before it.
        self._thread = threading.Thread(
            target=self._run, args=(x,), name="torchbridge-check", daemon=True
        )

    def __enter__(self) -> _ChecksWhileRead:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._pieces.put(None)
        self._thread.join()

    def add(self, piece: memoryview) -> None:
        """The next piece in the order of memory."""
        self._pieces.put(piece)

    def _run(self, x: Tensor) -> None:
        while (piece := self._pieces.get()) is not None:
            self.found = zlib.crc32(piece, self.found)


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[Content]:
    """The content of a file, whose header has been checked.

    Raises:
        DamagedContent: the file is damaged or of another kind.
    """
    with open(path, "rb", buffering=0) as file:
        yield Content(file)


def of_bytes(data: bytes) -> Content:
    """The same of the bytes of such a file."""
    return Content(io.BytesIO(data))


def write(
    file: IO[bytes],
    tensors: Mapping[str, Tensor],
    metadata: Mapping[str, str] | None = None,
    first: Sequence[str] = (),
) -> None:
    """Write the content of a file with these tensors: on the CPU and row-major.

    The header has those of `first` before the others, wherever their memory is.

    Raises:
        TypeError: the format has no such dtype.
        ValueError: a tensor is not row-major, or is called as the metadata are.
    """
    for piece in _pieces(tensors, metadata, first):
        file.write(piece)


def to_bytes(
    tensors: Mapping[str, Tensor],
    metadata: Mapping[str, str] | None = None,
    first: Sequence[str] = (),
) -> bytes:
    """What `write` writes."""
    return b"".join(_pieces(tensors, metadata, first))


def parsed(text: Any) -> Any:
    """JSON of a file.

    Raises:
        DamagedContent: it is no JSON, or nested deeper than anything that is written.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"no JSON from character {error.pos} on"
        raise DamagedContent(f"the description in the header is damaged: {where}") from error
    except (ValueError, TypeError, RecursionError) as error:  # not UTF-8, no text, too deep
        raise DamagedContent("the description in the header is damaged") from error


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


def _pieces(
    tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None, first: Sequence[str]
) -> Iterator[bytes | memoryview]:
    """The header and then the tensors' memory, in an order in which each is aligned."""
    for name, x in tensors.items():
        if x.dtype not in _NAMES_OF:
            raise TypeError(f"`{name}` is of {x.dtype}, which safetensors files do not have")
        if name == _METADATA or not x.is_contiguous():
            raise ValueError(f"`{name}` is no name of a tensor, or its memory is not row-major")
    about = dict(metadata or {})
    memory = {name: _memory(x) for name, x in tensors.items()}
    checks = {name: zlib.crc32(own) for name, own in memory.items()}
    header: dict[str, Any] = {_METADATA: {**about, CHECKSUM: _checksum(about, tensors, checks)}}
    header.update(dict.fromkeys(first))
    order = sorted(tensors, key=lambda name: (-tensors[name].element_size(), name))
    end = 0
    for name in order:
        x = tensors[name]
        start, end = end, end + len(memory[name])
        places = {"shape": list(x.shape), "data_offsets": [start, end]}
        header[name] = {"dtype": _NAMES_OF[x.dtype], **places}
    text = _ENCODER.encode(header).encode()
    text += b" " * (-len(text) % 8)
    yield len(text).to_bytes(8, "little") + text
    yield from (memory[name] for name in order)


def _checksum(
    metadata: Mapping[str, str], tensors: Mapping[str, Tensor], checks: Mapping[str, int]
) -> str:
    """CRC-32 of the metadata, the tensors' names, dtypes and shapes, and their bytes' `checks`."""
    total = 0
    for name in sorted(metadata):
        for part in (name, metadata[name]):
            data = part.encode("utf-8", "surrogatepass")
            total = zlib.crc32(data, zlib.crc32(b"%d:" % len(data), total))
    for name in sorted(tensors):
        x = tensors[name]
        said = json.dumps([name, _NAMES_OF[x.dtype], list(x.shape), checks[name]])
        total = zlib.crc32(said.encode(), total)
    return f"crc32:{total:08x}"


def _memory(x: Tensor) -> memoryview:
    """The bytes of a row-major tensor on the CPU: its own, and it stays one that can be resized."""
    n = x.numel() * x.element_size()
    return memoryview((ctypes.c_char * n).from_address(x.data_ptr() if n else 0)).cast("B")
