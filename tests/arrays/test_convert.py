"""Round trips through to_torch, to_numpy and to_r: every bit of every dtype, shape and layout."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import torchbridge as tb

pytestmark = pytest.mark.filterwarnings("error", "ignore:ComplexHalf")

#: dtypes whose tensors come back as what they were, by name.
FLOATS = ["float64", "float32", "float16", "bfloat16"] + [
    name for name in dir(torch) if name.startswith("float8_")
]
INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
COMPLEX = ["complex128", "complex64", "complex32"]
DTYPES = [*FLOATS, *INTEGERS, *COMPLEX, "bool"]

#: What every type of R vector becomes, and R's type of it.
R_KINDS = {
    "double": np.float64,
    "integer": np.int32,
    "logical": np.int32,
    "complex": np.complex128,
    "raw": np.uint8,
    "integer64": np.int64,
}

shapes = st.lists(st.integers(0, 4), max_size=5).map(tuple)
seeds = st.integers(0, 2**32 - 1)
examples = settings(max_examples=12, deadline=None)


def bits(x: torch.Tensor) -> torch.Tensor:
    """The bytes of a tensor, row by row of its elements in C order."""
    return x.flatten().clone().as_strided((x.numel(),), (1,)).view(torch.uint8)


def bits_of(x: np.ndarray) -> bytes:
    """The bytes of an array, in R's order."""
    return np.asfortranarray(x).tobytes(order="F")


def assert_same(a: torch.Tensor, b: torch.Tensor) -> None:
    """Same dtype, shape and bits; of NaN in a dtype that R widens, only that it is NaN."""
    assert (a.dtype, a.shape, a.layout) == (b.dtype, b.shape, b.layout)
    if a.dtype.is_complex:
        a, b = torch.view_as_real(a.resolve_conj()), torch.view_as_real(b.resolve_conj())
    if a.dtype.is_floating_point and a.dtype != torch.float64:
        nan = a.double().isnan()
        assert torch.equal(nan, b.double().isnan())
        a, b = (bits(x).reshape(-1, x.itemsize)[~nan.flatten()] for x in (a, b))
    else:
        a, b = bits(a), bits(b)
    assert torch.equal(a, b)


def random_tensor(dtype: str, shape: tuple[int, ...], seed: int) -> torch.Tensor:
    """Random bits: of floats every NaN, infinity, subnormal and signed zero comes up."""
    rng = np.random.default_rng(seed)
    kind = getattr(torch, dtype)
    count = int(np.prod(shape, dtype=np.int64))
    if dtype == "bool":
        return torch.from_numpy(rng.integers(0, 2, count).astype(bool)).reshape(shape)
    if dtype in ("int64", "uint64"):
        # As many of 2^0 .. 2^64 and their neighbours as there are of all others.
        power = rng.integers(0, 64, count).tolist()
        near = rng.integers(-2, 3, count).tolist()
        sign = rng.choice([-1, 1] if dtype == "int64" else [1], count).tolist()
        least, most = torch.iinfo(kind).min, torch.iinfo(kind).max
        values = [
            min(max(s * 2**p + n, least), most) for p, n, s in zip(power, near, sign, strict=True)
        ]
        x = torch.tensor(values, dtype=kind)
    else:
        size = torch.empty(0, dtype=kind).itemsize
        x = torch.frombuffer(bytearray(rng.bytes(count * size) or b"\0" * size), dtype=kind)[:count]
        special = [0.0, -0.0, float("inf"), float("-inf"), float("nan"), 1.0]
        if dtype in FLOATS and count:
            where = torch.from_numpy(rng.integers(0, 3, count) == 0)
            values = torch.tensor(rng.choice(special, count).tolist(), dtype=torch.float64)
            x = torch.where(where, values, x.double()).to(kind) if dtype != "float64" else x
    return x.reshape(shape)


@st.composite
def layouts(draw: st.DrawFn, x: torch.Tensor) -> torch.Tensor:
    """A view of x: permuted, with steps, or repeated without memory of its own."""
    order = draw(st.permutations(range(x.dim())))
    x = x.permute(order)
    for dim in range(x.dim()):
        change = draw(st.sampled_from(["none", "step", "narrow", "expand"]))
        if change == "step":
            x = x[(slice(None),) * dim + (slice(None, None, 2),)]
        elif change == "narrow" and x.shape[dim] > 1:
            x = x.narrow(dim, 1, x.shape[dim] - 1)
        elif change == "expand" and x.shape[dim] == 1:
            x = x.expand(*x.shape[:dim], 3, *x.shape[dim + 1 :])
    return x


def r_type_of_integers(values: list[int]) -> str | None:
    """The rule for wide integers, in exact arithmetic."""
    if all(-(2**31) < v < 2**31 for v in values):
        return "integer"
    if all(Fraction(float(v)) == v for v in values):
        return "double"
    if all(-(2**63) < v < 2**63 for v in values):
        return "integer64"
    return None


# ---- tensor -> R -> tensor -----------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
@examples
def test_a_tensor_comes_back_from_r_as_it_was(r, dtype, data):
    x = random_tensor(dtype, data.draw(shapes), data.draw(seeds))
    x = data.draw(layouts(x))
    if dtype in INTEGERS and r_type_of_integers(x.flatten().tolist()) is None:
        with pytest.raises(ValueError, match="fit no R type"):
            tb.to_r(x)
        return
    in_r = tb.to_r(x)
    assert r.dim(in_r) == (tuple(x.shape) if x.dim() > 1 else None)
    assert_same(tb.to_torch(in_r, dtype=dtype), x.reshape(1) if x.dim() == 0 else x)


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_r_gets_a_type_that_holds_every_integer(r, dtype, data):
    x = random_tensor(dtype, (data.draw(st.integers(1, 3)),), data.draw(seeds))
    expected = r_type_of_integers(x.tolist())
    if expected is None:
        with pytest.raises(ValueError, match="fit no R type"):
            tb.to_r(x)
        return
    in_r = tb.to_r(x)
    raw = r.bytes(in_r)
    if expected == "integer64":
        assert r.true("identical(class(x), 'integer64')", x=in_r)
        values = np.frombuffer(raw, np.int64).tolist()
    else:
        assert r.text("typeof(x)", x=in_r) == expected
        values = np.frombuffer(raw, R_KINDS[expected]).tolist()
    assert values == x.tolist()


@pytest.mark.parametrize("dtype", [*FLOATS, *COMPLEX, "bool", "int8", "int16", "uint16", "uint8"])
@given(data=st.data())
@settings(max_examples=6, deadline=None)
def test_r_has_the_values_of_the_tensor_element_by_element(r, dtype, data):
    x = random_tensor(dtype, data.draw(shapes), data.draw(seeds))
    in_r = tb.to_r(x)
    kind = r.text("typeof(x)", x=in_r)
    wide = x.to({"complex": torch.complex128, "double": torch.float64}.get(kind, torch.int32))
    wide = wide.to(torch.uint8) if kind == "raw" else wide
    found = np.frombuffer(r.bytes(in_r), R_KINDS[kind]).reshape(wide.shape, order="F")
    np.testing.assert_array_equal(found, wide.numpy(), strict=True)


# ---- R -> tensor -> R, R -> NumPy -> R -----------------------------------------------


def random_r(r, kind: str, shape: tuple[int, ...], seed: int):
    """An R vector of random bits, and the NumPy array of them."""
    rng = np.random.default_rng(seed)
    count = int(np.prod(shape, dtype=np.int64))
    dtype = np.dtype(R_KINDS[kind])
    if kind == "logical":
        array = rng.integers(0, 2, count).astype(np.int32)
    else:
        array = np.frombuffer(rng.bytes(count * dtype.itemsize), dtype).copy()
        if kind in ("double", "complex") and count:
            parts = array.view(np.float64)
            special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, NA, 1.5])
            where = rng.integers(0, 2, parts.size) == 0
            parts[where] = rng.choice(special, parts.size)[where]
        elif kind in ("integer", "integer64"):
            array[array == np.iinfo(dtype).min] = 0
    array = array.reshape(shape, order="F")
    return r.vector(kind, bits_of(array), shape), array


NA = np.frombuffer((0x7FF00000000007A2).to_bytes(8, "little"), np.float64)[0]
r_shapes = st.lists(st.integers(0, 4), min_size=1, max_size=5).map(tuple)


@pytest.mark.parametrize("kind", R_KINDS)
@given(shape=r_shapes, seed=seeds)
@examples
def test_an_r_value_comes_back_from_torch_as_it_was(r, kind, shape, seed):
    in_r, array = random_r(r, kind, shape, seed)
    before = r.bytes(in_r)
    x = tb.to_torch(in_r)
    assert x.dtype == getattr(torch, "bool" if kind == "logical" else array.dtype.name)
    assert tuple(x.shape) == shape
    assert x.is_contiguous()
    expected = array.astype(bool) if kind == "logical" else array
    assert bits_of(x.numpy()) == bits_of(expected)
    assert r.bytes(in_r) == before
    if kind != "integer64":  # integer64 comes back as the first type that holds its values
        assert r.identical(tb.to_r(x), in_r)
        assert r.bytes(tb.to_r(x)) == before


@pytest.mark.parametrize("kind", R_KINDS)
@given(shape=r_shapes, seed=seeds)
@examples
def test_an_r_value_comes_back_from_numpy_as_it_was(r, kind, shape, seed):
    in_r, array = random_r(r, kind, shape, seed)
    before = r.bytes(in_r)
    x = tb.to_numpy(in_r)
    expected = array.astype(bool) if kind == "logical" else array
    assert (x.dtype, x.shape) == (expected.dtype, shape)
    assert bits_of(x) == bits_of(expected)
    if kind != "integer64":
        assert r.identical(tb.to_r(x), in_r)
        assert r.bytes(tb.to_r(x)) == before


@pytest.mark.parametrize("wide", [2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63) + 1])
def test_integer64_comes_back_as_integer64_where_a_double_would_not_do(r, wide):
    in_r = r.vector("integer64", np.array([wide, 0, -5]).tobytes())
    for x in (tb.to_torch(in_r), tb.to_numpy(in_r)):
        assert x.tolist() == [wide, 0, -5]
        assert r.identical(tb.to_r(x), in_r)


@given(shape=st.lists(st.integers(1, 4), min_size=1, max_size=5).map(tuple))
@examples
def test_element_i_j_k_keeps_its_value(r, shape):
    in_r = r(f"array(seq_len({np.prod(shape)}) + 0, c({', '.join(map(str, shape))}))")
    x, y = tb.to_torch(in_r), tb.to_numpy(in_r)
    for place in np.ndindex(*shape):
        value = r(f"x[{', '.join(str(i + 1) for i in place)}]", x=in_r)[0]
        assert x[place].item() == value
        assert y[place] == value


@given(
    dtype=st.sampled_from([">f8", "<f4", ">i2", "<i4", "|b1", ">c16", "<u2", "|u1", ">i8"]),
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple),
    steps=st.lists(st.sampled_from([-2, -1, 1, 2]), min_size=4, max_size=4),
    fortran=st.booleans(),
    seed=seeds,
)
@settings(max_examples=60, deadline=None)
def test_any_layout_of_numpy_goes_to_torch_and_to_r(r, dtype, shape, steps, fortran, seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, shape) if dtype == "|b1" else rng.integers(0, 100, shape)
    x = np.array(x, dtype=dtype, order="F" if fortran else "C")
    x = x[tuple(slice(None, None, step) for step in steps[: x.ndim])]
    native = x.astype(x.dtype.newbyteorder("="))
    y = tb.to_torch(x)
    np.testing.assert_array_equal(y.numpy(), native, strict=True)
    in_r = tb.to_r(x)
    back = tb.to_numpy(in_r, dtype=native.dtype)
    np.testing.assert_array_equal(back, native, strict=True)
    y.zero_()  # a copy: not x's memory
    np.testing.assert_array_equal(x, native)


# ---- more than 2^31 elements ---------------------------------------------------------


def available_bytes() -> int:
    with open("/proc/meminfo") as lines:
        for line in lines:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return 0


def test_lengths_above_2_to_the_31_both_ways(r, nothing_left):
    length = 2**31 + 10
    try:
        enough = available_bytes() > 6e9
    except OSError:
        enough = False
    if not enough:
        pytest.skip("needs 6 GB of memory")
    in_r = tb.to_r(torch.full((1,), 7, dtype=torch.uint8).expand(length))
    assert r.true(f"length(x) == {length} && x[{length}] == as.raw(7)", x=in_r)
    x = tb.to_torch(in_r)
    assert x.shape == (length,)
    assert int(x.count_nonzero()) == length
    shared = tb.to_r(x, share=True)
    x[2**31] = 9
    assert r.true(f"length(x) == {length} && x[2^31 + 1] == as.raw(9)", x=shared)


@pytest.mark.parametrize("share", [False, True])
def test_a_dim_above_2_to_the_31_is_refused(r, share, nothing_left):
    with pytest.raises(ValueError, match=r"dim 0 has 2147483648 elements"):
        tb.to_r(torch.empty(2**31, 0), share=share)
    assert r.dim(tb.to_r(torch.empty(2**31 - 1, 0), share=share)) == (2**31 - 1, 0)


# ---- to_r of everything else ---------------------------------------------------------


def test_to_r_takes_python_values_and_arrays_of_text(r):
    assert r.identical(tb.to_r(1), r("1L"))
    assert r.identical(tb.to_r([1.5, None]), r("c(1.5, NA)"))
    assert r.identical(tb.to_r({"a": "x", "b": [True]}), r("list(a = 'x', b = TRUE)"))
    assert r.identical(tb.to_r(np.array(["a", "é"])), r("c('a', '\\u00e9')"))
    dates = np.array(["2020-01-01T00:00:01.5", "NaT"], dtype="M8[ms]")
    assert r.identical(tb.to_r(dates), r("as.POSIXct('2020-01-01', 'UTC') + c(1.5, NA)"))


def test_to_r_gives_rpy2_s_own_classes():
    for shape, name in (((2,), "Vector"), ((2, 2), "Matrix"), ((2, 2, 2), "Array")):
        for dtype, kind in (("float64", "Float"), ("int32", "Int"), ("bool", "Bool")):
            assert type(tb.to_r(np.ones(shape, dtype))).__name__ == kind + name
    assert type(tb.to_r({"a": 1})).__name__ == "ListVector"
    assert type(tb.to_r(["a"])).__name__ == "StrVector"


def test_to_r_of_an_rpy2_object_is_the_same_r_object(r):
    x = r("c(a = 1, b = NA)")
    assert r.identical(tb.to_r(x), x)


def test_to_r_refuses_what_r_has_no_type_for():
    for x in (np.array([b"x"]), np.zeros((1, 1), [("a", "f8")])):
        with pytest.raises(TypeError, match="x: R has no type"):
            tb.to_r(x)


@pytest.mark.parametrize("function", [tb.to_torch, tb.to_numpy, tb.to_r])
def test_an_unknown_argument_is_a_type_error(function):
    with pytest.raises(TypeError, match="dtyp"):
        function(1.0, dtyp="float32")


def test_conversions_leave_nothing_behind(r, live):
    x = torch.randn(5, 3, dtype=torch.float64)
    before = live()
    for _ in range(20):
        back = tb.to_torch(tb.to_r(x))
        shared = tb.to_torch(tb.to_r(x.t(), share=True), share=True)
        tb.to_numpy(tb.to_r(x, share=False), na="mask")
    del back, shared
    assert live() == before
