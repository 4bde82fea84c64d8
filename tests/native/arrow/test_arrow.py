"""Arrow's C interface from below: arrays made by hand, right and wrong, and who frees what.

The arrays are ctypes structures over buffers of just the size they need, so that under
AddressSanitizer a read beyond one ends the test.
"""

from __future__ import annotations

import ctypes
import gc
import random
import struct
import threading

import pytest

import torchbridge as tb

P = ctypes.c_void_p


class Schema(ctypes.Structure):
    pass


class Array(ctypes.Structure):
    pass


class Stream(ctypes.Structure):
    pass


SCHEMA_RELEASE = ctypes.CFUNCTYPE(None, ctypes.POINTER(Schema))
ARRAY_RELEASE = ctypes.CFUNCTYPE(None, ctypes.POINTER(Array))
GET_SCHEMA = ctypes.CFUNCTYPE(ctypes.c_int, P, ctypes.POINTER(Schema))
GET_NEXT = ctypes.CFUNCTYPE(ctypes.c_int, P, ctypes.POINTER(Array))
LAST_ERROR = ctypes.CFUNCTYPE(P, P)
STREAM_RELEASE = ctypes.CFUNCTYPE(None, ctypes.POINTER(Stream))
SIZE = ctypes.c_int64
Schema._fields_ = [
    *(("format", ctypes.c_char_p), ("name", ctypes.c_char_p), ("metadata", ctypes.c_char_p)),
    *(("flags", SIZE), ("n_children", SIZE)),
    *(("children", P), ("dictionary", P), ("release", SCHEMA_RELEASE), ("private_data", P)),
]
Array._fields_ = [
    *((name, SIZE) for name in ("length", "null_count", "offset", "n_buffers", "n_children")),
    *(("buffers", P), ("children", P), ("dictionary", P)),
    *(("release", ARRAY_RELEASE), ("private_data", P)),
]
Stream._fields_ = [
    *(("get_schema", GET_SCHEMA), ("get_next", GET_NEXT), ("get_last_error", LAST_ERROR)),
    *(("release", STREAM_RELEASE), ("private_data", P)),
]
capsule_new = ctypes.pythonapi.PyCapsule_New
capsule_new.restype, capsule_new.argtypes = ctypes.py_object, (P, ctypes.c_char_p, P)


class Node:
    """One schema and its array, with everything that keeps them alive."""

    def __init__(self, kind, length, buffers, children=(), dictionary=None, name="x"):
        self.released = {"schema": 0, "array": 0}
        self.children, self.dictionary = list(children), dictionary
        self.buffers = [b if b is None else ctypes.create_string_buffer(b, len(b)) for b in buffers]
        self.table = (P * max(1, len(buffers)))(
            *(None if b is None else ctypes.addressof(b) for b in self.buffers)
        )
        self._on_schema = SCHEMA_RELEASE(lambda p: self._free("schema", p))
        self._on_array = ARRAY_RELEASE(lambda p: self._free("array", p))
        self.schema = Schema(format=kind, name=name.encode(), flags=2, release=self._on_schema)
        self.array = Array(length=length, n_buffers=len(buffers), release=self._on_array)
        self.array.buffers = ctypes.cast(self.table, P)
        for part in ("schema", "array"):
            own = getattr(self, part)
            own.n_children = len(self.children)
            if self.children:
                pointers = [ctypes.addressof(getattr(c, part)) for c in self.children]
                setattr(self, f"{part}_children", (P * len(pointers))(*pointers))
                own.children = ctypes.cast(getattr(self, f"{part}_children"), P)
            if dictionary is not None:
                own.dictionary = ctypes.addressof(getattr(dictionary, part))

    def _free(self, part, pointer):
        self.released[part] += 1
        pointer.contents.release = type(pointer.contents.release)()


class Producer:
    """An object with ``__arrow_c_stream__``: one array, or what the arguments say."""

    def __init__(self, node, arrays=1, status=0, message=b"told so"):
        self.node, self.left, self.status = node, arrays, status
        self.message = ctypes.create_string_buffer(message)
        self.stream_released = 0
        self.calls = (
            GET_SCHEMA(self.get_schema),
            GET_NEXT(self.get_next),
            LAST_ERROR(lambda _: ctypes.addressof(self.message)),
            STREAM_RELEASE(self.release),
        )
        self.stream = Stream(*self.calls)

    def get_schema(self, _, out):
        ctypes.memmove(out, ctypes.byref(self.node.schema), ctypes.sizeof(Schema))
        return 0

    def get_next(self, _, out):
        if self.status:
            return self.status
        if self.left:
            ctypes.memmove(out, ctypes.byref(self.node.array), ctypes.sizeof(Array))
        else:
            out.contents.release = ARRAY_RELEASE()
        self.left -= 1
        return 0

    def release(self, pointer):
        self.stream_released += 1
        pointer.contents.release = STREAM_RELEASE()

    def __arrow_c_stream__(self, requested_schema=None):
        return capsule_new(ctypes.addressof(self.stream), b"arrow_array_stream", None)


def ints(*values, kind="i"):
    return struct.pack(f"<{len(values)}{kind}", *values)


def text(*words, kind=b"u"):
    ends = [0]
    for word in words:
        ends.append(ends[-1] + len(word))
    return Node(
        kind, len(words), [None, ints(*ends, kind="i" if kind == b"u" else "q"), b"".join(words)]
    )


def view(*entries, sizes=None, data=(b"abcdefghijklmnopqrst",)):
    sizes = ints(*(sizes or map(len, data)), kind="q")
    packed = b"".join(e if isinstance(e, bytes) else struct.pack("<i4sii", *e) for e in entries)
    return Node(b"vu", len(entries), [None, packed, *data, sizes])


def factor(*codes, words=(b"a", b"b"), kind=b"i"):
    return Node(kind, len(codes), [None, ints(*codes)], dictionary=text(*words))


def doubles(n=3):
    return Node(b"g", n, [None, struct.pack(f"<{n}d", *range(n))], name="item")


def listed(*offsets, items=3):
    return Node(b"+l", len(offsets) - 1, [None, ints(*offsets)], [doubles(items)])


def rows(items=6):
    return Node(b"+w:2", 3, [None], [doubles(items)])


def frame(*nodes, length=3):
    return Node(b"+s", length, [None], nodes)


def read(core, node, **options):
    producer = Producer(node, **options)
    try:
        return core.arrow_to_r(producer.__arrow_c_stream__())
    finally:
        assert producer.stream_released == 1
        assert node.released["schema"] == 1
        assert node.released["array"] == (0 if producer.status else 1)


# ---- what is right ----------------------------------------------------------------


def test_arrays_made_by_hand(core):
    assert read(core, doubles()).value().tolist() == [0, 1, 2]
    assert read(core, text(b"a", b"", "é".encode())).value() == ["a", "", "é"]
    assert read(core, text(b"a", b"b", kind=b"U")).value() == ["a", "b"]
    inline = struct.pack("<i12s", 3, b"abc")
    assert read(core, view(inline, (14, b"cdef", 0, 2))).value() == ["abc", "cdefghijklmnop"]
    assert list(read(core, factor(1, 0, 1)).value()) == ["b", "a", "b"]
    items = [v.value() for v in read(core, listed(0, 2, 2, 3)).items()]
    assert [getattr(v, "tolist", lambda v=v: v)() for v in items[::2]] == [[0, 1], 2]
    assert read(core, frame(doubles())).value().shape == (3, 1)
    assert read(core, rows()).value().tolist() == [[0, 1], [2, 3], [4, 5]]
    part = rows(8)
    part.array.offset = part.children[0].array.offset = 1
    part.array.length, part.children[0].array.length = 2, 7
    assert read(core, part).value().tolist() == [[3, 4], [5, 6]]


def test_offsets_of_parents_and_children_add_up(core):
    child = doubles(5)
    child.array.offset, child.array.length = 1, 4
    parent = frame(child, length=2)
    parent.array.offset = 1
    assert read(core, parent).value().iloc[:, 0].tolist() == [2, 3]


def test_where_a_struct_is_missing_so_is_what_is_in_it(core):
    inner = Node(b"+s", 3, [b"\x05"], [doubles()], name="s")
    inner.array.null_count = 1
    s = read(core, frame(inner)).items()[0].items()[0]
    assert s.value().tolist()[::2] == [0, 2] and list(core.base_function("is.na")(s)) == [0, 1, 0]


# ---- what is wrong ----------------------------------------------------------------


def change(node, part="array", **fields):
    for name, value in fields.items():
        setattr(getattr(node, part), name, value)
    return node


def no_buffer(node, which):
    node.table[which] = None
    return node


def deep(levels):
    node = doubles()
    for _ in range(levels):
        node = frame(node)
    return node


WRONG = {
    "released array": lambda: frame(change(doubles(), release=ARRAY_RELEASE())),
    "released child schema": lambda: frame(change(doubles(), "schema", release=SCHEMA_RELEASE())),
    "no format": lambda: frame(change(doubles(), "schema", format=None)),
    "unknown format": lambda: frame(change(doubles(), "schema", format=b"?")),
    "another format": lambda: frame(change(doubles(), "schema", format=b"u")),
    "format of two letters": lambda: frame(change(doubles(), "schema", format=b"gg")),
    "union": lambda: change(frame(doubles()), "schema", format=b"+ud:0"),
    "negative length": lambda: change(doubles(), length=-1),
    "absurd length": lambda: change(doubles(), length=2**62),
    "negative offset": lambda: change(doubles(), offset=-1),
    "absurd offset": lambda: change(doubles(), offset=2**63 - 2),
    "nulls without bitmap": lambda: change(doubles(), null_count=2),
    "too many nulls": lambda: change(doubles(), null_count=4),
    "negative nulls": lambda: change(doubles(), null_count=-7),
    "too few buffers": lambda: change(doubles(), n_buffers=1),
    "too many buffers": lambda: change(doubles(), n_buffers=3),
    "negative buffers": lambda: change(doubles(), n_buffers=-1),
    "no table of buffers": lambda: change(doubles(), buffers=None),
    "no data": lambda: no_buffer(doubles(), 1),
    "no offsets": lambda: no_buffer(text(b"a"), 1),
    "no text": lambda: no_buffer(text(b"a"), 2),
    "odd address": lambda: change_address(doubles()),
    "short child": lambda: frame(doubles(2)),
    "missing child": lambda: change(frame(doubles()), children=None),
    "child too few": lambda: change(frame(doubles()), n_children=0),
    "child too many in the schema": lambda: change(frame(doubles()), "schema", n_children=-1),
    "list of no child": lambda: change(listed(0, 1), "schema", n_children=0, children=None),
    "dictionary not in the schema": lambda: change(factor(0), "schema", dictionary=None),
    "dictionary not in the array": lambda: change(factor(0), dictionary=None),
    "dictionary of doubles' indices": lambda: change(factor(0, 0), "schema", format=b"g"),
    "decreasing offsets": lambda: Node(b"u", 2, [None, ints(0, 3, 1), b"abc"]),
    "negative first offset": lambda: Node(b"u", 1, [None, ints(-1, 1), b"abc"]),
    "invalid UTF-8": lambda: text(b"good", b"\xff\xfe"),
    "half a character": lambda: text(b"\xc3"),
    "surrogate": lambda: text(b"\xed\xa0\x80"),
    "NUL": lambda: text(b"a\0b"),
    "index beyond the dictionary": lambda: factor(0, 2),
    "negative index": lambda: factor(-1),
    "list offset beyond its items": lambda: listed(0, 4),
    "list offsets that decrease": lambda: listed(0, 3, 2),
    "negative list offset": lambda: listed(-1, 2),
    "list offsets that overflow": lambda: listed(-(2**31), 2**31 - 1),
    "view of no buffer": lambda: view((14, b"cdef", 1, 2)),
    "view of a negative buffer": lambda: view((14, b"cdef", -1, 2)),
    "view beyond its buffer": lambda: view((14, b"cdef", 0, 7)),
    "view before its buffer": lambda: view((14, b"cdef", 0, -1)),
    "view of negative length": lambda: view((-1, b"cdef", 0, 0)),
    "too few items of a fixed size": lambda: rows(5),
    "fixed size of lists": lambda: Node(b"+w:4611686018427387904", 3, [None], [doubles()]),
    "fixed size of lists, negative": lambda: Node(b"+w:-1", 3, [None], [doubles()]),
    "fixed size of bytes, negative": lambda: Node(b"w:-1", 3, [None, b"abc"]),
    "nested without end": lambda: deep(100),
}


def change_address(node):
    node.table[1] += 1
    return node


@pytest.mark.parametrize("name", WRONG)
def test_malformed_input_is_an_error(core, name):
    with pytest.raises((ValueError, TypeError)):
        read(core, WRONG[name]())


@pytest.mark.parametrize("kind", [b"+w:-1", b"+w:", b"+w:2x", b"w:-5"])
def test_a_schema_without_a_size_is_an_error_even_of_no_arrays(core, kind):
    bad = Node(kind, 0, [None], [doubles()]) if kind[:1] == b"+" else Node(kind, 0, [None, b""])
    producer = Producer(bad, arrays=0)
    with pytest.raises(ValueError, match="which has no size"):
        core.arrow_to_r(producer.__arrow_c_stream__())


def test_lists_of_matrices_are_cut_by_rows(core, r):
    """They were cut as if a matrix were a vector, which mixed its columns."""
    lists = Node(b"+l", 2, [None, ints(0, 2, 3)], [rows()])
    x = core.arrow_to_r(Producer(lists).__arrow_c_stream__())
    same = r("function(x) identical(x, list(matrix(c(0, 2, 1, 3), 2), matrix(c(4, 5), 1)))")
    assert same(x)


def test_a_kept_type_of_no_class_changes_nothing(core, r):
    node = doubles()
    text = b'{"classes": [], "attributes": {}}'
    fact = struct.pack("<ii6si", 1, 6, b"r.type", len(text)) + text
    node.metadata = ctypes.create_string_buffer(fact, len(fact))
    node.schema.metadata = ctypes.cast(node.metadata, ctypes.c_char_p)
    assert read(core, node).value().tolist() == [0, 1, 2]


def test_the_error_names_the_column(core):
    bad = Node(b"u", 1, [None, ints(0, 1), b"\xff"], name="bad")
    with pytest.raises(ValueError, match=r"column 'outer\$bad': element 1: its bytes are no UTF-8"):
        read(core, frame(Node(b"+s", 1, [None], [bad], name="outer"), length=1))


def test_a_stream_that_fails_or_was_read(core):
    with pytest.raises(ValueError, match="stream: told so"):
        read(core, doubles(), status=5)
    producer = Producer(doubles())
    capsule = producer.__arrow_c_stream__()
    core.arrow_to_r(capsule)
    with pytest.raises(ValueError, match="read already"):
        core.arrow_to_r(capsule)
    with pytest.raises((ValueError, TypeError)):
        core.arrow_to_r(object())


def test_no_memory_for_the_result_is_an_error(core):
    big = change(Node(b"n", 0, []), length=2**40)
    with pytest.raises(tb.RError, match="allocate|memory"):
        read(core, big)


# ---- fuzz -------------------------------------------------------------------------

MAKERS = (
    doubles,
    lambda: text(b"ab", b"", b"cde"),
    lambda: text(b"ab", b"", b"cde", kind=b"U"),
    lambda: view(struct.pack("<i12s", 3, b"abc"), (14, b"cdef", 0, 2), (13, b"abcd", 0, 0)),
    lambda: factor(0, 1, 0),
    lambda: listed(0, 2, 2, 3),
    rows,
    lambda: Node(b"+l", 2, [None, ints(0, 2, 3)], [frame(doubles(), text(b"a", b"", b"c"))]),
    lambda: frame(doubles(), factor(0, 1, 0), listed(0, 1, 2, 3)),
)
NUMBERS = (-(2**63), -(2**31), -2, -1, 0, 1, 2, 3, 2**31 - 1, 2**62, 2**63 - 1)
FORMATS = (
    b"",
    b"n",
    b"g",
    b"u",
    b"U",
    b"vu",
    b"+s",
    b"+l",
    b"+L",
    b"+w:2",
    b"tsu:",
    b"d:3,2",
    b"z",
)


def mutate(node, rng):
    """Changes one thing that can be told from outside: not the sizes of buffers."""
    what = rng.randrange(7)
    if what == 0:
        field = rng.choice(("null_count", "n_buffers", "n_children", "offset", "length"))
        # More of anything, over the same memory, looks like any other array.
        most = getattr(node.array, field) if field != "null_count" else 2**63
        absurd = 2**59 if field in ("length", "offset") else 2**63
        fit = [n for n in NUMBERS if n <= most or n > absurd]
        setattr(node.array, field, rng.choice(fit))
    elif what == 1:
        setattr(node.array, rng.choice(("buffers", "children", "dictionary")), None)
    elif what == 2 and node.buffers:
        node.table[rng.randrange(len(node.buffers))] = None
    elif what == 3:
        node.schema.n_children = rng.choice([n for n in NUMBERS if n <= node.schema.n_children])
    elif what == 4 and node.schema.format in (b"vu", b"i", b"+l"):
        data = node.buffers[1]
        at = 4 * rng.randrange(len(data) // 4)
        data[at : at + 4] = ints(max(-(2**31), min(rng.choice(NUMBERS), 2**31 - 1)))
    elif what == 5 and node.children:
        mutate(rng.choice(node.children), rng)
    elif what == 6 and node.dictionary is not None:
        mutate(node.dictionary, rng)


def test_fuzz(core, many):
    """Whatever one wrong number does, it is a value or an error, and all is released."""
    rng = random.Random(4)
    outcomes = {"value": 0, "error": 0}
    for _ in range(many(3000)):
        node = rng.choice(MAKERS)()
        for _ in range(rng.randrange(1, 3)):
            mutate(node, rng)
        try:
            read(core, node)
            outcomes["value"] += 1
        except (ValueError, TypeError, tb.RError):
            outcomes["error"] += 1
    assert min(outcomes.values()) > many(3000) // 10


# ---- R -> Arrow: who frees what -----------------------------------------------------


def test_a_stream_keeps_the_vector_and_lets_it_go(core, r, collect):
    before = collect()
    x = r("data.frame(a = c(1, 2, NA), b = c('x', NA, 'z'), c = 1:3)")
    held = core.live()["r_objects"]
    capsule = x.__arrow_c_stream__()
    assert core.live()["r_objects"] == held + 2  # a and c stay where they are
    del x
    gc.collect()
    back = core.arrow_to_r(capsule)
    assert back.value()["b"].isna().tolist() == [False, True, False]
    del back, capsule
    assert collect()["r_objects"] <= before["r_objects"]


def test_a_stream_may_be_released_on_any_thread(core, r):
    x = r("data.frame(a = c(1, 2, NA))")
    kept = [x.__arrow_c_stream__() for _ in range(3)]
    thread = threading.Thread(target=kept.clear)
    thread.start()
    thread.join()
    core.live()


def test_r_copies_before_it_changes_what_a_stream_reads(core, r):
    pa = pytest.importorskip("pyarrow")
    x = r("exported <- data.frame(a = c(1, 2, 3))")
    table = pa.table(x)
    r("{ exported$a[1] <- 100; exported }")
    assert table["a"].to_pylist() == [1, 2, 3]
    r("rm(exported)")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("data.frame(f = structure(9L, levels = 'a', class = 'factor'))", "column 'f': row 1 has"),
        ("data.frame(x = `Encoding<-`('\\xe9', 'bytes'))", "column 'x': row 1 is marked"),
        ("data.frame(x = `Encoding<-`('\\xe9', 'UTF-8'))", "column 'x': row 1 is no text"),
        ("{ x <- data.frame(a = 1:2); x$m <- array(1:8, c(2, 2, 2)); x }", "column 'm': an array"),
        ("{ x <- data.frame(a = 1:2); x$m <- matrix(0, 2, 0); x }", "column 'm': a matrix without"),
        ("{ x <- data.frame(a = 1:2); x$l <- list(iris, mtcars); x }", "column 'l': row 2 has oth"),
        (
            "{ x <- data.frame(a = 1:2); x$l <- list(data.frame(u = 1), data.frame(u = 'a')); x }",
            r"column 'l\$u': row 2 differs",
        ),
        ("{ x <- data.frame(a = 1:2); x$l <- list(iris, 1); x }", "column 'l': row 2 differs"),
        (
            "{ x <- data.frame(a = 1); x$l <- list(structure(list(1), class = 'data.frame', "
            "row.names = 1L)); x }",
            "column 'l': row 1 has other",
        ),
        (
            "{ l <- 1; for (i in 1:1e5) l <- list(l); x <- data.frame(a = 1); x$l <- list(l); x }",
            "more than 64 deep",
        ),
        ("{ x <- data.frame(a = 1:2); x$l <- list(1, 'a'); x }", "column 'l': row 2 differs"),
        ("{ x <- data.frame(a = 1:2); x$l <- list(sum, 1); x }", "column 'l': a list of builtin"),
        ("structure(list(a = 1:3), class = 'data.frame', row.names = 1:2)", "column 'a': 3 elem"),
        ("structure(list(a = quote(x)), class = 'data.frame', row.names = 1L)", "column 'a': Arr"),
    ],
)
def test_what_arrow_cannot_say_is_an_error(r, code, message):
    x = r(code)
    with pytest.raises((ValueError, TypeError), match=message):
        x.__arrow_c_stream__()
