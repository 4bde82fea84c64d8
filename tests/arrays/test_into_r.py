"""Tensors and arrays -> R: R's type for each dtype, sharing memory with R, and what is refused."""

from __future__ import annotations

import gc
import warnings
import weakref

import numpy as np
import pytest
import torch

import torchbridge as tb
from torchbridge.arrays.into_r import _integer_kind
from torchbridge.process import host

pytestmark = pytest.mark.filterwarnings("error", "ignore:ComplexHalf")


class Exporter:
    """An array library of which only DLPack is known."""

    def __init__(self, x):
        self.x = x

    def __dlpack__(self, **options):
        return self.x.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.x.__dlpack_device__()


class OldExporter(Exporter):
    """One that was written before DLPack 1.0."""

    def __dlpack__(self, stream=None):
        return self.x.__dlpack__()


# ---- R's type ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        ("bool", "logical"),
        ("uint8", "raw"),
        ("int8", "integer"),
        ("int16", "integer"),
        ("int32", "integer"),
        ("int64", "integer"),
        ("uint16", "integer"),
        ("uint32", "integer"),
        ("uint64", "integer"),
        ("float16", "double"),
        ("bfloat16", "double"),
        ("float32", "double"),
        ("float64", "double"),
        ("complex32", "complex"),
        ("complex64", "complex"),
        ("complex128", "complex"),
    ],
)
def test_each_dtype_has_its_r_type_empty_or_not(r, dtype, kind):
    one = torch.ones(2, 1).to(getattr(torch, dtype))
    for x in (one, one[:0]):
        assert r.text("typeof(x)", x=tb.to_r(x)) == kind
        assert r.dim(tb.to_r(x)) == tuple(x.shape)
        if dtype not in ("bfloat16", "complex32"):
            assert r.identical(tb.to_r(x.numpy()), tb.to_r(x))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([2**31 - 1, -(2**31) + 1], "integer"),
        ([2**31], "double"),
        ([-(2**31)], "double"),  # R's NA_integer_
        ([2**53, -(2**53)], "double"),
        ([2**53 + 2], "double"),
        ([2**62, -(2**63)], "double"),
        ([2**53 + 1], "integer64"),
        ([-(2**53) - 1], "integer64"),
        ([2**53 + 1, 0, -1], "integer64"),
        ([2**63 - 1], "integer64"),
        ([-(2**63) + 1], "integer64"),
        ([2**63 - 1024], "double"),
        ([2**63 - 1023], "integer64"),
        ([-(2**63), 1], "double"),
        ([-(2**63), 2**53 + 1], None),
        ([-(2**63), 2**63 - 1], None),
        ([], "integer"),
    ],
)
def test_no_int64_is_truncated_or_becomes_na(r, values, kind):
    for x in (torch.tensor(values, dtype=torch.int64), np.array(values, dtype=np.int64)):
        if kind is None:
            with pytest.raises(ValueError, match="fit no R type"):
                tb.to_r(x)
            continue
        in_r = tb.to_r(x)
        assert r.text("if (inherits(x, 'integer64')) 'integer64' else typeof(x)", x=in_r) == kind
        assert kind == "integer64" or not r.true("anyNA(x)", x=in_r)
        stored = {"integer": np.int32, "double": np.float64, "integer64": np.int64}[kind]
        assert [int(v) for v in np.frombuffer(r.bytes(in_r), stored)] == values


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([2**63], "double"),
        ([2**64 - 2048], "double"),
        ([2**63 - 1], "integer64"),
        ([2**63 + 1], None),
        ([2**64 - 1], None),
    ],
)
def test_no_uint64_is_truncated(r, values, kind):
    for x in (torch.tensor(values, dtype=torch.uint64), np.array(values, dtype=np.uint64)):
        if kind is None:
            with pytest.raises(ValueError, match="fit no R type"):
                tb.to_r(x)
        else:
            stored = np.float64 if kind == "double" else np.int64
            assert [int(v) for v in np.frombuffer(r.bytes(tb.to_r(x)), stored)] == values


def test_hardware_that_rounds_2_to_the_63_down_is_not_believed():
    # CUDA and ARM turn the double 2^63 into the int64 2^63 - 1, so that it looks exact.
    assert _integer_kind(0, 2**63 - 1, exact=lambda: True) == "integer64"
    assert _integer_kind(0, 2**63 - 1024, exact=lambda: True) == "double"


def test_a_0_d_tensor_is_a_vector_of_length_1_and_a_1_d_tensor_a_plain_vector(r):
    assert r.identical(tb.to_r(torch.tensor(1.5)), r("1.5"))
    assert r.identical(tb.to_r(torch.tensor([1.5, 2])), r("c(1.5, 2)"))
    assert r.identical(tb.to_r(torch.ones(1, 1)), r("matrix(1)"))


def test_gradients_conjugates_and_negatives_are_handled(r):
    x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    assert r.identical(tb.to_r(x), r("c(1, 2)"))
    assert r.identical(tb.to_r(x * 2), r("c(2, 4)"))
    z = torch.tensor([1 + 2j, 3 - 1j], dtype=torch.complex128)
    assert r.identical(tb.to_r(z.conj()), r("c(1-2i, 3+1i)"))
    assert r.identical(tb.to_r(z.conj().imag), r("c(-2, 1)"))
    assert r.identical(tb.to_r(torch._neg_view(z)), r("c(-1-2i, -3+1i)"))


def test_a_quantized_tensor_gives_its_values(r):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch is about to give them up
        x = torch.quantize_per_tensor(torch.tensor([0.5, 1.0]), 0.5, 0, torch.qint8)
    assert r.identical(tb.to_r(x), r("c(0.5, 1)"))


def test_any_dlpack_object_goes_to_r_and_torch_and_numpy(r):
    x = torch.tensor([[1.5, 2], [3, 4]], dtype=torch.float64)
    for exporter in (Exporter(x), Exporter(x.numpy())):
        for share in (False, True):
            assert r.identical(tb.to_r(Exporter(x.t()), share=share), r("cbind(c(1.5, 2), 3:4)"))
        assert tb.to_torch(exporter).tolist() == x.tolist()
        assert tb.to_numpy(exporter).tolist() == x.tolist()
        assert tb.to_torch(exporter, share=True).data_ptr() == x.data_ptr()
    assert r.identical(tb.to_r(OldExporter(x.t()), share=True), tb.to_r(x.t()))


def test_a_used_capsule_is_refused(r, nothing_left):
    x = torch.ones(3)
    capsule = x.__dlpack__()
    core = host.native()
    core.foreign_vector(capsule)
    with pytest.raises(TypeError, match="capsule: expected an unused DLPack capsule"):
        core.foreign_vector(capsule)
    with pytest.raises(TypeError, match="capsule: expected an unused DLPack capsule"):
        core.foreign_vector("no capsule")

    class Used(Exporter):
        def __dlpack__(self, **options):
            return capsule

    with pytest.raises(TypeError, match="capsule"):
        tb.to_r(Used(x), share=True)
    for convert in (tb.to_torch, tb.to_numpy):
        with pytest.raises((TypeError, ValueError, RuntimeError), match="(?i)capsule"):
            convert(Used(x))


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.ones(2, device="meta"), ValueError, "x: a meta tensor has no values"),
        *(
            (torch.zeros(2, dtype=torch.uint8).view(getattr(torch, name)), TypeError, "x: R has no")
            for name in ["float4_e2m1fn_x2"]  # from PyTorch 2.8 on
            if hasattr(torch, name)
        ),
        (np.ma.array([1.0, 2], mask=[0, 1]), TypeError, "x: a masked array; fill it"),
        (np.array([1, 2], dtype=np.longdouble), TypeError, "x: R has no type"),
    ],
)
def test_what_has_no_r_value_is_refused(r, x, error, message, nothing_left):
    with pytest.raises(error, match=message):
        tb.to_r(x)


# ---- sharing -------------------------------------------------------------------------

#: dtypes that R reads in place, and those it reads wider.
IN_PLACE = ["float64", "int32", "uint8", "complex128", "int64"]
WIDENED = ["float32", "float16", "bfloat16", "int16", "int8", "uint16", "bool"]


@pytest.mark.parametrize("dtype", IN_PLACE + WIDENED)
@pytest.mark.parametrize("shape", [(6,), (2, 3), (1, 2, 3), (0,), (0, 3), ()])
def test_a_shared_vector_has_the_values_and_the_shape(r, dtype, shape):
    count = int(np.prod(shape))
    values = torch.arange(count).to(getattr(torch, dtype)).reshape(shape[::-1])
    values = values.permute(list(reversed(range(len(shape)))))
    shared = tb.to_r(values, share=True)
    copied = tb.to_r(values)
    assert r.dim(shared) == r.dim(copied)
    if dtype == "int64":
        assert r.true("identical(class(x), if (is.null(dim(x))) 'integer64')", x=shared) or shape
        assert np.frombuffer(r.bytes(shared), np.int64).tolist() == list(range(count))
    else:
        assert r.identical(shared, copied)


@pytest.mark.parametrize("dtype", IN_PLACE + WIDENED)
def test_in_place_changes_of_the_tensor_show_in_r_and_never_the_other_way(r, dtype):
    x = torch.zeros(3).to(getattr(torch, dtype))
    shared = tb.to_r(x, share=True)
    x[1] = 1
    assert r.true("unclass(x)[2] != unclass(x)[1]", x=shared)
    before = x.clone()
    changed = r("{ x[1] <- x[2]; x[3] <- x[2]; x }", x=shared)
    assert r.true("unclass(x)[1] == unclass(x)[2] && unclass(x)[3] == unclass(x)[2]", x=changed)
    assert torch.equal(x, before)
    assert r.true("unclass(x)[1] != unclass(x)[2]", x=shared)


@pytest.mark.parametrize("dtype", IN_PLACE + WIDENED)
def test_a_shared_vector_is_immutable_in_r(r, dtype):
    shared = tb.to_r(torch.zeros(3).to(getattr(torch, dtype)), share=True)
    assert r.is_immutable(shared)


def test_changes_show_after_r_has_read_a_vector_that_it_reads_in_place(r):
    x = torch.tensor([1.0, 2, 3], dtype=torch.float64)
    shared = tb.to_r(x, share=True)
    assert r("sum(x)", x=shared)[0] == 6
    x.mul_(10)
    assert r("sum(x)", x=shared)[0] == 60
    assert list(shared) == [10, 20, 30]


@pytest.mark.parametrize("dtype", ["float32", "int16"])
def test_a_widened_vector_is_one_vector_however_r_reads_it(r, dtype):
    x = torch.ones(3).to(getattr(torch, dtype))
    shared = tb.to_r(x, share=True)
    r("x * 1L", x=shared)  # reads the whole, by pointer
    x[0] = 9
    assert r.true("x[[1]] == (x * 1L)[[1]]", x=shared)


def test_r_and_torch_see_one_address(r):
    x = torch.arange(4, dtype=torch.float64)
    shared = tb.to_r(x, share=True)
    back = tb.to_torch(shared, share=True)
    assert back.data_ptr() == x.data_ptr()
    assert tb.to_numpy(shared, share=True).__array_interface__["data"][0] == x.data_ptr()
    n = np.arange(4.0)
    assert tb.to_torch(tb.to_r(n, share=True), share=True).data_ptr() == n.ctypes.data
    assert tb.to_torch(n, share=True).data_ptr() == n.ctypes.data
    assert tb.to_numpy(x, share=True).ctypes.data == x.data_ptr()


def test_what_r_does_with_a_shared_matrix_is_what_it_does_with_its_own(r):
    x = torch.randn(4, 3, dtype=torch.float64).t().contiguous().t()
    shared, own = tb.to_r(x, share=True), tb.to_r(x)
    for code in (
        "sum(x)",
        "colMeans(x)",
        "crossprod(x)",
        "x[2, , drop = FALSE]",
        "x[x > 0]",
        "x[[5]]",
        "rev(x)",
        "sort(x)",
        "apply(x, 1, max)",
        "unserialize(serialize(x, NULL))",
        "lm.fit(x, 1:4)$coefficients",
        "{ y <- x; y[1, 1] <- 100; y }",
        "{ y <- x; dim(y) <- NULL; y }",
        "{ storage.mode(x) <- 'integer'; x }",
        "range(x)",
        "order(x)",
        "rbind(x, x)",
        "as.data.frame(x)",
    ):
        assert r.identical(r(code, x=shared), r(code, x=own)), code
    assert r.identical(shared, own)
    assert torch.equal(tb.to_torch(own), x)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "int16", "uint16"])
def test_every_bit_pattern_is_widened_as_torch_widens_it(r, dtype):
    patterns = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16)
    x = patterns.view(getattr(torch, dtype))
    floating = x.dtype.is_floating_point
    expected = (x.double() if floating else x.int()).numpy()
    if dtype == "float16":
        np.testing.assert_array_equal(expected, x.numpy().astype(np.float64))
    one = "1" if floating else "1L"
    for code in (
        f"vapply(seq_along(x), function(i) x[[i]], {one})",  # element by element
        "x[seq_along(x)]",
        f"x * {one}",  # the whole, by pointer
        "{ x[1] <- x[1]; x }",  # duplicated
        "{ x * 1L; x[seq_along(x)] }",  # after the whole was read
        "rev(rev(x))",
        "unserialize(serialize(x, NULL))",
    ):
        found = np.frombuffer(r.bytes(r(code, x=tb.to_r(x, share=True))), expected.dtype)
        nan = np.isnan(expected)
        assert (np.isnan(found) == nan).all(), code
        assert found[~nan].tobytes() == expected[~nan].tobytes(), code
    finite = x[torch.from_numpy(np.isfinite(expected))] if floating else x
    assert r.identical(r("sum(x)", x=tb.to_r(finite, share=True)), r("sum(x)", x=tb.to_r(finite)))
    assert not r.true("any(is.na(x) & !is.nan(x))", x=tb.to_r(x, share=True))


def test_float32_int8_and_bool_are_widened_exactly(r):
    rng = np.random.default_rng(1)
    x = torch.frombuffer(bytearray(rng.bytes(4 * 10_000)), dtype=torch.float32)
    found = np.frombuffer(r.bytes(tb.to_r(x, share=True)), np.float64)
    expected = x.double().numpy()
    nan = np.isnan(expected)
    assert (np.isnan(found) == nan).all()
    assert found[~nan].tobytes() == expected[~nan].tobytes()
    x = torch.arange(-128, 128, dtype=torch.int16).to(torch.int8)
    assert list(tb.to_r(x, share=True)) == x.tolist()
    x = torch.tensor([True, False, True])
    assert list(tb.to_r(x, share=True)) == [True, False, True]
    assert r.identical(tb.to_r(x, share=True), r("c(TRUE, FALSE, TRUE)"))


def test_shared_int64_is_integer64_with_the_same_bits(r):
    x = torch.tensor([1, -1, 2**62 + 1, 2**63 - 1], dtype=torch.int64)
    shared = tb.to_r(x, share=True)
    assert r.true("identical(class(x), 'integer64')", x=shared)
    assert r.bytes(shared) == x.numpy().tobytes()
    assert tb.to_torch(shared).tolist() == x.tolist()
    assert tb.to_torch(shared, share=True).data_ptr() == x.data_ptr()


def test_the_shared_vector_keeps_the_tensor_alive_and_lets_it_go(r, live):
    before = live()
    x = torch.full((100_000,), 7.0, dtype=torch.float64)
    storage = weakref.ref(x.untyped_storage())
    shared = tb.to_r(x, share=True)
    assert live()["foreign_bytes"] == before["foreign_bytes"] + 800_000
    del x
    gc.collect()
    torch.full((100_000,), 8.0, dtype=torch.float64)
    assert r.true("all(x == 7)", x=shared)
    part = r("list(x)", x=shared)
    del shared
    live()
    assert r.true("all(x[[1]] == 7)", x=part)
    del part
    assert live() == before
    assert storage() is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: torch.ones(2, 3), "share=True needs memory in R's layout"),
        (lambda: torch.ones(6)[::2], "share=True needs memory in R's layout"),
        (lambda: torch.ones(1).expand(3), "share=True needs memory in R's layout"),
        (lambda: torch.ones(2, 3, 4).transpose(0, 2)[:, :, :1], None),
        (lambda: torch.ones(4, 3)[:, :2].t(), "share=True needs memory in R's layout"),
        (lambda: np.ones(3)[::-1], "share=True needs memory in R's layout"),
        (lambda: np.ones((2, 3)), "share=True needs memory in R's layout"),
        (lambda: torch.ones(2, device="meta"), "x: a meta tensor has no values"),
        (lambda: torch.eye(2).to_sparse(), "share=True needs a dense tensor"),
        (lambda: torch.tensor([1j]).conj(), "share=True: the memory of a conjugate view"),
        (lambda: torch.tensor([1j]).conj().imag, "share=True: the memory of a conjugate view"),
        (lambda: np.array([1.0], dtype=">f8"), "x: this array cannot be shared"),
        (lambda: np.array(["a"]), "x: this array cannot be shared"),
    ],
)
def test_what_cannot_be_shared_says_why(r, make, message, nothing_left):
    if message is None:
        assert r.dim(tb.to_r(make(), share=True)) == (4, 3, 1)
        return
    with pytest.raises(ValueError, match=message):
        tb.to_r(make(), share=True)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.tensor([1j], dtype=torch.complex64), "share=True: R has no vector type"),
        (torch.tensor([1], dtype=torch.uint32), "share=True: R has no vector type"),
        (torch.tensor([1], dtype=torch.uint64), "share=True: R has no vector type"),
        (np.ma.array([1.0, 2], mask=[0, 1]), "x: a masked array; fill it"),
        ([1.0, 2.0], "share=True needs a tensor or an array, not list"),
        (1.0, "share=True needs a tensor or an array, not float"),
        (None, "share=True needs a tensor or an array, not NoneType"),
    ],
)
def test_what_has_no_memory_for_r_is_a_type_error(r, x, message, nothing_left):
    with pytest.raises(TypeError, match=message):
        tb.to_r(x, share=True)


def test_dims_of_size_one_and_gradients_are_no_hindrance(r):
    row = torch.arange(3.0, dtype=torch.float64).reshape(1, 3)
    assert r.identical(tb.to_r(row, share=True), r("matrix(0:2 + 0, 1)"))
    assert r.identical(tb.to_r(row.t(), share=True), r("matrix(0:2 + 0, 3)"))
    x = torch.ones(2, dtype=torch.float64, requires_grad=True)
    shared = tb.to_r(x, share=True)
    with torch.no_grad():
        x[0] = 5
    assert list(shared) == [5, 1]


def test_an_array_that_is_only_read_is_shared_where_numpy_can_say_so(r):
    read_only = np.arange(3.0)
    read_only.flags.writeable = False
    if np.lib.NumpyVersion(np.__version__) >= "2.1.0":  # DLPack 1.0
        assert list(tb.to_r(read_only, share=True)) == [0, 1, 2]
        return
    with pytest.raises(ValueError, match="x: this array cannot be shared"):
        tb.to_r(read_only, share=True)


def test_a_shared_vector_survives_the_module_it_came_from(r, nothing_left):
    layer = torch.nn.Linear(3, 2, dtype=torch.float64)
    bias = tb.to_r(layer.bias, share=True)
    expected = layer.bias.tolist()
    del layer
    gc.collect()
    assert list(bias) == expected


# ---- tensors that are more, or less, than an array ----


@pytest.mark.parametrize("layout", [torch.strided, torch.jagged])
@pytest.mark.parametrize("share", [False, True])
def test_a_nested_tensor_is_an_error_in_words(layout, share):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that they are young
        x = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=layout)
    with pytest.raises(TypeError, match=r"x: a nested tensor holds .*; x.unbind\(\) is a list"):
        tb.to_r(x, share=share)


def test_a_tensor_of_mkldnn_is_its_values(r):
    x = torch.arange(6.0).reshape(2, 3)
    assert r.identical(tb.to_r(x.to_mkldnn()), tb.to_r(x))
