"""core/interrupts.c: Ctrl-C, in whichever language it comes."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "code",
    ["repeat {}", "Sys.sleep(60)", "repeat identity(1)", "for (i in 1:1e9) sum(as.numeric(1:1e4))"],
)
def test_ctrl_c_stops_r_code_that_python_called(in_python, code):
    ended = in_python(
        f"""
f = r("function() {{ on.exit(cat('on.exit ')); {code} }}")
interrupt(0.5)
try:
    f()
except KeyboardInterrupt:
    print("interrupted")
time.sleep(0.1)
print(r("1 + 1").value())
""",
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "on.exit interrupted\n2.0\n"


def test_ctrl_c_stops_python_that_r_that_python_called_called(in_python):
    ended = in_python(
        """
def forever():
    try:
        while True: time.sleep(0.01)
    finally:
        print("finally")
interrupt(0.5)
try:
    r("function(f) tryCatch(f(), error = function(e) 'no error')")(forever)
except KeyboardInterrupt:
    print("interrupted")
for _ in range(100000): pass
print(r("1 + 1").value())
""",
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "finally\ninterrupted\n2.0\n"


def test_a_ctrl_c_that_python_caught_is_not_told_to_r(in_python):
    ended = in_python(
        """
def patient():
    try:
        time.sleep(30)
    except KeyboardInterrupt:
        return "caught"
interrupt(0.5)
print(r("function(f) { x <- f(); for (i in 1:1e5) identity(i); x }")(patient))
""",
        timeout=300,
    )
    assert (ended.returncode, ended.stdout) == (0, "caught\n"), ended.stderr


def test_a_ctrl_c_during_a_c_function_is_told_once(in_python):
    """A function in C does not look at signals: Python hears of it right after the call."""
    ended = in_python(
        """
interrupt(0.3)
try:
    r("function(busy, x) busy(x)")(sum, core.handle(range(30_000_000)))
except KeyboardInterrupt:
    print("interrupted")
for _ in range(100000): pass
print(r("1 + 1").value())
""",
        timeout=300,
    )
    assert (ended.returncode, ended.stdout) == (0, "interrupted\n2.0\n"), ended.stderr


def test_ctrl_c_between_calls_is_pythons_own(in_python):
    ended = in_python(
        """
def forever():
    while True: core.to_r(1.0); core.RObject.new_vector("double", (3,)).any_na()
interrupt(0.5)
try:
    forever()
except KeyboardInterrupt:
    print("interrupted")
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, r("1 + 1").value())
""",
        timeout=300,
    )
    assert (ended.returncode, ended.stdout) == (0, "interrupted\nTrue 2.0\n"), ended.stderr


def test_a_process_that_ignores_ctrl_c_goes_on_ignoring_it(in_python):
    """As a job in the background of a shell does."""
    ended = in_python(
        """
signal.signal(signal.SIGINT, signal.SIG_IGN)
interrupt(0.3)
print(r("function() { end <- Sys.time() + 1; while (Sys.time() < end) identity(1); 'done' }")())
print(r("function(f) { f(0.5); 'done' }")(lambda s: (interrupt(0.2), time.sleep(s))[0] or "done"))
""",
        timeout=300,
    )
    assert (ended.returncode, ended.stdout) == (0, "done\ndone\n"), ended.stderr


CALLS = """
import time
def forever():
    try:
        while True: time.sleep(0.01)
    finally:
        print("finally", flush=True)
def patient():
    try:
        time.sleep(30)
    except KeyboardInterrupt:
        return "caught"
def back(f):
    try:
        return f()
    finally:
        print("finally", flush=True)
"""
LATER = """
system(paste0("(sleep 1; kill -INT ", Sys.getpid(), ") >/dev/null 2>&1 &"))
"""


@pytest.mark.parametrize(
    ("code", "output"),
    [
        (
            "cat(tryCatch(calls$forever(), interrupt = function(e) 'interrupted'))",
            "finally\ninterrupted",
        ),
        ("cat(tryCatch({ repeat {} }, interrupt = function(e) 'interrupted'))", "interrupted"),
        (
            "cat(tryCatch(calls$back(function() repeat {}), interrupt = function(e) 'interrupted'))",
            "finally\ninterrupted",
        ),
        (
            "cat(tryCatch({ x <- calls$patient(); for (i in 1:1e5) identity(i); x }, interrupt = function(e) 'told twice'))",
            "caught",
        ),
    ],
    ids=["Python", "R", "R under Python", "caught by Python"],
)
def test_ctrl_c_where_r_hosts(in_r, code, output):
    ended = in_r(f"{LATER}{code}; x <- torch$ones(3L); cat('', x$sum()$item())", CALLS, timeout=300)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == f"{output} 3"
