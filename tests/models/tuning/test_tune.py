"""The search for options."""

import signal
from concurrent.futures import Future

import pytest
import torch

import torchbridge as tb
from torchbridge.models import tune
from torchbridge.models.callbacks import progress_lines
from torchbridge.models.tuning import rounds

optuna = pytest.importorskip("optuna")

GENERATOR = torch.Generator().manual_seed(0)
X = torch.randn(80, 2, generator=GENERATOR)
Y = X[:, 0] ** 2 + X[:, 1]
SPACE = {
    "lr": {"low": 1e-4, "high": 0.1, "log": True},
    "hidden": [[4], [16, 8]],
    "batch_size": {"low": 8, "high": 32, "step": 8, "int": True},
}
OPTIONS = {"fit_options": {"epochs": 4}, "seed": 1}


def test_same_seed_same_trials_and_a_fit_of_the_best():
    one, two = (tune("mlp", SPACE, X, Y, n_trials=6, **OPTIONS) for _ in range(2))

    def plain(tuned):
        return [{k: v for k, v in t.items() if k != "seconds"} for t in tuned.trials]

    assert plain(one) == plain(two)
    assert [t["number"] for t in one.trials] == [0, 1, 2, 3, 4, 5]
    assert one.best_value == min(t["value"] for t in one.trials if t["state"] == "complete")
    assert min(one.fit.history["valid_loss"]) == one.best_value
    assert one.best_options["hidden"] in SPACE["hidden"]
    assert one.best_options["batch_size"] in (8, 16, 24, 32)


def test_trials_at_once_are_decided_by_the_seed_too():
    space = {**SPACE, "dropout": [0.0, 0.4]}
    one, two = (tune("mlp", space, X, Y, n_trials=4, n_jobs=2, **OPTIONS) for _ in range(2))

    def plain(tuned):
        return [{k: v for k, v in t.items() if k != "seconds"} for t in tuned.trials]

    assert plain(one) == plain(two)
    assert {t["state"] for t in one.trials} <= {"complete", "pruned"}
    assert min(one.fit.history["valid_loss"]) == one.best_value
    with pytest.raises(ValueError, match='pruner "hyperband" compares trials as they run'):
        tune("mlp", space, X, Y, n_jobs=2, pruner="hyperband", **OPTIONS)


def test_trials_that_lag_or_diverge_are_pruned():
    space = {"lr": [1e-2, 1e-9, 1e30], "optimizer": ["sgd"]}
    found = tune("mlp", space, X, Y, n_trials=14, sampler="random", **OPTIONS)
    states = {lr: {t["state"] for t in found.trials if t["lr"] == lr} for lr in space["lr"]}
    assert states[1e30] == {"pruned"}
    assert "pruned" in states[1e-9]
    assert found.best_options["lr"] == 1e-2


def test_a_grid_has_every_combination_once():
    space = {"optimizer": ["sgd", "adam"], "hidden": [[4], [8], [4, 4]]}
    found = tune("mlp", space, X, Y, sampler="grid", pruner="none", **OPTIONS)
    tried = [(t["optimizer"], tuple(t["hidden"])) for t in found.trials]
    assert len(tried) == len(set(tried)) == 6
    rounds = tune("mlp", space, X, Y, sampler="grid", pruner="none", n_jobs=2, **OPTIONS)
    assert [(t["optimizer"], tuple(t["hidden"])) for t in rounds.trials] == tried
    part = tune("mlp", space, X, Y, sampler="grid", pruner="none", n_trials=2, **OPTIONS)
    assert [(t["optimizer"], tuple(t["hidden"])) for t in part.trials] == tried[:2]


def test_an_r_objective_in_a_plain_study(r, tmp_path):
    script = tmp_path / "objective.R"
    script.write_text("objective <- function(x) (x - 2)^2")
    objective = tb.source(script).objective
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=10))
    study.optimize(lambda trial: objective(trial.suggest_float("x", -10, 10)), n_trials=60)
    assert abs(study.best_params["x"] - 2) < 0.1


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"space": {}}, ValueError, "space holds no options"),
        ({"space": {"lr": []}}, ValueError, r'space\["lr"\] holds no choices'),
        ({"space": {"lr": {"low": 1}}}, ValueError, r'space\["lr"\] must be a list of choices'),
        ({"space": {"lr": {"low": 2, "high": 1}}}, ValueError, "low must be below high"),
        ({"space": {"lr": {"low": "a", "high": 1}}}, TypeError, "must have numbers, not str"),
        ({"space": {"layers": [1]}}, ValueError, 'has no option "layers"'),
        ({"n_trials": 0}, ValueError, "n_trials must be at least 1"),
        ({"sampler": "sobol"}, ValueError, 'sampler "sobol" is not known'),
        (
            {"sampler": "grid", "space": {"lr": {"low": 1e-3, "high": 0.1}}},
            ValueError,
            r'space\["lr"\] must be a list of choices for sampler "grid"',
        ),
        ({"pruner": "mean"}, ValueError, 'pruner "mean" is not known'),
    ],
)
def test_bad_argument_is_named(changed, error, message):
    arguments = {"model": "mlp", "space": {"lr": [0.1]}, "numeric": X, "response": Y, "n_trials": 1}
    with pytest.raises(error, match=message):
        tune(**(arguments | changed))


class _Inline:
    """A pool that works at once, in this process."""

    def __init__(self, *_: object) -> None:
        self._processes: dict = {}
        self.submitted = 0

    def submit(self, work, options, pruner, done):
        self.submitted += 1
        if self.submitted == 6:
            signal.raise_signal(signal.SIGINT)
        future: Future = Future()
        future.set_result(rounds.Outcome(options["lr"], {1: options["lr"]}, 0.0))
        return future

    def shutdown(self, **_: object) -> None:
        pass


def test_an_interrupt_gives_the_rounds_so_far(monkeypatch):
    monkeypatch.setattr(rounds, "ProcessPoolExecutor", _Inline)
    space = {"lr": {"low": 0.1, "high": 0.2}}
    found = tune("mlp", space, X, Y, n_trials=20, n_jobs=2, **OPTIONS)
    assert found.status == "interrupted in trial 6: the best of 4 complete trials"
    assert [t["state"] for t in found.trials] == ["complete"] * 4 + ["interrupted"] * 2
    assert found.best_value == min(t["lr"] for t in found.trials[:4])
    assert found.fit is None


def test_a_long_search_says_how_far_it_is(monkeypatch, capsys):
    monkeypatch.setattr(rounds, "ProcessPoolExecutor", _Inline)
    monkeypatch.setattr(progress_lines, "FIRST", 0)
    space = {"lr": {"low": 0.01, "high": 0.02}}
    tune("mlp", space, X, Y, n_trials=4, n_jobs=2, **OPTIONS)
    said = capsys.readouterr().err
    assert said.startswith("torchbridge: trial 2 of 4, best value 0.01")
    tune("mlp", space, X, Y, n_trials=4, n_jobs=2, progress=False, **OPTIONS)
    assert capsys.readouterr().err == ""
