"""R -> tensor and NumPy: dtypes, NA on every path, sharing R's memory, and what is refused."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import torch

import torchbridge as tb
from torchbridge.process import rpy2_objects

pytestmark = pytest.mark.filterwarnings("error", "ignore:ComplexHalf")

BOTH = pytest.mark.parametrize("convert", [tb.to_torch, tb.to_numpy])

#: R values with NA at the second of three places, and their other values.
WITH_NA = {
    "logical": ("c(TRUE, NA, FALSE)", [1, 0]),
    "integer": ("c(7L, NA, -3L)", [7, -3]),
    "integer64": ("structure(c(4.94e-324, -0, 9.88e-324), class = 'integer64')", [1, 2]),
    "factor": ("factor(c('a', NA, 'b'), levels = c('a', 'b'))", [0, 1]),
    "ordered": ("factor(c('lo', NA, 'hi'), levels = c('lo', 'hi'), ordered = TRUE)", [0, 1]),
    "Date": ("as.Date(c('1970-01-02', NA, '1970-01-11'))", [1, 10]),
    "integer Date": ("structure(c(1L, NA, 10L), class = 'Date')", [1, 10]),
    "POSIXct": ("structure(c(1, NA, 10), class = c('POSIXct', 'POSIXt'), tzone = 'UTC')", [1, 10]),
    "difftime": ("as.difftime(c(1, NA, 10), units = 'mins')", [1, 10]),
    "double": ("c(1, NA, 10)", [1, 10]),
    "complex": ("c(1+0i, NA, 10+0i)", [1, 10]),
}

INTEGER_DTYPES = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
#: float8_e8m0fnu has neither zero nor negative numbers.
TORCH_FLOATS = ["float16", "bfloat16", "float32", "float64"] + [
    name for name in dir(torch) if name.startswith("float8_") and "e8m0" not in name
]


def is_r_na(x: float) -> bool:
    """R's NA: a NaN whose low word is 1954."""
    word = int(np.array([x], np.float64).view(np.uint64)[0]) & 0xFFFFFFFF
    return bool(np.isnan(x)) and word == 1954


def as_numpy(x):
    if not isinstance(x, torch.Tensor):
        return np.asarray(x)
    return (x if x.dtype in (torch.complex64, torch.complex128) else x.double()).numpy()


# ---- what becomes what ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "dtype", "values"),
    [
        ("c(1.5, -2)", "float64", [1.5, -2]),
        ("c(1L, -2L)", "int32", [1, -2]),
        ("c(TRUE, FALSE)", "bool", [True, False]),
        ("c(1+2i, -1i)", "complex128", [1 + 2j, -1j]),
        ("as.raw(c(1, 255))", "uint8", [1, 255]),
        ("structure(c(4.94e-324, 0), class = 'integer64')", "int64", [1, 0]),
        ("factor(c('b', 'a'))", "int64", [1, 0]),
        ("as.Date('1970-01-11')", "float64", [10]),
        ("as.POSIXct('1970-01-01 00:00:01.5', tz = 'UTC')", "float64", [1.5]),
        ("as.difftime(90, units = 'mins')", "float64", [90]),
        ("1:3", "int32", [1, 2, 3]),  # ALTREP
        ("c(a = 1, b = 2)", "float64", [1, 2]),
        ("numeric(0)", "float64", []),
        ("matrix(0, 0, 3)", "float64", np.zeros((0, 3))),
        ("structure(1:2, class = 'units')", "int32", [1, 2]),
        ("array(1:3)", "int32", [1, 2, 3]),
        ("array(1, c(1, 1, 1))", "float64", [[[1]]]),
    ],
)
@BOTH
def test_each_r_type_has_its_dtype(r, convert, code, dtype, values):
    x = convert(r(code))
    assert str(x.dtype).removeprefix("torch.") == dtype
    np.testing.assert_array_equal(np.asarray(x), np.array(values, dtype=dtype), strict=True)


def test_codes_of_a_factor_count_from_0_in_python_and_from_1_in_r(r):
    from torchbridge.rtorch import tensors

    x = rpy2_objects.robject(r("factor(c('b', 'a', 'c'))"))
    assert tb.to_torch(x).tolist() == [1, 0, 2]
    for_r = tensors.as_torch_tensor(x, None, None, False, "error")
    assert for_r.tolist() == [2, 1, 3] and for_r.r_type.first == 1
    assert r.identical(tb.to_r(for_r), r("factor(c('b', 'a', 'c'))"))


@pytest.mark.parametrize("dtype", [*TORCH_FLOATS, *INTEGER_DTYPES, "complex64", "complex128"])
@pytest.mark.parametrize("kind", ["double", "integer", "raw", "integer64", "factor"])
def test_dtype_converts_as_torch_does(r, kind, dtype):
    code = {
        "double": "c(0, 1, 100)",
        "integer": "c(0L, 1L, 100L)",
        "raw": "as.raw(c(0, 1, 100))",
        "integer64": "structure(c(0, 4.94e-324, 4.94e-322), class = 'integer64')",
        "factor": "factor(c(0, 1, 100), levels = 0:100)",
    }[kind]
    values = torch.tensor([0, 1, 100], dtype=torch.int64)
    expected = values.double().to(getattr(torch, dtype))
    x = tb.to_torch(r(code), dtype=dtype)
    assert x.dtype == expected.dtype
    assert x.dtype.is_complex or x.double().tolist() == expected.double().tolist()
    assert not x.dtype.is_complex or x.tolist() == expected.tolist()
    if dtype not in TORCH_FLOATS or dtype in ("float16", "float32", "float64"):
        y = tb.to_numpy(r(code), dtype=dtype)
        assert y.dtype == dtype and y.tolist() == [0, 1, 100]


def test_a_conversion_is_a_copy_that_r_does_not_see(r):
    x = r("c(1, 2, 3)")
    for converted in (tb.to_torch(x), tb.to_numpy(x), tb.to_torch(x, na="mask")[0]):
        converted[:] = 0
    assert r.identical(x, r("c(1, 2, 3)"))


def test_numpy_copies_keep_r_s_memory_order_and_torch_has_its_own(r):
    x = r("matrix(1:6 + 0, 2)")
    assert tb.to_numpy(x).flags.f_contiguous
    assert tb.to_torch(x).is_contiguous()


def test_to_numpy_does_not_import_torch(python):
    done = python(
        "import sys, torchbridge as tb; tb.start(); import rpy2.robjects as ro\n"
        "tb.to_numpy(ro.r('c(1, NA)')); tb.to_r([1, 2]); print('torch' in sys.modules)"
    )
    assert done.stdout.splitlines()[-1:] == ["False"], done.stderr


# ---- NA ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", WITH_NA)
@BOTH
def test_mask_says_where_values_are_and_holds_zero_elsewhere(r, convert, kind):
    code, values = WITH_NA[kind]
    x, mask = convert(r(code), na="mask")
    assert mask.tolist() == [True, False, True]
    assert as_numpy(x).tolist() == [values[0], 0, values[1]]


@pytest.mark.parametrize("kind", [k for k in WITH_NA if k not in ("complex", "integer")])
@pytest.mark.parametrize("dtype", INTEGER_DTYPES)
def test_mask_in_every_integer_dtype(r, kind, dtype):
    code, values = WITH_NA[kind]
    for x, mask in (
        tb.to_torch(r(code), dtype=dtype, na="mask"),
        tb.to_numpy(r(code), dtype=dtype, na="mask"),
    ):
        assert mask.tolist() == [True, False, True]
        assert x.tolist() == [values[0], 0, values[1]]
        assert str(x.dtype).endswith(dtype)


@pytest.mark.parametrize("kind", WITH_NA)
@BOTH
def test_a_number_stands_in_place_of_na(r, convert, kind):
    code, values = WITH_NA[kind]
    assert as_numpy(convert(r(code), na=1)).tolist() == [values[0], 1, values[1]]


@pytest.mark.parametrize("kind", WITH_NA)
@pytest.mark.parametrize("dtype", [*INTEGER_DTYPES, "bool"])
@BOTH
def test_na_is_an_error_where_the_dtype_cannot_hold_it(r, convert, kind, dtype):
    with pytest.raises(ValueError, match=rf"na: x has NA, and {dtype} cannot hold it"):
        convert(r(WITH_NA[kind][0]), dtype=dtype)


@pytest.mark.parametrize("kind", ["logical", "integer", "integer64", "factor", "ordered"])
@BOTH
def test_na_is_an_error_by_default_where_the_natural_dtype_cannot_hold_it(r, convert, kind):
    with pytest.raises(ValueError, match="na: x has NA, and (bool|int32|int64) cannot hold it"):
        convert(r(WITH_NA[kind][0]))


@pytest.mark.parametrize("kind", [k for k in WITH_NA if k != "complex"])
@pytest.mark.parametrize("dtype", TORCH_FLOATS)
def test_na_is_nan_in_floats_and_r_s_own_na_in_float64(r, kind, dtype):
    code, values = WITH_NA[kind]
    values = torch.tensor(values, dtype=torch.float64).to(getattr(torch, dtype)).tolist()
    found = tb.to_torch(r(code), dtype=dtype)
    assert found.dtype == getattr(torch, dtype)
    found = found.double()
    assert found.isnan().tolist() == [False, True, False]
    assert [found[0].item(), found[2].item()] == values
    if dtype == "float64":
        assert is_r_na(found[1].item())
    if dtype in ("float16", "float32", "float64"):
        array = tb.to_numpy(r(code), dtype=dtype)
        assert np.isnan(array).tolist() == [False, True, False]
        assert dtype != "float64" or is_r_na(array[1])


def test_na_and_nan_stay_two_things_in_float64(r):
    x = r("c(NA, NaN, 1)")
    for converted in (tb.to_torch(x), tb.to_numpy(x), tb.to_torch(x, share=True)):
        assert [is_r_na(v) for v in np.asarray(converted)] == [True, False, False]
        back = tb.to_r(converted)
        assert list(r("is.na(x) & !is.nan(x)", x=back)) == [True, False, False]
        assert list(r("is.nan(x)", x=back)) == [False, True, False]


def test_nan_is_no_na(r):
    x = r("c(NaN, NA, 1)")
    values, mask = tb.to_torch(x, na="mask")
    assert mask.tolist() == [True, False, True]
    assert values.isnan().tolist() == [True, False, False]
    assert tb.to_torch(x, na=5).isnan().tolist() == [True, False, False]


def test_both_parts_of_a_complex_na_stay(r):
    x = r("c(complex(real = NA, imaginary = 3), complex(real = 2, imaginary = NA), NA)")
    assert r.bytes(tb.to_r(tb.to_torch(x))) == r.bytes(x)
    assert r.bytes(tb.to_r(tb.to_numpy(x))) == r.bytes(x)
    assert tb.to_torch(x, na="mask")[1].tolist() == [False] * 3


@BOTH
def test_without_na_the_mask_is_all_true(r, convert):
    x, mask = convert(r("matrix(1:6, 2)"), na="mask")
    assert mask.shape == (2, 3) and bool(mask.all())


@BOTH
def test_the_mask_has_the_shape_and_order_of_the_values(r, convert):
    x, mask = convert(r("matrix(c(1L, NA, 3L, 4L, NA, 6L), 2)"), na="mask")
    assert x.tolist() == [[1, 3, 0], [0, 4, 6]]
    assert mask.tolist() == [[True, True, False], [False, True, True]]


@pytest.mark.parametrize("dtype", INTEGER_DTYPES)
@BOTH
def test_the_ends_of_a_dtype_fit_and_what_is_beyond_is_an_error(r, convert, dtype):
    least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
    inside = [v for v in (least, most) if float(v) == v] + [0]
    x = r.vector("double", np.array(inside, np.float64).tobytes())
    assert convert(x, dtype=dtype).tolist() == inside
    # The next double outwards: 2^63 and 2^64 for the widest.
    for value in (float(most + 1), np.nextafter(float(least), -np.inf) if least else -1.0):
        x = r.vector("double", np.array([value], np.float64).tobytes())
        with pytest.raises(ValueError, match=rf"x: values from .* do not fit {dtype}"):
            convert(x, dtype=dtype)


@pytest.mark.parametrize("value", ["NaN", "Inf", "-Inf"])
@pytest.mark.parametrize("dtype", INTEGER_DTYPES)
@BOTH
def test_nan_and_infinity_are_no_integers(r, convert, dtype, value):
    with pytest.raises(ValueError, match="x: NaN or Inf does not fit"):
        convert(r(f"c(1, {value})"), dtype=dtype)


@BOTH
def test_nan_is_no_bool_and_other_doubles_are_as_in_r(r, convert):
    with pytest.raises(ValueError, match="x: NaN does not fit bool"):
        convert(r("c(1, NaN)"), dtype="bool")
    assert convert(r("c(0, 0.5, -1, Inf)"), dtype="bool").tolist() == [False, True, True, True]
    assert convert(r("c(0L, 256L)"), dtype="bool").tolist() == [False, True]


@BOTH
def test_out_of_range_integers_are_errors(r, convert):
    with pytest.raises(ValueError, match="do not fit int8"):
        convert(r("c(1L, 128L)"), dtype="int8")
    with pytest.raises(ValueError, match="do not fit uint64"):
        convert(r("c(1L, -1L)"), dtype="uint64")
    wide = r.vector("integer64", np.array([2**40]).tobytes())
    with pytest.raises(ValueError, match="do not fit int32"):
        convert(wide, dtype="int32")


@BOTH
def test_a_value_out_of_range_behind_the_mask_counts_and_na_does_not(r, convert):
    assert convert(r("c(NA, 200L)"), dtype="uint8", na="mask")[0].tolist() == [0, 200]
    assert convert(r("c(NA, 200)"), dtype="uint8", na=3).tolist() == [3, 200]
    with pytest.raises(ValueError, match="do not fit uint8"):
        convert(r("c(NA, 256L)"), dtype="uint8", na="mask")


@BOTH
def test_codes_are_checked_as_the_tensor_has_them(r, convert):
    assert convert(r("factor(256, levels = 1:256)"), dtype="uint8").tolist() == [255]
    with pytest.raises(ValueError, match="do not fit int8"):
        convert(r("factor(256, levels = 1:256)"), dtype="int8")
    with pytest.raises(ValueError, match="dtype: the codes of a factor are no bool"):
        convert(r("factor('a')"), dtype="bool")


@BOTH
def test_complex_fits_complex_only(r, convert):
    for dtype in ("float64", "int32", "bool"):
        with pytest.raises(ValueError, match=f"dtype: complex values do not fit {dtype}"):
            convert(r("1+0i"), dtype=dtype)
    assert convert(r("1:2"), dtype="complex64").tolist() == [1, 2]


def test_short_complex_vectors_of_any_alignment_convert(r):
    # R aligns to 8 bytes, torch's code for complex numbers to 16: half of these would crash.
    keep = [r(f"complex(real = {i}, imaginary = -{i})") for i in range(40)]
    for i, x in enumerate(keep):
        for dtype in ("complex128", "complex64", "complex32"):
            assert tb.to_torch(x, dtype=dtype).tolist() == [complex(i, -i)]
        assert tb.to_torch(x, na=0).tolist() == [complex(i, -i)]
    for dtype in (torch.complex128, torch.complex64, torch.complex32):
        back = [tb.to_r(torch.tensor([1 + 2j], dtype=dtype)) for _ in range(40)]
        assert all(list(x) == [1 + 2j] for x in back)


# ---- sharing -------------------------------------------------------------------------

SHAREABLE = {
    "double": ("c(1, 2, 3)", "float64"),
    "integer": ("c(1L, 2L, 3L)", "int32"),
    "complex": ("complex(real = 1:100, imaginary = 0)", "complex128"),
    "raw": ("as.raw(1:3)", "uint8"),
    "integer64": ("structure(c(4.94e-324, 9.88e-324), class = 'integer64')", "int64"),
    "Date": ("as.Date(c('1970-01-02', '1970-01-03'))", "float64"),
    "POSIXct": ("structure(c(1, 2), class = c('POSIXct', 'POSIXt'))", "float64"),
    "difftime": ("as.difftime(c(1, 2), units = 'hours')", "float64"),
}


@pytest.mark.parametrize("kind", SHAREABLE)
def test_share_is_the_same_memory(r, kind):
    code, dtype = SHAREABLE[kind]
    x = r(code)
    t, n = tb.to_torch(x, share=True), tb.to_numpy(x, share=True)
    assert t.dtype == getattr(torch, dtype) and n.dtype == dtype
    assert t.data_ptr() == n.__array_interface__["data"][0]
    assert not n.flags.writeable
    t[0] = 9
    assert n[0] == 9
    assert tb.to_numpy(x)[0] == 9
    assert r.bytes(x)[: t.itemsize] == t[:1].clone().numpy().tobytes()


def test_a_shared_matrix_is_column_major_and_element_i_j_keeps_its_value(r):
    x = r("matrix(c(1, 2, 3, 4, 5, 6), 2)")
    t = tb.to_torch(x, share=True)
    assert t.stride() == (1, 2)
    assert t.tolist() == [[1, 3, 5], [2, 4, 6]]
    t[1, 2] = 60
    assert r("x[2, 3]", x=x)[0] == 60


def test_r_s_own_assignment_copies_first(r):
    x = r("c(1, 2, 3)")
    assert not r.is_immutable(x)
    t = tb.to_torch(x, share=True)
    assert r.is_immutable(x)
    changed = r("{ x[1] <- 100; x }", x=x)
    assert list(changed) == [100, 2, 3]
    assert t.tolist() == [1, 2, 3]
    assert list(x) == [1, 2, 3]
    sorted_ = r("{ dim(x) <- c(1, 3); names(x) <- letters[1:3]; sort(x, decreasing = TRUE) }", x=x)
    assert list(sorted_) == [3, 2, 1]
    assert t.tolist() == [1, 2, 3] and t.shape == (3,)


def test_a_shared_tensor_keeps_the_r_vector_alive(r, nothing_left):
    t = tb.to_torch(r("rep(7, 1e5)"), share=True)
    n = tb.to_numpy(r("rep(8, 1e5)"), share=True)
    gc.collect()
    r("{ gc(); for (i in 1:20) rnorm(1e5); gc(); 1 }")
    assert bool((t == 7).all()) and bool((n == 8).all())
    view = t[5:10]
    del t
    gc.collect()
    r("{ gc(); for (i in 1:20) rnorm(1e5); gc(); 1 }")
    assert view.tolist() == [7] * 5


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("TRUE", "share=True: R keeps a logical as int32, a tensor has bool"),
        ("factor('a')", "share=True: R keeps a factor as int32, a tensor has int64"),
        ("structure(1L, class = 'Date')", "share=True: R keeps a Date as int32"),
        ("c(1L, NA)", "na: x has NA, and int32 cannot hold it"),
    ],
)
@BOTH
def test_what_cannot_be_shared_says_why(r, convert, code, message):
    with pytest.raises(ValueError, match=message):
        convert(r(code), share=True)


@BOTH
def test_sharing_keeps_the_dtype_and_the_values(r, convert):
    with pytest.raises(ValueError, match="share=True keeps the dtype of R's memory, float64"):
        convert(r("1.5"), dtype="float32", share=True)
    for na in ("mask", 0):
        with pytest.raises(ValueError, match="share=True cannot put values in place of NA"):
            convert(r("c(1, NA)"), share=True, na=na)
    assert convert(r("1.5"), dtype="float64", share=True, na=0).tolist() == [1.5]
    x, mask = convert(r("c(1, 2)"), share=True, na="mask")
    assert x.tolist() == [1, 2] and mask.tolist() == [True, True]


def test_sharing_stays_on_the_cpu(r):
    with pytest.raises(ValueError, match="share=True keeps the memory on the CPU"):
        tb.to_torch(r("1.5"), device="meta", share=True)
    assert tb.to_torch(r("1.5"), device="cpu", share=True).tolist() == [1.5]


def test_complex_memory_that_torch_cannot_compute_with_is_not_shared(r):
    shared = refused = 0
    keep = [r(f"complex(real = {i}, imaginary = 0)") for i in range(60)]
    for i, x in enumerate(keep):
        aligned = tb.to_numpy(x, share=True).__array_interface__["data"][0] % 16 == 0
        if aligned:
            assert (tb.to_torch(x, share=True) * 2).tolist() == [2 * i]
            shared += 1
        else:
            with pytest.raises(ValueError, match="share=True: R put this complex vector"):
                tb.to_torch(x, share=True)
            refused += 1
    assert shared + refused == 60


# ---- devices -------------------------------------------------------------------------


def test_a_tensor_is_made_on_the_device_that_is_asked_for(r):
    x = tb.to_torch(r("matrix(1:6, 2)"), dtype="float32", device="meta")
    assert (x.device.type, x.dtype, tuple(x.shape)) == ("meta", torch.float32, (2, 3))
    x, mask = tb.to_torch(r("c(1L, NA)"), device=torch.device("meta"), na="mask")
    assert (x.device.type, mask.device.type) == ("meta", "meta")
    assert tb.to_torch(np.ones(3), device="meta").device.type == "meta"


@pytest.mark.parametrize("device", ["tpu", "cpu:x", "", 1.5, "cuda:99"])
@pytest.mark.parametrize("code", ["1.5", "NULL"])
def test_a_bad_device_is_named(r, device, code):
    with pytest.raises(ValueError, match="^device: "):
        tb.to_torch(r(code), device=device)


# ---- what is refused -----------------------------------------------------------------

REFUSED = {
    "character": ("c('a', 'b')", "x: text is not a tensor: encode it first"),
    "list": ("list(1, 2)", "x: an R list is not a tensor"),
    "data frame": ("data.frame(a = 'b')", "x: column 'a' is no plain vector of numbers but char"),
    "NULL": ("NULL", "x: NULL has no elements"),
    "function": ("function(x) x", "x: an R function is not a tensor"),
    "builtin": ("sum", "x: an R object of type 'builtin' is not a vector of numbers"),
    "environment": ("new.env()", "x: an R object of type 'environment' is not"),
    "S4": ("methods::getClass('numeric')", "x: an R object of type 'classRepresentation' is not"),
    "formula": ("y ~ x", "x: an R object of type 'formula' is not a vector of numbers"),
    "symbol": ("quote(a)", "x: an R object of type 'symbol' is not a vector of numbers"),
    "expression": ("expression(a)", "x: an R object of type 'expression' is not"),
    "POSIXlt": ("as.POSIXlt('2020-01-01', tz = 'UTC')", "x: a POSIXlt is a list of its parts"),
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("options", [{}, {"share": True}, {"na": "mask"}, {"dtype": "float32"}])
@BOTH
def test_what_is_no_array_says_what_to_do(r, convert, kind, options):
    code, message = REFUSED[kind]
    with pytest.raises(TypeError) as caught:
        convert(r(code), **options)
    assert str(caught.value).startswith(message)


def test_failed_conversions_leave_nothing_behind(r, live):
    before = live()
    for code, _ in [*REFUSED.values(), *WITH_NA.values()]:
        for convert in (tb.to_torch, tb.to_numpy):
            for options in ({"dtype": "int8"}, {"dtype": "int8", "share": True}, {"na": "omit"}):
                with pytest.raises((TypeError, ValueError)):
                    convert(r(code), **options)
    for options in ({"dtype": "float33"}, {"na": 1e300}, {"share": True}, {"dtype": "bool"}):
        with pytest.raises(ValueError):
            tb.to_torch(r("factor(c('a', NA))"), **options)
    assert live() == before


@pytest.mark.parametrize("dtype", ["float33", 3, "quint8", "int4", "Tensor", object, "U5"])
@BOTH
def test_a_bad_dtype_is_named(r, convert, dtype):
    with pytest.raises(ValueError, match="^dtype: expected"):
        convert(r("1.5"), dtype=dtype)


@pytest.mark.parametrize("na", ["omit", None, [0], "NA", b"mask"])
@BOTH
def test_a_bad_na_is_named(r, convert, na):
    with pytest.raises(ValueError, match="^na: expected 'error', 'mask' or a number"):
        convert(r("c(1L, NA)"), na=na)


@pytest.mark.parametrize(
    ("na", "dtype"),
    [
        (float("inf"), "int32"),
        (float("nan"), "int32"),
        (0.5, "int64"),
        (300, "uint8"),
        (-1, "uint16"),
        (2**63, "int64"),
        (2, "bool"),
        (1j, "float32"),
        (1j, "int32"),
        (1e300, "float16"),
        (-1e300, "float32"),
    ],
)
@BOTH
def test_a_number_for_na_must_be_a_value_of_the_dtype(r, convert, na, dtype):
    with pytest.raises(ValueError, match=f"^na: .* is not a value of {dtype}"):
        convert(r("c(1L, NA)"), dtype=dtype, na=na)


@pytest.mark.parametrize(
    ("na", "dtype", "expected"),
    [
        (255, "uint8", 255),
        (2**64 - 1, "uint64", 2**64 - 1),
        (2**32 - 1, "uint32", 2**32 - 1),
        (65535, "uint16", 65535),
        (-(2**63), "int64", -(2**63)),
        (2**53 + 1, "int64", 2**53 + 1),
        (True, "bool", True),
        (0.5, "float16", 0.5),
        (float("inf"), "float32", float("inf")),
        (2 + 1j, "complex64", 2 + 1j),
        (3.0, "int8", 3),
        (np.int16(3), "float64", 3.0),
    ],
)
@BOTH
def test_a_number_for_na_arrives_exactly(r, convert, na, dtype, expected):
    assert convert(r("c(1L, NA)"), dtype=dtype, na=na).tolist() == [1, expected]


# ---- vectors that R knows by more than their memory ----

LAZY = {
    "a sequence": "1:10",
    "a long one": "1:3000000000",
    "a sequence of doubles": "as.numeric(1:10) + 0 -> x; sort(x)",
    "sorted": "sort(c(3, 1, 2))",
    "sorted integers": "sort(c(3L, 1L, 2L))",
    "reshaped": "x <- runif(100); y <- x; dim(y) <- c(10, 10); y",
    "named": "x <- runif(100); structure(x, a = 1)",
}


@pytest.mark.parametrize("name", LAZY)
def test_r_s_own_lazy_vectors_are_not_shared_for_writing(r, name):
    x = r(f"local({{ {LAZY[name]} }})")
    with pytest.raises(ValueError, match=r"x <- x \+ 0"):
        tb.to_torch(x, share=True)


def test_what_a_lazy_vector_remembers_stays_true(r):
    x = r("local({ x <- sort(c(3, 1, 2)); x + 0 })")
    tb.to_torch(x, share=True).neg_()
    assert r.true("is.unsorted(x) && identical(sort(x), c(-3, -2, -1))", x=x)
    x = r("1:10 + 0L")
    tb.to_torch(x, share=True).add_(100)
    assert r.true("sum(x) == 1055L && x[1] == 101L", x=x)


def test_lazy_vectors_are_copied_and_read(r):
    x = r("local({ x <- as.numeric(1:100); y <- x; dim(y) <- c(10, 10); y })")
    assert tb.to_torch(x)[3, 4] == 44
    shared = tb.to_numpy(x, share=True)
    assert shared[3, 4] == 44 and not shared.flags.writeable
    assert r.true("{ x[1, 1] <- 0; sum(x) == 5049 }", x=x)
    del x
    r("gc()")
    assert shared.sum() == 5050
    assert tb.to_torch(r("1:10")).tolist() == list(range(1, 11))


def test_a_tensor_s_own_vector_is_shared_back(r):
    t = torch.arange(3, dtype=torch.float64)
    again = tb.to_torch(tb.to_r(t, share=True), share=True)
    assert again.data_ptr() == t.data_ptr()


# ---- what R objects say of themselves ----


@pytest.mark.parametrize(
    "dim", ["2\n100\n100", "2\n2\n2", "1\n0", "2\n65536\n65536", "1\n-6", "1\nNA", "0"]
)
@pytest.mark.parametrize("values", ["1:6 + 0L", "1:6 + 0", "1:6 > 2", "as.raw(1:6)", "1:6 + 0i"])
@pytest.mark.parametrize("verb", [tb.to_torch, tb.to_numpy])
def test_a_dim_that_its_elements_do_not_fill(r, damaged, dim, values, verb):
    x = damaged(f"structure({values}, dim = 6L)", "dim\n13\n1\n6", f"dim\n13\n{dim}")
    with pytest.raises(ValueError, match="6 elements: this R object is damaged"):
        verb(x)
    if "> 2" not in values:
        with pytest.raises(ValueError, match="6 elements: this R object is damaged"):
            verb(x, share=True)


@pytest.mark.parametrize("options", [{}, {"dtype": "float64"}, {"na": "mask"}, {"na": -1}])
@pytest.mark.parametrize("verb", [tb.to_torch, tb.to_numpy])
@pytest.mark.parametrize("codes", ["c(2L, 0L)", "c(NA, -1L)", "c(1L, 3L, NA)", "-2147483647L"])
def test_a_code_that_is_no_level(r, codes, verb, options):
    x = r(f"structure({codes}, levels = c('a', 'b'), class = 'factor')")
    with pytest.raises(ValueError, match="x: element . has code .*, and there are 2 levels"):
        verb(x, **options)


@pytest.mark.parametrize("verb", [tb.to_torch, tb.to_numpy])
def test_a_class_on_a_type_that_cannot_hold_it(r, verb):
    """Whole values are in tests/native/core/test_sound.py."""
    for code, words in {
        "structure(1:2, class = 'integer64')": "x: a vector of class integer64 must be of type",
        "structure('a', class = 'Date')": "x: a vector of class Date must be numeric",
        "structure(1:2, levels = 1:2, class = 'factor')": "x: a factor whose levels are of type",
        "structure(list(a = 1:2, b = 1), row.names = 1:2, class = 'data.frame')": (
            "x: column 'b': 1 elements in a data frame of 2 rows"
        ),
        "structure(list(b = structure(1L, class = 'nanotime')), row.names = 1L, "
        "class = 'data.frame')": (
            "x: column 'b': a vector of class nanotime must be of type double"
        ),
    }.items():
        with pytest.raises(ValueError, match=words):
            verb(r(code))


def test_dates_of_na_alone_may_be_logicals(r):
    x = tb.to_torch(r("structure(c(NA, NA), class = 'Date')"))
    assert x.dtype == torch.float64 and x.isnan().all()
