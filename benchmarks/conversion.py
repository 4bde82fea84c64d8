"""Conversion between R and PyTorch with Python as the host: ours, the limit, rpy2.

Run by `make bench`, or alone: `.venv/bin/python benchmarks/conversion.py`.

Every line is measured in one process, contestants taking turns, and gives medians; the ratio
is the median of the ratios of each turn, so that a drift of the machine's speed cancels.
Nothing is collected in between, as in a user's loop.
The limit is what torch itself needs for the same copy (and change of dtype and layout).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import rpy2.robjects as ro
import torch
from rpy2.robjects import numpy2ri
from timing import once

import torchbridge as tb

ROUNDS = 11


def main() -> None:
    """Print one line a case."""
    tb.start()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {ROUNDS} rounds\n")
    print(f"{'case':<52}{'ours ms':>9}{'other ms':>10}{'ours/other':>12}  target")
    against_limit()
    sharing()
    against_numpy2ri()


def against_limit() -> None:
    vector = ro.r("as.double(seq_len(1e7))")
    matrix = ro.r("matrix(as.double(seq_len(1e7)), 1e6)")
    flat = torch.arange(1e7, dtype=torch.float64)
    column_major = torch.arange(1e7, dtype=torch.float64).reshape(10, 10**6).t()
    rows64 = torch.arange(1e7, dtype=torch.float64).reshape(10**6, 10)
    rows32 = rows64.float()
    columns = tb.to_torch(matrix, share=True)

    compare("R double 1e7 -> float64", lambda: tb.to_torch(vector), flat.clone, "1.3 (clone)")
    compare("float64 1e7 -> R", lambda: tb.to_r(flat), flat.clone, "1.3 (clone)")
    compare(
        "float64 column-major 1e6 x 10 -> R",
        lambda: tb.to_r(column_major),
        column_major.clone,
        "1.3 (clone)",
    )
    compare(
        "float64 row-major 1e6 x 10 -> R",
        lambda: tb.to_r(rows64),
        lambda: relayout(rows64, torch.float64),
        "1.5 (same change)",
    )
    compare(
        "float32 row-major 1e6 x 10 -> R",
        lambda: tb.to_r(rows32),
        lambda: relayout(rows32, torch.float64),
        "1.5 (same change)",
    )
    compare(
        "R double 1e7 -> float32",
        lambda: tb.to_torch(vector, dtype=torch.float32),
        lambda: flat.to(torch.float32),
        "1.5 (same change)",
    )
    compare(
        "R double matrix 1e6 x 10 -> float32 (row-major)",
        lambda: tb.to_torch(matrix, dtype=torch.float32),
        lambda: torch.empty(columns.shape, dtype=torch.float32).copy_(columns),
        "1.5 (same change)",
    )


def relayout(x: Any, dtype: Any) -> Any:
    """Torch's own copy of x into R's layout."""
    return torch.empty(x.shape[::-1], dtype=dtype).t().copy_(x)


def sharing() -> None:
    for size in (1_000, 10_000_000):
        vector = ro.r(f"as.double(seq_len({size}))")
        tensor = torch.arange(float(size), dtype=torch.float64)
        for name, run in (
            (f"share R double {size:,} -> tensor", lambda v=vector: tb.to_torch(v, share=True)),
            (f"share tensor {size:,} -> R", lambda t=tensor: tb.to_r(t, share=True)),
        ):
            print(f"{name:<52}{1000 * median(run, 301):>9.4f}{'':>22}  0.1 ms")


def against_numpy2ri() -> None:
    converter = ro.default_converter + numpy2ri.converter
    for name, array, tensor in (
        ("float32 1e6 x 10 -> R, beside rpy2 numpy2ri", np.ones((10**6, 10), np.float32), None),
        ("bool 1e6 -> R, beside rpy2 numpy2ri", np.ones(10**6, bool), None),
    ):
        tensor = torch.from_numpy(array)
        compare(
            name,
            lambda t=tensor: tb.to_r(t),
            lambda a=array: converter.py2rpy(a),
            "0.05 (20 times faster)",
            rounds=5,
        )


def compare(name: str, ours: Callable, other: Callable, target: str, rounds: int = ROUNDS) -> None:
    """Take turns, and print both medians and the median ratio."""
    times: list[tuple[float, float]] = []
    for _ in range(rounds + 1):
        times.append((once(ours), once(other)))
    times = times[1:]
    mine, theirs = (1000 * statistics.median(column) for column in zip(*times, strict=True))
    ratio = statistics.median(a / b for a, b in times)
    print(f"{name:<52}{mine:>9.2f}{theirs:>10.2f}{ratio:>12.3f}  {target}")


def median(run: Callable, rounds: int) -> float:
    """Median seconds of a run that allocates next to nothing, so nothing is collected between."""
    times = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        kept = run()
        times.append(time.perf_counter() - start)
        del kept
    return statistics.median(times[1:])


if __name__ == "__main__":
    main()
