"""foreign.c: R vectors over foreign memory: every ALTREP method, and every capsule refused."""

from __future__ import annotations

import ctypes
import gc
import itertools
import struct

import numpy as np
import pytest
import torch

from torchbridge import RError
from torchbridge.arrays.dlpack import _Tensor as Tensor

#: Hundreds of tests run R's own functions here: more would torture R, not the core.
TORTURE_STEP = 1000

INT = torch.tensor([3, 1, -2, 0, 127, 5], dtype=torch.int64)
REAL = torch.tensor([0.5, -0.0, 2.0, float("inf"), -1.25, 3.0], dtype=torch.float64)

#: dtype -> values, R's type, read in place?
TYPES = {
    "float64": (REAL, "double", True),
    "int64": (INT, "double", True),
    "int32": (INT, "integer", True),
    "uint8": (INT.abs(), "raw", True),
    "complex128": (REAL + 2j * REAL.nan_to_num(posinf=4.0), "complex", True),
    "float32": (REAL, "double", False),
    "float16": (REAL, "double", False),
    "bfloat16": (REAL, "double", False),
    "int16": (INT, "integer", False),
    "int8": (INT, "integer", False),
    "uint16": (INT.abs(), "integer", False),
    "bool": (INT > 1, "logical", False),
}


@pytest.fixture(params=TYPES)
def dtype(request):
    return request.param


def tensor_of(dtype, shape=(6,)):
    values = TYPES[dtype][0].to(getattr(torch, dtype))
    return (
        values.reshape(shape[::-1]).permute(*reversed(range(len(shape))))
        if len(shape) > 1
        else values
    )


def share(core, tensor):
    x = core.foreign_vector(tensor.__dlpack__())
    x.freeze()
    return x


@pytest.fixture
def copy_of(core, r):
    """copy_of(tensor): an R vector of its own with the same values, by way of Python's numbers."""

    def make(tensor):
        kind = TYPES[str(tensor.dtype).removeprefix("torch.")][1]
        x = core.RObject.new_vector(kind, tuple(tensor.shape))
        values = tensor.double() if kind == "double" and tensor.dtype != torch.int64 else tensor
        target = np.asarray(x)
        source = values.to(torch.int32).numpy() if kind == "logical" else values.numpy()
        if tensor.dtype == torch.int64:
            target = target.view(np.int64)
        target[...] = source
        if tensor.dtype == torch.int64:
            x.set_attr("class", core.to_r("integer64"))
        return x

    return make


# ---- reading ----


def test_type_length_and_values(core, r, dtype, copy_of):
    tensor = tensor_of(dtype)
    x = share(core, tensor)
    assert x.typeof == TYPES[dtype][1] and len(x) == 6
    assert x.classes == (("integer64",) if dtype == "int64" else ())
    assert r("identical")(x, copy_of(tensor)) is True


#: Functions of base R, and what each uses of ALTREP.
USES = {
    "length": "length(x)",
    "element": "c(x[[1]], x[[6]])",
    "subset": "x[c(2, 5, 2)]",
    "negative subset": "x[-1]",
    "logical subset": "x[c(TRUE, FALSE)]",
    "beyond the end": "as.character(x[7])",
    "head": "head(x, 2)",
    "rev": "rev(x)",
    "concatenate": "c(x, x)",
    "rep": "rep(x, 2)",
    "duplicate": "{ y <- x; y[1] <- y[2]; y }",
    "serialize": "unserialize(serialize(x, NULL))",
    "text": "as.character(x)",
    "to list": "as.list(x)",
    "loop": "{ s <- character(); for (v in x) s <- c(s, format(v)); s }",
    "lapply": "vapply(unclass(x), as.character, '')",
    "comparison": "x == x",
    "identical": "identical(x, x[])",
    "names": "{ y <- x; names(y) <- letters[1:6]; y }",
    "attributes": "attributes(structure(x, note = 'n'))",
    "unique": "unique(x)",
    "match": "match(x, rev(x))",
    "deparse": "deparse(x[1:3])",
    "data frame": "data.frame(x = x, y = 1:6)",
    "matrix": "matrix(x, 2)",
    "split": "split(unclass(x), c(1, 1, 2, 2, 3, 3))",
}
NUMBERS = {
    "sum": "sum(x)",
    "mean": "mean(x)",
    "arithmetic": "x + 1L",
    "cumsum": "cumsum(x)",
    "range of finite": "range(x[is.finite(x)])",
    "sort": "sort(x)",
    "order": "order(x)",
    "is.na": "is.na(x)",
    "max": "max(x)",
    "ifelse": "ifelse(x > 1, 'a', 'b')",
    "outer": "outer(x, 1:3)",
}


@pytest.mark.parametrize("use", USES)
def test_r_uses_it_like_a_vector_of_its_own(core, r, dtype, use, copy_of):
    if (dtype, use) == ("int64", "data frame"):
        pytest.skip("needs bit64")
    tensor = tensor_of(dtype)
    f = r(f"function(x) {USES[use]}")
    assert r("identical")(f.call(share(core, tensor)), f.call(copy_of(tensor))) is True


@pytest.mark.parametrize("use", NUMBERS)
def test_r_computes_with_it(core, r, dtype, use, copy_of):
    kind = TYPES[dtype][1]
    if (
        kind == "raw"
        or dtype == "int64"
        or (kind == "complex" and use in ("range of finite", "max", "order", "ifelse"))
    ):
        pytest.skip("R does not")
    tensor = tensor_of(dtype)
    f = r(f"function(x) {NUMBERS[use]}")
    assert r("identical")(f.call(share(core, tensor)), f.call(copy_of(tensor))) is True


@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (1, 6), (6, 1), (1, 2, 3), (2, 1, 3, 1)])
def test_arrays(core, r, dtype, shape, copy_of):
    tensor = tensor_of(dtype, shape)
    x = share(core, tensor)
    assert x.dim == shape
    assert r("identical")(x, copy_of(tensor)) is True
    aperm = r("aperm")
    assert r("identical")(aperm.call(x), aperm.call(copy_of(tensor))) is True
    if dtype != "int64":  # aperm() drops the class
        assert r("identical")(aperm.call(x), copy_of(tensor.permute(*reversed(range(len(shape))))))


MATRIX = {
    "colMeans": "colMeans(x)",
    "rowSums": "rowSums(x)",
    "crossprod": "crossprod(x)",
    "product": "x %*% t(x)",
    "apply": "apply(x, 1, sum)",
    "solve": "solve(crossprod(x) + diag(3))",
    "lm.fit": "lm.fit(x, c(1, 2, 4, 3, 6, 5, 8, 7))$coefficients",
    "svd": "svd(x)$d",
    "[i, j]": "x[2:3, 2]",
    "[i, j] <-": "{ x[1, 1] <- 100; x }",
    "cbind": "cbind(x, 1)",
}


@pytest.mark.parametrize("use", MATRIX)
@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "int32", "int8"])
def test_linear_algebra(core, r, use, copy_of, dtype):
    values = torch.tensor(
        [[3, 1, 2], [1, 4, 1], [5, 9, 2], [6, 5, 3], [5, 8, 9], [7, 9, 3], [2, 3, 8], [4, 6, 2]]
    )
    tensor = values.t().contiguous().t().to(getattr(torch, dtype))
    f = r(f"function(x) {MATRIX[use]}")
    assert r("identical")(f.call(share(core, tensor)), f.call(copy_of(tensor))) is True


def test_assigning_leaves_the_vector_and_the_tensor_alone(core, r, dtype, copy_of):
    tensor = tensor_of(dtype, (2, 3))
    x = share(core, tensor)
    before = tensor.clone()
    assert (
        r(
            "function(x) { Y <- x; Y[1, 1] <- Y[2, 2]; identical(Y[1, 1], x[2, 2]) && !identical(Y, x) }"
        )(x)
        is True
    )
    r("function(x) { x[] <- x[1]; dim(x) <- NULL; attr(x, 'note') <- 'n'; x }")(x)
    assert torch.equal(tensor, before) and x.dim == (2, 3)
    assert r("identical")(x, copy_of(tensor)) is True


def test_changes_of_the_tensor_show_in_r(core, r):
    tensor = torch.zeros(3, dtype=torch.float64)
    x = share(core, tensor)
    tensor[1] = 7
    assert r("sum")(x) == 7


def test_regions_wherever_they_begin(core, r, dtype, copy_of):
    """Get_region: R reads long vectors in pieces."""
    tensor = tensor_of(dtype).repeat(2000)
    f = r(
        "function(x) list(x[4000:4010], tail(x, 3), which(as.character(x[11990:12000]) == '127'))"
    )
    assert r("identical")(f.call(share(core, tensor)), f.call(copy_of(tensor))) is True


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 2), ()])
def test_empty_and_single(core, r, dtype, shape):
    x = share(core, torch.ones(shape).to(getattr(torch, dtype)))
    assert len(x) == (1 if shape == () else 0)
    assert x.dim == (shape if len(shape) > 1 else None)
    assert r("function(x) length(x[]) + length(unserialize(serialize(x, NULL))) + length(c(x, x))")(
        x
    ) == 4 * len(x)
    assert r("function(x) length(as.character(x))")(x) == len(x)


def test_a_pointer_to_a_widened_vector(core, r, dtype, copy_of):
    """Dataptr: NumPy asks for the memory, R's functions too; reading goes on from there."""
    x = share(core, tensor_of(dtype))
    array = np.asarray(x)
    del x
    gc.collect()
    assert array.tolist() == np.asarray(copy_of(tensor_of(dtype))).tolist()
    x = share(core, tensor_of(dtype))
    in_place = np.asarray(x)
    assert r("identical")(x, copy_of(tensor_of(dtype))) is True
    assert r("function(x) identical(x[2:4], x[][2:4])")(x) is True
    assert in_place.tolist() == np.asarray(x).tolist()


def test_inspect(core, r):
    show = r("function(x) paste(capture.output(.Internal(inspect(x))), collapse = ' ')")
    assert "torchbridge vector over foreign memory (in place, length 3)" in show(
        share(core, torch.ones(3).double())
    )
    assert "torchbridge vector over foreign memory (widened, length 3)" in show(
        share(core, torch.ones(3))
    )


def test_every_half_and_every_bfloat(core, r):
    bits = torch.arange(65536).to(torch.uint16)
    for dtype in (torch.float16, torch.bfloat16):
        tensor = bits.view(dtype)
        read = r("function(x) x[]").call(share(core, tensor)).value()
        expected = tensor.double().numpy()
        assert np.array_equal(read, expected, equal_nan=True)
        assert np.array_equal(np.signbit(read[expected == 0]), np.signbit(expected[expected == 0]))
        assert not share(core, tensor).any_na()  # their NaN is NaN, not NA


def test_na_in_shared_memory(core):
    na = struct.unpack("<d", struct.pack("<Q", 0x7FF00000000007A2))[0]
    assert share(core, torch.tensor([1, na], dtype=torch.float64)).any_na()
    assert share(core, torch.tensor([-(2**31)], dtype=torch.int32)).any_na()
    assert share(core, torch.tensor([-(2**63)])).any_na()
    assert not share(core, torch.tensor([float("nan")], dtype=torch.float64)).any_na()
    assert not share(core, torch.tensor([-(2**15)], dtype=torch.int16)).any_na()


def test_a_vector_used_in_a_finalizer_after_its_own(core, r):
    """R's finalizers run in no order: an error there, no crash."""
    f = r("""function(x, tell) {
        e <- new.env()
        reg.finalizer(e, function(e) tell(tryCatch(sum(e$x), error = conditionMessage)))
        e$x <- x
        NULL
    }""")
    told: list = []
    for _ in range(3):
        f(share(core, torch.ones(3, dtype=torch.float64)), told.append)
        x = share(core, torch.ones(3, dtype=torch.float64))
        f(x, told.append)
        del x
    core.base_function("gc")()
    core.base_function("gc")()
    assert len(told) == 6
    assert all(t == 3 or "released already" in t for t in told)


def test_a_vector_released_already_is_an_error_in_python_too(core, r):
    """Its length, class and memory: no jump over Python's frames, and R's collector stays on."""
    keep = r("""function(tell) {
        e <- new.env()
        reg.finalizer(e, function(e) tell(function() e$x))
        e
    }""")
    said: list[str] = []

    def tell(get):
        x = get.call()
        for ask in (len, np.asarray, torch.from_dlpack, lambda x: x.any_na(), lambda x: x.value()):
            with pytest.raises(RError, match="released already"):
                ask(x)
        said.append(f"{x!r} {x.typeof} {x.dim}")

    for _ in range(2):  # the second time shows that R collected after the first
        e = keep.call(tell)
        r("function(e, x) { e$x <- x; NULL }")(e, share(core, torch.ones(3, 2).double().t()))
        del e
        core.base_function("gc")()
    assert said == ["<RObject: R double> double (2, 3)"] * 2


# ---- what is refused ----


#: What PyTorch's versions say of a dtype that DLPack has not, or had not then.
NO_DLPACK = (TypeError, BufferError, ValueError, RuntimeError)


@pytest.mark.parametrize(
    ("tensor", "error", "message"),
    [
        (torch.ones(2, 3), ValueError, "R's layout"),
        (torch.ones(2, 3, 4).permute(2, 0, 1), ValueError, "R's layout"),
        (torch.ones(6)[::2], ValueError, "R's layout"),
        (torch.ones(1).expand(5), ValueError, "R's layout"),
        (torch.ones(4, 4).t()[:, 1:3][:2], ValueError, "R's layout"),
        (torch.ones(3, dtype=torch.complex64), TypeError, "no vector type"),
        (torch.ones(3, dtype=torch.uint32), TypeError, "no vector type"),
        (torch.ones(3, dtype=torch.uint64), TypeError, "no vector type"),
        (torch.ones(3).to(torch.float8_e5m2), NO_DLPACK, None),
    ],
)
def test_tensors_that_cannot_be_shared(core, tensor, error, message):
    before = core.live()
    with pytest.raises(error, match=message):
        capsule = capsule_of(tensor)
        try:
            core.foreign_vector(capsule)
        finally:
            assert "used" not in repr(capsule)  # not consumed
            assert core.live() == before


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0)[::-1],
        np.arange(6.0).reshape(2, 3),
        np.frombuffer(b"x" * 17, np.uint8)[1:].view(np.float64),
    ],
)
def test_numpy_arrays_that_cannot_be_shared(core, array):
    with pytest.raises(ValueError, match="share=True needs memory"):
        core.foreign_vector(capsule_of(array))


def capsule_of(x):
    try:
        return x.__dlpack__(max_version=(1, 0))
    except TypeError:  # PyTorch and NumPy before DLPack 1.0
        return x.__dlpack__()


def test_dims_of_one_have_no_stride(core):
    x = torch.ones(12, dtype=torch.float64).as_strided((1, 3, 1), (77, 1, 99))
    assert share(core, x).dim == (1, 3, 1)
    assert len(share(core, torch.ones(5, dtype=torch.float64).as_strided((1,), (3,)))) == 1


@pytest.mark.parametrize("bad", [None, 5, "x", object()])
def test_what_is_no_capsule(core, bad):
    with pytest.raises(TypeError, match="unused DLPack capsule"):
        core.foreign_vector(bad)


def test_a_capsule_of_something_else(core):
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = (
        ctypes.py_object,
        [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p],
    )
    for name in (b"other", b"used_dltensor", b"dltensor_versioned2"):
        with pytest.raises(TypeError, match="unused DLPack capsule"):
            core.foreign_vector(new(1, name, None))


# ---- capsules made by hand ----


DELETER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Plain(ctypes.Structure):
    _fields_ = [("tensor", Tensor), ("context", ctypes.c_void_p), ("deleter", DELETER)]


class Versioned(ctypes.Structure):
    _fields_ = [
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        ("deleter", DELETER),
        ("flags", ctypes.c_uint64),
        ("tensor", Tensor),
    ]


class HandMade:
    """A capsule over `values`, its fields as wanted; counts how often it is deleted."""

    everything: list = []  # what R may still delete

    def __init__(self, values=(1.0, 2.0, 3.0), versioned=False, deleter=True, major=1, **fields):
        self.everything.append(self)
        self.deleted = 0
        self.memory = (ctypes.c_double * len(values))(*values)
        shape = fields.pop("shape", [len(values)])
        strides = fields.pop("strides", None)
        self.shape = (ctypes.c_int64 * len(shape))(*shape) if shape is not None else None
        self.strides = (ctypes.c_int64 * len(strides))(*strides) if strides is not None else None
        tensor = Tensor(
            data=ctypes.addressof(self.memory),
            device_type=1,
            ndim=len(shape) if shape is not None else 1,
            code=2,
            bits=64,
            lanes=1,
            shape=self.shape,
            strides=self.strides,
        )
        for name, value in fields.items():
            setattr(tensor, name, value)
        self.managed = Versioned(major=major, tensor=tensor) if versioned else Plain(tensor=tensor)
        if deleter:
            self.managed.deleter = DELETER(self.delete)
        new = ctypes.pythonapi.PyCapsule_New
        new.restype, new.argtypes = (
            ctypes.py_object,
            [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p],
        )
        self.name = b"dltensor_versioned" if versioned else b"dltensor"
        self.capsule = new(ctypes.addressof(self.managed), self.name, None)

    def delete(self, _):
        self.deleted += 1


@pytest.mark.parametrize("versioned", [False, True])
def test_a_capsule_made_by_hand(core, collect, versioned):
    made = HandMade(versioned=versioned)
    x = core.foreign_vector(made.capsule)
    assert "used_dltensor" in repr(made.capsule)
    assert x.value().tolist() == [1, 2, 3]
    with pytest.raises(TypeError, match="can be used once"):
        core.foreign_vector(made.capsule)
    assert made.deleted == 0
    del x
    collect()
    assert made.deleted == 1


@pytest.mark.parametrize("versioned", [False, True])
def test_a_capsule_without_a_deleter(core, collect, versioned):
    made = HandMade(versioned=versioned, deleter=False)
    x = core.foreign_vector(made.capsule)
    assert x.value().tolist() == [1, 2, 3]
    del x
    collect()


def test_an_offset_into_the_memory(core):
    made = HandMade((1.0, 2.0, 3.0), shape=[2], byte_offset=8)
    assert core.foreign_vector(made.capsule).value().tolist() == [2, 3]


MALFORMED = {
    "a GPU": ({"device_type": 2}, ValueError, "on the CPU"),
    "an unknown device": ({"device_type": 99}, ValueError, "on the CPU"),
    "an unknown code": ({"code": 200}, TypeError, "no vector type"),
    "odd bits": ({"bits": 63}, TypeError, "no vector type"),
    "no bits": ({"bits": 0}, TypeError, "no vector type"),
    "float128": ({"bits": 128}, TypeError, "no vector type"),
    "two lanes": ({"lanes": 2}, TypeError, "no vector type"),
    "no lanes": ({"lanes": 0}, TypeError, "no vector type"),
    "a negative rank": ({"ndim": -1}, ValueError, "no shape"),
    "no shape": ({"shape": None}, ValueError, "no shape"),
    "a negative dim": ({"shape": [-3]}, ValueError, "dim 0 is negative"),
    "negative dims": ({"shape": [-1, -3]}, ValueError, "dim 0 is negative"),
    "a negative dim after an empty one": ({"shape": [0, -3]}, ValueError, "dim 1 is negative"),
    "a dim beyond R's": ({"shape": [2**31, 1]}, ValueError, "dim 0 has 2147483648 elements"),
    "a dim beyond R's after an empty one": (
        {"shape": [0, 2**31]},
        ValueError,
        "dim 1 has 2147483648 elements",
    ),
    "too long": ({"shape": [2**52 + 1]}, ValueError, "too many elements"),
    "far too long": ({"shape": [2**63 - 1]}, ValueError, "too many elements"),
    "an overflow": (
        {"shape": [2**31 - 1] * 3, "strides": [1, 2**31 - 1, (2**31 - 1) ** 2]},
        ValueError,
        "too many elements",
    ),
    "an overflow to a small size": (
        {"shape": [2**30, 2**30, 16], "strides": [1, 2**30, 2**60]},
        ValueError,
        "too many elements",
    ),
    "a negative stride": ({"strides": [-1]}, ValueError, "R's layout"),
    "a stride of 0": ({"strides": [0]}, ValueError, "R's layout"),
    "absurd strides": ({"shape": [2, 3], "strides": [2**62, -(2**63)]}, ValueError, "R's layout"),
    "row-major without strides": ({"shape": [2, 3]}, ValueError, "R's layout"),
    "no memory": ({"data": None}, ValueError, "no memory"),
    "no memory, but an offset": ({"data": None, "byte_offset": 64}, ValueError, "no memory"),
    "an odd address": ({"byte_offset": 3, "shape": [2]}, ValueError, "aligned"),
}


@pytest.mark.parametrize(("versioned", "what"), list(itertools.product([False, True], MALFORMED)))
def test_a_malformed_capsule_is_refused_and_not_consumed(core, versioned, what):
    fields, error, message = MALFORMED[what]
    made, before = HandMade(versioned=versioned, **fields), core.live()
    with pytest.raises(error, match=message):
        core.foreign_vector(made.capsule)
    assert ctypes.pythonapi.PyCapsule_IsValid(ctypes.py_object(made.capsule), made.name) == 1
    assert made.deleted == 0 and core.live() == before


@pytest.mark.parametrize("major", [0, 2, 2**32 - 1])
def test_another_major_version(core, major):
    """What stands behind the version may be laid out differently: nothing else is looked at."""
    made = HandMade(versioned=True, major=major, shape=None)
    with pytest.raises(BufferError, match=f"major version {major}"):
        core.foreign_vector(made.capsule)
    assert made.deleted == 0


def test_a_widened_vector_too_long_to_reserve(core):
    """The memory for its widened copy is reserved before anything is consumed."""
    made, before = HandMade(shape=[2**50], bits=32), core.live()
    with pytest.raises(MemoryError):
        core.foreign_vector(made.capsule)
    assert b"used" not in repr(made.capsule).encode() and core.live() == before
