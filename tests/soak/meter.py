"""What a process holds while one piece of work is done again and again.

Either host makes a `Meter`; a line of JSON per piece goes to standard output, which `run.py` reads.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from torchbridge.process import host

#: Readings of each piece: enough that one of them lies after a collection of R's own.
LOOKS = 30
#: Rounds before the first reading: what is made once and kept is made then.
FIRST = 100


class Meter:
    """Reads a piece: `begin()`, `look()` after each chunk of rounds, `end()`."""

    def __init__(self) -> None:
        gc.freeze()  # what is here now (all of torch) need not be looked at every time

    def begin(self) -> None:
        self.looks: list[dict[str, int]] = []
        self.before = objects()
        self.started = time.monotonic()

    def look(self) -> None:
        """While the piece runs; nothing is collected."""
        self.looks.append(held())

    def end(self, name: str, rounds: float) -> None:
        seconds = time.monotonic() - self.started
        result = {"name": name, "rounds": int(rounds), "seconds": round(seconds, 2)}
        result |= {"looks": self.looks, "before": self.before, "after": objects()}
        print("soak " + json.dumps(result), flush=True)


def held() -> dict[str, int]:
    """Memory in kB that no file backs, and what the system counts."""
    status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return {
        "memory": int(status["RssAnon"].split()[0]),
        "files": len(os.listdir("/proc/self/fd")),
        "threads": int(status["Threads"]),
        "processes": children(),
        "temporary files": sum(len(f) + len(d) for _, d, f in os.walk(os.environ["TMPDIR"])),
    }


def children() -> int:
    tasks = Path("/proc/self/task").glob("*/children")
    return sum(len(task.read_text().split()) for task in tasks)


def objects() -> dict[str, int]:
    """What is alive in both languages once all garbage is gone."""
    core = host.native()
    r_gc = core.base_function("gc")
    before: dict[str, int] = {}
    while True:
        gc.collect()
        cells: Any = r_gc.call().value()
        now = core.live()
        if now == before:
            break
        before = now
    return {
        "R objects": int(cells[0, 0]),
        "R vector words": int(cells[1, 0]),
        "Python objects": sys.getallocatedblocks(),
        **{f"live {name}": count for name, count in now.items()},
    }
