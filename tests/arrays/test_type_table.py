"""The table of R's types: a type is one row, and then tensors, frames and files know it.

R as the host: test-tensor-convert.R, "a new type is one row".
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
import torch

import torchbridge as tb
from torchbridge.arrays import type_table
from torchbridge.arrays.type_table import TypeRow
from torchbridge.process import host
from torchbridge.process.errors import LossyWarning
from torchbridge.saving import files

pytestmark = pytest.mark.filterwarnings("error")

NEW = {
    "a class of doubles": (
        TypeRow("yearmon"),
        "structure(c(2024, NA, 2024.5), class = 'yearmon')",
    ),
    "a kind of span": (
        TypeRow("hms"),
        "structure(c(60, NA, 3.5), units = 'secs', class = c('hms', 'difftime'))",
    ),
    "a class of integers": (
        TypeRow("octmode"),
        "structure(c(8L, 0L, 511L), class = 'octmode')",
    ),
    "attributes of its own": (
        TypeRow("money", attributes=("currency", "digits"), dtype="float64"),
        "structure(c(1, NaN, -0), class = 'money', currency = c('EUR', 'KRW'), digits = c(2, 0.5))",
    ),
}


@pytest.fixture(params=NEW)
def new(request: pytest.FixtureRequest) -> Iterator[tuple[TypeRow, str]]:
    row, code = NEW[request.param]
    type_table.add(row)
    yield row, code
    type_table.remove(row.name)


def test_the_native_core_has_the_same_classes(r):
    rows = [row for row in type_table.rows() if row.arrow]
    core = sorted(host.native().arrow_classes(), key=lambda pair: pair[0])
    assert core == sorted((row.name, row.also) for row in rows)
    vectors = {
        "factor": "factor('a')",
        "difftime": "as.difftime(1, units = 'secs')",
        "POSIXlt": "as.POSIXlt('2024-01-01', tz = 'UTC')",
    }
    is_a = {
        "dictionary": pa.types.is_dictionary,
        "td": pa.types.is_date,
        "ts": pa.types.is_timestamp,
        "tD": pa.types.is_duration,
        "l": pa.types.is_int64,
    }
    for row in rows:
        x = vectors.get(row.name, f"structure(1, class = '{row.name}')")
        frame = r(f"structure(list(x = {x}), class = 'data.frame', row.names = 1L)")
        assert is_a[row.arrow](tb.to_frame(frame, "arrow").schema.field("x").type), row.name


def test_a_tensor_of_a_new_type_comes_back_identical(r, new):
    row, code = new
    x = r(code)
    for convert in (tb.to_torch, tb.to_numpy):
        y = convert(x)
        assert row.name in y.r_type.classes
        assert r.identical(tb.to_r(y), x)
        assert getattr(y[:2], "r_type", None) is None
    assert r.identical(tb.to_r(tb.to_torch(x, share=True), share=True), x)


def test_a_file_keeps_a_new_type(r, new, tmp_path):
    _, code = new
    x = r(code)
    path = str(tmp_path / "x.safetensors")
    files.save(path, {}, {"x": tb.to_torch(x)})
    assert r.identical(tb.to_r(files.load(path, None)["tensors"]["x"]), x)


@pytest.mark.parametrize("kind", ["pandas", "arrow"])
def test_a_frame_keeps_a_new_type(r, new, kind):
    _, code = new
    x = r(f"structure(list(n = 1:3, x = {code}), class = 'data.frame', row.names = 1:3)")
    frame = tb.to_frame(x, kind)
    assert r.identical(tb.to_r(frame), x)
    assert r.identical(tb.to_r(tb.RFrame(x)), x)
    part = frame.iloc[:2] if kind == "pandas" else frame.slice(0, 2)
    first = "{ attributes(y) <- NULL; y <- y[1:2]; attributes(y) <- attributes(x$x); y }"
    two = r(
        f"structure(list(n = 1:2, x = (function(y) {first})(x$x)), class = 'data.frame', "
        "row.names = 1:2)",
        x=x,
    )
    assert r.identical(tb.to_r(part), two)


@pytest.mark.parametrize("kind", ["pandas", "arrow"])
def test_the_numbers_of_a_span_stay_its_own(r, kind):
    x = r(
        "structure(list(x = structure(90, units = 'mins', class = c('hms', 'difftime'))), "
        "class = 'data.frame', row.names = 1L)"
    )
    type_table.add(TypeRow("hms", attributes=("units",)))
    try:
        back = tb.to_r(tb.to_frame(x, kind))
    finally:
        type_table.remove("hms")
    seconds = "structure(5400, units = 'secs', class = c('hms', 'difftime'))"
    assert r.identical(
        back,
        x
        if kind == "arrow"
        else r(f"structure(list(x = {seconds}), class = 'data.frame', row.names = 1L)"),
    )


def test_tensors_of_a_frame_give_a_new_type_back(r, new):
    _, code = new
    x = r(f"structure(list(x = {code}), class = 'data.frame', row.names = 1:3)")
    assert r.identical(tb.to_r(tb.frame_tensors(x).to_arrow()), x)
    assert r.identical(tb.to_r(tb.frame_tensors(tb.to_frame(x)).to_arrow()), x)


def test_lists_and_matrices_of_a_new_type_cross_in_a_frame(r, new):
    row, code = new
    x = r(
        f"local({{ y <- {code}; m <- y[c(1, 3, 1, 3)]; attributes(m) <- attributes(y);"
        " dim(m) <- c(2, 2); x <- list(l = list(y, NULL), m = m);"
        " structure(x, class = 'data.frame', row.names = 1:2) })"
    )
    back = tb.to_r(tb.to_frame(x, "arrow"))
    assert r.identical(r("x$l", x=back), r("x$l", x=x))
    if row.name == "hms":  # as of every span, a matrix of them comes back as a list of its rows
        assert r.identical(
            r("x$m[[2]]", x=back), r("structure(x$m[2, ], class = class(x$m), units = 'secs')", x=x)
        )
    else:
        assert r.identical(back, x)


def test_polars_says_what_it_drops(r, new):
    pytest.importorskip("polars")
    row, code = new
    x = r(f"structure(list(x = {code}), class = 'data.frame', row.names = 1:3)")
    with pytest.warns(LossyWarning, match=f"column 'x': its class {row.name} is dropped"):
        tb.to_frame(x, "polars")


def test_without_its_row_a_class_is_dropped_again(r):
    x = r(
        "structure(list(x = structure(1, class = 'yearmon')), class = 'data.frame', row.names = 1L)"
    )
    type_table.add(TypeRow("yearmon"))
    table, frame = tb.to_frame(x, "arrow"), tb.to_frame(x)
    type_table.remove("yearmon")
    for kept in (table, frame):
        with pytest.warns(LossyWarning, match="column 'x': its class yearmon is dropped"):
            assert r.true("identical(x, data.frame(x = 1))", x=tb.to_r(kept))
    with pytest.warns(LossyWarning, match="column 'x': its class yearmon is dropped"):
        tb.to_frame(x)
    assert not hasattr(tb.to_torch(r("structure(1, class = 'yearmon')")), "r_type")


def test_rows_are_added_once_and_only_added_ones_are_removed():
    with pytest.raises(ValueError, match="row: there is a type 'Date' already"):
        type_table.add(TypeRow("Date"))
    for name in ("Date", "yearmon"):
        with pytest.raises(ValueError, match=f"name: no type '{name}' was added"):
            type_table.remove(name)


def test_the_first_class_with_a_row_decides(r):
    assert type_table.numbers_of(("my_date", "Date")).name == "Date"
    assert type_table.numbers_of(("yearmon",)) is None
    x = tb.to_torch(r("structure(1L, class = c('my_factor', 'factor'), levels = 'a')"))
    assert x.dtype == torch.int64 and x.tolist() == [0] and x.r_type.coded
    assert np.asarray(tb.to_numpy(r("structure(1L, class = 'Date')"))).dtype == np.float64
