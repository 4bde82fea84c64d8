"""A script for torchrun, of which test_restart.py kills processes."""

import os
import sys
import time
from pathlib import Path

import torch

from torchbridge.models import fit, mlp

folder, rank = Path(sys.argv[1]), int(os.environ["RANK"])
generator = torch.Generator().manual_seed(0)
x = torch.randn(103, 4, generator=generator, dtype=torch.float64)
y = (2 * x[:, :1] - x[:, 1:2]).sin()


def wait_for_a_kill(row):
    """In the third epoch, at the first time."""
    told = folder / "killed"
    if row["epoch"] == 3 and not told.exists():
        told.write_text((folder / "1").read_text())
        time.sleep(60)


(folder / str(rank)).write_text(str(os.getpid()))
whole = {"epochs": 6, "batch_size": 34, "seed": 3, "lr": 0.02, "device": "cpu"}
weights = []
for callbacks in (
    {
        "epoch_end": {"function": wait_for_a_kill},
        "model_checkpoint": {"path": folder / "{epoch}.checkpoint"},
    },
    {},
):
    network = mlp(4, [8, 8], 1, dropout=0.3, seed=1).double()
    result = fit(network, x, y, callbacks=callbacks, **whole)
    weights.append((result.module.state_dict(), result.history))
torch.save(weights, folder / f"weights.{rank}")
