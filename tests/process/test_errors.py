"""Errors, warnings and Ctrl-C cross the bridge as what they are on the other side."""

from __future__ import annotations

import gc
import pickle
import traceback
import warnings
import weakref

import pytest
import torch

import torchbridge as tb
from torchbridge.process import rpy2_objects
from torchbridge.process.errors import describe


@pytest.fixture(scope="module")
def function(r):
    """An R function, as Python calls it."""
    return lambda code: rpy2_objects.robject(r(f"({code})"))


# ---- R error -> Python ---------------------------------------------------------------


def test_an_r_error_has_its_message_calls_and_classes(function, nothing_left):
    f = function("function(x) { inner <- function(y) stop('too ', y); inner(x) }")
    with pytest.raises(tb.RError) as caught:
        f("big")
    error = caught.value
    assert isinstance(error, RuntimeError)
    assert error.message == "too big"
    assert error.calls[-1] == "inner(x)"
    assert error.classes == ("simpleError", "error", "condition")
    assert str(error) == "\n".join(
        ["too big", "R traceback (most recent call last):", *(f"  {c}" for c in error.calls)]
    )


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("function() log('a')", "non-numeric argument to mathematical function"),
        ("function() stop('\\u00e9\\u65e5')", "é日"),
        ("function() stop(iconv('\\u00e9', 'UTF-8', 'latin1'))", "é"),
        ("function() stop('no call', call. = FALSE)", "no call"),
        ("function() absent_function()", 'could not find function "absent_function"'),
        ("function() (function() sys.function()())()()", None),
        ("function() vapply(1:2, function(i) 'a', 0)", None),
        ("function() stop(strrep('x', 20000))", None),
        ("function() match.arg('z', c('a', 'b'))", None),
        ("function() numeric(1e15)", None),
        ("function() get('x', NULL)", None),
        ("function() .Call('no_such_routine')", None),
    ],
)
def test_every_kind_of_r_error_is_an_rerror(function, code, message, nothing_left):
    with pytest.raises(tb.RError) as caught:
        function(code)()
    assert caught.value.message == message if message else caught.value.message
    assert caught.value.classes[-2:] == ("error", "condition")


def test_infinite_recursion_is_an_rerror_and_r_goes_on(function):
    with pytest.raises(tb.RError, match="infinite recursion|too deeply|stack|C stack"):
        function("function() { f <- function(n) f(n + 1); f(0) }")()
    assert function("function() 1 + 1")() == 2


def test_conditions_of_one_s_own_keep_class_and_fields(r, function):
    f = function(
        "function() stop(structure(class = c('my_error', 'error', 'condition'), "
        "list(message = 'mine', call = NULL, detail = 42)))"
    )
    with pytest.raises(tb.RError, match="mine") as caught:
        f()
    assert caught.value.classes == ("my_error", "error", "condition")
    assert caught.value.condition.items()[2].value() == 42


def test_a_condition_without_a_message_is_still_an_error(function):
    f = function(
        "function() stop(structure(class = c('odd', 'error', 'condition'), list(message = NULL)))"
    )
    with pytest.raises(tb.RError) as caught:
        f()
    assert caught.value.classes[0] == "odd"


def test_data_in_a_call_does_not_flood_the_traceback(function):
    f = function("function(x) do.call(function(y) stop('no'), list(x))")
    with pytest.raises(tb.RError, match="no") as caught:
        f(torch.arange(1000.0))
    assert len(str(caught.value)) < 500


def test_leaving_r_by_a_restart_is_an_error_and_r_goes_on(function):
    with pytest.raises(RuntimeError):
        function("function() invokeRestart('abort')")()
    assert function("function() 1 + 1")() == 2


def test_on_exit_runs_and_the_workspace_stays_usable(r, function):
    f = function("function() { on.exit(options(tb.test = 'cleaned')); stop('no') }")
    with pytest.raises(tb.RError):
        f()
    assert r.text("getOption('tb.test')") == "cleaned"
    r("options(tb.test = NULL)")


# ---- Python exception -> R -> Python -------------------------------------------------


class Odd(Exception):
    pass


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no good"),
        KeyError("key"),
        Odd("own", 2),
        tb.RError("as if R"),
        StopIteration(3),
        SystemExit(4),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
        torch.OutOfMemoryError("full"),
        OSError(2, "no file"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_exception_that_passes_through_r_is_the_same_object(function, error):
    def fails():
        raise error

    deep = function("function(f) { g <- function() lapply(1, function(i) f()); g() }")
    with pytest.raises(type(error)) as caught:
        deep(fails)
    assert caught.value is error
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert "fails" in frames
    caught.value.__traceback__ = None


def test_it_passes_through_any_number_of_frames_of_both(function):
    again = function("function(f, n) f(n - 1)")
    error = ValueError("at the bottom")

    def down(n):
        if n <= 0:
            raise error
        return again(down, n)

    with pytest.raises(ValueError) as caught:
        again(down, 20)
    assert caught.value is error


def test_calls_and_frames_are_said_once_however_often_an_error_crosses(function):
    seen: list[tuple[str, ...]] = []

    def down(n):
        if n == 0:
            return inner(1)
        try:
            return again(lambda: down(n - 1))
        except tb.RError as error:
            seen.append(error.calls)
            raise

    inner = function("function(x) { g <- function(y) stop('low'); g(x) }")
    again = function("function(f) f()")
    with pytest.raises(tb.RError, match="low"):
        down(3)
    # Each has what R did for it, and not what had led to Python before.
    assert all(len(calls) <= 2 for calls in seen)


def test_a_traceback_grows_by_what_an_exception_has_passed_since(function):
    again = function("function(f) f()")

    def fails(n):
        return again(lambda: fails(n - 1)) if n else int("x")

    with pytest.raises(ValueError, match="invalid literal") as caught:
        fails(3)
    first = describe(caught.value)[2]
    whole = traceback.format_exception(caught.value)
    assert first == "".join(whole).splitlines()
    again_failed = pickle.loads(pickle.dumps(caught.value))
    assert describe(again_failed)[2] == [first[-1]]
    caught.value.__cause__ = KeyError("why")
    assert describe(caught.value)[2][0] == "KeyError: 'why'"


def test_r_handles_a_python_error_by_its_class(r, function, nothing_left):
    catch = function(
        "function(f, class) { handler <- list(function(e) c(conditionMessage(e), class(e)));"
        "names(handler) <- class; do.call(tryCatch, c(list(quote(f())), handler)) }"
    )

    def missing():
        raise KeyError("a")

    classes = ["KeyError", "LookupError", "python_error", "error", "condition"]
    for name in classes:
        assert catch(missing, name) == ["KeyError: 'a'", *classes]

    def wrong():
        raise ValueError("not this")

    assert catch(wrong, "ValueError")[0] == "not this"


def test_r_sees_the_python_traceback_and_its_own_call(function):
    f = function(
        "function(f) tryCatch(f(), error = function(e) paste(e$traceback, collapse = ' '))"
    )

    def a_place_in_python():
        raise ValueError("here")

    assert "a_place_in_python" in f(a_place_in_python)


def test_an_r_error_that_passes_through_python_is_the_same_condition(r, function):
    original = function(
        "function() stop(structure(class = c('my_error', 'error', 'condition'), "
        "list(message = 'mine', call = NULL, detail = 42)))"
    )
    catch = function("function(f) tryCatch(f(), my_error = function(e) e$detail)")
    assert catch(lambda: original()) == 42

    def renamed():
        try:
            original()
        except tb.RError as error:
            raise ValueError("translated") from error

    with pytest.raises(ValueError, match="translated") as caught:
        function("function(f) f()")(renamed)
    assert caught.value.__cause__.message == "mine"


def test_an_error_of_its_own_in_an_r_handler_replaces_the_exception(function):
    f = function("function(f) tryCatch(f(), error = function(e) stop('instead'))")

    def fails():
        raise ValueError("first")

    with pytest.raises(tb.RError, match="instead"):
        f(fails)


def test_r_may_go_on_after_a_python_error(function):
    f = function("function(f) { x <- try(f(), silent = TRUE); if (inherits(x, 'try-error')) 7 }")

    def fails():
        raise ValueError("ignored")

    assert f(fails) == 7


def test_exceptions_are_let_go(function, live):
    f = function("function(f) f()")

    def attempt():
        error = Odd("gone soon")

        def fails():
            raise error

        with pytest.raises(Odd):
            f(fails)
        error.__traceback__ = None
        return weakref.ref(error)

    attempt()
    before = live()
    error = attempt()
    assert live() == before
    gc.collect()
    assert error() is None


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("plain"), "plain"),
        (TypeError("plain"), "plain"),
        (ValueError(), "ValueError"),
        (KeyError("k"), "KeyError: 'k'"),
        (Odd("x"), "Odd: x"),
        (Odd(), "Odd"),
        (tb.RError("of R", ["f(x)"]), "of R"),
    ],
)
def test_the_message_that_r_gets(error, message):
    text, classes, lines, condition = describe(error)
    assert text == message
    assert classes[0] == type(error).__name__
    assert not {"Exception", "BaseException", "object"} & set(classes)
    assert condition is None


# ---- warnings ------------------------------------------------------------------------


def test_r_warnings_are_python_warnings(function):
    f = function("function(x) { warning('careful: ', x); warning('\\u00e9'); x * 2 }")
    with pytest.warns(tb.RWarning) as found:
        assert f(2) == 4
    assert [str(w.message) for w in found] == ["careful: 2", "é"]
    assert {w.filename for w in found} == {__file__}  # not of a line of the package's own
    with pytest.warns(tb.RWarning, match="NAs introduced by coercion"):
        function("function() as.integer('a')")()


def test_a_warning_may_be_made_an_error(function):
    f = function("function() { warning('careful'); 1 }")
    with warnings.catch_warnings():
        warnings.simplefilter("error", tb.RWarning)
        with pytest.raises(tb.RWarning, match="careful"):
            f()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tb.RWarning)
        assert f() == 1


def test_warnings_that_r_handles_itself_stay_in_r(function):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert function("function() { suppressWarnings(warning('quiet')); 1 }")() == 1
        assert function("function() tryCatch(warning('w'), warning = function(w) 2)")() == 2


# ---- Ctrl-C --------------------------------------------------------------------------

INTERRUPT = """
import os, signal, sys, threading, time, warnings
import torchbridge as tb
from torchbridge.process import host
tb.start()
core = host.native()
evaluate = lambda code: core.base_function("eval")(core.base_function("str2expression").call(code))
def soon(seconds=0.3):
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()
def interrupted(run):
    started = time.monotonic()
    try:
        run()
    except KeyboardInterrupt:
        assert time.monotonic() - started < 25  # what it stops would take 30 s or for ever
        return True
    return False
"""


def test_ctrl_c_stops_a_long_r_loop_and_both_languages_go_on(python):
    done = python(
        INTERRUPT + "for code in ('repeat 1', 'Sys.sleep(30)', 'repeat sum(stats::runif(1e4))',\n"
        "             '{ on.exit(cat(\"cleaned\\\\n\")); repeat 1 }'):\n"
        "    soon(); print(interrupted(lambda: evaluate(f'(function() {code})()')))\n"
        "    print(evaluate('1 + 1'))\n"
        "soon(); print(interrupted(lambda: time.sleep(30)))\n"
        "f = evaluate('function(f) f()')\n"
        "soon(); print(interrupted(lambda: f(lambda: time.sleep(30))))\n"
        "print(f(lambda: 5))\n"
        "sys.exit(3)\n",
    )
    expected = ["True", "2.0"] * 3 + ["cleaned", "True", "2.0", "True", "True", "5"]
    assert done.stdout.split() == expected, done.stderr
    assert done.returncode == 3


def test_ctrl_c_that_python_catches_in_a_callback_ends_there(python):
    done = python(
        INTERRUPT + "def patient():\n"
        "    soon()\n"
        "    try:\n"
        "        time.sleep(30)\n"
        "    except KeyboardInterrupt:\n"
        "        return 'caught'\n"
        "print(evaluate('function(f) paste(f(), Sys.sleep(0.2), 1)')(patient))\n",
    )
    assert done.stdout.strip() == "caught  1", done.stderr
    assert done.returncode == 0


def test_r_may_catch_an_interrupt_itself(python):
    done = python(
        INTERRUPT + "soon()\n"
        "print(evaluate('tryCatch(repeat 1, interrupt = function(e) \"caught by R\")'))\n"
        "print(evaluate('1 + 1'))\n",
    )
    assert done.stdout.split("\n")[:2] == ["caught by R", "2.0"], done.stderr


def test_an_interrupt_nobody_catches_ends_python_as_always(python):
    done = python(INTERRUPT + "soon(); evaluate('repeat 1')\n")
    assert "KeyboardInterrupt" in done.stderr
    assert done.returncode in (130, -2)


@pytest.mark.parametrize("name", ["RError", "RWarning", "HostError", "LossyWarning", "RNotFound"])
def test_a_traceback_names_the_public_class(name):
    cls = getattr(tb, name)
    assert (cls.__module__, cls.__qualname__) == ("torchbridge", name)
    assert pickle.loads(pickle.dumps(cls)) is cls


def test_an_exception_whose_text_fails_keeps_its_class() -> None:
    class BadError(ValueError):
        def __str__(self) -> str:
            raise KeyError("no text")

        __repr__ = __str__

    message, classes, _, condition = describe(BadError())
    assert message == "its text could not be made (KeyError)"
    assert (classes, condition) == (["BadError", "ValueError", "value_error"], None)
