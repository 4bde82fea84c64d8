"""R scripts from Python: their functions take and give Python's values."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest
import torch

import torchbridge as tb

pytestmark = pytest.mark.filterwarnings("error")

SCRIPT = """
scale_columns <- function(x, center = TRUE) scale(x, center = center)[, , drop = FALSE]
read.data <- function() data.frame(x = c(1, NA), g = factor(c("a", "b")))
identity_of <- function(x) x
describe <- function(x) paste0(typeof(x), if (!is.null(dim(x))) paste0("[", toString(dim(x)), "]"))
variadic <- function(...) names(list(...))
with_na_rm <- function(x, na.rm = FALSE) mean(x, na.rm = na.rm)
fails <- function(x) inner(x)
inner <- function(x) stop("no good: ", x)
call_back <- function(f, x) f(x, 2)
returns_list <- function() list(n = 3L, values = c(1.5, 2), nested = list(label = "a"))
returns_nothing <- function() invisible(NULL)
called_as <- function(x) deparse(sys.call()[[1]])
substituted <- function(x) class(substitute(x))
.hidden <- function() 1
constant <- 42
table_of <- c(a = 1, b = 2)
"""


@pytest.fixture(scope="module")
def script(r, tmp_path_factory):
    path = tmp_path_factory.mktemp("scripts") / "prep é.R"
    path.write_text(SCRIPT, encoding="utf-8")
    return tb.source(path)


def test_the_functions_and_values_of_a_script_are_attributes(script):
    assert "read.data" in dir(script) and ".hidden" not in dir(script)
    assert script.constant == 42
    assert script["constant"] == 42
    assert script.table_of.tolist() == [1, 2]
    assert script.read_data()["g"].tolist() == ["a", "b"]
    assert script["read.data"]()["x"].isna().tolist() == [False, True]
    assert repr(script).startswith("<RScript ") and "scale_columns" in repr(script)
    assert repr(script.fails) == "<R function fails>" and script.fails.__name__ == "fails"


def test_what_a_script_does_not_have_is_named(script):
    with pytest.raises(AttributeError, match=r"prep é.R has no 'absent'; it has: .*constant"):
        script.absent  # noqa: B018
    with pytest.raises(KeyError, match="has no 'absent'"):
        script["absent"]
    with pytest.raises(AttributeError):
        script._private  # noqa: B018
    assert not hasattr(script, "__wrapped__")


def test_two_names_that_differ_in_a_dot_are_told_apart(tmp_path):
    path = tmp_path / "names.R"
    path.write_text("a.b <- function() 1; a_b <- function() 2; c.d.e <- 3; c_d.e <- 4\n")
    names = tb.source(path)
    assert names.a_b() == 2 and names["a.b"]() == 1
    with pytest.raises(AttributeError):  # c.d.e or c_d.e?
        names.c_d_e  # noqa: B018
    assert names["c.d.e"] == 3


def test_tensors_arrays_frames_and_scalars_go_in_and_come_out(script):
    x = torch.tensor([[1.0, 2], [3, 6]], dtype=torch.float64)
    scaled = script.scale_columns(x, center=False)
    np.testing.assert_allclose(scaled, x.numpy() / np.sqrt([10, 40]), rtol=1e-15)
    for value, description in [
        (x, "double[2, 2]"),
        (x.float(), "double[2, 2]"),
        (torch.tensor([1, 2]), "integer"),
        (torch.tensor(True), "logical"),
        (np.ones((2, 1, 3)), "double[2, 1, 3]"),
        (pd.DataFrame({"a": [1, 2]}), "list[2, 1]"),
        (pd.Series(["a"]), "character"),
        ({"a": x}, "list"),
        ([x, x], "list"),
        (2.5, "double"),
        ("a", "character"),
        (None, "NULL"),
        (tb.to_r(x), "double[2, 2]"),
    ]:
        assert script.describe(value) == description
    # With the R package loaded, dim() knows the tensor behind it.
    assert script.describe(tb.handle(x)).startswith("externalptr")


def test_a_tensor_goes_by_value_and_a_handle_is_the_tensor_itself(script):
    x = torch.ones(2, requires_grad=True)
    back = script.identity_of(x)
    assert isinstance(back, np.ndarray) and back.tolist() == [1, 1]
    assert script.identity_of(tb.handle(x)) is x
    nested = script.identity_of({"a": [x, tb.handle(x)]})
    assert nested["a"][0].tolist() == [1, 1] and nested["a"][1] is x


def test_lists_become_dicts_and_nothing_becomes_none(script):
    result = script.returns_list()
    assert list(result) == ["n", "values", "nested"]
    assert result["n"] == 3 and result["nested"] == {"label": "a"}
    assert result["values"].tolist() == [1.5, 2]
    assert script.returns_nothing() is None


def test_arguments_by_name_reach_r_by_name(script):
    assert script.variadic(1, a=2, **{"b c": 3}) == ["", "a", "b c"]
    assert script.with_na_rm(np.array([1.0, 3.0]), **{"na.rm": True}) == 2
    with pytest.raises(tb.RError, match="unused argument"):
        script.with_na_rm(1.0, na_rm=True)


def test_python_functions_are_r_functions(script):
    assert script.call_back(lambda x, y: x + y, 1.5) == 3.5
    assert script.call_back(np.add, 1.5) == 3.5


def test_a_function_is_called_by_its_name_with_values(script):
    assert script.called_as(1) == "called_as"
    assert script.substituted(np.arange(3.0)) == "numeric"


def test_an_error_has_r_s_message_and_calls(script, nothing_left):
    with pytest.raises(tb.RError, match="no good: 3") as caught:
        script.fails(3)
    assert caught.value.message == "no good: 3"
    assert caught.value.calls == ("fails(3L)", "inner(x)")
    assert "simpleError" in caught.value.classes
    assert str(caught.value).endswith("(most recent call last):\n  fails(3L)\n  inner(x)")


def test_scripts_do_not_disturb_each_other_nor_the_workspace(r, tmp_path):
    (tmp_path / "a.R").write_text("value <- 1\nget_value <- function() value\n")
    (tmp_path / "b.R").write_text("value <- 2\nget_value <- function() value\n")
    a, b = tb.source(tmp_path / "a.R"), tb.source(tmp_path / "b.R")
    assert (a.get_value(), b.get_value()) == (1, 2)
    assert not r.true("exists('get_value', globalenv())")


def test_a_script_sees_the_workspace_and_its_file(r, tmp_path):
    r("assign('of_the_workspace', 7, globalenv())")
    (tmp_path / "a.R").write_text("seven <- of_the_workspace\n")
    assert tb.source(str(tmp_path / "a.R")).seven == 7
    r("rm('of_the_workspace', envir = globalenv())")


def test_text_is_utf_8_whatever_the_locale(tmp_path):
    (tmp_path / "a.R").write_text("word <- '日本'\nletters_of <- function() nchar(word)\n", "utf-8")
    a = tb.source(tmp_path / "a.R")
    assert a.word == "日本" and a.letters_of() == 2


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="path: no R script at .*absent.R"):
        tb.source(tmp_path / "absent.R")
    with pytest.raises(FileNotFoundError):
        tb.source(tmp_path)


def test_a_script_that_does_not_parse_or_fails_says_where(tmp_path, nothing_left):
    (tmp_path / "broken.R").write_text("x <- 1\ny <- function( {\n")
    with pytest.raises(tb.RError, match=r"broken.R:2:16: unexpected '\{'"):
        tb.source(tmp_path / "broken.R")
    (tmp_path / "stops.R").write_text("check <- function() stop('not today')\ncheck()\n")
    with pytest.raises(tb.RError, match="not today") as caught:
        tb.source(tmp_path / "stops.R")
    assert caught.value.calls[-1] == "check()"


def test_a_missing_integer_in_a_result_is_no_value(tmp_path):
    (tmp_path / "a.R").write_text("f <- function() c(1L, NA)\ng <- function() NA_integer_\n")
    a = tb.source(tmp_path / "a.R")
    assert a.f().tolist() == [1, pd.NA]
    assert a.g() is None


def test_another_thread_is_refused(script):
    caught = []

    def call():
        try:
            script.returns_list()
        except Exception as error:
            caught.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert "R can be called only on the thread that started it" in str(caught[0])


def test_calls_leave_nothing_behind(script, live):
    x = torch.ones(3)
    script.describe(x)
    before = live()
    for _ in range(50):
        script.describe({"a": x, "b": tb.handle(x)})
        script.identity_of(tb.handle(x))
        with pytest.raises(tb.RError):
            script.fails(x)
        with pytest.raises(ValueError):
            script.describe([1, "a\0"])
    assert live() == before
