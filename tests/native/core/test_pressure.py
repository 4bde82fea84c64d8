"""pressure.c: R collects for memory that it does not see, before there is much of it.

Each loop's step makes one object and drops the one before. Without a collection it holds what all
its rounds made: several times the bound.
"""

from __future__ import annotations

import os
import weakref

import pytest
import torch

#: AddressSanitizer keeps what was freed, to see who still reads it.
keeps_freed = pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""), reason="a sanitizer")

STEP = 40  # MB
#: The allowance, a quarter of the process, two steps. All rounds make 800.
BOUND = 500

#: How many MB a loop holds at most beyond what was held before it: of the process, and as counted.
GROWTH = """
from torchbridge.process import host

def status(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name)) / 1000

def growth(step):
    for _ in range(2):
        kept = step()
    before = status("VmRSS")
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak is counted from now on
    for _ in range(20):
        kept = step()
    return status("VmHWM") - before

def counted():
    return host.native().live()["foreign_bytes"] / 1e6

def counted_growth(step):
    before, most = counted(), 0
    for _ in range(20):
        kept = step()
        most = max(most, counted())
    return most - before
"""


@keeps_freed
def test_python_loops_over_what_nobody_counts_hold_little(in_python):
    ended = in_python(f"""
import numpy, pandas
{GROWTH}
n = {STEP} * 125_000
for step in (
    lambda: tb.handle(numpy.ones(n)),
    lambda: tb.handle({{"a": torch.ones(n, dtype=torch.float64)}}),
    lambda: tb.handle(pandas.DataFrame({{"a": numpy.ones(n)}})),
):
    print(growth(step))
""")
    assert ended.returncode == 0, ended.stderr
    assert all(float(line) < BOUND for line in ended.stdout.split()), ended.stdout


@keeps_freed
def test_r_loops_over_what_nobody_counts_hold_little(in_r):
    ended = in_r(
        f"""
frame <- data.frame(a = numeric({STEP} * 62500), b = 1)
cat(calls$growth(function() as_py_frame(frame, "pandas")), "\\n")
cat(calls$growth(function() nn_linear({STEP} * 250, 1000)), "\\n")
""",
        python=GROWTH,
    )
    assert ended.returncode == 0, ended.stderr
    assert all(float(line) < BOUND for line in ended.stdout.split()), ended.stdout


def test_python_loops_over_tensors_hold_little(in_python):
    ended = in_python(f"""
import numpy
{GROWTH}
n = {STEP} * 125_000
for step in (
    lambda: tb.handle(torch.empty(n, dtype=torch.float64)),
    lambda: tb.to_r(torch.empty(n, dtype=torch.float64), share=True),
    lambda: tb.to_r(numpy.empty(n), share=True),
):
    print(counted_growth(step))
""")
    assert ended.returncode == 0, ended.stderr
    assert all(float(line) <= 240 + 2 * STEP for line in ended.stdout.split()), ended.stdout


def test_r_loops_over_tensors_hold_little(in_r):
    ended = in_r(
        f"""
n <- {STEP} * 125000
empty <- function() torch_empty(n, dtype = torch_float64())
cat(calls$counted_growth(empty), "\\n")
cat(calls$counted_growth(function() empty()$t()), "\\n")
cat(calls$counted_growth(function() to_r(empty(), share = TRUE)), "\\n")
""",
        python=GROWTH,
    )
    assert ended.returncode == 0, ended.stderr
    # Each of the last two steps makes two: the tensor, and what shows its memory.
    assert all(float(line) <= 240 + 4 * STEP for line in ended.stdout.split()), ended.stdout


def test_what_r_shares_is_counted(core, many):
    """R sees 56 bytes a vector: without our count it would not collect for millions of them."""
    peak = 0
    for _ in range(many(200)):
        core.foreign_vector(torch.empty(2 << 20, dtype=torch.float64).__dlpack__())
        peak = max(peak, core.live()["foreign_bytes"])
    assert peak <= 240e6 + 2 * (16 << 20)


def test_the_mark_comes_down_again(in_python):
    ended = in_python("""
def share(mb):
    return core.foreign_vector(torch.empty(mb << 20, dtype=torch.uint8).__dlpack__())
kept = [share(512) for _ in range(8)]   # 4 GiB: the mark goes to 8 GiB
del kept
core.base_function("gc")()
peak = 0
for _ in range(60):
    share(64)
    peak = max(peak, core.live()["foreign_bytes"])
assert peak <= 240e6 + 2 * (64 << 20), peak
""")
    assert ended.returncode == 0, ended.stderr


def test_a_collection_neither_takes_nor_lets_through_a_ctrl_c_that_waits(in_r):
    ended = in_r("""
done <- came <- FALSE
tryCatch({
  suspendInterrupts({
    tools::pskill(Sys.getpid(), tools::SIGINT)
    for (i in 1:20) x <- torch_empty(5e6, dtype = torch_float64())
    done <- TRUE
  })
  for (i in 1:1e5) i
}, interrupt = function(condition) came <<- TRUE)
stopifnot(done, came)
""")
    assert ended.returncode == 0, ended.stderr


def test_collecting_under_pressure_survives_finalizers_that_come_back_in(core, collect):
    calls: list[int] = []

    def called():
        calls.append(core.live()["py_handles"])
        core.base_function("gc")()

    for _ in range(5):
        tensor = torch.empty(600 << 20, dtype=torch.uint8)
        weakref.finalize(tensor, called)
        core.handle(tensor)
        del tensor
    collect()
    assert len(calls) == 5
