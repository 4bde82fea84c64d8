"""The registry of models: a new model is one row, a default stands in one place."""

import argparse
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from torchbridge import shell
from torchbridge.models import fit, fit_table, tune
from torchbridge.models.exact.families import FAMILIES
from torchbridge.models.for_r.registry import registry
from torchbridge.models.table.registry import MODELS, Model, find_model, prediction_types
from torchbridge.models.training.fit import usual_batch_size

PACKAGE = Path(__file__).parents[3] / "r_scripts" / "torchbridge"


def run(script, folder):
    """A script in a process of its own: what it adds or changes ends with it."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


DATA = """
import numpy as np, pandas as pd, torch
from torch import nn
from torchbridge.models import fit_table, load_table
x = np.random.default_rng(1).normal(size=(40, 2))
y = 3 * x[:, 0] - x[:, 1] + 1
pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": y}).to_csv("data.csv", index=False)

def r(code):
    import torchbridge as tb
    from rpy2.rinterface import baseenv
    tb.start()
    return list(baseenv["eval"](baseenv["parse"](text=code)))

R = '''
library(torchbridge)
data <- read.csv("data.csv")
'''
"""

NEW_MODEL = """
from torchbridge.models.randomness import seeded
from torchbridge.models.table.registry import MODELS, Model

def line(width=1, seed=None):
    with seeded(seed):
        return nn.Sequential(nn.Linear(2, width), nn.Linear(width, 1))

# The row.
MODELS["line"] = Model(line, (), lambda s, **o: line(**o), hosts=("shell", "r"))

from torchbridge.__main__ import main
quick = {"epochs": 3, "seed": 5, "lr": 0.05}
python = fit_table("line", x, y, fit_options=quick, model_options={"width": 4})
again = load_table(python.spec_json, python.weights)
assert torch.equal(again.predict(x), python.fitted)

common = ["--data", "data.csv"]
options = ["--epochs", "3", "--seed", "5", "--lr", "0.05", "--output", "line.model"]
assert main(["fit", *common, "--formula", "y ~ a + b", "--model", "line", *options]) == 0
assert main(["predict", *common, "--model", "line.model", "--output", "found.csv"]) == 0
shell = pd.read_csv("found.csv")["pred"].to_numpy()

found = r(R + '''
fit <- torch_fit(y ~ a + b, data, "line", epochs = 3, seed = 5, lr = 0.05)
stopifnot("line(), 5 parameters, 40 rows, on cpu" %in% capture.output(print(fit)))
stopifnot(identical(predict(fit, data), predict(unserialize(serialize(fit, NULL)), data)))
unname(predict(fit))
''')
np.testing.assert_allclose(found, shell, rtol=1e-6)
plain = fit_table("line", x, y, fit_options=quick)
assert plain.fitted.numpy().tolist() == found
"""


def test_a_model_is_one_row(tmp_path):
    """Python, the shell and R have it, train it, keep it and predict with it."""
    run(DATA + NEW_MODEL, tmp_path)


def test_a_row_that_comes_after_r_has_asked_is_known_too(tmp_path):
    first = DATA + "assert len(r(R + 'torch_fit(y ~ a, data, linear())$exact$coefficients')) == 2"
    run(first + NEW_MODEL, tmp_path)


NEW_DEFAULT = """
from dataclasses import replace
from torchbridge.models.table.registry import MODELS
from torchbridge.models.training.fit import fit

fit.__kwdefaults__["epochs"] = 7                                  # the one place
MODELS["tabular"] = replace(MODELS["tabular"], training={"epochs": 4})  # a row that differs

from torchbridge.__main__ import main
from torchbridge.models import TorchRegressor
assert len(fit_table("mlp", x, y).history["epoch"]) == 7
factor = {"codes": np.zeros((40, 1), int), "n_levels": [1]}
assert len(fit_table("tabular", x, y, **factor).history["epoch"]) == 4
given = {"fit_options": {"epochs": 2}}
assert len(fit_table("tabular", x, y, **factor, **given).history["epoch"]) == 2
assert TorchRegressor().epochs == 7 and TorchRegressor().fit(x, y).n_iter_ == 7
arguments = ["--formula", "y ~ a + b", "--data", "data.csv", "--log", "log.csv"]
assert main(["fit", *arguments, "--model", "mlp"]) == 0
assert pd.read_csv("log.csv")["epoch"].tolist() == [1, 2, 3, 4, 5, 6, 7]
assert r(R + '''
epochs <- function(...) nrow(torch_fit(y ~ a + b, data, ...)$history)
total <- function(model) torchbridge:::training_options(list(), model, NULL)$epochs
c(epochs(mlp(3)), epochs(tabular(3)), epochs(mlp(3), epochs = 2), total(mlp()), total(tabular()))
''') == [7, 4, 2, 7, 4]
"""


def test_a_default_of_training_stands_in_one_place(tmp_path):
    """Changed there, it is another for every caller; a model's row may have its own."""
    run(DATA + NEW_DEFAULT, tmp_path)


def test_defaults_are_what_they_were():
    defaults = {name: p.default for name, p in inspect.signature(fit).parameters.items()}
    expected = {"epochs": 100, "batch_size": None, "shuffle": True, "lr": 1e-3, "optimizer": "adam"}
    expected |= {"loss": "mse_loss", "weight_decay": 0.0, "precision": "32-true", "devices": None}
    expected |= {"strategy": "auto", "compile": False, "seed": None, "device": None}
    assert {name: defaults[name] for name in expected} == expected
    assert {name: dict(row.training) for name, row in MODELS.items() if row.training} == {}
    assert {name: dict(row.defaults) for name, row in MODELS.items() if row.defaults} == {
        "mlp": {"hidden": (64, 32)},
        "tabular": {"hidden": (64, 32)},
        "cnn": {"channels": (16, 32)},
        "rnn": {"hidden": 32},
        "autoencoder": {"hidden": 32, "code": 2},
    }
    sklearn = pytest.importorskip("sklearn")
    assert sklearn
    from torchbridge.models import TorchClassifier

    assert TorchClassifier().get_params() == {
        "hidden": (64, 32),
        "activation": "relu",
        "dropout": 0.0,
        "normalization": None,
        "residual": False,
        "epochs": 100,
        "batch_size": None,
        "lr": 0.003,
        "optimizer": "adam",
        "weight_decay": 0.0,
        "loss": None,
        "validation_fraction": None,
        "patience": None,
        "callbacks": None,
        "class_weight": None,
        "random_state": None,
        "device": None,
        "compile": False,
    }


def test_rs_help_pages_say_pythons_defaults():
    page = (PACKAGE / "man" / "torch_fit.Rd").read_text()
    page = re.sub(r"\\code\{(.*?)\}", r"\1", page.replace("\n", " ").replace("`", ""))
    d = {name: p.default for name, p in inspect.signature(fit).parameters.items()}
    for said in (
        f"Passes over the data ({d['epochs']}), rows in a step ({usual_batch_size(1)} up to 6,400",
        f"in a new random order every epoch ({str(d['shuffle']).upper()})",
        f'the learning rate ({d["lr"]}); L2 penalty, or decay of "adamw" ({d["weight_decay"]:g})',
    ):
        assert said in re.sub(r" +", " ", page)


def test_rows_say_what_they_are():
    exact = [name for name, row in MODELS.items() if row.exact]
    assert exact == [
        "linear", "logistic", "poisson", "gamma", "glm", "multinomial", "ordinal", "cox", "aft",
        "quantile_regression",
        "gaussian_mixture", "k_means", "pca",
    ]  # fmt: skip
    for row in MODELS.values():
        assert row.exact == (row.build is None) == (row.module is not None)
        assert set(row.hosts) <= {"shell", "r"} and row.hosts
        assert set(row.types) <= set(prediction_types())
        assert set(row.r_names.values()) <= set(row.option_names)
        if row.family not in (None, "multinomial", "ordinal", "cox", "aft", "quantile"):
            assert row.family in FAMILIES
            assert row.option_names == ["link", "intercept", "tol", "max_iter"]
    assert prediction_types() == ["response", "link", "prob", "class", "code"]
    required = {name: row.required for name, row in MODELS.items() if row.required}
    assert required == {"gaussian_mixture": ["k"], "k_means": ["k"]}
    assert [name for name, row in MODELS.items() if row.seeded and row.exact] == [
        "gaussian_mixture",
        "k_means",
    ]
    with pytest.raises(ValueError, match='model "mpl" is not known; it can be "mlp", "tabular"'):
        find_model("mpl")


def test_the_shell_offers_the_rows_that_say_so():
    parser = argparse.ArgumentParser()
    shell.add_commands(parser.add_subparsers())
    for name, row in MODELS.items():
        arguments = ["fit", "--formula", "y ~ .", "--data", "d.csv", "--model", name]
        if "shell" in row.hosts:
            assert parser.parse_args(arguments).model == name
        else:
            with pytest.raises(SystemExit):
                parser.parse_args(arguments)


def test_r_gets_plain_values():
    found = registry()
    assert list(found["models"]) == [*MODELS, "module"]
    assert found["models"]["module"]["exact"] is False
    assert found["families"]["quasibinomial"] == {"shares": True}
    plain = (bool, int, float, str, type(None), list, tuple)
    for row in found["models"].values():
        for value in row.values():
            for part in value.values() if isinstance(value, dict) else [value]:
                assert isinstance(part, plain)


def test_a_row_may_have_defaults_of_its_own(monkeypatch):
    from dataclasses import replace

    quick = replace(MODELS["mlp"], training={"epochs": 2}, defaults={"hidden": 3})
    monkeypatch.setitem(MODELS, "quick", quick)
    x = torch.arange(12.0).reshape(6, 2)
    fitted = fit_table("quick", x, x.sum(1))
    assert fitted.history["epoch"] == [1, 2]
    assert fitted.model.module.network[0].out_features == 3
    assert isinstance(quick, Model)


def test_tune_and_r_have_the_same_defaults():
    page = (PACKAGE / "man" / "torch_tune.Rd").read_text()
    d = {name: p.default for name, p in inspect.signature(tune).parameters.items()}
    for name in ("validation", "sampler", "pruner", "n_jobs"):
        shown = f'"{d[name]}"' if isinstance(d[name], str) else d[name]
        assert f"  {name} = {shown}" in page
