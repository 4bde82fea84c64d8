"""Fuzzing: inputs by the million, each by its number and a seed, in processes that may die.

    python tests/fuzz/run.py --inputs 1000000 --seed 1 [--part arrow]

An input is right (and must be its values), or wrong in a way that can be told (and must be an
error of a documented class). A crash, a hang of ten seconds, another exception, a wrong value or
memory beyond the limit ends the batch; it is reported with what runs it again:

    python tests/fuzz/run.py --part arrow --seed 1 --only 730
"""

from __future__ import annotations

import argparse
import importlib
import mmap
import os
import random
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MODULES = {
    **{"arrow": "arrow_inputs", "dlpack": "dlpack_inputs"},
    **{"vectors": "vector_inputs", "files": "file_inputs"},
}
#: What of a number of inputs each part gets: loading a file takes a hundred times as long.
SHARES = {"arrow": 0.4, "dlpack": 0.6, "vectors": 0.02, "files": 0.02}
BATCH = {"arrow": 20000, "dlpack": 50000, "vectors": 2000, "files": 1000}
HANG = 10
#: Address space that the inputs may take beyond what the process has when it begins.
ROOM = 4 << 30
FAILED = 3


def main() -> int:
    """Run what the command line asks for; 1 if anything was found."""
    options = arguments()
    if options.child is not None:
        return child(options.part, options.seed, *options.child)
    if options.only is not None:
        return child(options.part, options.seed, options.only, 1, -1)
    found = []
    for part in [options.part] if options.part else SHARES:
        n = options.inputs if options.part else max(1, round(options.inputs * SHARES[part]))
        found += run_part(part, options.seed, n)
    return 1 if found else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--part", choices=SHARES)
    parser.add_argument("--only", type=int, help="one input, by its number, in this process")
    parser.add_argument("--child", type=int, nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


# ---- the process that watches -------------------------------------------------------


def run_part(part: str, seed: str, n: int) -> list[str]:
    """All inputs of a part; gives what was found, a line each."""
    counts: Counter[str] = Counter()
    found: list[str] = []
    start, at = time.monotonic(), 0
    while at < n and len(found) < 20:
        size = min(BATCH[part], n - at)
        done, outcome, output, seen = run_batch(part, seed, at, size)
        counts.update(seen)
        if outcome:
            again = f"python tests/fuzz/run.py --part {part} --seed {seed} --only {at + done}"
            found.append(f"{part} {at + done}: {outcome}\n  {again}\n{output}")
            print(found[-1], flush=True)
            done += 1
        at += done
    rate = at / (time.monotonic() - start)
    told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    print(f"{part}: {at} inputs, {rate:.0f} a second: {told}; {len(found)} found", flush=True)
    return found


def run_batch(part: str, seed: str, first: int, n: int) -> tuple[int, str, str, Counter[str]]:
    """Inputs first to first + n - 1 in a process: how many were right, and what ended it."""
    with tempfile.TemporaryFile() as progress, tempfile.TemporaryFile() as output:
        progress.truncate(24)
        shared = mmap.mmap(progress.fileno(), 24)
        command = [sys.executable, str(HERE / "run.py"), "--part", part, "--seed", seed]
        process = subprocess.Popen(
            [*command, "--child", *map(str, (first, n, progress.fileno()))],
            pass_fds=[progress.fileno()], stdout=output, stderr=subprocess.STDOUT, cwd=ROOT,
            env={"R_LIBS": str(ROOT / ".r-library"), **os.environ},
        )  # fmt: skip
        before, since, hung = -1, time.monotonic(), False
        while process.poll() is None:
            time.sleep(0.02)
            done = struct.unpack_from("<q", shared)[0]
            if done != before:
                before, since = done, time.monotonic()
            limit = HANG if done else 120  # starting R and torch on a busy machine
            if time.monotonic() - since > limit:
                hung = True
                process.send_signal(signal.SIGABRT)
                time.sleep(1)
                process.kill()
        done, values, errors = struct.unpack("<3q", shared[:24])
        done = max(done - 1, 0)
        output.seek(0)
        text = output.read().decode(errors="replace")[-4000:]
        outcome = (
            f"hangs for {HANG} s" if hung
            else "" if process.returncode == 0
            else "wrong" if process.returncode == FAILED
            else f"ends the process ({process.returncode})"
        )  # fmt: skip
        return (done if outcome else n), outcome, text, Counter(values=values, errors=errors)


# ---- the process that runs inputs ---------------------------------------------------


def child(part: str, seed: str, first: int, n: int, progress: int) -> int:
    import faulthandler
    import warnings

    faulthandler.enable()
    warnings.simplefilter("ignore")
    shared: Any = mmap.mmap(progress, 24) if progress >= 0 else bytearray(24)
    from torchbridge.process import host

    core = host.native()
    sys.path.insert(0, str(HERE))
    run = importlib.import_module(MODULES[part]).run
    run(core, random.Random("warm"))  # what is imported at first use
    limit_memory()
    outcomes = {"value": 0, "error": 0}
    for i in range(n):
        struct.pack_into("<3q", shared, 0, i + 1, *outcomes.values())
        try:
            outcomes[run(core, random.Random(f"{seed}:{part}:{first + i}"))] += 1
        except BaseException:
            traceback.print_exc()
            if progress < 0:
                return FAILED
            sys.stderr.flush()
            os._exit(FAILED)
    struct.pack_into("<3q", shared, 0, n + 1, *outcomes.values())
    sys.stdout.flush()
    os._exit(0)  # what is held by hand needs no order of ending


def limit_memory() -> None:
    if "libasan" in os.environ.get("LD_PRELOAD", ""):  # its shadow takes terabytes of addresses
        return
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + ROOM, size + ROOM))


if __name__ == "__main__":
    sys.exit(main())
