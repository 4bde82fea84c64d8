"""tb.converter composes in rpy2's own system, as numpy2ri.converter does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import torchbridge as tb

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def robjects(r):
    from rpy2 import robjects

    return robjects


@pytest.fixture
def converted(robjects):
    """R inside a context of the composed converter: a function that evaluates R code."""
    with (robjects.default_converter + tb.converter).context():
        yield robjects


def test_tensors_go_in_and_come_out(converted):
    x = torch.tensor([[1.0, 2], [3, 4]], dtype=torch.float64)
    means = converted.r["colMeans"](x)
    assert torch.equal(means, torch.tensor([2.0, 3.0], dtype=torch.float64))
    assert torch.equal(converted.r["t"](x), x.t())
    assert torch.equal(converted.r["identity"](x.int()), x.int())


@pytest.mark.parametrize(
    ("code", "dtype"),
    [
        ("c(1.5, NA)", torch.float64),
        ("1:3", torch.int32),
        ("c(TRUE, FALSE)", torch.bool),
        ("c(1i, 2)", torch.complex128),
        ("as.raw(1:3)", torch.uint8),
        ("matrix(1, 2, 3)", torch.float64),
        ("array(1L, c(2, 3, 4))", torch.int32),
        ("factor(c('a', 'b'))", torch.int64),
        ("as.Date('2024-01-01')", torch.float64),
    ],
)
def test_every_vector_of_numbers_is_a_tensor(r, converted, code, dtype):
    x = converted.r(code)
    assert isinstance(x, torch.Tensor) and x.dtype == dtype
    assert r.identical(tb.to_r(x), r(code))


def test_numpy_arrays_and_any_dlpack_object_go_in(converted):
    class Exporter:
        def __dlpack__(self, **options):
            return np.arange(3.0).__dlpack__(**options)

        def __dlpack_device__(self):
            return (1, 0)

    assert converted.r["sum"](np.arange(4)).tolist() == [6]
    assert converted.r["sum"](Exporter()).tolist() == [3]
    assert converted.r["sum"](torch.nn.Parameter(torch.ones(3))).tolist() == [3]


def test_what_is_no_array_stays_what_rpy2_makes_of_it(r, converted):
    assert list(converted.r("c('a', 'b')")) == ["a", "b"]
    assert type(converted.r("list(1)")).__name__ == "ListVector"
    assert type(converted.r("data.frame(a = 1)")).__name__ == "DataFrame"
    assert converted.r["nchar"]("abc").tolist() == [3]


def test_na_where_no_tensor_holds_it_is_an_error(converted):
    with pytest.raises(ValueError, match="na: x has NA, and int32 cannot hold it"):
        converted.r("c(1L, NA)")


def test_outside_the_context_nothing_has_changed(robjects):
    with (robjects.default_converter + tb.converter).context():
        pass
    assert type(robjects.r("c(1, 2)")).__name__ == "FloatVector"
    with pytest.raises(NotImplementedError):
        robjects.r["sum"](torch.ones(2))


def test_it_composes_with_numpy2ri_and_pandas2ri_the_last_deciding(robjects):
    from rpy2.robjects import numpy2ri, pandas2ri

    default = robjects.default_converter
    with (default + numpy2ri.converter + tb.converter).context():
        assert isinstance(robjects.r("c(1, 2)"), torch.Tensor)
    with (default + tb.converter + numpy2ri.converter).context():
        assert isinstance(robjects.r("c(1, 2)"), np.ndarray)
        assert robjects.r["sum"](torch.ones(2)).tolist() == [2]
    with (default + tb.converter + pandas2ri.converter).context():
        frame = robjects.r("data.frame(a = c(1.5, 2))")
        assert isinstance(frame, pd.DataFrame) and frame["a"].tolist() == [1.5, 2]


def test_it_may_be_the_first_thing_that_is_used(python):
    done = python(
        "import torchbridge as tb, torch\n"
        "converter = tb.converter\n"
        "from rpy2 import robjects\n"
        "with (robjects.default_converter + converter).context():\n"
        "    print(robjects.r['sum'](torch.arange(4)).tolist())\n"
    )
    assert (done.stdout, done.returncode) == ("[6]\n", 0), done.stderr


def test_conversions_leave_nothing_behind(robjects, live):
    x = torch.ones(3)
    with (robjects.default_converter + tb.converter).context():
        robjects.r["sum"](x)
    before = live()
    for _ in range(20):
        with (robjects.default_converter + tb.converter).context():
            robjects.r["rev"](x)
    assert live() == before
