"""process/output.py: what Python prints goes where R prints, what R says where Python says it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

CODE = r"""
library(torchbridge)
builtins <- py_import("builtins")
sys <- py_import("sys")
out <- capture.output(cat("a\n"), invisible(builtins$print("b", "\u00e9")), cat("c\n"))
messages <- capture.output(invisible(sys$stderr$write("no\n")), type = "message")
file <- tempfile()
sink(file)
invisible(builtins$print("sunk", end = ""))
invisible(sys$stdout$writelines(list("x", "y")))
sink()
cat(out, messages, readLines(file, warn = FALSE), sys$stdout$fileno(), sep = "|")
cat("\n")
# What a logger writes is captured by reticulate, too.
logging <- py_import("logging")
logger <- logging$getLogger("torchbridge_test")
invisible(logger$addHandler(logging$StreamHandler()))
captured <- reticulate::py_capture_output(invisible(logger$warning("told")))
cat(toupper(trimws(captured)), "\n", sep = "") # versions of reticulate end it differently
# Other threads' (here and in reticulate's own calls), bytes, and a lone surrogate.
main <- py_run("
import sys, threading
def told(k):
    says = lambda i: sys.stdout.write(f'thread {i}\\n')
    threads = [threading.Thread(target=says, args=[i]) for i in range(k)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    sys.stdout.buffer.write('\\u00e9\\n'.encode()[:1])
    sys.stdout.buffer.write('\\u00e9\\n'.encode()[1:])
")
cat(sort(capture.output(main$told(3L)), method = "radix"), "\n", sep = "|")
cat(capture.output(reticulate::py_run_string("told(1)")), "\n", sep = "|")
outer <- tempfile()
sink(outer)
main$told(1L)
inner <- tempfile()
sink(inner)
main$told(1L)
sink()
cat("outer\n")
sink()
cat(readLines(outer), readLines(inner), "\n", sep = "|")
invisible(builtins$exec("print(chr(0xdc80))", list(z = 1)))
cat(class(tryCatch(sys$stdout$write(1L), TypeError = identity))[1L])
"""


def test_what_python_prints_is_captured_and_sunk_with_rs():
    environment = {
        "R_LIBS": str(ROOT / ".r-library"),
        "TORCHBRIDGE_PYTHON": sys.executable,
        **os.environ,
        "LC_ALL": "C.UTF-8",
    }
    ended = subprocess.run(
        ["Rscript", "-e", CODE], env=environment, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == [
        "a|b é|c|no|sunkxy|1",
        "TOLD",
        "thread 0|thread 1|thread 2|é|",
        "thread 0|é|",
        "thread 0|é|outer|thread 0|é|",
        "\\udc80",
        "TypeError",
    ]


MESSAGES = """
import logging, sys
import torchbridge as tb

logging.basicConfig(stream=sys.stdout, format="%(message)s")
tb.source(text='message("sourced")')
script = tb.source(text='''
f <- function(g) { message("h\\u00e9"); cat("no\\\\n", file = stderr()); g() }
''')
script.f(lambda: script.f(lambda: 1))
import rpy2.robjects as ro
ro.r('message("of rpy2")')  # is rpy2's to tell
with_theirs = []
from rpy2.rinterface_lib import callbacks
with callbacks.replace_in_module(callbacks, "consolewrite_warnerror", with_theirs.append):
    script.f(lambda: 1)
print(with_theirs)
"""


def test_messages_of_r_are_python_s_stderr_as_r_writes_them(python):
    done = python(MESSAGES, PYTHONIOENCODING="utf-8", LC_ALL="C.UTF-8")
    assert done.stderr.splitlines() == ["sourced", *["hé", "no"] * 2]
    assert "R callback write-console: of rpy2" in done.stdout
    assert done.stdout.splitlines()[-1] == r"['hé\n', 'no\n']"


def test_messages_in_a_process_that_has_replaced_rpy2_s_console(python):
    done = python(
        "from rpy2.rinterface_lib import callbacks\n"
        "heard = []\n"
        "callbacks.consolewrite_warnerror = heard.append\n"
        "import torchbridge as tb\n"
        "tb.source(text='message(1)')\n"
        "print(heard)\n"
    )
    assert (done.stdout, done.stderr) == ("['1\\n']\n", "")
