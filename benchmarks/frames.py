"""Data frames between R and Python: ours beside rpy2's pandas2ri, reticulate and memcpy.

Run by `make bench`, or alone: `R_LIBS=.r-library .venv/bin/python benchmarks/frames.py [rows]`.

The frame has 1e6 rows of eight columns, in the order of COLUMNS. Contestants take turns in one
process, and the ratio is the median of the turns' ratios. rpy2's pandas2ri, which is far slower,
gets one turn and the columns that it can carry both ways. reticulate needs R as the host: both run
in one process of their own, R_SCRIPT, with the libraries OLDER, as reticulate 1.28 (Debian 12)
refuses NumPy 2 and cannot convert frames of pandas 3 back; of Dates it makes lists there. Memory
is that of a fresh process, the highest resident size over what it was before, in multiples of
the result's own bytes.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import rpy2.robjects as ro
from rpy2.robjects import pandas2ri
from timing import once

import torchbridge as tb

ROUNDS = 7
OLDER = ("numpy<2", "pandas<3", "pyarrow<21")
COLUMNS = ("double", "integer", "logical", "factor", "few", "distinct", "Date", "POSIXct")
MAKE = """{{
  set.seed(1); n <- {rows}L
  words <- sprintf("word %d", 1:1000)
  data.frame(
    double = rnorm(n), integer = sample.int(n), logical = runif(n) < 0.5,
    factor = factor(sample(words[1:20], n, TRUE)), few = sample(words, n, TRUE),
    distinct = sprintf("row %d", seq_len(n)),
    Date = as.Date("2000-01-01") + sample.int(9000L, n, TRUE),
    POSIXct = as.POSIXct("2020-01-01", tz = "UTC") + sample.int(1e8L, n, TRUE)
  )
}}"""

R_SCRIPT = r"""
suppressMessages(library(torchbridge))
frame <- {make}
start_python()
seconds <- function(run) {{
  gc()
  start <- proc.time()[["elapsed"]]
  kept <- run()
  proc.time()[["elapsed"]] - start
}}
compare <- function(name, ours, theirs) {{
  turns <- replicate({rounds} + 1L, c(seconds(ours), seconds(theirs)))[, -1L]
  cat(sprintf(
    "%-46s%9.1f%10.1f%12.1f\n", name,
    1000 * median(turns[1L, ]), 1000 * median(turns[2L, ]), median(turns[2L, ] / turns[1L, ])
  ))
}}
first <- try(reticulate::r_to_py(frame[1:2, ]), silent = TRUE)
if (inherits(first, "try-error")) stop(conditionMessage(attr(first, "condition")))
compare(
  "to pandas from R, beside reticulate",
  function() as_py_frame(frame), function() reticulate::r_to_py(frame)
)
frame <- frame[names(frame) != "Date"]
compare(
  "to pandas from R and back, beside reticulate",
  function() as.data.frame(as_py_frame(frame)),
  function() reticulate::py_to_r(reticulate::r_to_py(frame))
)
"""

MEMORY = """
import gc, sys, threading, time
import numpy, pandas, pyarrow, pyarrow.compute, rpy2.robjects as ro
import torchbridge as tb
tb.start()
small = tb.to_frame(ro.r('data.frame(a = 1, b = "x", c = as.Date("2024-01-01"))'))
tb.to_r(small)
x = ro.r('''{make}''')
frame = tb.to_frame(x) if sys.argv[1] == "to R" else None
gc.collect(), ro.r("gc()")
page = 4096
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * page
before, most, ended = resident(), 0, False
def watch():
    global most
    while not ended:
        most = max(most, resident())
        time.sleep(0.0005)
thread = threading.Thread(target=watch)
thread.start()
kept = tb.to_frame(x) if frame is None else tb.to_r(frame)
ended = True
thread.join()
most = max(most, resident())
size = int(kept.memory_usage(deep=True, index=False).sum()) if frame is None else \\
    int(ro.r("function(x) as.numeric(object.size(x))")(kept)[0])
print(f"{{(most - before) / 1e6:.1f}} {{size / 1e6:.1f}} {{(most - before) / size:.2f}}")
"""


def main() -> None:
    """Print one line a case."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10**6
    tb.start()
    make = MAKE.format(rows=rows)
    x = ro.r(make)
    print(f"{rows:,} rows, {ROUNDS} rounds\n")
    print(f"{'case':<46}{'ours ms':>9}{'other ms':>10}{'other/ours':>12}  target")
    against_memcpy(x)  # first: later there is memory that others have freed
    against_pandas2ri(x)
    against_reticulate(make)
    columns(x)
    memory(make)


def against_pandas2ri(x: Any) -> None:
    converter = ro.default_converter + pandas2ri.converter
    carried = [name for name in COLUMNS if name != "Date"]  # it gives Dates back as numbers
    x = ro.r("function(x, columns) x[columns]")(x, ro.StrVector(carried))
    ours = median(lambda: tb.to_r(tb.to_frame(x)))
    with converter.context():
        start = time.perf_counter()
        frame = converter.rpy2py(x)
        middle = time.perf_counter()
        converter.py2rpy(frame)
        end = time.perf_counter()
    both = 1000 * (end - start)
    show("to pandas and back, beside pandas2ri", ours, both, both / ours, "50")
    print(f"  (pandas2ri: {middle - start:.1f} s to pandas, {end - middle:.1f} s back)")


def against_reticulate(make: str) -> None:
    try:
        older = older_libraries()
    except subprocess.CalledProcessError as error:
        print(f"reticulate: pip could not install {', '.join(OLDER)}: {error.stderr[-200:]}")
        return
    script = R_SCRIPT.format(make=make, rounds=ROUNDS)
    environment = {**os.environ, "TORCHBRIDGE_PYTHON": sys.executable, "PYTHONPATH": older}
    done = subprocess.run(
        ["Rscript", "-e", script], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(done.stderr)
    for line in done.stdout.splitlines():
        print(f"{line}  4")


def older_libraries() -> str:
    """The folder with the libraries that reticulate can use, installed at the first call."""
    folder = Path(__file__).parent.parent / "build" / "reticulate"
    if not (folder / "pyarrow").is_dir():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder)]
        # rpy2 puts R's libraries before pip's.
        plain = {name: text for name, text in os.environ.items() if name != "LD_LIBRARY_PATH"}
        subprocess.run([*pip, *OLDER], check=True, capture_output=True, text=True, env=plain)
    return str(folder)


def against_memcpy(x: Any) -> None:
    """Into new memory, as users keep their results: the system has to give and clear it; and into
    memory that may be just freed, where a frame's fixed cost and the look for NA tell."""
    everything: list[Any] = []
    for memory, kept in (("new memory", everything), ("freed memory", None)):
        for name in ("double", "integer"):
            column = ro.r("function(x, name) x[name]")(x, name)
            array = np.asarray(column[0]).copy()
            frame, table = tb.to_frame(column), pa.table(tb.RFrame(column))
            for what, run in (
                ("to pandas", lambda c=column: tb.to_frame(c)),
                ("from pandas", lambda f=frame: tb.to_r(f)),
                ("from pyarrow", lambda t=table: tb.to_r(t)),
            ):
                case = f"{name} {what}, beside copy, {memory}"
                compare(case, run, array.copy, "1/1.5 = 0.67", kept)


def columns(x: Any) -> None:
    print(f"\n{'column':<46}{'to pandas':>9}{'to R':>10}{'arrow to R':>12}  (ms)")
    for name in (*COLUMNS, "all"):
        part = x if name == "all" else ro.r("function(x, name) x[name]")(x, name)
        frame, table = tb.to_frame(part), pa.table(tb.RFrame(part))
        there = median(lambda p=part: tb.to_frame(p))
        back = median(lambda f=frame: tb.to_r(f))
        arrow = median(lambda t=table: tb.to_r(t))
        print(f"  {name:<44}{there:>9.1f}{back:>10.1f}{arrow:>12.1f}")


def memory(make: str) -> None:
    print(f"\n{'peak memory':<46}{'extra MB':>9}{'data MB':>10}{'ratio':>12}  target 1.2")
    for way in ("to pandas", "to R"):
        code = MEMORY.format(make=make)
        done = subprocess.run([sys.executable, "-c", code, way], capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        extra, size, ratio = done.stdout.split()[-3:]
        print(f"{way:<46}{extra:>9}{size:>10}{ratio:>12}")


def compare(name: str, ours: Callable, other: Callable, target: str, kept: list | None) -> None:
    """Take turns, and print both medians and the median ratio; results go into `kept`, if given."""
    keep = (lambda x: None) if kept is None else kept.append
    times = [(once(lambda: keep(ours())), once(lambda: keep(other()))) for _ in range(ROUNDS + 1)][
        1:
    ]
    mine, theirs = (1000 * statistics.median(column) for column in zip(*times, strict=True))
    show(name, mine, theirs, statistics.median(b / a for a, b in times), target)


def show(name: str, ours: float, other: float, ratio: float, target: str) -> None:
    print(f"{name:<46}{ours:>9.1f}{other:>10.1f}{ratio:>12.2f}  {target}")


def median(run: Callable) -> float:
    """Median milliseconds."""
    return 1000 * statistics.median([once(run) for _ in range(ROUNDS + 1)][1:])


if __name__ == "__main__":
    main()
