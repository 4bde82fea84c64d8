"""What needs GPUs: NCCL, FSDP2 and mixed precision on CUDA give the fit of one process.

Run on a machine with GPUs, one process for each:
`torchrun --nproc-per-node=1 benchmarks/nccl.py` (or without torchrun: it starts one by itself).
Prints a line a check, and ends with status 1 where one fails.
"""

from __future__ import annotations

import os
import sys
import time

import torch

from torchbridge.models import fit, mlp


def main() -> None:
    for name, value in (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0")):
        os.environ.setdefault(name, value)
    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    os.environ.setdefault("MASTER_PORT", "29400")
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(100_003, 64, generator=generator)
    y = x[:, :1].sin() + x[:, 1:2]
    whole = {"epochs": 2, "batch_size": 4096, "seed": 0, "lr": 1e-3, "device": "cuda"}
    failed = False
    for precision, close in (("32-true", 1e-4), ("bf16-mixed", 2e-2), ("16-mixed", 2e-2)):
        options = {**whole, "precision": precision, "validation": (x[:999], y[:999])}
        alone, seconds = timed(x, y, **options, devices=1)
        for strategy in ("ddp", "fsdp"):
            found, taken = timed(x, y, **options, strategy=strategy)
            off = max(
                float((a.cpu() - b.cpu()).abs().max())
                for a, b in zip(found.module.parameters(), alone.module.parameters(), strict=True)
            )
            losses = abs(found.history["valid_loss"][-1] - alone.history["valid_loss"][-1])
            right = off < close and losses < close
            failed |= not right
            print(
                f"{precision:10} {strategy:5} weights differ by {off:.1e}, losses by {losses:.1e}, "
                f"{taken:.1f} s beside {seconds:.1f} s: {'ok' if right else 'WRONG'}",
                flush=True,
            )
    sys.exit(int(failed))


def timed(x: torch.Tensor, y: torch.Tensor, **options: object):  # noqa: ANN201
    begun = time.perf_counter()
    found = fit(mlp(64, [512, 512], 1, normalization="batch", seed=1), x, y, **options)
    return found, time.perf_counter() - begun


if __name__ == "__main__":
    main()
