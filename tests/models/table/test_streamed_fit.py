"""Networks fitted to what is read from disk: the same as from a data frame in memory."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from torchbridge.frames import sources
from torchbridge.models import Callback, fit_formula, load_formula
from torchbridge.models.callbacks import ModelCheckpoint

RANDOM = np.random.default_rng(8)
N = 500
DATA = pd.DataFrame(
    {
        "x": RANDOM.normal(5, 2, N),
        "z": RANDOM.exponential(size=N),
        "g": RANDOM.choice(["b", "a", "c"], N),
        "w": RANDOM.integers(1, 4, N).astype(float),
        "o": RANDOM.normal(size=N),
    }
)
DATA["y"] = DATA["x"] + np.log(DATA["z"]) + (DATA["g"] == "a") + RANDOM.normal(size=N)
DATA["k"] = np.where(DATA["y"] > 5, "high", "low")
DATA.loc[::19, "x"] = np.nan
DATA.loc[4::31, "g"] = None
FIT = {"epochs": 3, "batch_size": 32, "shuffle": False, "seed": 2, "progress": False}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(sources, "ROWS", 41)


@pytest.fixture
def folder(tmp_path):
    at = tmp_path / "data"
    at.mkdir()
    table = pa.Table.from_pandas(DATA)
    pq.write_table(table.slice(0, 300), at / "1.parquet", row_group_size=110)
    pq.write_table(table.slice(300), at / "2.parquet", row_group_size=110)
    return at


CASES = {
    "plain": ("y ~ x + log(z) + g", "mlp", {}, {}),
    "products": ("y ~ x * g + I(z^2)", "mlp", {"model_options": {"hidden": [5]}}, {}),
    "weights and offset": ("y ~ x + z", "mlp", {"weights": "w", "offset": "I(o / 2)"}, {}),
    "codes": ("y ~ x + g", "tabular", {}, {}),
    "classes": ("k ~ x + g", "mlp", {}, {"metrics": "accuracy"}),
    "one logit": ("k ~ x", "mlp", {}, {"loss": "binary_cross_entropy_with_logits"}),
    "three classes": ("g ~ x + z", "mlp", {"standardize": False}, {}),
    "double": ("y ~ x + log(z)", "mlp", {"dtype": "float64"}, {}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_fit_without_a_shuffle_is_that_in_memory(folder, tmp_path, case):
    formula, model, options, train = CASES[case]
    options = {**options, "fit_options": {**FIT, **train}, "validation": DATA}
    memory = fit_formula(formula, DATA, model, **options)
    disk = fit_formula(formula, folder, model, **{**options, "validation": folder})
    assert disk.names == memory.names and disk.model.layout == memory.model.layout
    assert disk.model.classes == memory.model.classes and disk.table.spec == memory.table.spec
    assert disk.left_out == memory.left_out == int((~memory.kept).sum())
    states = [found.table.model.module.state_dict() for found in (memory, disk)]
    for name, expected in states[0].items():
        torch.testing.assert_close(states[1][name], expected, rtol=1e-5, atol=1e-6)
    for name, expected in memory.history.items():
        np.testing.assert_allclose(disk.history[name], expected, rtol=1e-5)
    disk.save(tmp_path / "m.safetensors")
    assert load_formula(tmp_path / "m.safetensors").predict(DATA).equals(disk.predict(DATA))


@pytest.mark.parametrize("kind", ["reader", "dataset", "frame"])
def test_streams_and_frames_for_validation(folder, kind):
    data = pa.Table.from_pandas(DATA)
    given = {"reader": data.to_reader(30), "dataset": folder, "frame": folder}[kind]
    valid = {"reader": data.to_reader(), "dataset": folder, "frame": DATA}[kind]
    found = fit_formula("y ~ x + g", given, validation=valid, fit_options=FIT)
    expected = fit_formula("y ~ x + g", DATA, validation=DATA, fit_options=FIT)
    np.testing.assert_allclose(
        found.history["valid_loss"], expected.history["valid_loss"], rtol=1e-5
    )


def test_a_shuffle_and_drawn_rows_follow_the_seed(folder):
    options = {**FIT, "shuffle": True, "shuffle_buffer": 64}
    losses = [
        fit_formula("y ~ x + z", folder, validation=0.3, fit_options={**options, "seed": seed})
        for seed in (1, 1, 2)
    ]
    assert losses[0].history == losses[1].history != losses[2].history
    assert losses[0].history["train_loss"][-1] < losses[0].history["train_loss"][0]


def test_wrong_options_are_named(folder):
    for given, error in (
        ({"validation": 1.5}, "validation must be a share between 0 and 1, not 1.5"),
        ({"weights": np.ones(N)}, "weights must be a column's name or an expression where data"),
        ({"fit_options": {"x": 1}}, 'fit_options: give "x" as an argument of its own'),
        ({"fit_options": {"epoch": 1}}, "epoch"),
        ({"validation": 1e-9}, "of 500 it drew none"),
    ):
        with pytest.raises((ValueError, TypeError), match=error):
            fit_formula("y ~ z", folder, **given)
    other = pa.Table.from_pandas(DATA.assign(g="zz"))
    with pytest.raises(ValueError, match='column "g" has the new level "zz"'):
        fit_formula("y ~ g", folder, validation=other.to_reader(), fit_options=FIT)


def test_a_fit_goes_on_from_a_checkpoint_of_the_same_files(folder, tmp_path):
    path = str(tmp_path / "c.safetensors")
    options = {**FIT, "shuffle": True, "epochs": 4}
    whole = fit_formula("y ~ x + g", folder, fit_options=options)
    saved = {"callbacks": {"model_checkpoint": {"path": path}}}
    fit_formula("y ~ x + g", folder, fit_options={**options, **saved, "epochs": 2})
    again = fit_formula("y ~ x + g", folder, fit_options={**options, **saved, "resume": path})
    assert again.history == whole.history
    pq.write_table(pa.Table.from_pandas(DATA), folder / "3.parquet")
    with pytest.raises(ValueError, match="in the fit to resume"):
        fit_formula("y ~ x + g", folder, fit_options={**options, **saved, "resume": path})


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_fit_goes_on_in_the_middle_of_an_epoch(folder, tmp_path, shuffle):
    """One that ended in its second epoch of 15 batches: bit for bit the one left alone."""
    path = str(tmp_path / "c.safetensors")
    options = {**FIT, "shuffle": shuffle, "shuffle_buffer": 50, "epochs": 3}
    network = {"model_options": {"hidden": [6], "dropout": 0.3}}
    saved = {"model_checkpoint": {"path": path, "every_batches": 4}}

    class Stop(Callback):
        n = 0

        def on_batch_end(self, loop):
            self.n += 1
            if self.n == 21:
                raise RuntimeError("the power is gone")

    whole = fit_formula("y ~ x + g", folder, fit_options=options, **network)
    with pytest.raises(RuntimeError, match="the power is gone"):
        callbacks = [ModelCheckpoint(path, every_batches=4), Stop()]
        fit_formula("y ~ x + g", folder, fit_options={**options, "callbacks": callbacks}, **network)
    again = fit_formula(
        "y ~ x + g", folder, fit_options={**options, "callbacks": saved, "resume": path}, **network
    )
    assert again.history == whole.history
    assert again.table.weights == whole.table.weights


def test_within_epochs_is_for_data_from_disk(folder, tmp_path):
    path = str(tmp_path / "c.safetensors")
    saved = {**FIT, "callbacks": {"model_checkpoint": {"path": path, "every_batches": 4}}}
    with pytest.raises(ValueError, match="every_batches must be None for data in memory"):
        fit_formula("y ~ z", DATA, fit_options=saved)
    with pytest.raises(ValueError, match="every_batches must be None with metrics"):
        fit_formula("y ~ z", folder, fit_options={**saved, "metrics": "mse"})
