"""Types of R that Arrow has none for: what stands beside a column, and what a file may say there.

That each kind of frame keeps them: tests/arrays/test_type_table.py.
"""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import torchbridge as tb
from torchbridge.arrays import type_table
from torchbridge.arrays.type_table import TypeRow
from torchbridge.process.errors import LossyWarning

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def money():
    type_table.add(TypeRow("money", attributes=("currency",), dtype="float64"))
    yield
    type_table.remove("money")


FRAME = (
    "structure(list(x = structure(c(1, NA), class = c('AsIs', 'money'), currency = 'EUR')), "
    "class = 'data.frame', row.names = 1:2)"
)


def table_that_says(text: str, values: pa.Array) -> pa.Table:
    return pa.table(
        [values], schema=pa.schema([pa.field("x", values.type, True, {"r.type": text})])
    )


def test_what_stands_in_the_metadata(r, money):
    table = tb.to_frame(r(FRAME), "arrow")
    assert table.schema.field("x").type == pa.float64()
    assert json.loads(table.schema.field("x").metadata[b"r.type"]) == {
        "classes": ["money"],
        "attributes": {"currency": "EUR"},
    }


def test_a_parquet_file_keeps_it(r, money, tmp_path):
    expected = r(
        "structure(list(x = structure(c(1, NA), class = 'money', currency = 'EUR')), "
        "class = 'data.frame', row.names = 1:2)"
    )
    pq.write_table(tb.to_frame(r(FRAME), "arrow"), tmp_path / "x.parquet")
    assert r.identical(tb.to_r(pq.read_table(tmp_path / "x.parquet")), expected)
    # From pandas too, whose column has an Arrow extension type.
    frame = tb.to_frame(r(FRAME))
    assert str(frame["x"].dtype.pyarrow_dtype) == "money"
    assert frame["x"][:1].astype("float64").tolist() == [1]
    assert r.identical(tb.to_r(pa.Table.from_pandas(frame, preserve_index=False)), expected)


def test_a_class_beside_a_kept_one_is_dropped_with_a_warning(r, money):
    x = r(
        "structure(list(x = structure(1, class = c('money', 'other'), currency = 'EUR')), "
        "class = 'data.frame', row.names = 1L)"
    )
    for kind in ("arrow", "pandas"):
        with pytest.warns(LossyWarning, match="column 'x': its class other is dropped"):
            back = tb.to_r(tb.to_frame(x, kind))
        assert r.true("identical(class(x$x), 'money')", x=back)


def test_a_file_says_nothing_but_what_the_table_has(r, money):
    x = pa.array([1.0])
    asked = {"classes": ["money"], "attributes": {"currency": "EUR", "dim": [7], "class": "lm"}}
    back = tb.to_r(table_that_says(json.dumps(asked), x))
    assert r.true("identical(x$x, structure(1, class = 'money', currency = 'EUR'))", x=back)
    for classes in (["lm"], ["money", "factor"], ["money", "data.frame"]):
        text = json.dumps({"classes": classes, "attributes": {}})
        with pytest.warns(LossyWarning, match=f"its class {classes[-1]} is dropped"):
            back = tb.to_r(table_that_says(text, x))
        assert r.true("identical(x$x, 1)", x=back)
    text = json.dumps({"classes": ["money"], "attributes": {}})
    back = tb.to_r(table_that_says(text, pa.array([1], pa.date32())))
    assert r.true("identical(x$x, structure(1, class = 'Date'))", x=back)
    for text in ("", "{}", "[]", "[" * 100_000, '{"classes": 1, "attributes": {}}'):
        with pytest.raises(ValueError, match="its metadata r.type is damaged"):
            tb.to_r(table_that_says(text, x))


def test_nothing_is_left_behind(r, money, live):
    x = r(FRAME)
    before = live()
    for _ in range(3):
        for kind in ("arrow", "pandas"):
            tb.to_r(tb.to_frame(x, kind))
    assert live() == before


def test_the_collector_may_run_at_any_time(r, money):
    x = r(
        "local({ y <- structure(c(1, NA, 3), class = 'money', currency = 'EUR');"
        " x <- list(x = y, h = structure(1:3 / 2, units = 'mins', class = c('money', 'difftime')),"
        " l = list(y, NULL, y), day = structure(1:3, class = 'Date'));"
        " structure(x, class = 'data.frame', row.names = 1:3) })"
    )
    r("gctorture(TRUE)")
    try:
        back = [tb.to_r(tb.to_frame(x, "arrow")) for _ in range(3)]
    finally:
        r("gctorture(FALSE)")
    assert all(r.identical(y, x) for y in back)
