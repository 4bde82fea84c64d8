"""R's serialized values in a file: checked, and cleaned, before R's ``unserialize()`` sees them.

``unserialize()`` trusts what it reads. Here the whole stream (R's XDR format, versions 2 and 3) is
parsed first: every length, reference and type, that attributes and environments are what R takes
them for. What could run while R reads or prints is replaced or refused:

- bytecode becomes the expression that it was compiled from;
- a promise is refused in a file of ours, for none is written. In a stream of this session (`OURS`)
  or of R's torch (`R_TORCH`) one with a value becomes that value, any other a missing argument;
- an active binding is refused. Those of an R6 object are left out: its class has them, and
  save-code.R makes them again;
- what names a package to attach, a hook, a file to map or a pointer's target is refused. (Pointers
  are NULL when R has read them, whatever wrote them.)

Namespaces are told, for R loads those that are named: save-code.R asks whether they are there. That
of R's torch is ours. Whether there is anything but data is told, too.

The format is described in "R Internals", section 1.8, and in R's serialize.c.

Tests: tests/saving/test_r_stream.py.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from math import inf, prod
from typing import Any


class RefusedStream(ValueError):
    """The stream is damaged, or holds what is refused; the message says what."""


@dataclass(frozen=True)
class Cleaned:
    """A stream that R may read.

    Attributes:
        data: the stream.
        namespaces: of the packages that it names.
        has_code: it has a function, an environment or an expression.
    """

    data: bytes
    namespaces: list[str]
    has_code: bool


#: Where a stream is from: a file; this session, of the user's own values; a file of R's torch.
FILE, OURS, R_TORCH = "file", "ours", "r_torch"


def for_r(data: bytes, source: str) -> dict[str, Any]:
    """What R asks for: the stream, the namespaces that it names, and whether it has code."""
    found = cleaned(data, source)
    return {"data": found.data, "namespaces": found.namespaces, "has_code": found.has_code}


def cleaned(data: bytes, source: str = FILE) -> Cleaned:
    """Check a stream, and write it again without what is not kept.

    Args:
        data: what R's ``serialize(x, NULL)`` gave.
        source: where: `FILE`, `OURS` or `R_TORCH`.

    Raises:
        RefusedStream: it is damaged, or holds what is refused.
    """
    try:
        reader = _Reader(data, source)
        value = reader.whole()
        writer = _Writer(10 * len(data) + 2**20)
        writer.item(value)
    except (struct.error, IndexError) as error:
        raise RefusedStream("it ends too early") from error
    except (AttributeError, TypeError) as error:  # a value of another type than R writes there
        raise RefusedStream("a value in it is not what it must be") from error
    except RecursionError as error:
        raise RefusedStream("it is nested too deeply") from error
    stream = reader.header + b"".join(writer.parts)
    return Cleaned(stream, sorted(reader.namespaces), reader.has_code)


# The types of R's values, and what stands for some of them in a stream.
_SYMBOL, _PAIRS, _CLOSURE, _ENVIRONMENT, _PROMISE, _CALL = 1, 2, 3, 4, 5, 6
_SPECIAL, _BUILTIN, _CHARS, _DOTS = 7, 8, 9, 17
_STRINGS, _LIST, _EXPRESSION, _BYTECODE, _POINTER, _RAW, _S4 = 16, 19, 20, 21, 22, 24, 25
_ALTREP, _ATTRIBUTED_PAIRS, _ATTRIBUTED_CALL, _REPEATED, _REPEAT = 238, 239, 240, 243, 244
_NAMESPACE, _REFERENCE, _NULL = 249, 255, 254
_MISSING_ARGUMENT, _UNBOUND = 251, 252
#: Values without content: base, empty and global environment, base namespace, missing, unbound.
_ALONE = frozenset((241, 242, 250, 251, 252, 253, 254))
_ENVIRONMENTS = frozenset((_ENVIRONMENT, _NAMESPACE, 241, 242, 250, 253))
#: What is no data: R code, and what R code is in or reaches.
_CODE = _ENVIRONMENTS | {_CLOSURE, _PROMISE, _CALL, _SPECIAL, _BUILTIN, _DOTS, _EXPRESSION}
_CODE |= {_BYTECODE, _POINTER}
#: Bytes an element of R's atomic vectors: logical, integer, double, complex, raw.
_SIZES = {10: 4, 13: 4, 14: 8, 15: 16, _RAW: 1}
_REFUSED = {
    23: "a weak reference",
    245: "a reference to a generic function",
    246: "a reference to a class",
    247: "a value that a hook must make",
    248: "a package to attach",
}
#: The second half of NA among doubles; of a string's flags, that it is ASCII.
_MISSING, _ASCII = (1954).to_bytes(4, "big"), 1 << 18
_WHOLE, _HAS_ATTRIBUTES, _HAS_TAG = 0xFF, 1 << 9, 1 << 10
#: Of a binding of an environment: it is active (bit 15 of the levels).
_ACTIVE = 1 << 27
#: Active bindings of a module's `private`, which it makes itself (nn-r6.R).
_MADE_ANEW = frozenset(
    (b"modules_", b"parameters_", b"buffers_", b"non_persistent_buffers_", b"training_")
)
#: ALTREP classes of R's own that are plain numbers, or another vector in a wrapper.
_COMPACT = frozenset((b"compact_intseq", b"compact_realseq"))
_WRAPPERS = b"wrap_"
#: What as.character() of numbers is until somebody reads it.
_TEXT_OF_NUMBERS = b"deferred_string"


@dataclass(eq=False)
class _Node:
    """A value: its flags as in the stream, its content, and its attributes (a node of pairs)."""

    flags: int
    content: Any = None
    attributes: _Node | None = None

    @property
    def kind(self) -> int:
        return self.flags & _WHOLE


@dataclass(eq=False)
class _Pair:
    """One of the pairs of a list; the content of a node of pairs is a list of these and its end."""

    flags: int
    value: _Node
    tag: _Node | None = None
    attributes: _Node | None = None


class _Reader:
    """Parses a stream, checking everything that R's own reader takes for granted."""

    def __init__(self, data: bytes, source: str) -> None:
        self._data = data
        self._at = 0
        self._source = source
        self._known: list[_Node] = []
        self.namespaces: set[str] = set()
        self.has_code = False
        self.header = self._header()

    def whole(self) -> _Node:
        value = self._item()
        if self._at != len(self._data):
            raise RefusedStream("there is more after its end")
        return value

    def _header(self) -> bytes:
        if self._bytes(2) != b"X\n":
            raise RefusedStream("it is no stream of R's serialize()")
        version, _, _ = self._int(), self._int(), self._int()
        if version not in (2, 3):
            raise RefusedStream(f"it has the version {version} of R's format")
        if version == 3:
            encoding = self._bytes(self._count(63))
            if not encoding.replace(b"-", b"").replace(b"_", b"").isalnum():
                raise RefusedStream("it has no encoding")
        return self._data[: self._at]

    def _bytes(self, n: int) -> bytes:
        end = self._at + n
        if end > len(self._data):
            raise RefusedStream("it ends too early")
        found = self._data[self._at : end]
        self._at = end
        return found

    def _int(self) -> int:
        (value,) = struct.unpack_from(">i", self._data, self._at)
        self._at += 4
        return int(value)

    def _count(self, most: int | None = None) -> int:
        """A number of elements, each of which is at least a byte of what is left."""
        n = self._int()
        if not 0 <= n <= (len(self._data) - self._at if most is None else most):
            raise RefusedStream("a length in it is wrong")
        return n

    # Long: one case a kind of value, in the order of R's own reader.
    def _item(self, flags: int | None = None) -> _Node:
        flags = self._int() if flags is None else flags
        kind = flags & _WHOLE
        if kind in _CODE:
            self.has_code = True
        if kind == _REFERENCE:
            place = (flags & 0xFFFFFFFF) >> 8 or self._int()
            if not 1 <= place <= len(self._known):
                raise RefusedStream("a reference in it leads nowhere")
            return self._known[place - 1]
        if kind in _ALONE:
            return _Node(kind)
        if kind in (_PAIRS, _CALL, _DOTS):
            return self._pairs(flags)
        if kind in (_CLOSURE, _PROMISE):
            return self._closure_or_promise(flags)
        if kind == _SYMBOL:
            name = self._item()
            if name.kind != _CHARS or not name.content:
                raise RefusedStream("a name in it is empty")
            return self._remembered(_Node(kind, name))
        if kind == _ENVIRONMENT:
            return self._environment(flags)
        if kind == _NAMESPACE:
            return self._namespace()
        if kind == _ALTREP:
            return self._altrep()
        if kind == _BYTECODE:
            return self._bytecode(flags)
        node = _Node(flags)
        if kind == _POINTER:
            self._remembered(node)
            node.content = [self._item(), self._item()]
        elif kind in (_SPECIAL, _BUILTIN):
            node.content = self._bytes(self._count(256))
        elif kind == _CHARS:
            n = self._int()
            if n < -1:
                raise RefusedStream("a length in it is wrong")
            node.content = None if n == -1 else self._bytes(n)
            if node.content is not None and b"\0" in node.content:
                raise RefusedStream("a string in it is no string")
            node.flags &= ~_HAS_ATTRIBUTES
            return node
        elif kind in _SIZES:
            node.content = self._bytes(self._count() * _SIZES[kind])
        elif kind in (_STRINGS, _LIST, _EXPRESSION):
            node.content = [self._item() for _ in range(self._count())]
            if kind == _STRINGS and any(x.kind != _CHARS for x in node.content):
                raise RefusedStream("an element of a text in it is no string")
        elif kind != _S4:
            raise RefusedStream(f"it holds {_REFUSED.get(kind, 'a value of an unknown type')}")
        if flags & _HAS_ATTRIBUTES:
            node.attributes = self._attributes()
            _check_attributes(node)
        return node

    def _remembered(self, node: _Node) -> _Node:
        self._known.append(node)
        return node

    def _attributes(self) -> _Node:
        found = self._item()
        if found.kind != _PAIRS or any(
            p.tag is None or p.tag.kind != _SYMBOL for p in found.content[0]
        ):
            raise RefusedStream("attributes in it are none")
        return found

    def _pairs(self, flags: int) -> _Node:
        """A pairlist or call, to its end."""
        first, pairs = flags, []
        while True:
            attributes = self._attributes() if flags & _HAS_ATTRIBUTES else None
            tag = self._tag() if flags & _HAS_TAG else None
            pairs.append(_Pair(flags, self._item(), tag, attributes))
            flags = self._int()
            if flags & _WHOLE not in (_PAIRS, _CALL, _DOTS):
                return _Node(first & _WHOLE, (pairs, self._item(flags)))

    def _tag(self) -> _Node:
        tag = self._item()
        if tag.kind not in (_SYMBOL, _NULL):
            raise RefusedStream("a tag in it is no name")
        return tag

    def _closure_or_promise(self, flags: int) -> _Node:
        attributes = self._attributes() if flags & _HAS_ATTRIBUTES else None
        place = self._item() if flags & _HAS_TAG else _Node(_NULL)
        first, second = self._item(), self._item()
        if flags & _WHOLE == _CLOSURE:
            if place.kind not in _ENVIRONMENTS or first.kind not in (_PAIRS, _NULL):
                raise RefusedStream("a function in it is none")
            return _Node(flags, [place, first, second], attributes)
        if self._source not in (OURS, R_TORCH):
            raise RefusedStream("it holds a promise, which runs when it is looked at")
        if place.kind != _NULL or first.kind == _UNBOUND:
            # Never asked for, and out of reach of save-code.R: only a constant needs no asking.
            return second if second.kind in (*_SIZES, _STRINGS, _NULL) else _Node(_MISSING_ARGUMENT)
        return first

    def _environment(self, flags: int) -> _Node:
        locked = self._int()
        node = self._remembered(_Node(flags))
        parent, frame, table, attributes = (self._item() for _ in range(4))
        if parent.kind not in _ENVIRONMENTS or attributes.kind not in (_PAIRS, _NULL):
            raise RefusedStream("an environment in it is none")
        chains = [frame, *(table.content if table.kind == _LIST else [])]
        if table.kind not in (_LIST, _NULL) or any(c.kind not in (_PAIRS, _NULL) for c in chains):
            raise RefusedStream("an environment in it is none")
        bindings = [pair for chain in chains if chain.kind == _PAIRS for pair in chain.content[0]]
        if any(pair.tag is None or pair.tag.kind != _SYMBOL for pair in bindings):
            raise RefusedStream("an environment in it has a value without a name")
        active = [pair for pair in bindings if pair.flags & _ACTIVE]
        if active and not _makes_anew(bindings, active, attributes):
            raise RefusedStream(
                f"it holds the active binding `{_name(active[0]).decode('utf-8', 'replace')}`, "
                "which runs when it is looked at"
            )
        locked = 0 if active else locked  # R makes them again
        node.content = (locked, parent, [pair for pair in bindings if not pair.flags & _ACTIVE])
        node.attributes = attributes if attributes.kind == _PAIRS else None
        return node

    def _namespace(self) -> _Node:
        if self._int() != 0:
            raise RefusedStream("the name of a package in it is none")
        parts = [self._item() for _ in range(self._count())]
        if not parts or any(x.kind != _CHARS or not x.content for x in parts):
            raise RefusedStream("the name of a package in it is none")
        if parts[0].content == b"torch":  # what its code needs, ours has under the same names
            parts = [_Node(_CHARS | _ASCII, b"torchbridge")]
        self.namespaces.add(parts[0].content.decode("utf-8", "replace"))
        return self._remembered(_Node(_NAMESPACE, parts))

    def _altrep(self) -> _Node:
        """A vector that R keeps in another form: a sequence, numbers as text, or in a wrapper."""
        about, state, attributes = self._item(), self._item(), self._item()
        name = about.content[0][0].value if about.kind == _PAIRS else about
        name = name.content.content if name.kind == _SYMBOL else b""
        if name.startswith(_WRAPPERS):
            inner = state.content[0] if state.kind == _LIST and state.content else None
            if inner is None:
                inner = state.content[0][0].value if state.kind == _PAIRS else state
            if inner.kind not in (*_SIZES, _STRINGS, _LIST, _ALTREP):
                raise RefusedStream("a vector in it is none")
            if attributes.kind == _PAIRS:
                inner = _Node(inner.flags | _HAS_ATTRIBUTES, inner.content, attributes)
                _check_attributes(inner)
            return inner
        if attributes.kind not in (_PAIRS, _NULL):
            raise RefusedStream("attributes in it are none")
        if name == _TEXT_OF_NUMBERS:
            node = _text_of_numbers(state)
        elif name in _COMPACT and state.kind == 14 and len(state.content) == 24:
            n = struct.unpack(">ddd", state.content)[0]
            if not 0 <= n < 2**31 or (n > 16 * len(self._data) + 1024 and self._source != OURS):
                raise RefusedStream("a length in it is wrong")
            node = _sequence(name == b"compact_intseq", state.content, int(n))
        else:
            raise RefusedStream("it holds a vector of an unknown class")
        if attributes.kind == _PAIRS:
            node.flags, node.attributes = node.flags | _HAS_ATTRIBUTES, attributes
            _check_attributes(node)
        return node

    # ---- bytecode: read to its end, and only the expression kept ----

    def _bytecode(self, flags: int) -> _Node:
        repeated: dict[int, _Node] = {}
        self._count(2**24)
        expression = self._bytecode_body(repeated)
        if flags & _HAS_ATTRIBUTES:
            self._attributes()
        return expression

    def _bytecode_body(self, repeated: dict[int, _Node]) -> _Node:
        if self._item().kind != 13:
            raise RefusedStream("bytecode in it is none")
        constants = []
        for _ in range(self._count()):
            kind = self._int()
            if kind == _BYTECODE:
                constants.append(self._bytecode_body(repeated))
            else:
                constants.append(self._bytecode_part(kind, repeated))
        if not constants:
            raise RefusedStream("bytecode in it has no source")
        return constants[0]

    def _bytecode_part(self, kind: int, repeated: dict[int, _Node]) -> _Node:
        """An expression as bytecode has it: parts that are repeated are written once."""
        if kind == _REPEATED:
            place = self._int()
            if place not in repeated:
                raise RefusedStream("bytecode in it is none")
            return repeated[place]
        place = -1
        if kind == _REPEAT:
            place, kind = self._int(), self._int()
        if kind not in (_PAIRS, _CALL, _ATTRIBUTED_PAIRS, _ATTRIBUTED_CALL):
            return self._item()
        attributed = kind in (_ATTRIBUTED_PAIRS, _ATTRIBUTED_CALL)
        plain = _CALL if kind in (_CALL, _ATTRIBUTED_CALL) else _PAIRS
        node = _Node(plain)
        if place >= 0:
            repeated[place] = node
        attributes = self._attributes() if attributed else None
        tag = self._tag()
        value = self._bytecode_part(self._int(), repeated)
        rest = self._bytecode_part(self._int(), repeated)
        flags = plain | (_HAS_ATTRIBUTES if attributed else 0)
        flags |= _HAS_TAG if tag.kind == _SYMBOL else 0
        pair = _Pair(flags, value, tag if tag.kind == _SYMBOL else None, attributes)
        if rest.content is None and rest.kind in (_PAIRS, _CALL):
            raise RefusedStream("bytecode in it is its own part")
        if rest.kind in (_PAIRS, _CALL):
            node.content = ([pair, *rest.content[0]], rest.content[1])
        else:
            node.content = ([pair], rest)
        return node


def _sequence(integers: bool, state: bytes, n: int) -> _Node:
    _, start, step = struct.unpack(">ddd", state)
    values = [start + i * step for i in range(n)]
    try:
        if integers:
            packed = struct.pack(f">{n}i", *map(int, values))
        else:
            packed = struct.pack(f">{n}d", *values)
    except (struct.error, ValueError, OverflowError) as error:
        raise RefusedStream("a sequence in it is none") from error
    return _Node(13 if integers else 14, packed)


def _text_of_numbers(state: _Node) -> _Node:
    """A text vector; `state`: the numbers and R's option "scipen"."""
    pairs, end = state.content if state.kind == _PAIRS else ([], state)
    if len(pairs) != 1 or end.kind != 13 or len(end.content) != 4:
        raise RefusedStream("a vector in it is none")
    numbers = pairs[0].value
    if numbers.kind not in (13, 14):
        raise RefusedStream("a vector in it is none")
    scipen = struct.unpack(">i", end.content)[0]
    data, n = numbers.content, _length(numbers)
    if numbers.kind == 13:
        found = struct.unpack(f">{n}i", data)
        texts = [None if x == -(2**31) else str(x) for x in found]
    else:
        missing = [data[at : at + 8][4:] == _MISSING for at in range(0, len(data), 8)]
        found = struct.unpack(f">{n}d", data)
        texts = [
            None if x != x and na else _number_text(x, scipen)
            for x, na in zip(found, missing, strict=True)
        ]
    return _Node(_STRINGS, [_Node(*_string(text)) for text in texts])


def _string(text: str | None) -> tuple[int, bytes | None]:
    return (_CHARS, None) if text is None else (_CHARS | _ASCII, text.encode())


def _number_text(x: float, scipen: int) -> str:
    """As as.character() writes a number: up to 15 digits, fixed unless that is longer."""
    if x != x or abs(x) == inf:
        return "NaN" if x != x else "Inf" if x > 0 else "-Inf"
    mantissa, power = f"{abs(x):.14e}".split("e")
    digits, exponent = mantissa.replace(".", "").rstrip("0") or "0", int(power)
    after = max(0, len(digits) - 1 - exponent)
    fixed = max(exponent, 0) + 1 + (after + 1 if after else 0)
    scientific = len(digits) + (len(digits) > 1) + (5 if abs(exponent) >= 100 else 4)
    if fixed <= scientific + scipen:
        found = f"{abs(x):.{after}f}"
    else:
        found = digits[0] + ("." + digits[1:] if len(digits) > 1 else "") + f"e{exponent:+03d}"
    return "-" + found if x < 0 else found


def _name(pair: _Pair) -> bytes:
    found: bytes = pair.tag.content.content if pair.tag is not None else b""
    return found


def _makes_anew(bindings: list[_Pair], active: list[_Pair], attributes: _Node) -> bool:
    """Is this an R6 object, or a part of a module, whose active bindings are made again in R?"""
    marks = attributes.content[0] if attributes.kind == _PAIRS else []
    return (
        b".__enclos_env__" in {_name(pair) for pair in bindings}
        or b"torchbridge_fields" in {_name(pair) for pair in marks}
        or {_name(pair) for pair in active} <= _MADE_ANEW
    )


def _length(node: _Node) -> int | None:
    if node.kind in _SIZES:
        return len(node.content) // _SIZES[node.kind]
    return len(node.content) if node.kind in (_STRINGS, _LIST, _EXPRESSION) else None


def _check_attributes(node: _Node) -> None:
    """R's own code trusts these to fit the vector."""
    length = _length(node)
    if length is None or node.attributes is None:
        return
    for pair in node.attributes.content[0]:
        value = pair.value
        if _name(pair) == b"dim":
            if value.kind != 13 or not value.content:
                raise RefusedStream("a dim in it does not fit")
            sizes = struct.unpack(f">{len(value.content) // 4}i", value.content)
            if min(sizes) < 0 or prod(sizes) != length:
                raise RefusedStream("a dim in it does not fit")
        elif _name(pair) == b"names" and (value.kind != _STRINGS or len(value.content) != length):
            raise RefusedStream("names in it do not fit")


@dataclass
class _Writer:
    """Writes what was read, with references of its own."""

    most: int
    parts: list[bytes] = field(default_factory=list)
    size: int = 0
    known: dict[int, int] = field(default_factory=dict)

    def _put(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > self.most:
            raise RefusedStream("it would grow without end")
        self.parts.append(data)

    def _int(self, value: int) -> None:
        self._put(struct.pack(">I", value & 0xFFFFFFFF))

    def _refers(self, node: _Node) -> bool:
        """Write a reference to what has been written; else it is known from now on."""
        place = self.known.get(id(node))
        if place is None:
            self.known[id(node)] = len(self.known) + 1
            return False
        if place < 2**24:
            self._int(place << 8 | _REFERENCE)
        else:
            self._int(_REFERENCE)
            self._int(place)
        return True

    # Long: one case a kind of value, as the reader's.
    def item(self, node: _Node) -> None:
        kind = node.kind
        if kind in (_SYMBOL, _ENVIRONMENT, _NAMESPACE, _POINTER) and self._refers(node):
            return
        if kind in (_PAIRS, _CALL, _DOTS):
            self._pairs(*node.content)
            return
        self._int(node.flags)
        if kind in _ALONE:
            return
        if kind == _SYMBOL:
            self.item(node.content)
        elif kind == _ENVIRONMENT:
            locked, parent, bindings = node.content
            self._int(locked)
            self.item(parent)
            self._pairs(bindings, _Node(_NULL))
            self._int(_NULL)
            self.item(node.attributes or _Node(_NULL))
        elif kind == _NAMESPACE:
            self._int(0)
            self._int(len(node.content))
            for part in node.content:
                self.item(part)
        elif kind == _CLOSURE:
            if node.attributes is not None:
                self.item(node.attributes)
            for part in node.content:
                self.item(part)
        else:
            self._vector(node)
            if node.attributes is not None:
                self.item(node.attributes)

    def _vector(self, node: _Node) -> None:
        kind = node.kind
        if kind == _POINTER:
            for part in node.content:
                self.item(part)
        elif kind in (_SPECIAL, _BUILTIN):
            self._int(len(node.content))
            self._put(node.content)
        elif kind == _CHARS:
            self._int(-1 if node.content is None else len(node.content))
            self._put(node.content or b"")
        elif kind in _SIZES:
            self._int(len(node.content) // _SIZES[kind])
            self._put(node.content)
        elif kind != _S4:
            self._int(len(node.content))
            for part in node.content:
                self.item(part)

    def _pairs(self, pairs: list[_Pair], end: _Node) -> None:
        for pair in pairs:
            self._int(pair.flags)
            if pair.attributes is not None:
                self.item(pair.attributes)
            if pair.flags & _HAS_TAG:
                self.item(pair.tag or _Node(_NULL))
            self.item(pair.value)
        self.item(end)
