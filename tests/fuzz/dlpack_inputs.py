"""DLPack capsules made by hand in memory, right and wrong, by a seed.

DLPack carries no size of its memory, so shapes, strides and offsets beyond it are not made, nor a
rank beyond the shape's; what is absurd (2^62, negative) is. A right capsule in R's layout must be
its values; any other must be refused and left unused.
"""

from __future__ import annotations

import ctypes
import random
import struct
from typing import Any

P = ctypes.c_void_p
DELETER = ctypes.CFUNCTYPE(None, P)
capsule_new = ctypes.pythonapi.PyCapsule_New
capsule_new.restype, capsule_new.argtypes = ctypes.py_object, (P, ctypes.c_char_p, P)
capsule_name = ctypes.pythonapi.PyCapsule_GetName
capsule_name.restype, capsule_name.argtypes = ctypes.c_char_p, (ctypes.py_object,)

deleted: list[int] = []
on_delete = DELETER(lambda p: deleted.append(p))
ON_DELETE = ctypes.cast(on_delete, P).value

#: (code, bits): the letter of struct, for those that R has a vector for.
KNOWN = {
    **{(2, 64): "d", (0, 64): "q", (0, 32): "i", (1, 8): "B", (2, 32): "f", (2, 16): "e"},
    **{(0, 16): "h", (0, 8): "b", (1, 16): "H", (6, 8): "?"},
}
ABSURD = (-1, -(2**63), 2**62, 2**63 - 1)


def run(core: Any, rng: random.Random) -> str:
    """One input; "value" or "error". AssertionError: a wrong value, or a capsule that is lost."""
    import numpy as np

    code, bits = rng.choice(list(KNOWN))
    letter = KNOWN[code, bits]
    shape = [rng.choice((0, 1, 2, 3, 5)) for _ in range(rng.choice((0, 1, 1, 2, 2, 3)))]
    n = 1
    strides = []
    for extent in shape:
        strides.append(n)
        n *= max(extent, 1)
    room, n = n, 0 if 0 in shape else n  # a rank that is made less may leave a 0 out
    values = [number(rng, letter) for _ in range(n)]
    offset = rng.choice((0, 0, 8, 16))
    data = ctypes.create_string_buffer(
        b"\0" * offset + struct.pack(f"<{n}{letter}", *values), offset + bits // 8 * room + 1
    )
    memory = ctypes.addressof(data)
    fields = {
        **{
            "data": memory,
            "device": 1,
            "id": 0,
            "ndim": len(shape),
            "code": code,
            "bits": bits,
            "room": bits,
        },
        **{"lanes": 1, "shape": shape, "strides": strides, "offset": offset, "major": 1},
        **{"flags": rng.choice((0, 0, 1, 2, 3)), "deleter": ON_DELETE},
    }
    versioned = rng.random() < 0.5
    name = b"dltensor_versioned" if versioned else b"dltensor"
    wrong = False
    if rng.random() < 0.7:
        for _ in range(rng.randrange(1, 3)):
            name = spoil(rng, fields, name)
            wrong = True
    tensor, kept = packed(fields)
    if versioned:
        head = struct.pack("<II", fields["major"], rng.randrange(3)) + struct.pack(
            "<QQQ", 0, fields["deleter"] or 0, fields["flags"]
        )
        managed = head + tensor
    else:
        managed = tensor + struct.pack("<QQ", 0, fields["deleter"] or 0)
    block = ctypes.create_string_buffer(managed, len(managed))
    capsule = capsule_new(ctypes.addressof(block), name, None)
    del deleted[:]
    try:
        x = core.foreign_vector(capsule)
    except (ValueError, TypeError, BufferError, MemoryError):
        assert capsule_name(capsule) == name and not deleted, "a refused capsule was taken"
        return "error"
    except RuntimeError as error:
        if "allocate" in str(error):
            return "error"
        raise
    assert capsule_name(capsule) == b"used_" + name
    kept.extend((data, block))
    alive.append(kept)
    got = np.asarray(x).ravel("F")
    if not wrong:
        same = np.array(values, dtype=got.dtype)
        assert np.array_equal(got, same, equal_nan=got.dtype.kind in "f"), (got, values)
    else:
        got.sum()  # reads all of it
    del got, x
    if len(alive) > 4096:
        core.base_function("gc").call()
        if core.live()["foreign_vectors"] == 0:
            alive.clear()
    return "value"


#: What vectors of R read, until R has collected them.
alive: list[list[Any]] = []


def packed(f: dict[str, Any]) -> tuple[bytes, list[Any]]:
    arrays = [
        None if f[k] is None else (ctypes.c_int64 * max(1, len(f[k])))(*f[k])
        for k in ("shape", "strides")
    ]
    places = [0 if a is None else ctypes.addressof(a) for a in arrays]
    return (
        struct.pack(
            "<QiiiBBHQQQ",
            f["data"] or 0,
            f["device"],
            f["id"],
            f["ndim"],
            f["code"],
            f["bits"],
            f["lanes"],
            *places,
            f["offset"],
        ),
        [a for a in arrays if a is not None],
    )


def number(rng: random.Random, letter: str) -> Any:
    if letter == "?":
        return rng.random() < 0.5
    if letter in "dfe":
        return rng.choice((0.0, 1.5, -2.0, 1e4, float("inf"), float("nan")))
    size = 8 * struct.calcsize(letter)
    low = 0 if letter.isupper() else -(2 ** (size - 1)) + 1
    return rng.choice((0, 1, low, low + 2**size - 2, rng.randrange(100)))


def spoil(rng: random.Random, f: dict[str, Any], name: bytes) -> bytes:
    """Changes one thing that can be told from outside; gives the capsule's name."""
    what = rng.randrange(11)
    if what == 0:  # of other types, those that need no more memory
        code, bits = rng.choice(
            [(c, b) for c in range(18) for b in (0, 1, 4, 6, 8, 16, 32, 64, 128, 255)]
        )
        if (code, bits) not in {*KNOWN, (5, 128), (4, 16)} or bits <= f["room"]:
            f["code"], f["bits"] = code, bits
    elif what == 1:
        f["lanes"] = rng.choice((0, 2, 4, 65535))
    elif what == 2:
        f["ndim"] = rng.choice((-1, -(2**31), *range(len(f["shape"] or []) + 1)))
    elif what == 3 and f["shape"]:
        f["shape"] = [*f["shape"]]
        f["shape"][rng.randrange(len(f["shape"]))] = rng.choice((*ABSURD, 0))
    elif what == 4 and f["shape"] and f["strides"]:
        f["strides"] = [rng.choice((*ABSURD, 0, 1, 2)) for _ in f["strides"]]
    elif what == 5:
        f["data"] = None
    elif what == 6:
        f[rng.choice(("shape", "strides"))] = None
    elif what == 7:
        f["device"] = rng.choice((0, 2, 3, 8, 10, 13, -1, 2**31 - 1))
    elif what == 8:
        f["major"] = rng.choice((0, 2, 2**32 - 1))
    elif what == 9:
        name = rng.choice((b"used_dltensor", b"dltensor_", b"", b"used_dltensor_versioned"))
    elif what == 10:
        f["deleter"] = None
    return name
