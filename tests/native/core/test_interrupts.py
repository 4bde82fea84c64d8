"""core/interrupts.c: Ctrl-C, in whichever language it comes."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

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
    r("function(busy, x) busy(x)")(sum, core.handle(range(100_000_000)))
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


def storm(command: list[str], environment: dict[str, str], seed: int, over: Path):
    """Send a process that says READY 500 signals, at random moments; the file `over` ends its work."""
    process = subprocess.Popen(
        [*command, str(over)], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    hang = threading.Timer(400, process.kill)
    hang.start()
    assert process.stdout.readline() == "READY\n"
    moments = random.Random(seed)
    for _ in range(500):
        time.sleep(moments.uniform(0.004, 0.02))
        process.send_signal(signal.SIGINT)
    over.touch()
    out = process.stdout.read()
    status = process.wait()
    hang.cancel()
    return status, out


STORM_PYTHON = """
import os, signal, sys
import torch
import torchbridge as tb
from torchbridge.models import fit, mlp
from torchbridge.process import host, interrupts
core = host.native()
evaluate, parse, world = map(core.base_function, ("eval", "parse", "globalenv"))
def r(code):
    return evaluate.call(parse.call(text=code), world.call())
x, y = torch.randn(64, 2), torch.randn(64, 1)
def training():
    fit(mlp(2, [4], 1, seed=1), x, y, epochs=3, batch_size=16, validation=(x, y), seed=1)
through_r = r("function(f) { f(); for (i in 1:2000) identity(i) }")
works = [training, lambda: through_r(training)]
def state():
    return (torch.is_grad_enabled(), torch.get_num_threads(), torch.get_default_dtype(),
            torch.is_anomaly_enabled(), torch.get_rng_state().tolist()[:64], sys.stdout is out)
out, counts = sys.stdout, {"done": 0, "interrupted": 0}
for work in works:
    work()
before = state()
armed = False
def disarm():
    global armed
    armed = False
signal.signal(signal.SIGINT, interrupts.new_handler(lambda: armed, disarm))
print("READY", flush=True)
last = False
while not last:
    last = os.path.exists(sys.argv[1])  # a round without signals
    for work in works:
        try:
            try:
                armed = True
                work()
                how = "done"
            except KeyboardInterrupt:  # from R it leaves the handler armed,
                how = "interrupted"
            armed = False
        except KeyboardInterrupt:  # which may raise one more before it is not
            how = "interrupted"
        counts[how] += 1
        assert state() == before, (work, how, state())
print(counts["interrupted"] > 0, counts["done"] > 0)
"""

STORM_R = """
library(torchbridge)
torch <- py_import("torch")
x <- torch_ones(3, requires_grad = TRUE)
net <- nn_linear(3, 1)
optimizer <- optim_adam(net$parameters)
data <- data.frame(y = sin(1:60), a = cos(1:60))
state <- function() {
  list(
    torch$is_grad_enabled(), torch$is_inference_mode_enabled(), torch$get_num_threads(),
    torch$get_default_dtype()$`__repr__`(), torch$get_default_device()$`__repr__`(),
    torch$is_anomaly_enabled(), torch$is_autocast_enabled("cpu"), sink.number(), options()$digits,
    torch$get_rng_state()$sum()$item()
  )
}
inside <- function() {
  local_no_grad()
  local_device("meta")
  torch_ones(3)
}
works <- list(
  function() for (i in 1:20) {
    optimizer$zero_grad()
    net(x)$sum()$backward()
    optimizer$step()
  },
  function() torch_fit(y ~ a, data, mlp(4), epochs = 2, verbose = FALSE, seed = 1),
  function() for (i in 1:100) with_no_grad(x + 1),
  function() for (i in 1:20) inside(),
  function() for (i in 1:20) with_torch_manual_seed(torch_rand(1), seed = 1),
  function() for (i in 1:20) with_autocast(x + 1, device_type = "cpu"),
  function() for (i in 1:20) with_detect_anomaly(x$sum()$backward()),
  function() for (i in 1:50) try(torch$ones("a"), silent = TRUE)
)
suspendInterrupts({
  for (work in works) work()
  before <- state()
  counts <- c(done = 0, interrupted = 0)
  cat("READY\\n")
  last <- FALSE
  while (!last) {
    last <- file.exists(commandArgs(TRUE)) # a round without signals
    for (work in works) {
      how <- tryCatch({ allowInterrupts(work()); "done" }, interrupt = function(e) "interrupted")
      counts[how] <- counts[how] + 1
      if (!identical(state(), before)) { print(work); str(state()); q(status = 3) }
    }
  }
  cat(counts[["interrupted"]] > 0, counts[["done"]] > 0, "\\n")
})
"""


@pytest.mark.parametrize("seed", [1])
def test_a_storm_of_ctrl_c_changes_nothing_where_python_hosts(seed, environment, tmp_path):
    status, out = storm([sys.executable, "-c", STORM_PYTHON], environment, seed, tmp_path / "over")
    assert (status, out) == (0, "True True\n")


@pytest.mark.parametrize("seed", [2])
def test_a_storm_of_ctrl_c_changes_nothing_where_r_hosts(seed, environment, tmp_path):
    status, out = storm(["Rscript", "-e", STORM_R], environment, seed, tmp_path / "over")
    assert (status, out) == (0, "TRUE TRUE \n")


LIMITED = """
library(torchbridge)
torch <- py_import("torch")
data <- data.frame(y = sin(1:500), a = cos(1:500))
limited <- function(code, ...) {
  message <- tryCatch(
    { setTimeLimit(..., transient = TRUE); code }, error = function(e) conditionMessage(e)
  )
  setTimeLimit()
  cat(message, torch$is_grad_enabled(), torch$get_num_threads() == threads, "\\n")
}
threads <- torch$get_num_threads()
endless <- function(...) torch_fit(y ~ a, data, mlp(4), epochs = 1e6, verbose = FALSE, ...)
# R's packages that a fit loads say, where a time limit ends that, that they could not be loaded.
invisible(torch_fit(y ~ a, data, mlp(4), epochs = 1, verbose = FALSE))
limited(endless(), elapsed = 0.7)
limited(endless(batch_size = 500), elapsed = 0.7)
limited(while (TRUE) with_no_grad(torch_ones(3) + 1), elapsed = 0.7)
cat(torch_fit(y ~ a, data, mlp(4), epochs = 2, verbose = FALSE)$status)
"""


def test_time_limits_of_r_end_a_fit(in_r):
    ended = in_r(LIMITED)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == (
        "reached elapsed time limit TRUE TRUE \n"
        "reached elapsed time limit TRUE TRUE \n"
        "reached elapsed time limit TRUE TRUE \n"
        "completed"
    )


POLL = """
import ctypes, time
R = ctypes.PyDLL(None)
R.R_ToplevelExec.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
def poll():
    # As reticulate does, five times or twice a second. R looks at the time at every few.
    for _ in range(20):
        R.R_ToplevelExec(ctypes.cast(R.R_ProcessEvents, ctypes.c_void_p), None)
"""


POLLING = f"""{POLL}
from torchbridge.process.interrupts import let_r_look
def work(f=None):
    time.sleep(0.11)  # from the last look of another call
    let_r_look()
    if f:
        f()
    time.sleep(0.2)
    poll()
    return "lost"
"""


IMPORTING = f"""{POLL}
import importlib, os, sys, tempfile
def importing(seconds):
    # reticulate runs R code after each first import.
    folder, end, i = tempfile.mkdtemp(), time.time() + seconds, 0
    sys.path.insert(0, folder)
    try:
        while time.time() < end or i < 10:
            i += 1
            name = "m" + str(i)
            open(os.path.join(folder, name + ".py"), "w").close()
            importlib.invalidate_caches()
            importlib.import_module(name)
    finally:
        sys.path.remove(folder)
    poll()
    return "imported"
def busy(seconds):
    end = time.time() + seconds
    while time.time() < end: time.sleep(0.01)
    poll()
"""


def test_time_limits_and_ctrl_c_wait_for_the_r_code_of_an_import(in_r):
    ended = in_r(
        f"""
limited <- function(code) tryCatch({{ setTimeLimit(elapsed = 0.4, transient = TRUE); code }},
                                   error = function(e) cat(conditionMessage(e), ""))
limited(calls$importing(1))
limited(calls$busy(0.6)) # it never looks
cat(calls$importing(0.1), "")
{LATER}
cat(tryCatch(calls$importing(3), interrupt = function(e) "interrupted"))
""",
        IMPORTING,
        fresh=True,  # a fork has none of reticulate's threads
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == (
        "reached elapsed time limit reached elapsed time limit imported interrupted"
    )


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_time_limit_that_reticulate_would_lose(in_r, language):
    ended = in_r(
        f"""
Sys.setenv(LANGUAGE = "{language}")
words <- gettext("reached elapsed time limit", domain = "R")
mine <- quote(cat("mine"))
options(error = mine)
limited <- function(f = NULL) tryCatch(
  {{ setTimeLimit(elapsed = 0.25, transient = TRUE); calls$work(f) }},
  error = function(e) cat(identical(conditionMessage(e), words), "")
)
# R's compiler, which compiles what is called again, drops a limit that passes meanwhile.
for (i in 1:3) calls$work(function() calls$work)
limited()
limited(function() calls$work)  # a call within the call
cat(identical(getOption("error"), mine), calls$work(), identical(getOption("error"), mine))
""",
        POLLING,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "TRUE TRUE TRUE lost TRUE"


@pytest.mark.parametrize(
    "code",
    [
        "f <- function() f(); f()",
        "f <- function(...) lapply(1, f); f()",
        "f <- function(x) Recall(x); f(1)",
        "f <- function(...) sapply(1, function(i) Reduce(function(a, b) f(), 1:3)); f()",
        "f <- function(x) vapply(x, f, 1); f(1)",
        "f <- function(x) tryCatch(f(x), warning = identity); f(1)",
        "f <- function(...) do.call(f, list(...)); f()",
        "x <- list(); for (i in 1:1e5) x <- list(x); serialize(x, NULL)",
        "setGeneric('ff', function(x) standardGeneric('ff'));"
        "setMethod('ff', 'numeric', function(x) ff(x)); ff(1)",
        "A <- setRefClass('A', methods = list(f = function() .self$f())); A$new()$f()",
        "eval(parse(text = paste0(strrep('(', 20000), '1', strrep(')', 20000))))",
        "options(expressions = 5e5); f <- function(...) lapply(1, f); f()",
    ],
)
def test_endless_recursion_of_r_is_an_error(in_python, code):
    ended = in_python(
        f"""
try:
    r({code!r})
except tb.RError as error:
    print("too close" in error.message or "infinite" in error.message or "overflow" in error.message)
print(r("1 + 1").value())
"""
    )
    assert (ended.returncode, ended.stdout) == (0, "True\n2.0\n"), ended.stderr
