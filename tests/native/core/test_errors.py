"""errors.c: errors, warnings and Ctrl-C between two languages, however they are nested."""

from __future__ import annotations

import gc
import sys
import warnings

import pytest

from torchbridge import RError, RWarning

# ---- R error -> Python exception ----


def test_an_r_error_keeps_message_class_and_calls(r):
    f = r("outer <- function(x) inner(x); inner <- function(x) stop('no ', x); outer")
    with pytest.raises(RError) as caught:
        f("luck")
    assert caught.value.message == "no luck"
    assert caught.value.classes == ("simpleError", "error", "condition")
    assert caught.value.calls[-1] == "inner(x)"
    r("rm(outer, inner)")


def test_a_condition_of_a_class_of_its_own(r):
    f = r(
        "function() stop(structure(class = c('mine', 'error', 'condition'), list(message = 'm', call = NULL, data = 7)))"
    )
    with pytest.raises(RError) as caught:
        f()
    assert caught.value.classes == ("mine", "error", "condition")
    assert r("function(e) e$data")(caught.value.condition) == 7


def test_a_condition_whose_message_cannot_be_had(r):
    f = r(
        "function() { times <- 0; "  # stop() itself asks for the message, once
        "conditionMessage.odd <<- function(c) if ((times <<- times + 1) > 1) stop('again') else 'odd'; "
        "stop(structure(class = c('odd', 'error', 'condition'), list())) }"
    )
    with pytest.raises(RError, match="could not be described"):
        f()
    r("rm(conditionMessage.odd)")


def test_an_error_inside_the_core_is_an_r_error_too(core):
    x = core.RObject.new_vector("double", (4,))
    with pytest.raises(RError, match="do not match the length of object"):
        x.set_attr("dim", core.to_r([3, 3]))
    with pytest.raises(RError, match="no function 'nope'"):
        core.helper("nope")
    with pytest.raises(RError, match="nope"):
        core.base_function("nope")


@pytest.mark.parametrize(
    "code",
    [
        "function() { f <- function() f(); f() }",
        "function() { options(expressions = 100); on.exit(options(expressions = 5000)); f <- function() f(); f() }",
    ],
)
def test_infinite_recursion_in_r_is_an_error(r, code, untortured):
    with pytest.raises((RError, RuntimeError)):
        r(code)()


def test_infinite_recursion_through_both_languages_is_an_error(in_python):
    ended = in_python("""
f = r("function(g) g(g)")
def g(g): return f(g)
try:
    g(g)
except (tb.RError, RuntimeError) as error:
    print("caught", type(error).__name__)
print(r("1 + 1").value())
""")
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert ended.stdout.startswith("caught") and ended.stdout.endswith("2.0\n")


# ---- Python exception -> R condition ----


def test_a_python_exception_is_an_r_condition(r):
    def fail():
        raise KeyError("gone")

    f = r(
        "function(fail) tryCatch(fail(), KeyError = function(e) list(class(e), conditionMessage(e), e$traceback))"
    )
    classes, message, lines = f(fail)
    assert classes == ["KeyError", "LookupError", "python_error", "error", "condition"]
    assert message == "KeyError: 'gone'"
    assert "raise KeyError" in "\n".join(lines)


def test_handlers_and_exits_of_both_languages_run_on_the_way(r):
    seen = []

    def fail():
        try:
            raise ValueError("deep")
        finally:
            seen.append("finally")

    f = r(
        "function(fail, note) { on.exit(note('on.exit')); tryCatch(fail(), finally = note('R finally')) }"
    )
    with pytest.raises(ValueError, match="deep"):
        f(fail, seen.append)
    assert seen == ["finally", "R finally", "on.exit"]


def test_the_very_exception_comes_back_through_r(r):
    error = LookupError("me")

    def fail():
        raise error

    with pytest.raises(LookupError) as caught:
        r("function(f) f()")(fail)
    assert caught.value is error


def test_an_r_error_through_python_is_the_same_condition_in_r(r):
    """R -> Python -> R: tryCatch at the outside sees class and fields of the inside."""
    raise_it = r(
        "function() stop(structure(class = c('mine', 'error', 'condition'), list(message = 'm', call = NULL, data = 7)))"
    )
    seen = []

    def between():
        try:
            raise_it()
        finally:
            seen.append("finally")

    outer = r(
        "function(f) tryCatch(f(), mine = function(e) c(conditionMessage(e), e$data, class(e)[1]))"
    )
    assert outer(between) == ["m", "7", "mine"]
    assert seen == ["finally"]


def test_four_levels_deep_and_back(r):
    call = r("function(f) f()")
    fail = r("function() stop('at the bottom')")
    before = sys.getrefcount(fail)
    with pytest.raises(RError, match="at the bottom") as caught:
        call(lambda: call(lambda: call(lambda: fail())))
    assert "simpleError" in caught.value.classes
    del caught
    gc.collect()
    assert sys.getrefcount(fail) == before


def test_a_python_error_that_cannot_be_described(r):
    class Odd(Exception):
        def __str__(self):
            raise RuntimeError("no")

    def fail():
        raise Odd

    message = r("function(f) tryCatch(f(), error = conditionMessage)")(fail)
    assert message == "Odd: its text could not be made (RuntimeError)"


def test_an_exception_with_text_that_r_cannot_hold(r):
    def fail():
        raise ValueError("a\ud800b")

    assert isinstance(r("function(f) tryCatch(f(), error = conditionMessage)")(fail), str)


# ---- nothing in R jumps over Python: it passes as an exception (test_jump.py) ----


@pytest.mark.parametrize(
    "code",
    [
        "function(through) callCC(function(k) through(function() k('jumped')))",
        "function(through) withRestarts(through(function() invokeRestart('out')), out = function() 'jumped')",
        "function(through) tryCatch(through(function() signalCondition(structure(class = c('mine', 'condition'), list()))), mine = function(c) 'jumped')",
        "function(through) tryCatch(through(function() message('hi')), message = function(c) 'jumped')",
    ],
    ids=["callCC", "restart", "condition", "message"],
)
def test_a_jump_of_r_code_lets_python_clean_up(r, code):
    entered, left = [], []

    def through(f):
        entered.append(1)
        try:
            return f()
        finally:
            left.append(1)

    assert r(code)(through) == "jumped"
    assert entered == left == [1]


def test_a_warning_handler_of_r_does_not_reach_over_python(core, r):
    """The core itself may make R warn: here, by an attribute that is too long for its vector."""
    left = []

    def through():
        try:
            core.base_function("as.integer").call("not a number")
        finally:
            left.append(1)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        r("function(f) tryCatch(f(), warning = function(w) 'jumped')")(through)
    assert left == [1]


def test_refcounts_are_right_after_a_thousand_errors(r, collect, many):
    def fail(x):
        raise ValueError(x)

    f, token = r("function(f, x) tryCatch(f(x), error = function(e) NULL)"), object()
    before = sys.getrefcount(token), sys.getrefcount(fail)
    for _ in range(many(1000)):
        assert f(fail, token) is None
    collect()
    assert (sys.getrefcount(token), sys.getrefcount(fail)) == before


# ---- finalizers and warnings ----


def test_a_finalizer_that_calls_r_before_the_core_does_its_work(in_python):
    """R collects, and runs __del__, also between the core's request to R and its beginning."""
    ended = in_python("""
class Thing:
    def __del__(self):
        called.append(core.to_r([1, "a"]).typeof)
        try:
            stop("inner")
        except tb.RError as error:
            called.append(str(error))
called = []
stop = r("function(m) stop(m, call. = FALSE)")
collect_once_after = core.base_function("gctorture2")
for allocations in range(1, 120):
    for run, result in (lambda: core.to_r({"a": 1}).typeof, "list"), (lambda: stop("outer"), "outer"):
        thing = core.handle(Thing())
        del thing
        collect_once_after.call(10**6, allocations)
        try:
            found = run()
        except tb.RError as error:
            found = str(error)
        collect_once_after.call(0)
        assert found.startswith(result), found
core.base_function("gc")()
assert called[::2] == ["list"] * 238, called
assert all(text.startswith("inner") for text in called[1::2]), set(called)
""")
    assert ended.returncode == 0, ended.stderr


def test_an_error_in_an_r_finalizer_ends_there(core, r, capfd):
    r("local({ e <- new.env(); reg.finalizer(e, function(e) stop('in a finalizer')); NULL })")
    core.base_function("gc")()
    assert r("2 * 3").value() == 6


def test_a_python_error_in_an_r_finalizer_ends_there(in_python):
    """In a process of its own: R (4.2 at least) may forget handles made while finalizers run."""
    ended = in_python("""
def fail():
    print("called")
    raise ValueError("in a finalizer")
r("function(f) local({ e <- new.env(); reg.finalizer(e, function(e) f()); NULL })")(fail)
for _ in range(3):
    core.base_function("gc")()
print(r("2 * 3").value())
""")
    assert (ended.returncode, ended.stdout) == (0, "called\n6.0\n"), ended.stderr


def test_an_error_in_del_does_not_disturb_r(core, monkeypatch):
    class Odd:
        def __del__(self):
            raise RuntimeError("in __del__")

    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda info: seen.append(str(info.exc_value)))
    core.handle(Odd())
    core.base_function("gc")()
    core.base_function("gc")()
    assert seen == ["in __del__"]


def test_an_r_warning_is_a_python_warning(r):
    with pytest.warns(RWarning, match="careful"):
        assert r("function() { warning('careful'); 5 }")() == 5


def test_an_r_warning_that_python_makes_an_error(r):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RWarning, match="careful"):
            r("function() { warning('careful'); 5 }")()


def test_errors_where_r_hosts(in_r):
    ended = in_r(
        """
cat(tryCatch(calls$fail(), KeyError = conditionMessage), "\\n")
inner <- function() stop(structure(class = c("mine", "error", "condition"), list(message = "m", call = NULL)))
cat(tryCatch(calls$through(inner), mine = conditionMessage), "\\n")
cat(tryCatch(calls$through(function() calls$through(inner)), mine = conditionMessage), "\\n")
cat(callCC(function(k) tryCatch(calls$through(function() k("jumped")), error = function(e) "stopped")), "\\n")
cat(calls$count(), "\\n")
options(error = quote(cat("reached the top level\\n")))
cat(tryCatch(to_r(as_torch_tensor(1:3)$to_sparse()), error = function(e) "no sparse vectors"), "\\n")
""",
        """
seen = []
def fail(): raise KeyError('gone')
def through(f):
    try: return f()
    finally: seen.append(1)
def count(): return len(seen)
""",
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split(" \n") == [
        "KeyError: 'gone'",
        "m",
        "m",
        "jumped",
        "4",
        "no sparse vectors",
        "",
    ]
