"""Arrow streams made by hand in memory, right and wrong, by a seed.

A right one must be the values that it was made of, or refused; a wrong one must be refused, or be a
value: nothing else may happen. The interface carries no sizes of buffers, so what only a size would
tell is not made: more elements, offsets or indices' widths than there is memory for, text offsets
beyond the text, metadata whose lengths lie. What is absurd (2^62) can be told, and is made.
"""

from __future__ import annotations

import ctypes
import math
import random
import struct
from typing import Any

P = ctypes.c_void_p
Words = ctypes.c_int64

#: format, name, metadata, flags, n_children, children, dictionary, release, private_data
Schema = P * 9
#: length, null_count, offset, n_buffers, n_children, buffers, children, dictionary, release, and
#: private_data
Array = P * 10
LENGTH, NULLS, OFFSET, N_BUFFERS, N_CHILDREN, BUFFERS, CHILDREN, DICTIONARY, RELEASE = range(9)

RELEASE_ANY = ctypes.CFUNCTYPE(None, P)
GET = ctypes.CFUNCTYPE(ctypes.c_int, P, P)
LAST_ERROR = ctypes.CFUNCTYPE(P, P)
capsule_new = ctypes.pythonapi.PyCapsule_New
capsule_new.restype, capsule_new.argtypes = ctypes.py_object, (P, ctypes.c_char_p, P)

on_schema = RELEASE_ANY(lambda p: ctypes.memset(p + 8 * 7, 0, 8) and None)
on_array = RELEASE_ANY(lambda p: ctypes.memset(p + 8 * 8, 0, 8) and None)
on_stream = RELEASE_ANY(lambda p: ctypes.memset(p + 8 * 3, 0, 8) and None)
REASON = ctypes.create_string_buffer(b"told \xff so")
on_error = LAST_ERROR(lambda _: ctypes.addressof(REASON))
SCHEMA_RELEASE, ARRAY_RELEASE, STREAM_RELEASE, ERROR = (
    ctypes.cast(f, P).value for f in (on_schema, on_array, on_stream, on_error)
)

FIXED = {
    **{"c": "b", "C": "B", "s": "h", "S": "H", "i": "i", "I": "I", "l": "q", "L": "Q"},
    **{"e": "e", "f": "f", "g": "d", "tdD": "i", "tdm": "q", "tts": "i", "ttm": "i", "ttu": "q"},
    **{"ttn": "q", "tss:": "q", "tsm:UTC": "q", "tsu:Europe/Berlin": "q", "tsn:+09:00": "q"},
    **{"tDs": "q", "tDm": "q", "tDu": "q", "tDn": "q"},
}
INDICES = "cCsSiIlL"
PER_SECOND = {"s": 1, "m": 10**3, "u": 10**6, "n": 10**9}
WORDS = ["", "a", "b", "NA", "\u00e9", "\u4e2d\u6587", "x" * 13, "y" * 40, "1e+05", "\U0001f642"]
NUMBERS = (-(2**63), -(2**31), -2, -1, 0, 1, 2, 3, 2**31 - 1, 2**62, 2**63 - 1)
NAMES = [b"x", b"", b"row.names", "\u00e9".encode(), b"re", b"im", b"\xff", b"a$b"]
FORMATS = [
    *(b"", b"?", b"gg", b"w:-5", b"d:", b"d:5,40", b"d:5,-2", b"d:5,2,256", b"+w:-1", b"+ud:0"),
    *(b"+r", b"tiM", b"tss", b"ts", b"td", b"+", b"w:4611686018427387904", b"\xff\xfe"),
]
FACTS = {
    b"r.class": [b"integer64", b"Date", b"POSIXct", b"factor", b"matrix", b"tbl_df", b"complex"],
    b"r.storage": [b"integer", b"double"],
    b"r.units": [b"mins", b"weeks", b"?"],
    b"r.tzone": [b"", b"Asia/Seoul", b"No/Such"],
    b"r.levels": [b"\x1ea\x1eb", b"", b"\x1e\xff"],
    b"r.columns": [b"\x1eu\x1ev", b"\x1e"],
    b"r.type": [b"{", b"[]", b'{"classes": ["yearmon"], "attributes": {}}', b"\xff"],
    b"ARROW:extension:name": [b"torchbridge.r_type", b"arrow.json"],
    b"ARROW:extension:metadata": [b"{", b'{"classes": [], "attributes": []}'],
    b"_PL_ENUM_VALUES": [b""],
}


class Node:
    """A schema and an array over buffers of just the size they need, with what they hold."""

    def __init__(self, kind: str, n: int, buffers: list[bytes | None], **more: Any) -> None:
        self.format, self.n = kind, n
        self.children: list[Node] = more.get("children", [])
        self.dictionary: Node | None = more.get("dictionary")
        self.values: list[Any] = more["values"]
        self.buffers = [
            None if b is None else ctypes.create_string_buffer(b, len(b)) for b in buffers
        ]
        self.table = (P * max(1, len(buffers)))(
            *(None if b is None else ctypes.addressof(b) for b in self.buffers)
        )
        self.text = ctypes.create_string_buffer(kind.encode())
        self.name = ctypes.create_string_buffer(more.get("name", b"x"))
        self.schema = Schema(
            *(ctypes.addressof(self.text), ctypes.addressof(self.name), None, 2),
            *(len(self.children), self._table("schema"), self._of("schema"), SCHEMA_RELEASE, None),
        )
        nulls = sum(v is None for v in self.values) if more.get("counted", True) else 2**64 - 1
        self.array = Array(
            *(n, nulls, more.get("offset", 0), len(buffers), len(self.children)),
            *(ctypes.addressof(self.table), self._table("array"), self._of("array")),
            *(ARRAY_RELEASE, None),
        )
        self.right = [field or 0 for field in self.array]

    def _table(self, part: str) -> int | None:
        if not self.children:
            return None
        table = (P * len(self.children))(
            *(ctypes.addressof(getattr(c, part)) for c in self.children)
        )
        setattr(self, f"{part}_children", table)
        return ctypes.addressof(table)

    def _of(self, part: str) -> int | None:
        return self.dictionary and ctypes.addressof(getattr(self.dictionary, part))

    def nodes(self) -> list[Node]:
        below = [*self.children, *([self.dictionary] if self.dictionary else [])]
        return [self, *(node for child in below for node in child.nodes())]


# ---- what is right ------------------------------------------------------------------


def made(rng: random.Random, n: int, depth: int = 0, **more: Any) -> Node:
    """A node of n elements of a random type, after some in its memory that are not its own."""
    offset = rng.choice((0, 0, 1, 7)) if "offset" not in more else more.pop("offset")
    kinds = [flat, flat, bits, text, views, binary, decimals, coded, nothing]
    kind = rng.choice(kinds if depth > 2 else [*kinds, record, listed, fixed, list_views])
    return kind(rng, n, offset, depth, **more)


def validity(rng: random.Random, n: int, offset: int) -> tuple[bytes | None, list[bool]]:
    if rng.random() < 0.5:
        return None, [True] * n
    present = [rng.random() < 0.7 for _ in range(offset + n)]
    packed = bytearray((offset + n + 7) // 8)
    for i, there in enumerate(present):
        packed[i >> 3] |= there << (i & 7)
    return bytes(packed), present[offset:]


def masked(values: list[Any], present: list[bool]) -> list[Any]:
    return [v if there else None for v, there in zip(values, present, strict=True)]


def number(rng: random.Random, code: str) -> Any:
    if code in "efd":
        value = rng.choice((0.0, -0.0, 1.5, 5e4, 0.1, math.inf, math.nan, rng.gauss(0, 1)))
        return struct.unpack(code, struct.pack(code, value))[0]
    size = 8 * struct.calcsize(code)
    low, high = (0, 2**size) if code.isupper() else (-(2 ** (size - 1)), 2 ** (size - 1))
    wanted = rng.choice((0, 1, 100, low, high - 1, rng.randrange(low, high), rng.randrange(100)))
    return min(max(wanted, low), high - 1)


def flat(rng, n, offset, depth, **more):
    kind = rng.choice(list(FIXED))
    code = FIXED[kind]
    values = [number(rng, code) for _ in range(offset + n)]
    valid, present = validity(rng, n, offset)
    data = struct.pack(f"<{offset + n}{code}", *values)
    kept = masked([shown(kind, v) for v in values[offset:]], present)
    return Node(kind, n, [valid, data], values=kept, offset=offset, **more)


def shown(kind: str, v: Any) -> Any:
    """What R must say of a number: seconds of times, days of dates; an unsure one is Ellipsis."""
    if kind == "tdm":
        return v // 86400000
    if kind[0] == "t" and kind != "tdD":
        return v / PER_SECOND[kind[2]] if abs(v) <= 2**53 else ...
    return v


def bits(rng, n, offset, depth, **more):
    data = rng.randbytes((offset + n + 7) // 8)
    valid, present = validity(rng, n, offset)
    values = [bool(data[i >> 3] >> (i & 7) & 1) for i in range(offset, offset + n)]
    return Node("b", n, [valid, data], values=masked(values, present), offset=offset, **more)


def joined(parts: list[bytes], wide: bool) -> tuple[bytes, bytes]:
    ends = [0]
    for part in parts:
        ends.append(ends[-1] + len(part))
    return struct.pack(f"<{len(ends)}{'q' if wide else 'i'}", *ends), b"".join(parts)


def text(rng, n, offset, depth, **more):
    words = [rng.choice(WORDS) for _ in range(offset + n)]
    valid, present = validity(rng, n, offset)
    kind = rng.choice("uU")
    ends, data = joined([w.encode() for w in words], kind == "U")
    kept = masked(words[offset:], present)
    return Node(kind, n, [valid, ends, data], values=kept, offset=offset, **more)


def binary(rng, n, offset, depth, **more):
    kind = rng.choice(("z", "Z", "w:3", "w:0"))
    size = int(kind[2:]) if kind[0] == "w" else None
    parts = [rng.randbytes(rng.randrange(5) if size is None else size) for _ in range(offset + n)]
    valid, present = validity(rng, n, offset)
    ends, data = joined(parts, kind == "Z")
    buffers = [valid, data] if size is not None else [valid, ends, data]
    return Node(kind, n, buffers, values=masked(parts[offset:], present), offset=offset, **more)


def views(rng, n, offset, depth, **more):
    kind = rng.choice(("vu", "vz"))
    words = [rng.choice(WORDS).encode() for _ in range(offset + n)]
    entries, blocks = [], [b"-" * 5, b""]
    for word in words:
        if len(word) <= 12:
            entries.append(struct.pack("<i12s", len(word), word))
        else:
            block = rng.randrange(2)
            entries.append(struct.pack("<i4sii", len(word), word[:4], block, len(blocks[block])))
            blocks[block] += word
    sizes = struct.pack("<2q", *map(len, blocks))
    valid, present = validity(rng, n, offset)
    values = [w.decode() if kind == "vu" else w for w in words[offset:]]
    buffers = [valid, b"".join(entries), *blocks, sizes]
    return Node(kind, n, buffers, values=masked(values, present), offset=offset, **more)


def decimals(rng, n, offset, depth, **more):
    size = rng.choice((32, 64, 128))
    scale = rng.randrange(6)
    digits = [
        rng.randrange(-(2 ** (size - 2)), 2 ** (size - 2)) >> rng.randrange(size - 2)
        for _ in range(offset + n)
    ]
    data = b"".join(d.to_bytes(size // 8, "little", signed=True) for d in digits)
    valid, present = validity(rng, n, offset)
    values = [d / 10**scale if abs(d) <= 2**53 else ... for d in digits[offset:]]
    return Node(
        f"d:38,{scale},{size}",
        n,
        [valid, data],
        values=masked(values, present),
        offset=offset,
        **more,
    )


def nothing(rng, n, offset, depth, **more):
    return Node("n", n, [], values=[None] * n, **more)


def coded(rng, n, offset, depth, **more):
    """A dictionary; its indices may be of any type, and some of its words missing."""
    words = rng.choice((flat, bits, text, views, decimals))(
        rng, rng.randrange(1, 6), rng.choice((0, 2)), 9
    )
    kind = rng.choice(INDICES)
    indices = [rng.randrange(words.n) for _ in range(offset + n)]
    valid, present = validity(rng, n, offset)
    values = [... if words.values[i] is not None else None for i in indices[offset:]]
    if words.format in ("u", "U", "vu"):
        values = [words.values[i] for i in indices[offset:]]
    elif words.format in INDICES:
        values = [
            None if words.values[i] is None else str(words.values[i]) for i in indices[offset:]
        ]
    data = struct.pack(f"<{offset + n}{FIXED[kind]}", *indices)
    kept = masked(values, present)
    counted = all(present)  # what is missing by its word is not counted
    node = Node(
        kind, n, [valid, data], values=kept, dictionary=words, offset=offset, counted=False, **more
    )
    node.array[NULLS] = 0 if counted else 2**64 - 1
    return node


def record(rng, n, offset, depth, **more):
    valid, present = validity(rng, n, offset)
    children = [
        made(rng, offset + n, depth + 1, name=b"c%d" % i) for i in range(rng.randrange(1, 4))
    ]
    rows = [tuple(c.values[offset + i] for c in children) for i in range(n)]
    kept = [row if there else (None,) * len(row) for row, there in zip(rows, present, strict=True)]
    return Node(
        "+s", n, [valid], values=kept, children=children, offset=offset, counted=False, **more
    )


def cut(rng: random.Random, n: int, most: int) -> list[int]:
    return sorted(rng.randrange(most + 1) for _ in range(n + 1))


def listed(rng, n, offset, depth, **more):
    items = made(rng, rng.randrange(8), depth + 1, name=b"item")
    ends = cut(rng, offset + n, items.n)
    valid, present = validity(rng, n, offset)
    wide = rng.random() < 0.5
    data = struct.pack(f"<{len(ends)}{'q' if wide else 'i'}", *ends)
    values = [items.values[a:b] for a, b in zip(ends[offset:], ends[offset + 1 :], strict=False)]
    return Node(
        *("+L" if wide else "+l", n, [valid, data]),
        values=masked(values, present),
        children=[items],
        offset=offset,
        **more,
    )


def list_views(rng, n, offset, depth, **more):
    items = made(rng, rng.randrange(8), depth + 1, name=b"item")
    starts = [rng.randrange(items.n + 1) for _ in range(offset + n)]
    sizes = [rng.randrange(items.n - s + 1) for s in starts]
    wide = rng.random() < 0.5
    valid, present = validity(rng, n, offset)
    code = f"<{offset + n}{'q' if wide else 'i'}"
    values = [items.values[s : s + m] for s, m in zip(starts, sizes, strict=True)][offset:]
    return Node(
        "+vL" if wide else "+vl",
        n,
        [valid, struct.pack(code, *starts), struct.pack(code, *sizes)],
        values=masked(values, present),
        children=[items],
        offset=offset,
        **more,
    )


def fixed(rng, n, offset, depth, **more):
    width = rng.randrange(1, 4)
    items = made(rng, (offset + n) * width, depth + 1, name=b"item")
    valid, present = validity(rng, n, offset)
    values = [items.values[(offset + i) * width : (offset + i + 1) * width] for i in range(n)]
    return Node(
        f"+w:{width}",
        n,
        [valid],
        values=masked(values, present),
        children=[items],
        offset=offset,
        **more,
    )


# ---- what is wrong ------------------------------------------------------------------


def spoil(node: Node, rng: random.Random) -> None:
    """Changes one thing that can be told from outside."""
    node = rng.choice(node.nodes())
    array, schema = node.array, node.schema
    what = rng.randrange(13)
    if what == 0:
        field = rng.choice((LENGTH, NULLS, OFFSET, N_BUFFERS, N_CHILDREN))
        now = node.right[field]
        if field == N_BUFFERS and node.format[0] == "v":
            return
        most = now if field != NULLS else 2**63
        absurd = 2**59 if field in (LENGTH, OFFSET) else 2**63
        value = rng.choice([v for v in NUMBERS if v <= most or v > absurd])
        if node.format == "n" and field == LENGTH and value > 0:
            return  # nothing tells how many of these there are
        array[field] = value & (2**64 - 1)
    elif what == 1:
        array[rng.choice((BUFFERS, CHILDREN, DICTIONARY, RELEASE))] = None
    elif what == 2 and node.buffers:
        node.table[rng.randrange(len(node.buffers))] = None
    elif what == 3 and len(node.buffers) > 1 and node.buffers[1] is not None:
        node.table[1] = (node.table[1] or 0) and node.table[1] + rng.choice((1, 2, 4)) * (
            node.n == 0
        )
    elif what == 4:
        value = rng.choice([v for v in NUMBERS if v <= len(node.children)])
        schema[4] = value & (2**64 - 1)
    elif what == 5:
        schema[rng.choice((0, 1, 5, 6, 7))] = None
    elif what == 6:
        node.text = ctypes.create_string_buffer(rng.choice(FORMATS))
        schema[0] = ctypes.addressof(node.text)
    elif what == 7:
        node.name = ctypes.create_string_buffer(rng.choice(NAMES))
        schema[1] = ctypes.addressof(node.name)
    elif what == 8:
        facts = [
            (k, rng.choice(v)) for k, v in rng.sample(list(FACTS.items()), rng.randrange(1, 4))
        ]
        n = rng.choice((len(facts), len(facts), 0, -1))
        parts = [struct.pack("<i", len(part)) + part for fact in facts for part in fact]
        node.metadata = ctypes.create_string_buffer(struct.pack("<i", n) + b"".join(parts))
        schema[2] = ctypes.addressof(node.metadata)
    elif what == 9:
        schema[3] = rng.choice((0, 1, 2, 4, 7, 2**64 - 1))
    elif what == 10 and (node.dictionary or node.format[:2] in ("+l", "+v", "vu", "vz")):
        # Indices, list offsets and sizes, views: all are held to what they point into.
        which = rng.randrange(1, 3) if node.format[:2] == "+v" else 1
        code = FIXED[node.format] if node.dictionary else "i"
        data = node.buffers[which]
        size = struct.calcsize(code)
        if data is not None and len(data) >= size:
            low = 0 if code.isupper() else -(2 ** (8 * size - 1))
            value = min(max(rng.choice(NUMBERS), low), low + 2 ** (8 * size) - 1)
            struct.pack_into(f"<{code}", data, size * rng.randrange(len(data) // size), value)
    elif what == 11 and node.children and node.children[0]:
        which = rng.choice(("schema_children", "array_children"))
        getattr(node, which)[rng.randrange(len(node.children))] = None
    elif what == 12 and node.format in "uU" and node.n:
        code = "q" if node.format == "U" else "i"  # an end before its start, or before the text
        struct.pack_into(f"<{code}", node.buffers[1], 0, rng.choice((-1, -(2**31), 2**31 - 1)))


# ---- one input ----------------------------------------------------------------------


class Stream:
    """An object with ``__arrow_c_stream__`` over a schema and some arrays of it."""

    def __init__(self, schema: Node, arrays: list[Node], status: int, at: int) -> None:
        self.schema, self.left, self.status, self.at = schema, list(arrays), status, at
        self.calls = (GET(self.get_schema), GET(self.get_next))
        first = [ctypes.cast(f, P).value for f in self.calls]
        self.stream = (P * 5)(*first, ERROR, STREAM_RELEASE, None)

    def get_schema(self, _: int, out: int) -> int:
        if self.status and self.at < 0:
            return self.status
        ctypes.memmove(out, ctypes.byref(self.schema.schema), 72)
        return 0

    def get_next(self, _: int, out: int) -> int:
        if self.status and self.at == 0:
            return self.status
        self.at -= 1
        if self.left:
            ctypes.memmove(out, ctypes.byref(self.left.pop(0).array), 80)
        else:
            ctypes.memset(out, 0, 80)
        return 0

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return capsule_new(ctypes.addressof(self.stream), b"arrow_array_stream", None)


def run(core: Any, rng: random.Random) -> str:
    """One input; "value" or "error". AssertionError: a wrong value."""
    n = rng.choice((0, 1, 2, 3, 9, 20))
    state = rng.getstate()
    first = made(rng, n)
    arrays = [first]
    for _ in range(rng.choice((0, 0, 0, 1, 2))):  # the same type and values again
        again = random.Random()
        again.setstate(state)
        arrays.append(made(again, n))
    if rng.random() < 0.05:
        arrays = []
    spoilt = rng.random() < 0.7
    for _ in range(rng.randrange(1, 3) if spoilt else 0):
        spoil(rng.choice([first, *arrays]), rng)
    status = rng.choice((0,) * 20 + (5, -1, 12)) if spoilt else 0
    stream = Stream(first, arrays, status, rng.randrange(-1, 2))
    try:
        x = core.arrow_to_r(stream.__arrow_c_stream__())
    except (ValueError, TypeError):
        return "error"
    except RuntimeError as error:  # R's, of memory that nobody has
        if "allocate" in str(error):
            return "error"
        raise
    if not spoilt:
        wanted = [v for node in arrays for v in node.values]
        # A tuple is a row: a stream's own struct of no rows says nothing more.
        same(values_of(core, x), wanted)
    return "value"


def values_of(core: Any, x: Any) -> list[Any]:
    """The elements of an R vector or data frame as Python's."""
    import numpy as np

    kind = x.typeof
    if "data.frame" in x.classes:
        columns = [values_of(core, item) for item in x.items()]
        return list(zip(*columns, strict=True))
    if x.dim is not None:
        rows, columns = x.dim
        flat = elements(x)
        return [[flat[j * rows + i] for j in range(columns)] for i in range(rows)]
    if "factor" in x.classes:
        levels = elements(core.base_function("levels").call(x))
        codes = np.array(x).tolist()
        return [None if code == -(2**31) else levels[code - 1] for code in codes]
    return (
        elements(x)
        if kind != "list"
        else [None if i.typeof == "NULL" else values_of(core, i) for i in x.items()]
    )


def elements(x: Any) -> list[Any]:
    """Those of an R vector of numbers or text, whatever its dim."""
    import numpy as np

    kind = x.typeof
    if kind == "character":
        found = x.value()
        return [found] if found is None or isinstance(found, str) else np.ravel(found, "F").tolist()
    if kind == "raw":
        return np.array(x).ravel("F").tolist()
    values = np.array(x).ravel("F").tolist()
    missing = np.asarray(x.na_mask()).ravel("F").tolist()
    return [v if there else None for v, there in zip(values, missing, strict=True)]


def same(got: Any, wanted: Any) -> None:
    if wanted is ...:
        return
    if isinstance(wanted, bytes):
        wanted = list(wanted)
    if wanted is None and isinstance(got, tuple):  # a row that is not there
        wanted = (None,) * len(got)
    if isinstance(wanted, (list, tuple)) and isinstance(got, (list, tuple)):
        assert len(got) == len(wanted), (got, wanted)
        for a, b in zip(got, wanted, strict=True):
            same(a, b)
    elif isinstance(wanted, tuple):
        raise AssertionError((got, wanted))
    elif isinstance(wanted, float) and wanted != wanted:
        assert got != got and got is not None, (got, wanted)
    else:
        equal = got == wanted and (got is None) == (wanted is None)
        assert equal, (got, wanted)
        if isinstance(wanted, float):
            assert math.copysign(1, got) == math.copysign(1, wanted), (got, wanted)
