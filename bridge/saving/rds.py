"""Files of R's ``saveRDS()``: what R's torch wrote before it wrote safetensors.

Tests: tests/saving/test_rds.py.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

#: The first bytes of a compressed file -> what makes bytes of it.
_COMPRESSED: dict[bytes, Callable[[], _Decompressor]] = {
    b"\x1f\x8b": lambda: zlib.decompressobj(wbits=31),
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\x00": lzma.LZMADecompressor,
    b"\x5d\x00\x00": lzma.LZMADecompressor,
}
#: The first bytes of R's serialized values, which may be text (A) or of this machine (B).
_STREAMS = (b"X\n", b"A\n", b"B\n")
#: How much longer than the file its content may be; zlib itself ends at 1032.
_MOST = 1100


class DamagedRds(ValueError):
    """It is no whole file of ``saveRDS()``; the message says why."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def is_rds(start: bytes) -> bool:
    """Are these the first bytes of such a file? (Of safetensors they are a number and a brace.)"""
    return start[8:9] != b"{" and start.startswith((*_COMPRESSED, *_STREAMS))


def stream(data: bytes) -> bytes:
    """R's serialized value, as `r_stream` checks it.

    Raises:
        DamagedRds: it cannot be decompressed.
    """
    for start, make in _COMPRESSED.items():
        if data.startswith(start):
            return _decompressed(data, make())
    return data


def _decompressed(data: bytes, decompressor: _Decompressor) -> bytes:
    most = _MOST * len(data) + 2**16
    try:
        found = decompressor.decompress(data, most)
    except (zlib.error, OSError, lzma.LZMAError, EOFError) as error:
        raise DamagedRds("it cannot be decompressed: something in it has changed") from error
    if not decompressor.eof:
        raise DamagedRds("it ends too early" if len(found) < most else "it would grow without end")
    return found
