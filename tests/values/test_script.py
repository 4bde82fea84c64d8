"""R scripts from Python: their functions take and give Python's values."""

from __future__ import annotations

import datetime
import inspect
import pickle
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

#: A list's items as they are: R 4.6 formats a date in a list as a date.
SHOWN = "f <- function(x) c(class(x)[1], if (is.list(x)) unlist(x) else format(x))"


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


def test_a_name_is_what_it_is_now(r):
    script = tb.source(
        text="f <- function() 1\n"
        "make <- function(x) assign('f', x, envir = parent.env(environment()))"
    )
    assert script.f() == 1
    script.make(5.0)
    assert script.f == 5.0
    script.make(r("function() 2"))
    assert script.f() == 2
    with pytest.raises(AttributeError, match="has no 'sum'"):
        _ = script.sum  # R's own, which the script sees


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
    assert script.with_na_rm([1.0, None], na_rm=True) == 1
    assert script.variadic(na_rm=1) == "na_rm"  # in ... a name is whatever it is
    with pytest.raises(tb.RError, match="unused argument"):
        script.with_na_rm(1.0, na_rn=True)


def test_an_underscore_that_may_be_two_names_stays(r):
    script = tb.source(text="f <- function(a.b = 1, a_b = 2) a.b + 10 * a_b")
    assert script.f(a_b=3) == 31


def test_signatures_are_rs(script):
    assert str(inspect.signature(script.with_na_rm)) == "(x, na_rm=FALSE)"
    assert str(inspect.signature(script.variadic)) == "(*args, **kwargs)"
    reserved = tb.source(text="f <- function(x = 1, lambda, ..., by = c('a', 'b')) 1")
    shown = str(inspect.signature(reserved.f))
    assert shown == '(x=1, lambda_, *args, by=c("a", "b"), **kwargs)'


def test_names_that_python_cannot_write(r):
    script = tb.source(
        text="f <- function(lambda = 1, `in` = 2, `my arg` = 3, x.y = 4, x_y = 5, `2nd` = 6, ...) "
        "c(lambda, `in`, `my arg`, x.y, x_y, `2nd`, length(list(...)))\n"
        "import <- function() 1\n`my fun` <- function() 2"
    )
    shown = "(lambda_=1, in_=2, my_arg=3, x_y=5, _2nd=6, *args, **kwargs)"
    assert str(inspect.signature(script.f)) == shown
    named = {"lambda_": 10, "in_": 20, "my_arg": 30, "x_y": 50, "_2nd": 60}
    assert script.f(**named).tolist() == [10, 20, 30, 4, 50, 60, 0]
    assert script.f(**{"x.y": 40}, other_=1).tolist() == [1, 2, 3, 40, 5, 6, 1]
    assert script.import_() == 1 and script.my_fun() == 2


def test_arguments_of_the_method_for_the_first_argument(r):
    """predict(fit, se_fit=True) is se.fit of predict.lm(), and not lost in its dots."""
    stats = tb.package("stats")
    cars = tb.package("datasets").cars
    fit = stats.lm("dist ~ speed", data=cars)
    assert set(stats.predict(fit, se_fit=True)) == {"fit", "se.fit", "df", "residual.scale"}
    assert set(stats.predict(object=fit, se_fit=True)) == set(stats.predict(fit, se_fit=True))
    script = tb.source(
        text="g <- function(x, ...) UseMethod('g')\n"
        "g.mine <- function(x, my.arg = 1, ...) my.arg\n"
        "g.data.frame <- function(x, row.s = 1, ...) row.s\n"
        "g.default <- function(x, other.arg = 1, ...) other.arg\n"
        "mine <- function() structure(list(), class = c('sub', 'mine'))"
    )
    assert script.g(script.mine(), my_arg=7) == 7
    assert script.g(cars, row_s=7) == 7
    assert script.g(1.0, other_arg=7) == 7 and script.g(1.0, my_arg=7) == 1  # of another class


def test_a_callback_gets_what_a_result_would_be(script):
    kinds = []

    def callback(x, y):
        kinds.append(type(x))
        return x

    for value in ([1.0, 2.0], np.eye(2), [1, 2], 1.0, "a", ["a", "b"], {"a": [1, 2]}, None):
        script.call_back(callback, value)
        assert kinds[-1] is type(script.identity_of(value)), value
    seen = script.call_back(lambda x, y: float(((x - 1) ** 2).sum()), [1.0, 3.0])
    assert seen == 4


def test_a_script_from_text(r):
    script = tb.source(text="twice <- function(x) 2 * x\nword <- 'é'")
    assert script.twice(2) == 4 and script.word == "é"
    assert repr(script) == "<RScript: twice, word>"
    with pytest.raises(AttributeError, match="the script has no 'absent'; it has: twice, word"):
        script.absent  # noqa: B018
    with pytest.raises(tb.RError, match="<text>:1:3: unexpected symbol"):
        tb.source(text="x y")
    for arguments in ({}, {"path": "a.R", "text": ""}):
        with pytest.raises(TypeError, match="the path of an R script, or its text= instead"):
            tb.source(**arguments)


CLASSES = """
setClass("TbPoint", representation(name = "character"))
setGeneric("tb_hi", function(o) standardGeneric("tb_hi"))
setMethod("tb_hi", "TbPoint", function(o) paste("hi", o@name))
setClass("TbSub", contains = "TbPoint", representation(n = "numeric"),
  validity = function(object) if (object@n < 0) "negative" else TRUE)
make <- function(n) tb_hi(new("TbSub", name = "al", n = n))
sub <- function() new("TbSub", name = "bo", n = 1)
TbCount <- setRefClass("TbCount", fields = list(x = "numeric"))
TbCount$methods(g = function() x + 1)
TbTwice <- setRefClass("TbTwice", contains = "TbCount")
TbTwice$methods(g = function() 2 * callSuper())
twice <- function(x) TbTwice$new(x = x)$g()
"""


def test_s4_and_reference_classes_of_a_script(r):
    script = tb.source(text=CLASSES)
    assert script.make(1) == "hi al"
    with pytest.raises(tb.RError, match="negative"):
        script.make(-1)
    assert script.tb_hi(script.sub()) == "hi bo"  # the generic is one of the script's
    assert script.twice(2) == 6


def test_functions_pickle_by_their_source(script, tmp_path):
    (tmp_path / "state.R").write_text(
        "n <- 0\nup <- function() n <<- n + 1\nseen <- function() n\n"
    )
    original = tb.source(tmp_path / "state.R")
    up, seen = pickle.loads(pickle.dumps((original.up, original.seen)))
    assert up() == 1 and seen() == 1 and original.seen() == 0
    assert pickle.loads(pickle.dumps(seen))() == 1  # of the same script, as long as it lives
    assert pickle.loads(pickle.dumps(tb.source(text="f <- function() 7"))).f() == 7


def test_dates_and_times_are_rs(r):
    script = tb.source(text=SHOWN)
    day, time_of_day = datetime.date, datetime.datetime
    for value, expected in [
        (np.array(["2020-01-01", "NaT"], "datetime64[D]"), ["Date", "2020-01-01", None]),
        (np.array(["2020-02"], "datetime64[M]"), ["Date", "2020-02-01"]),
        (np.datetime64("2020-01-02"), ["Date", "2020-01-02"]),
        (np.array(["2020-01-02T03"], "datetime64[h]"), ["POSIXct", "2020-01-02 03:00:00"]),
        ([day(2020, 1, 1), None], ["Date", "2020-01-01", None]),
        ((time_of_day(2020, 1, 1, 12),), ["POSIXct", "2020-01-01 12:00:00"]),
        ([pd.Timestamp("2020-01-01 01:00"), pd.NaT], ["POSIXct", "2020-01-01 01:00:00", None]),
        ([datetime.timedelta(days=1)], ["difftime", "86400 secs"]),
        ([day(2020, 1, 1), "a"], ["list", "18262", "a"]),
    ]:
        assert script.f(value) == expected, value


def test_arrays_of_dates_and_times_keep_their_dims(r):
    script = tb.source(
        text="f <- function(x) c(class(x)[1], dim(x), format(x[1, 2]))\nid <- function(x) x\n"
        "seoul <- function() structure(.POSIXct(c(0, 3600), 'Asia/Seoul'), dim = 1:2)"
    )
    days = np.array([["2020-01-01", "2021-01-01"], ["NaT", "1969-12-31"]], "datetime64[D]")
    for value, expected in [
        (days, ["Date", "2", "2", "2021-01-01"]),
        (days.astype("datetime64[s]"), ["POSIXct", "2", "2", "2021-01-01"]),
        (np.array([[1, 2, 3]], "timedelta64[s]"), ["difftime", "1", "3", "2 secs"]),
    ]:
        assert script.f(value) == expected
        back = script.id(value)
        assert back.shape == value.shape
        np.testing.assert_array_equal(back, value)
    with pytest.warns(tb.LossyWarning, match="no time zone \\(Asia/Seoul\\): they are in UTC"):
        back = script.seoul()
    assert back.tolist() == [[datetime.datetime(1970, 1, 1), datetime.datetime(1970, 1, 1, 1)]]


def test_lists_of_like_scalars_are_vectors_whoever_made_the_scalars(r):
    script = tb.source(text=SHOWN)
    for value, expected in [
        (list(np.arange(2)), ["integer", "0", "1"]),
        ([np.int64(1), None, pd.NA], ["integer", "1", "NA", "NA"]),
        ((np.bool_(True), False), ["logical", "TRUE", "FALSE"]),
        ([np.float32(0.5), 2], ["numeric", "0.5", "2.0"]),
        ([1, pd.NA, 3], ["integer", " 1", "NA", " 3"]),
        (["a", pd.NA], ["character", "a", "NA"]),
        ([pd.NA, 1.5], ["numeric", " NA", "1.5"]),
        ([1 + 2j, 3, 0.5], ["complex", "1.0+2i", "3.0+0i", "0.5+0i"]),
        ([np.longdouble(1), np.clongdouble(1j)], ["complex", "1+0i", "0+1i"]),
        ([np.ones(1), np.ones(1)], ["list", "1", "1"]),
        ([np.complex64(1j), None], ["complex", "0+1i", "NA"]),
        ([np.datetime64("2020-01-01"), None], ["Date", "2020-01-01", None]),
        ([np.timedelta64(5, "s"), None], ["difftime", " 5 secs", "NA secs"]),
        (np.datetime64("NaT"), ["POSIXct", None]),
        ([np.int64(1), "a"], ["list", "1", "a"]),
        ([np.datetime64("2020-01-01"), 1], ["list", "18262", "1"]),
    ]:  # fmt: skip
        found = script.f(value)
        assert [x if x is None else x.strip() for x in found] == [
            x if x is None else x.strip() for x in expected
        ], value
    identity = tb.source(text="id <- function(x) x").id
    assert identity({}) == {} and identity([]) == []  # R's named list() is a dict


def test_what_r_has_no_type_for_says_what_would_be_right(r):
    script = tb.source(text="id <- function(x) x")
    for value, message in [
        (np.array([b"a"]), r"dtype \|S1; make it text: numpy.char.decode\(x\)"),
        (np.zeros((2, 2), [("a", "f8")]), r"with 2 dims; make it one: x.ravel\(\)"),
        (np.timedelta64(5), r"without a unit; give it one: timedelta64\(5, 's'\)"),
        (pd.period_range("2020", periods=2, freq="M"), r"dt.to_timestamp\(\) or astype\(str\)"),
        (pd.interval_range(0, 2), r"convert it: astype\(str\)"),
    ]:
        with pytest.raises(TypeError, match=message):
            script.id(value)


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
