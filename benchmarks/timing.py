"""How the benchmarks take the time of one run; no benchmark itself."""

import gc
import time
from collections.abc import Callable

import rpy2.robjects as ro


def once(run: Callable) -> float:
    """Seconds of one run; what earlier runs left is collected before, not during it."""
    gc.collect()
    ro.r("gc")()
    start = time.perf_counter()
    kept = run()
    seconds = time.perf_counter() - start
    del kept
    return seconds
