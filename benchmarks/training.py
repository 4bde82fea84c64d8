"""Training a small network: ours, the same loop written by hand, and peers.

Run by `make bench`, or alone: `.venv/bin/python benchmarks/training.py`.

n = 20,000 x 20, layers 64-32-1, batches of 64, Adam, one thread: seconds an epoch. Contestants
take turns in one process; every line gives medians over the rounds, and the median of each
round's ratio to the loop by hand, so that a drift of the machine's speed cancels. skorch and
Lightning need `pip install .[bench]`.

A fit of one full-batch step of 1,000 rows (`table_rows.py` has the row) takes a quarter of a
millisecond more than its loop by hand: 70 us checks of x and y, 30 random state, signals, modes and
threads, put back at the end, 15 each a copy of the weights, the walk over the module, the place
where it runs, 45 the epoch around the step, and a few each of ten parts more.
"""

from __future__ import annotations

import contextlib
import logging
import os
import statistics
import time
import warnings
from collections.abc import Callable

import torch
import torch.nn.functional as F
from timing import tight_loop
from torch.utils.data import DataLoader, TensorDataset

from torchbridge.models import Callback, fit, fit_table, mlp

N, P, BATCH = 20_000, 20, 64
EPOCHS = 5
ROUNDS = int(os.environ.get("TORCHBRIDGE_ROUNDS", "7"))
GENERATOR = torch.Generator().manual_seed(0)
X = torch.randn(N, P, generator=GENERATOR)
Y = X[:, :1] * X[:, 1:2] + 0.1 * torch.randn(N, 1, generator=GENERATOR)


def main() -> None:
    torch.set_num_threads(1)  # small networks are bound by overhead, not arithmetic
    print(f"torch {torch.__version__}, 1 thread, {EPOCHS} epochs, {ROUNDS} rounds\n")
    epochs()
    start()
    large_table()


def epochs() -> None:
    contestants: dict[str, tuple[Callable[[], None], str]] = {
        "by hand: tight loop, fused Adam": (by_hand, ""),
        "torchbridge fit": (ours, "1.05"),
        "torchbridge fit, compile=True": (compiled, "0.5"),
        "by hand: DataLoader": (data_loader, "(peer)"),
    }
    for name, make in (("skorch", skorch), ("Lightning Trainer", lightning)):
        try:
            contestants[name] = (make(), "(peer)")
        except ImportError as error:
            print(f"{name}: skipped, {error.name} is not installed")
    begun = time.perf_counter()
    compiled()
    print(f"first compiled fit: {time.perf_counter() - begun:.1f} s, compiling included\n")
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(ROUNDS + 1):
        for name, (run, _) in contestants.items():
            times[name].append(once(run) / EPOCHS)
    print(f"{'':<36}{'s an epoch':>12}{'ratio':>8}  target")
    hand = times["by hand: tight loop, fused Adam"][1:]
    for name, (_, target) in contestants.items():
        found = times[name][1:]
        ratio = statistics.median(a / b for a, b in zip(found, hand, strict=True))
        print(f"{name:<36}{statistics.median(found):>12.4f}{ratio:>8.2f}  {target}")


def network() -> torch.nn.Sequential:
    return mlp(P, [64, 32], 1, seed=1)


def by_hand() -> None:
    tight_loop(network(), X, Y, EPOCHS, BATCH)


def ours() -> None:
    fit(network(), X, Y, epochs=EPOCHS, batch_size=BATCH, seed=0)


def compiled() -> None:
    fit(network(), X, Y, epochs=EPOCHS, batch_size=BATCH, seed=0, compile=True)


def data_loader() -> None:
    module = network()
    optimizer = torch.optim.Adam(module.parameters(), fused=True)
    loader = DataLoader(TensorDataset(X, Y), batch_size=BATCH, shuffle=True)
    for _ in range(EPOCHS):
        total = torch.zeros((), dtype=torch.float64)
        for x, y in loader:
            optimizer.zero_grad()
            loss = F.mse_loss(module(x), y)
            loss.backward()
            optimizer.step()
            total.add_(loss.detach(), alpha=len(x))
        total.item()


def skorch() -> Callable[[], None]:
    from skorch import NeuralNetRegressor

    def run() -> None:
        NeuralNetRegressor(
            network(),
            optimizer=torch.optim.Adam,
            lr=1e-3,
            max_epochs=EPOCHS,
            batch_size=BATCH,
            iterator_train__shuffle=True,
            train_split=None,
            verbose=0,
        ).fit(X, Y)

    return run


def lightning() -> Callable[[], None]:
    import lightning as pl

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")

    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.module = network()

        def training_step(self, batch: list[torch.Tensor]) -> torch.Tensor:
            return F.mse_loss(self.module(batch[0]), batch[1])

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.Adam(self.parameters(), fused=True)

    def run() -> None:
        quiet = dict.fromkeys(
            ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False
        )
        with contextlib.redirect_stderr(open(os.devnull, "w")):
            trainer = pl.Trainer(max_epochs=EPOCHS, accelerator="cpu", **quiet)
        trainer.fit(Module(), DataLoader(TensorDataset(X, Y), batch_size=BATCH, shuffle=True))

    return run


class FirstStep(Callback):
    """When the first batch begins to train."""

    def on_epoch_begin(self, loop: object) -> None:
        self.at = time.perf_counter()


def start() -> None:
    x, y = X[:30].double().numpy(), Y[:30, 0].double().numpy()
    times = []
    for _ in range(21):
        first = FirstStep()
        begun = time.perf_counter()
        options = {"epochs": 1, "batch_size": 30, "seed": 0, "callbacks": [first]}
        fit_table("mlp", x, y, fit_options=options)
        times.append(1000 * (first.at - begun))
    print(f"\n30 rows: the first call trains after {times[0]:.1f} ms,", end=" ")
    print(f"later ones after {statistics.median(times[1:]):.1f} ms (target 50)")


def large_table() -> None:
    n, p = 1_000_000, 50
    x = torch.randn(n, p, generator=GENERATOR, dtype=torch.float64).numpy()
    y = x[:, 0] + x[:, 1]
    first = FirstStep()
    begun = time.perf_counter()
    options = {"epochs": 1, "batch_size": 4096, "seed": 0, "callbacks": [first]}
    found = fit_table("mlp", x, y, fit_options=options)
    prepared = first.at - begun
    x32, y32 = torch.from_numpy(x).float(), torch.from_numpy(y).float()
    begun = time.perf_counter()
    again = fit(found.model.module, x32, y32[:, None], epochs=1, batch_size=4096, seed=0)
    epoch = time.perf_counter() - begun
    assert again.history["epoch"] == [1]
    print(f"\n1e6 x 50 float64 array: prepared in {prepared:.2f} s; one epoch takes {epoch:.2f} s")


def once(run: Callable[[], None]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
