"""An epoch of a small network as one program, beside steps and beside JAX's own scan.

Run by `make bench`, or alone: `.venv/bin/python benchmarks/program.py` (pinned: `taskset -c 0`).
It needs `pip install "torchbridge[xla]"`.

Batches of 32 of n = 1,024, 10 inputs, ReLU, SGD, one thread: microseconds of processor time a
batch. A contestant's time is the difference of two fits of it, so that what a fit costs once does
not count; contestants take turns, and each row gives medians over the rounds. JAX's scan draws its
own order of the rows and adds up the loss: it is the limit. The waits for a first epoch are by the
clock; PyTorch's compiler keeps what it compiled in a folder, for later processes.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import torch
import torch.nn.functional as F

from torchbridge.models import fit, mlp

N, P, BATCH, EPOCHS = 1024, 10, 32, 20
STEPS = N // BATCH
ROUNDS = int(os.environ.get("TORCHBRIDGE_ROUNDS", "7"))
NETWORKS: list[list[int]] = [[], [40] * 2, [40] * 4, [160] * 4, [80] * 8]
GENERATOR = torch.Generator().manual_seed(0)
X = torch.randn(N, P, generator=GENERATOR)
Y = X[:, :1] * X[:, 1:2] + 0.1 * torch.randn(N, 1, generator=GENERATOR)

Run = Callable[[int], None]


def main() -> None:
    if find_spec("jax") is None:
        print('skipped: jax is not installed (pip install "torchbridge[xla]")')
        return
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, 1 thread, batches of {BATCH}, {ROUNDS} rounds\n")
    names = ["tight loop", "fit()", "TRUE", '"xla"', "JAX's scan"]
    print(
        f"{'hidden':<14}"
        + "".join(f"{name:>13}" for name in names)
        + "   of the scan (3, 1.5)   first"
    )
    for hidden in NETWORKS:
        compiled = [ours(hidden, True), ours(hidden, "xla")]
        runs = [by_hand(hidden), ours(hidden), *compiled, scan(hidden)]
        first = [waited(run) for run in runs][2:4]
        times = [[a_batch(run) for run in runs] for _ in range(ROUNDS)]
        found = [statistics.median(column) for column in zip(*times, strict=True)]
        label = " x ".join(map(str, (hidden[0], len(hidden)))) if hidden else "none"
        line = "".join(f"{1e6 * t:>13.1f}" for t in found)
        ratios = "".join(f"{t / found[4]:>9.2f}" for t in found[2:4])
        waits = "".join(f"{t:>8.1f}" for t in first)
        print(f"{label:<14}{line}{ratios}  {waits} s", flush=True)


def ours(hidden: list[int], compile: bool | str = False) -> Run:
    def run(epochs: int) -> None:
        options = {"batch_size": BATCH, "optimizer": "sgd", "seed": 0, "progress": False}
        fit(mlp(P, hidden, 1, seed=1), X, Y, epochs=epochs, compile=compile, **options)

    return run


def by_hand(hidden: list[int]) -> Run:
    def run(epochs: int) -> None:
        module = mlp(P, hidden, 1, seed=1)
        optimizer = torch.optim.SGD(module.parameters(), lr=1e-3, fused=True)
        for _ in range(epochs):
            total = torch.zeros((), dtype=torch.float64)
            for rows in torch.randperm(N).split(BATCH):
                optimizer.zero_grad()
                loss = F.mse_loss(module(X.index_select(0, rows)), Y.index_select(0, rows))
                loss.backward()
                optimizer.step()
                total.add_(loss.detach(), alpha=BATCH)
            total.item()

    return run


def scan(hidden: list[int]) -> Run:
    """The same epoch as JAX's users write it."""
    import jax
    import jax.numpy as jnp

    x, y = jnp.asarray(X.numpy()), jnp.asarray(Y.numpy())
    weights = [jnp.asarray(p.detach().numpy()) for p in mlp(P, hidden, 1, seed=1).parameters()]

    def loss_of(weights: Any, x: Any, y: Any) -> Any:
        for i in range(0, len(weights), 2):
            x = x @ weights[i].T + weights[i + 1]
            x = x if i + 2 == len(weights) else jnp.maximum(x, 0)
        return ((x - y) ** 2).mean()

    def step(weights: Any, rows: Any) -> Any:
        loss, gradients = jax.value_and_grad(loss_of)(weights, x[rows], y[rows])
        return [w - 1e-3 * g for w, g in zip(weights, gradients, strict=True)], loss

    @jax.jit
    def epoch(weights: Any, key: Any) -> Any:
        order = jax.random.permutation(key, N).reshape(STEPS, BATCH)
        weights, losses = jax.lax.scan(step, weights, order)
        return weights, losses.mean()

    def run(epochs: int) -> None:
        now, key = weights, jax.random.key(0)
        for _ in range(epochs):
            key, drawn = jax.random.split(key)
            now, loss = epoch(now, drawn)
            float(loss)

    return run


def a_batch(run: Run) -> float:
    return (once(run, EPOCHS + 2) - once(run, 2)) / (EPOCHS * STEPS)


def waited(run: Run) -> float:
    """Seconds until the first epoch is over."""
    begun = time.perf_counter()
    run(1)
    return time.perf_counter() - begun


def once(run: Run, epochs: int) -> float:
    begun = time.process_time()
    run(epochs)
    return time.process_time() - begun


if __name__ == "__main__":
    main()
