"""Beyond one process: what several devices cost and bring.

Alone: `.venv/bin/python benchmarks/scale.py`, on two cores that nothing else uses; or one section,
by its name: `start`, `throughput`, `epochs`, `linear`.

Every section prints its own table; the last column is the bound that must hold.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from torchbridge.models import Callback, fit, fit_formula, mlp


def main(names: list[str]) -> None:
    sections = {
        "start": start_of_workers,
        "throughput": throughput_of_workers,
        "epochs": epochs_from_disk,
        "linear": linear_from_disk,
    }
    wrong = [name for name in names if name not in sections]
    if wrong:
        raise SystemExit(f"no section {wrong[0]}; there are {', '.join(sections)}")
    print(f"torch {torch.__version__}\n")
    for name in names or sections:
        sections[name]()


class Clock(Callback):
    """When epochs ended, and what of the processor's time the process had by then."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.busy: list[float] = []

    def on_epoch_end(self, loop: object) -> None:
        self.times.append(time.perf_counter())
        self.busy.append(time.process_time())


def start_of_workers() -> None:
    """Seconds of the shortest fits with devices=2, and of what of it is PyTorch's import."""
    x = torch.randn(200, 4)
    options = {"epochs": 1, "device": "cpu", "seed": 0, "progress": False}
    begun = time.perf_counter()
    both = [subprocess.Popen([sys.executable, "-c", "import torch"]) for _ in range(2)]
    for process in both:
        process.wait()
    show("import torch in two processes at once", time.perf_counter() - begun, "s", "")
    for which in ("first", "second"):
        begun = time.perf_counter()
        fit(mlp(4, [8], 1), x, x[:, :1], devices=2, **options)
        show(f"{which} fit of one epoch, devices=2", time.perf_counter() - begun, "s", "8")


def throughput_of_workers() -> None:
    """Rows a second of one thread, and of two workers of one thread each."""
    n, batch, epochs = 40_960, 2048, 4  # a step of some 20 ms
    x = torch.randn(n, 256)
    rates, busy = [], []
    for devices in (1, 2):
        torch.set_num_threads(devices)  # a worker has its share of them
        clock = Clock()
        fit(
            mlp(256, [384, 256], 1),
            x,
            x[:, :1],
            epochs=epochs,
            batch_size=batch,
            callbacks=[clock],
            devices=devices,
            device="cpu",
            seed=0,
            progress=False,
        )
        seconds = (clock.times[-1] - clock.times[0]) / (epochs - 1)
        rates.append(n / seconds)
        busy.append((clock.busy[-1] - clock.busy[0]) / (epochs - 1))
        show(f"a step, devices={devices}", 1000 * seconds * batch / n, "ms", "")
        show(f"rows a second, devices={devices}", rates[-1], "", "")
    show("throughput of two to that of one", rates[1] / rates[0], "", "1.6 at least")
    # Also where others use the cores; without what workers wait for each other.
    show("the same by the processor's time", busy[0] / busy[1], "", "1.6 at least")


def epochs_from_disk() -> None:
    """Seconds of an epoch from Parquet and from memory, and memory, by the number of rows.

    Each fit has a process of its own. TORCHBRIDGE_BENCH_ROWS are the rows (5,000,000; at ten times
    as many memory must be the same: 8 GB of disk).
    """
    rows = int(os.environ.get("TORCHBRIDGE_BENCH_ROWS", 5_000_000))
    with tempfile.TemporaryDirectory() as folder:
        for n in (rows // 10, rows):
            write_rows(n, folder)
            seconds = {}
            for kind in ("memory", "disk"):
                seconds[kind], megabytes = map(float, run_again(kind, folder).split())
                show(f"{n:,} x 20 from {kind}, an epoch", seconds[kind], "s", "")
            show(f"{n:,} x 20, disk to memory", seconds["disk"] / seconds["memory"], "", "1.3")
            show(f"{n:,} x 20 from disk, VmHWM above baseline", megabytes, "MB", "500")


def linear_from_disk() -> None:
    """Seconds of `linear` over files, to those of R's biglm over chunks of the same rows.

    Eight numbers and a factor. Both read from disk: biglm a million rows at a time, by `readRDS()`
    of files that are not compressed, which is R's fastest way. Without biglm (r-cran-biglm) the
    first alone. Rows: TORCHBRIDGE_BENCH_ROWS (5,000,000).
    """
    rows = int(os.environ.get("TORCHBRIDGE_BENCH_ROWS", 5_000_000))
    with tempfile.TemporaryDirectory() as folder:
        for n in (rows // 5, rows):
            write_factor_rows(n, folder)
            done = run_again("linear", folder)
            seconds, megabytes = map(float, done.split())
            show(f"linear, {n:,} x 9 from disk", seconds, "s", "")
            show(f"linear, {n:,} x 9, VmHWM above baseline", megabytes, "MB", "500")
        r = subprocess.run(["Rscript", "-e", BIGLM, folder], capture_output=True, text=True)
        if r.returncode == 0:
            show(f"biglm, {n:,} x 9 from disk, in chunks", float(r.stdout), "s", "")
            show("linear to biglm", seconds / float(r.stdout), "", "0.2")
        else:
            print(f"biglm was not run: {r.stderr.strip().splitlines()[-1]}")


BIGLM = """
library(biglm)
folder <- commandArgs(TRUE)[1]
suppressMessages(library(torchbridge))
rds <- sub("parquet$", "rds", list.files(folder, "parquet$", full.names = TRUE))
for (file in rds) {
  chunk <- as.data.frame(py_import("pandas")$read_parquet(sub("rds$", "parquet", file)))
  chunk$g <- factor(chunk$g, levels = letters[1:6])
  saveRDS(chunk, file, compress = FALSE)
}
rm(chunk)
time <- system.time({
  fit <- biglm(y ~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + g, readRDS(rds[1]))
  for (file in rds[-1]) fit <- update(fit, readRDS(file))
})
cat(time[["elapsed"]])
"""


def write_factor_rows(n: int, folder: str) -> None:
    """Parquet files of a million rows of eight numbers, a factor of six levels and a response."""
    generator = np.random.default_rng(0)
    for start in range(0, n, 1_000_000):
        size = min(1_000_000, n - start)
        x = generator.standard_normal((size, 8))
        code = generator.integers(0, 6, size)
        columns = {f"x{j + 1}": x[:, j] for j in range(8)}
        columns["g"] = np.array(list("abcdef"), object)[code]
        columns["y"] = 1 + x @ np.arange(8) + (code == 2) + generator.standard_normal(size)
        path = f"{folder}/{start // 1_000_000:04}.parquet"
        pq.write_table(pa.table(columns), path, row_group_size=2**17)


def run_again(*arguments: str) -> str:
    """What this script prints in a process of its own."""
    command = [sys.executable, __file__, "one", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def one_linear(folder: str) -> None:
    """Print seconds of a fit, and megabytes of memory above the beginning's."""
    files = [str(path) for path in sorted(Path(folder).glob("*.parquet"))]
    formula = "y ~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + g"
    options = {"progress": False, "device": "cpu"}
    fit_formula(formula, files[:1], "linear", fit_options=options)  # what is loaded late
    before, begun = most_memory(), time.perf_counter()
    fit_formula(formula, files, "linear", fit_options=options)
    print(time.perf_counter() - begun, most_memory() - before)


def write_rows(n: int, folder: str) -> None:
    """Parquet files of a million rows of 20 columns and a response each."""
    generator = np.random.default_rng(0)
    beta = generator.normal(size=20)
    for start in range(0, n, 1_000_000):
        x = generator.standard_normal((min(1_000_000, n - start), 20))
        columns = {f"x{j}": x[:, j] for j in range(20)}
        columns["y"] = x @ beta + generator.standard_normal(len(x))
        path = f"{folder}/{start // 1_000_000:04}.parquet"
        pq.write_table(pa.table(columns), path, row_group_size=2**17)


def one_fit(kind: str, folder: str) -> None:
    """Print seconds of the last of two epochs, and megabytes of memory above the beginning's."""
    data = pq.read_table(folder).to_pandas() if kind == "memory" else folder
    small = pd.DataFrame({"x": [0.0, 1.0] * 8, "y": [0.0, 1.0] * 8})
    options = {"batch_size": 1024, "seed": 0, "progress": False, "device": "cpu"}
    fit_formula("y ~ x", small, fit_options={**options, "epochs": 1})  # what PyTorch loads late
    before, clock = most_memory(), Clock()
    fit_formula(
        "y ~ .",
        data,
        model_options={"hidden": [64, 32]},
        fit_options={**options, "epochs": 2, "callbacks": [clock]},
    )
    print(clock.times[-1] - clock.times[0], most_memory() - before)


def most_memory() -> float:
    """VmHWM in megabytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+)", status)
    assert found is not None
    return int(found[1]) / 1024


def show(what: str, value: float, unit: str, bound: str) -> None:
    print(f"{what:52} {value:10.2f} {unit:3} {bound}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] != ["one"]:
        main(sys.argv[1:])
    elif sys.argv[2] == "linear":
        one_linear(sys.argv[3])
    else:
        one_fit(sys.argv[2], sys.argv[3])
