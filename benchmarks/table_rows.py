"""Rows of `table.py` with Python as the host; a line each, in columns by tabs."""

from __future__ import annotations

import ctypes
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import rpy2.robjects as ro
import torch
from rpy2.robjects import default_converter, numpy2ri, pandas2ri
from timing import tight_loop

import torchbridge as tb
from torchbridge.models import fit, mlp

Run = Callable[[], Any]


def main() -> None:
    """Print the rows."""
    torch.set_num_threads(1)
    tb.start()
    for part in (small_calls, small_frames, small_fits, large_arrays, large_frames):
        try:
            part()
        except Exception as error:
            print(f"note\t{part.__name__} did not come to its end: {error!r}", flush=True)


def small_calls() -> None:
    script = tb.source(text="f <- function(x) x")
    theirs = ro.r("function(x) x")
    numpy_rules = default_converter + numpy2ri.converter
    array, tensor = np.array([1.0, 2.0, 3.0]), torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)

    def there_and_back() -> Any:
        with numpy_rules.context():
            return theirs(array)

    row("Python calls f(x) of R, a number", lambda: script.f(1.0), lambda: theirs(1.0), "rpy2", 1)
    row("f(x), 3 numbers of NumPy", lambda: script.f(array), there_and_back, "numpy2ri", 1)
    row("tb.to_r(), 3 numbers", lambda: tb.to_r(tensor), there_and_back, "numpy2ri", 1)


def small_frames() -> None:
    rules = default_converter + pandas2ri.converter
    frame = pd.DataFrame({name: np.arange(20.0) for name in "abcde"})
    in_r = tb.to_r(frame)
    theirs = ro.r("data.frame(a = 1:20 + .5, b = 1:20 + .5, c = 1:20 + .5)")

    def into_r() -> Any:
        with rules.context():
            return ro.conversion.get_conversion().py2rpy(frame)

    def out_of_r() -> Any:
        with rules.context():
            return ro.conversion.get_conversion().rpy2py(theirs)

    row("pandas frame of 20 x 5 to R", lambda: tb.to_r(frame), into_r, "pandas2ri", 1)
    row("and from R", lambda: tb.to_frame(in_r), out_of_r, "pandas2ri", 1)
    mixed = ro.r(
        "data.frame(a = 1:20 + .5, b = 1:20, c = 'text', d = factor(1:20 %% 3), e = Sys.Date() + 1)"
    )
    in_pandas = tb.to_frame(mixed)
    columns = {name: column.array for name, column in in_pandas.items()}
    bare = lambda: pd.DataFrame(columns, copy=False)  # noqa: E731
    row("of five types to R", lambda: tb.to_r(in_pandas), into_r, "pandas2ri, numbers", 1)
    row("and from R", lambda: tb.to_frame(mixed), bare, "pd.DataFrame", 5)


def small_fits() -> None:
    """Fits of 1,000 rows beside the loop by hand; both make the network and its optimizer."""
    x, y = torch.randn(1000, 20), torch.randn(1000, 1)

    def by_hand(epochs: int, batch: int) -> None:
        tight_loop(mlp(20, [64, 32], 1, seed=1), x, y, epochs, batch)

    def ours(epochs: int, batch: int) -> None:
        fit(mlp(20, [64, 32], 1, seed=1), x, y, epochs=epochs, batch_size=batch, seed=0)

    for case, epochs, batch, rounds in (
        ("fit() of 1,000 rows, 10 epochs of 32", 10, 32, 11),
        ("ten steps of all rows", 10, 1000, 41),
        ("one step, checks and all", 1, 1000, 101),
    ):
        of_ours, of_theirs = partial(ours, epochs, batch), partial(by_hand, epochs, batch)
        row(case, of_ours, of_theirs, "tight loop", 1.05, rounds)


def large_arrays() -> None:
    flat = torch.arange(1e7, dtype=torch.float64)
    columns = flat.reshape(10, 10**6).t()
    vector, matrix = ro.r("runif(1e7)"), ro.r("matrix(runif(1e7), 1e6)")

    def relayout() -> torch.Tensor:
        return columns.to(torch.float32, memory_format=torch.contiguous_format)

    row("double 1e7 from R", lambda: tb.to_torch(vector), flat.clone, "clone()", 1.3, 7)
    row("float64 1e7 to R", lambda: tb.to_r(flat), flat.clone, "clone()", 1.3, 7)
    row("float64 1e6 x 10 to R", lambda: tb.to_r(columns), columns.clone, "clone()", 1.3, 7)
    to32 = lambda: tb.to_torch(matrix, dtype="float32")  # noqa: E731
    row("double 1e6 x 10 to float32 rows", to32, relayout, "the same change", 1.5, 7)


def large_frames() -> None:
    """Into memory that is new to the process, then into memory that others have freed.

    What the system's allocator gives back, and when, depends on what was freed before: without a
    rule one contestant finds pages that are there, and the other is given new ones.
    """
    kinds = (("double", float), ("integer", np.int32))
    for kind, dtype in kinds:
        frames_of(kind, dtype, 7, ", new memory", [])
    keep_freed_memory()
    for kind, dtype in kinds:
        frames_of(kind, dtype, 21, "", None)


def frames_of(kind: str, dtype: type, rounds: int, memory: str, kept: list[Any] | None) -> None:
    n = 10**6
    data = {name: np.arange(n).astype(dtype) for name in "abcdefgh"}
    frame = pd.DataFrame(data)
    in_r = tb.to_r(frame)

    def copied() -> list[np.ndarray]:
        return [np.array(x, copy=True) for x in data.values()]

    case = f"frame of 1e6 x 8 {kind}"
    row(f"{case} to R{memory}", lambda: tb.to_r(frame), copied, "memcpy", 1.25, rounds, kept=kept)
    out = [] if kept is not None else None
    row("and to pandas", lambda: tb.to_frame(in_r), copied, "memcpy", 1.25, rounds, kept=out)


def keep_freed_memory() -> None:
    """From now on glibc gives nothing back to the system, so that copies find warm memory."""
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    for option, value in ((-3, 2**25), (-1, 2**31 - 1)):  # M_MMAP_THRESHOLD, M_TRIM_THRESHOLD
        set_option(option, value)


def row(
    case: str,
    ours: Run,
    other: Run,
    beside: str,
    bound: float,
    rounds: int = 41,
    kept: list[Any] | None = None,
) -> None:
    """Take turns; what is short repeats within a turn.

    Given `kept`, all results live to the end, and every one takes memory that is new.
    """
    times = []
    repeats = max(1, int(2e-3 / max(timed(ours, 1), timed(other, 1), 1e-7)))
    for _ in range(rounds + 1):
        times.append((timed(ours, repeats, kept), timed(other, repeats, kept)))
    times = times[1:]
    mine, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    ratio = statistics.median(a / b for a, b in times)
    print("row", case, mine, theirs, beside, ratio, bound, sep="\t", flush=True)


def timed(run: Run, repeats: int, kept: list[Any] | None = None) -> float:
    """Seconds of one run; what it gives lives until the next, as in a user's loop, or in `kept`."""
    made = None
    start = time.perf_counter()
    for _ in range(repeats):
        made = run()
    seconds = time.perf_counter() - start
    if kept is not None:
        kept.append(made)
    return seconds / repeats


if __name__ == "__main__":
    main()
