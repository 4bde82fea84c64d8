"""One table of the bridge's speed beside its limits and its peers; `make bench` prints it.

Alone: `.venv/bin/python benchmarks/table.py [--write docs/BENCHMARKS.md]`.

The rows are measured by `table_rows.py` (Python is the host) and `table_rows.R` (R is), each in a
process of its own, on one thread: contestants take turns, no collection is forced in between, and
the ratio is the median of the turns' ratios. A row is ahead where the ratio is at most its bound:
1 beside a peer, more beside a limit, as each row says. A peer that is not installed has no row, and
a script that fails is named under the table.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from datetime import date
from pathlib import Path

HERE = Path(__file__).resolve().parent
#: Seconds that a script may take.
LONGEST = 280

HEAD = ("case", "ours ms", "other ms", "beside", "ratio", "bound", "")


def main() -> None:
    """Print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="a file for the table, as Markdown")
    given = parser.parse_args()
    scripts = [
        [sys.executable, str(HERE / "table_rows.py")],
        ["Rscript", str(HERE / "table_rows.R")],
    ]
    rows: list[tuple[str, ...]] = []
    notes: list[str] = []
    for script in scripts:
        found, note = measured(script)
        rows += found
        notes += note
    print(as_text(rows))
    print("\n".join(notes))
    if given.write is not None:
        given.write.write_text(as_page(rows, notes), "utf-8")


def measured(script: list[str]) -> tuple[list[tuple[str, ...]], list[str]]:
    """The rows that a script gives, a line each, and what is to be said of it."""
    name = Path(script[-1]).name
    environment = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", **os.environ}
    try:
        done = subprocess.run(
            script, capture_output=True, text=True, timeout=LONGEST, env=environment, check=False
        )
        out, failed = done.stdout, done.returncode
        last = done.stderr.strip().splitlines()[-3:]
    except (OSError, subprocess.TimeoutExpired) as error:
        given = getattr(error, "stdout", None) or b""
        out, failed, last = given.decode(), 1, [str(error)]
    parts = [line.split("\t") for line in out.splitlines()]
    rows = [as_row(*part[1:]) for part in parts if part[0] == "row" and len(part) == 7]
    notes = ["; ".join(part[1:]) for part in parts if part[0] == "note"]
    if failed:
        notes.append(f"{name} did not come to its end: {' '.join(last)}")
    return rows, notes


def as_row(
    case: str, ours: str, other: str, beside: str, ratio: str, bound: str
) -> tuple[str, ...]:
    """A line of the table, of seconds and a ratio as text."""
    word = "ahead" if float(ratio) <= float(bound) else "behind"
    times = (f"{1000 * float(seconds):.4g}" for seconds in (ours, other))
    return (case, *times, beside, f"{float(ratio):.2f}", f"{float(bound):.3g}", word)


def as_text(rows: list[tuple[str, ...]]) -> str:
    """In columns."""
    lines = [HEAD, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    left = (0, 3, 6)
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def as_page(rows: list[tuple[str, ...]], notes: list[str]) -> str:
    """docs/BENCHMARKS.md."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`; what the columns mean stands at the head of",
        "`benchmarks/table.py`, and `make bench-details` has more of each.",
        "",
        f"{processor()}, {os.cpu_count()} cores, one thread; Python {platform.python_version()}, "
        f"{date.today()}.",
        "",
        "| " + " | ".join(HEAD) + " |",
        "|---|--:|--:|---|--:|--:|---|",
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
        *notes,
    ]
    return "\n".join(lines).rstrip() + "\n"


def processor() -> str:
    """Its name, as the system has it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
