"""Soak: each public conversion, call, fit and save, again and again; what a process holds stays.

    python tests/soak/run.py --rounds 10000 [--host R] [--only "to_frame"]

What takes longer does fewer rounds (`python_pieces.py`, `r_pieces.R`). No piece asks for a
collection. While it runs, memory, file handles, threads, processes and temporary files are read 30
times: growth is that every later reading lies above all of the first. After it, and after a
collection, what is alive in both languages is compared with what was alive before.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COMMANDS = {
    "Python": [sys.executable, str(HERE / "python_pieces.py")],
    "R": ["Rscript", str(HERE / "r_pieces.R")],
}
#: What may grow while a piece runs. Memory in kB: R and malloc take room before they give any back.
MAY_GROW = {"memory": 16384, "files": 1, "threads": 1, "processes": 0, "temporary files": 1}
#: What may be alive afterwards: what is made at some later round once, and a tenth a round.
ONCE = {"R objects": 500, "R vector words": 5000, "Python objects": 1500, "live": 3}
A_ROUND = 0.1


def main() -> int:
    """Print a line per piece; 1 if one grew or failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10_000)
    parser.add_argument("--host", choices=COMMANDS)
    parser.add_argument("--only", default="", help="pieces whose name has this pattern in it")
    options = parser.parse_args()
    print(f"{'host':7}{'piece':32}{'rounds':>7}{'us':>9}{'kB':>8}{'R':>7}{'Python':>8}  grew")
    wrong = 0
    for name in [options.host] if options.host else COMMANDS:
        wrong += soak(name, options.rounds, options.only)
    return 1 if wrong else 0


def soak(name: str, rounds: int, pattern: str) -> int:
    """The pieces of one host; how many grew, or 1 if its process failed."""
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "R_LIBS": str(ROOT / ".r-library"),
            **os.environ,
            "TORCHBRIDGE_PYTHON": sys.executable,
            "PYTHONPATH": f"{HERE}:{os.environ.get('PYTHONPATH', '')}",
            "TMPDIR": folder,
        }
        command = [*COMMANDS[name], str(rounds), pattern]
        with subprocess.Popen(
            command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("soak "):
                    wrong += tell(name, json.loads(line.removeprefix("soak ")))
        if process.returncode:
            print(f"{name}: the process ended with {process.returncode}")
            wrong += 1
    return wrong


def tell(host: str, piece: dict[str, Any]) -> int:
    """One line of the table; 1 if the piece grew."""
    found, before, after = grown(piece), piece["before"], piece["after"]
    alive = [after[what] - before[what] for what in ("R objects", "Python objects")]
    memory = growth([look["memory"] for look in piece["looks"]])
    us = piece["seconds"] / piece["rounds"] * 1e6
    print(
        f"{host:7}{piece['name']:32}{piece['rounds']:7}{us:9.0f}{memory:8}"
        f"{alive[0]:7}{alive[1]:8}  {', '.join(found)}",
        flush=True,
    )
    return 1 if found else 0


def grown(piece: dict[str, Any]) -> list[str]:
    """What grew beyond what it may: "files by 12", ..."""
    looks, before, after = piece["looks"], piece["before"], piece["after"]
    running = {what: growth([look[what] for look in looks]) for what in MAY_GROW}
    found = [f"{what} by {by}" for what, by in running.items() if by > MAY_GROW[what]]
    for what, now in after.items():
        kind = what.split()[0] if what.startswith("live") else what
        by = now - before[what]
        if by > ONCE[kind] + (0 if kind == "live" else A_ROUND * piece["rounds"]):
            found.append(f"{what} by {by}")
    return found


def growth(readings: list[int]) -> int:
    """By how much every later reading lies above all of the first; 0 if one does not."""
    third = max(1, len(readings) // 3)
    return max(0, min(readings[-third:]) - max(readings[:third]))


if __name__ == "__main__":
    sys.exit(main())
