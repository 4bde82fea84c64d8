"""frames/categories.py: pandas' categories and R's factors."""

from __future__ import annotations

import pandas as pd
import pytest

import torchbridge as tb


def identical(r, a, b):
    return r("function(a, b) identical(a, b)")(a, b)[0]


def test_a_factors_levels_and_order_are_its_own(r):
    """Dtypes of factors are kept for the next: what differs in any way is another."""
    for levels, ordered in ((["u", "v"], False), (["v", "u"], False), (["u", "v"], True)):
        x = r("function(l, o) data.frame(f = factor(c('u', NA, 'v'), l, ordered = o))")(
            r("function(...) c(...)")(*levels), ordered
        )
        for _ in range(2):
            frame = tb.to_frame(x)
            assert list(frame["f"].cat.categories) == levels
            assert frame["f"].cat.ordered == ordered
            assert identical(r, tb.to_r(frame), x)


def test_many_levels(r):
    x = r("data.frame(f = factor(sprintf('level %d', 1:500)))")
    frame = tb.to_frame(x)
    assert frame["f"].cat.categories[-1] == "level 99"
    assert identical(r, tb.to_r(frame), x)


@pytest.mark.parametrize("kind", ["str", "object", "string[python]", "string[pyarrow]"])
def test_levels_of_each_kind_of_text(r, kind):
    levels = pd.Index(["b", "a", "unused"], dtype=kind)
    frame = pd.DataFrame({"f": pd.Categorical(["a", None, "b"], levels)})
    expected = r("data.frame(f = factor(c('a', NA, 'b'), c('b', 'a', 'unused')))")
    assert identical(r, tb.to_r(frame), expected)
    assert identical(r, tb.to_r(frame[1:1]), r("function(x) x[0, , drop = FALSE]")(expected))
    joined = pd.concat([frame["f"].cat.add_categories(["new"])] * 2, ignore_index=True)
    assert list(r("levels")(tb.to_r(joined))) == ["b", "a", "unused", "new"]
