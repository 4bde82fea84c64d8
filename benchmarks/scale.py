"""Beyond one process: what several devices cost and bring.

Alone: `.venv/bin/python benchmarks/scale.py`, on two cores that nothing else uses.

Every section prints its own table; the last column is the bound that must hold.
"""

from __future__ import annotations

import subprocess
import sys
import time

import torch

from torchbridge.models import Callback, fit, mlp


def main() -> None:
    print(f"torch {torch.__version__}\n")
    start_of_workers()
    throughput_of_workers()


class Clock(Callback):
    """When epochs ended."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def on_epoch_end(self, loop: object) -> None:
        self.times.append(time.perf_counter())


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
    n, batch, epochs = 12_800, 320, 4
    x = torch.randn(n, 256)
    rates = []
    for devices in (1, 2):
        torch.set_num_threads(devices)  # a worker has its share of them
        clock = Clock()
        fit(
            mlp(256, [768, 512], 1),
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
        show(f"a step, devices={devices}", 1000 * seconds * batch / n, "ms", "")
        show(f"rows a second, devices={devices}", rates[-1], "", "")
    show("throughput of two to that of one", rates[1] / rates[0], "", "1.6 at least")


def show(what: str, value: float, unit: str, bound: str) -> None:
    print(f"{what:45} {value:10.2f} {unit:3} {bound}", flush=True)


if __name__ == "__main__":
    main()
