"""Files written before torchbridge's modules had their rooms load, and compute what they computed.

``version-0.1.0/written.R`` made them, with version 0.1.0 and its shell commands.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import torchbridge as tb
from torchbridge import models
from torchbridge.process.rhome import find_r_home
from torchbridge.saving import old_names

HERE = Path(__file__).parent
OLD = HERE / "version-0.1.0"


def test_every_place_is_there():
    for new in {place for places in old_names.MOVED.values() for place in places}:
        import_module(f"torchbridge.{new}")


def test_a_name_that_did_not_move_is_looked_for_where_it_was():
    assert old_names.places("torch.nn.functional") == ["torch.nn.functional"]
    assert old_names.places("torchbridge.arrow") == [
        "torchbridge.frames.arrow",
        "torchbridge.arrow",
    ]


def test_r_objects_where_r_is_the_host():
    code = f"source('{HERE / 'old_files.R'}'); stopifnot(files_are_read('{OLD}') == 11)"
    rscript = str(Path(find_r_home()) / "bin" / "Rscript")
    done = subprocess.run([rscript, "-e", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_r_objects_where_python_is_the_host(r):
    assert tb.source(HERE / "old_files.R").files_are_read(str(OLD)) == 11


@pytest.mark.parametrize("name", ["mlp", "linear"])
def test_models_of_the_shell(name, tmp_path):
    from torchbridge.__main__ import main

    output = tmp_path / "predicted.csv"
    data = ["--data", str(OLD / "data.csv"), "--output", str(output)]
    assert main(["predict", "--model", str(OLD / f"{name}.model"), *data]) == 0
    found, then = pd.read_csv(output), pd.read_csv(OLD / f"{name}.csv")
    np.testing.assert_allclose(found, then, rtol=1e-5)


def test_a_checkpoint_goes_on(tmp_path):
    path = tmp_path / "loop.checkpoint"
    shutil.copy(OLD / "loop.checkpoint", path)
    x = torch.arange(20.0).reshape(10, 2)
    fit = models.fit(
        models.mlp(2, [4], 1, seed=1),
        x,
        x.sum(1, keepdim=True),
        epochs=6,
        batch_size=5,
        seed=1,
        resume=path,
        callbacks={
            "model_checkpoint": {"path": path},
            "lr_schedule": {"name": "step", "step_size": 2},
        },
    )
    then = json.loads((OLD / "loop.json").read_text())
    np.testing.assert_allclose(fit.history["train_loss"], then["train_loss"], rtol=1e-3)


def test_a_checkpoint_of_the_shell_goes_on(tmp_path):
    from torchbridge.__main__ import main

    path = tmp_path / "fit.checkpoint"
    shutil.copy(OLD / "fit.checkpoint", path)
    fit = ["fit", "--formula", "y ~ x + g", "--data", str(OLD / "data.csv"), "--model", "mlp"]
    options = ["--hidden", "4", "--epochs", "6", "--seed", "1", "--resume", str(path)]
    assert main([*fit, *options, "--output", str(tmp_path / "new.model")]) == 0
