"""core/jump.c: conditions, restarts and jumps of R code that Python calls."""

from __future__ import annotations

import pytest

CALLS = """
log = []
def call(f, *x):
    return f(*x)
def cleaning(f):
    try:
        return f()
    finally:
        log.append("finally")
def failing(f):
    try:
        f()
    finally:
        raise ValueError("mine")
def catching(f):
    global kept
    try:
        return f()
    except BaseException as error:
        kept = error
        return type(error).__name__
def again():
    raise kept
"""

#: R code, where `calls` is the module above -> what it prints.
CROSSING = {
    "a warning muffled": (
        "cat(withCallingHandlers(calls$call(function() { warning('w'); 1 }),"
        " warning = function(w) { cat('seen '); invokeRestart('muffleWarning') }))",
        "seen 1",
    ),
    "a warning caught": (
        "cat(tryCatch(calls$call(function() warning('w')), warning = conditionMessage))",
        "w",
    ),
    "messages": (
        "cat(suppressMessages(calls$call(function() { message('no'); 2 })),"
        "tryCatch(calls$call(function() message('m')), message = conditionMessage))",
        "2 m\n",
    ),
    "a signal of one's own": (
        """
own <- structure(class = c("own", "condition"), list(message = "o", call = NULL))
f <- function() withRestarts({ signalCondition(own); "unheard" }, use = function(x) x)
cat(calls$call(f), tryCatch(calls$call(f), own = conditionMessage),
    withCallingHandlers(calls$call(f), own = function(c) invokeRestart("use", "used")))
""",
        "unheard o used",
    ),
    "a restart further out": (
        "cat(withRestarts(calls$call(function() invokeRestart('out', 3)), out = function(x) x + 1))",
        "4",
    ),
    "callCC through many calls": (
        """
nested <- function(n, leave) if (n) calls$call(function() nested(n - 1, leave)) else leave("out")
for (n in c(1, 3, 40)) cat(callCC(function(leave) nested(n, leave)), "")
""",
        "out out out ",
    ),
    "on.exit and finally": (
        """
f <- function(leave) { on.exit(cat("on.exit ")); calls$cleaning(function() leave(1)) }
cat(callCC(function(leave) { calls$call(function() f(leave)); 2 }), unlist(calls$log))
""",
        "on.exit 1 finally",
    ),
    "another exception on the way": (
        "cat(tryCatch(callCC(function(leave) calls$failing(function() leave(1))),"
        " error = conditionMessage))",
        "mine",
    ),
    "caught by Python, and raised after its time": (
        """
cat(callCC(function(leave) calls$catching(function() leave(1))), "")
cat(tryCatch(calls$again(), error = conditionMessage), "")
cat(tryCatch(calls$call(function() calls$again()), error = conditionMessage))
""",
        "RJump RJump: R jumps to R code further out RJump: R jumps to R code further out",
    ),
    "an error is Python's first, and a handler's once": (
        """
n <- 0
count <- function(e) n <<- n + 1
try(withCallingHandlers(calls$call(function() stop("e")), error = count), silent = TRUE)
cat(n, calls$catching(function() stop("e")),
    class(tryCatch(calls$call(function() stop("e")), error = identity))[1])
""",
        "1 RError simpleError",
    ),
    "a handler that fails": (
        "cat(tryCatch(withCallingHandlers(calls$call(function() warning('w')),"
        " warning = function(w) stop('from the handler')), error = conditionMessage))",
        "from the handler",
    ),
    "options(warn = 2)": (
        "options(warn = 2); cat(calls$catching(function() warning('w')))",
        "RError",
    ),
    "derivatives": (
        "f <- function(p) { message('m'); warning('w'); sum(p^2) };"
        "cat(suppressMessages(suppressWarnings(grad(f, 3))),"
        "tryCatch(hessian(f, 3), warning = conditionMessage),"
        "callCC(function(leave) jacobian(function(p) leave(-1), 3)), torch_is_grad_enabled())".replace(
            "torch_is_grad_enabled()", "torch$is_grad_enabled()"
        ),
        "6 w -1 TRUE",
    ),
    "hooks of a backward pass": (
        """
x <- torch_tensor(1, requires_grad = TRUE)
invisible(x$register_hook(function(g) { warning("hook"); g }))
cat(tryCatch((x * 2)$backward(), warning = conditionMessage), torch$is_grad_enabled(), "")
suppressWarnings((x * 2)$backward())
cat(as.numeric(x$grad))
""",
        "hook TRUE 2",
    ),
}


@pytest.mark.parametrize(("code", "output"), CROSSING.values(), ids=CROSSING)
def test_what_r_code_signals_reaches_r_code_further_out(in_r, code, output):
    ended = in_r(code, CALLS)
    assert (ended.returncode, ended.stdout) == (0, output), ended.stderr


def test_r_code_between_has_its_turn_where_python_hosts(in_python):
    ended = in_python(
        """
import warnings
warn = r("function() { warning('w'); 1 }")
quiet = r("function(f) suppressWarnings(f())")
caught = r("function(f) tryCatch(f(), warning = conditionMessage)")
out = r("function(f) callCC(function(leave) f(leave))")
def through(leave):
    try:
        leave(5.0)
    finally:
        print("finally", end=" ")
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    print(quiet(lambda: warn()), caught(lambda: warn()), out(through), len(told))
    print(r("function(f) f()")(lambda: warn()), [(w.category.__name__, str(w.message)) for w in told])
"""
    )
    assert (ended.returncode, ended.stdout) == (
        0,
        "finally 1.0 w 5.0 0\n1.0 [('RWarning', 'w')]\n",
    ), ended.stderr


def test_jumps_leave_nothing_behind_wherever_r_collects(in_r):
    ended = in_r(
        """
live <- function() unlist(py_import("torchbridge._native")$live())
jump <- function() {
  callCC(function(leave) calls$cleaning(function() calls$call(function() leave(1))))
  callCC(function(leave) calls$catching(function() leave(1)))
  suppressWarnings(calls$call(function() warning("w")))
  NULL
}
invisible({ jump(); gc() })
before <- live()
invisible(gctorture2(200))
for (i in 1:5) jump()
invisible(gctorture(FALSE))
invisible(gc())
cat(live() - before)
""",
        CALLS,
    )
    assert (ended.returncode, ended.stdout) == (0, "0 0 0 0"), ended.stderr
