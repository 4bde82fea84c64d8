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
cat(toupper(reticulate::py_capture_output(invisible(logger$warning("told")))))
# Another thread's, and a lone surrogate: neither fails.
threads <- py_import("threading")
thread <- threads$Thread(target = builtins$print, args = list("thread"))
invisible(thread$start())
invisible(thread$join())
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
        "a|b é|c|no|sunkxy|1", "TOLD", "", "thread", "\\udc80", "TypeError"
    ]  # fmt: skip


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
