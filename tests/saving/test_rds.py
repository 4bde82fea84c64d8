"""Files of saveRDS(): decompressed whole, or refused."""

from __future__ import annotations

import bz2
import gzip
import lzma

import pytest

from torchbridge.saving import rds
from torchbridge.saving.rds import DamagedRds

DATA = b"X\n" + bytes(range(256)) * 20
COMPRESSED = [gzip.compress(DATA), bz2.compress(DATA), lzma.compress(DATA)]
COMPRESSED += [lzma.compress(DATA, format=lzma.FORMAT_ALONE)]


@pytest.mark.parametrize("data", [DATA, *COMPRESSED])
def test_every_compression_of_r_is_read(data):
    assert rds.is_rds(data[:16])
    assert rds.stream(data) == DATA


@pytest.mark.parametrize("data", COMPRESSED)
def test_what_is_damaged_is_an_error(data):
    for wrong in (data[: len(data) // 2], data[:40] + bytes(200) + data[240:]):
        with pytest.raises(DamagedRds, match="ends too early|decompressed"):
            rds.stream(wrong)


def test_what_would_fill_the_memory_is_refused():
    bomb = bz2.compress(bytes(10**8))
    with pytest.raises(DamagedRds, match="grow"):
        rds.stream(bomb)


def test_safetensors_are_no_rds():
    assert not rds.is_rds((0x8B1F).to_bytes(8, "little") + b'{"a"')
