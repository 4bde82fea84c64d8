"""R's serialized values: what is damaged is refused before R reads it."""

from __future__ import annotations

import struct

import pytest

from torchbridge.saving import r_stream
from torchbridge.saving.r_stream import RefusedStream, cleaned

HEAD = b"X\n" + struct.pack(">iii", 2, 0x040202, 0x020300)
NULL = struct.pack(">i", 254)


def ints(*values: int) -> bytes:
    return struct.pack(f">{len(values)}i", *values)


def chars(text: bytes) -> bytes:
    return ints(9 | 64 << 12, len(text)) + text


def numbers(*values: int) -> bytes:
    return ints(13, len(values), *values)


def test_plain_values_stay_as_they_are():
    for value in (NULL, numbers(1, 2), ints(16, 1) + chars(b"a"), ints(19, 1) + NULL):
        assert cleaned(HEAD + value).data == HEAD + value


def test_a_sequence_is_written_out():
    about = ints(2, 1) + chars(b"compact_intseq") + NULL
    state = ints(14, 3) + struct.pack(">ddd", 3, 5, 1)
    assert cleaned(HEAD + ints(238) + about + state + NULL).data == HEAD + numbers(5, 6, 7)


def test_text_of_numbers_is_written_out():
    about = ints(2, 1) + chars(b"deferred_string") + NULL
    missing, scipen = struct.pack(">II", 0x7FF00000, 1954), numbers(0)
    doubles = [1.5, -2, 1e5, 123456, 1e15, 0.1 + 0.2, 1e-20, 2 / 3, -0.0, float("inf")]
    state = ints(2, 14, len(doubles) + 1) + struct.pack(f">{len(doubles)}d", *doubles) + missing
    texts = [b"1.5", b"-2", b"1e+05", b"123456", b"1e+15", b"0.3", b"1e-20", b"0.666666666666667"]
    expected = ints(16, len(doubles) + 1) + b"".join(map(chars, [*texts, b"0", b"Inf"]))
    found = cleaned(HEAD + ints(238) + about + state + scipen + NULL).data
    assert found == HEAD + expected + ints(9, -1)
    state = ints(2) + numbers(7, -(2**31), 100000)
    found = cleaned(HEAD + ints(238) + about + state + scipen + NULL).data
    assert found == HEAD + ints(16, 3) + chars(b"7") + ints(9, -1) + chars(b"100000")
    for wrong in (ints(2) + NULL + scipen, ints(2) + numbers(1) + NULL, numbers(1)):
        with pytest.raises(RefusedStream, match="none"):
            cleaned(HEAD + ints(238) + about + wrong + NULL)


def test_a_sequence_that_would_fill_the_memory_is_refused():
    about = ints(2, 1) + chars(b"compact_realseq") + NULL
    state = ints(14, 3) + struct.pack(">ddd", 2e9, 1, 1)
    with pytest.raises(RefusedStream, match="length"):
        cleaned(HEAD + ints(238) + about + state + NULL)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (ints(14, 2, 1) + ints(0) * 2, "ends too early"),
        (ints(13, -1, 0, 1), "length"),
        (ints(19, 2**30), "length"),
        (ints(255 | 1 << 8), "leads nowhere"),
        (NULL + NULL, "more after its end"),
        (ints(16, 1) + NULL, "no string"),
        (chars(b"a\0b"), "no string"),
        (ints(13 | 512, 1, 1) + numbers(1), "attributes"),
        (ints(13 | 512, 3, 1, 2, 3) + ints(1026, 1) + chars(b"dim") + numbers(2, 2) + NULL, "dim"),
        (ints(13 | 512, 1, 1) + ints(1026, 1) + chars(b"names") + ints(16, 0) + NULL, "names"),
        (ints(3 | 1024) + NULL + NULL + NULL, "function"),
        (ints(4, 0) + NULL + NULL + NULL + NULL, "environment"),
        (ints(1) + chars(b""), "empty"),
        (ints(23), "weak reference"),
        (ints(247, 0, 1) + chars(b"x"), "hook"),
        (ints(248, 0, 1) + chars(b"package:x"), "package to attach"),
        (ints(200), "unknown type"),
        (ints(238) + ints(2, 1) + chars(b"mmap_real") + NULL + numbers(1) + NULL, "unknown class"),
    ],
)
def test_what_is_damaged_or_dangerous_is_refused(value, why):
    with pytest.raises(RefusedStream, match=why):
        cleaned(HEAD + value)


def test_other_headers_are_refused():
    for head in (b"A\n", b"X\n" + ints(4, 1, 1), b"X\n" + ints(3, 1, 1, 70) + b"a" * 70, b""):
        with pytest.raises(RefusedStream):
            cleaned(head + NULL)


def test_deep_nesting_is_refused():
    with pytest.raises(RefusedStream, match="nested too deeply"):
        cleaned(HEAD + ints(19, 1) * 100_000 + NULL)


def test_bytecode_cannot_grow_without_end():
    # Each expression is a call of the one before, twice.
    def part(place: int, inner: bytes) -> bytes:
        again = ints(243, place - 1) if place else ints(254)
        rest = ints(2) + NULL + (again if place else ints(254)) + ints(254)
        return ints(244, place, 6) + NULL + inner + rest

    body = ints(254)
    for place in range(40):
        body = part(place, body if place else ints(254))
    stream = HEAD + ints(21, 64) + numbers(1) + ints(1) + body
    with pytest.raises(RefusedStream):
        cleaned(stream)


def test_every_shorter_stream_and_changed_byte_is_refused_or_clean():
    value = ints(19, 2) + (ints(16, 1) + chars(b"ab")) + numbers(1, 2, 3)
    stream = HEAD + value
    for n in range(len(stream)):
        with pytest.raises(RefusedStream):
            cleaned(stream[:n])
        for byte in (0, 1, 127, 255):
            changed = stream[:n] + bytes([byte]) + stream[n + 1 :]
            try:
                again = cleaned(changed).data
            except RefusedStream:
                continue
            assert cleaned(again).data == again


def test_r_gets_data_and_namespaces():
    found = r_stream.for_r(HEAD + ints(249, 0, 1) + chars(b"stats"), "file")
    assert found["namespaces"] == ["stats"]


def closure(body: bytes) -> bytes:
    return ints(3 | 1024) + ints(253) + NULL + body


def test_whether_there_is_code_is_told():
    assert not cleaned(HEAD + ints(19, 1) + numbers(1)).has_code
    for value in (closure(NULL), ints(6) + ints(1) + chars(b"f") + NULL, ints(253), ints(20, 0)):
        assert cleaned(HEAD + ints(19, 1) + value).has_code


def test_the_namespace_of_r_torch_is_ours():
    def namespace(name: bytes) -> bytes:
        return ints(249, 0, 2) + chars(name) + chars(b"0.17")

    found = cleaned(HEAD + namespace(b"torch"), r_stream.R_TORCH)
    assert found.namespaces == ["torchbridge"]
    assert b"0.17" not in found.data
    assert cleaned(HEAD + namespace(b"stats")).data == HEAD + namespace(b"stats")


def test_promises_of_r_torch_are_values_or_missing():
    def promise(value: bytes, expression: bytes, *place: bytes) -> bytes:
        return ints(5 | (1024 if place else 0)) + b"".join(place) + value + expression

    call, unbound = ints(6) + ints(1) + chars(b"f") + NULL, ints(252)
    for value, becomes in (
        (promise(numbers(1), call), numbers(1)),
        (promise(unbound, numbers(2), ints(253)), numbers(2)),
        (promise(unbound, call, ints(253)), ints(251)),
    ):
        stream = HEAD + ints(19, 1) + value
        assert cleaned(stream, r_stream.R_TORCH).data == HEAD + ints(19, 1) + becomes
        with pytest.raises(RefusedStream, match="promise"):
            cleaned(stream)


def test_an_attribute_without_a_name_is_refused():
    value = ints(13 | 512, 1, 1) + ints(1026) + NULL + numbers(1) + NULL
    with pytest.raises(RefusedStream, match="attributes"):
        cleaned(HEAD + value)
