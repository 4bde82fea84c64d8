"""How the benchmarks take the time of one run; no benchmark itself."""

import time
from collections.abc import Callable


def once(run: Callable) -> float:
    """Seconds of one run, as of a user's loop: nothing is collected before it."""
    start = time.perf_counter()
    kept = run()
    seconds = time.perf_counter() - start
    del kept
    return seconds
