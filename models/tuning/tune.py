"""Search for good options, by Optuna."""

import inspect
import itertools
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import Any

from ..arguments import kind_of, lookup, options, whole_number
from ..callbacks import Callback, as_callbacks
from ..table.fit import fit_table
from ..table.result import TableFit
from ..training.fit import fit
from .rounds import Report, run_rounds

#: What stops a trial that lags behind, by Optuna's names.
PRUNERS = {"none": "NopPruner", "median": "MedianPruner", "hyperband": "HyperbandPruner"}
SAMPLERS = {
    "tpe": "TPESampler",
    "random": "RandomSampler",
    "cmaes": "CmaEsSampler",
    "grid": "RandomSampler",  # not asked: all trials are queued
}


@dataclass(frozen=True, eq=False, repr=False)
class Tuned:
    """What `tune` found.

    Attributes:
        best_options: the options of the best trial, by name.
        best_value: its value: the lowest `valid_loss` of its epochs.
        trials: one dict a trial: `number`, `value` (None where it was pruned or failed),
            `state` ("complete", "pruned" or "fail"), `epochs`, `seconds` and its options.
        fit: the best trial's options fitted anew, with the same seed.
        study: Optuna's own `Study`.
    """

    best_options: dict[str, Any]
    best_value: float
    trials: list[dict[str, Any]]
    fit: TableFit
    study: Any

    def __repr__(self) -> str:
        return (
            f"<Tuned: {len(self.trials)} trials, best {self.best_value:.6g} at {self.best_options}>"
        )


def tune(
    model: str,
    space: Mapping[str, Any],
    *args: Any,
    n_trials: int | None = None,
    validation: Any = 0.2,
    sampler: str = "tpe",
    pruner: str = "median",
    n_jobs: int = 1,
    seed: int | None = None,
    model_options: Mapping[str, Any] | None = None,
    fit_options: Mapping[str, Any] | None = None,
    **data: Any,
) -> Tuned:
    """Search the options of a network for the lowest validation loss.

    Args:
        model: "mlp", "tabular", "cnn" or "rnn".
        space: options by name -> what they may be: a list of choices, or a dict
            {"low": 1e-4, "high": 0.1} with, if wanted, "log": True, "step": a number, or
            "int": True. A name is one of the model's options (`hidden`, `dropout`, ...) or
            of `fit` (`lr`, `batch_size`, ...).
        args, data: the other arguments of `fit_table` (`numeric`, `response`, `codes`, ...).
        n_trials: trials, at least 1; None is 20, and for "grid" all combinations.
        validation: as of `fit_table`; a share draws the same rows in every trial.
        sampler: "tpe", "random" or "cmaes"; or "grid": every combination once, where
            `space` has lists of choices only, in an order of the seed's.
        pruner: "median" or "hyperband" stop a trial whose `valid_loss` lags behind that of
            others; "none" never does.
        n_jobs: trials at once, in processes that each take a copy of the data and some
            seconds to begin. They go in rounds: what one round has found decides what the
            next one draws, so that the same seed and `n_jobs` give the same trials. A script
            then needs `if __name__ == "__main__":`, as multiprocessing does.
        seed: decides what is drawn, and the training of every trial.
        model_options, fit_options: options that all trials share.

    Needs the package optuna.
    """
    optuna = find_optuna()
    seed = None if seed is None else whole_number("seed", seed, 0)
    suggestions = suggestions_of(options("space", space))
    n_trials, n_jobs = n_trials_of(n_trials, sampler, space), whole_number("n_jobs", n_jobs, 1)
    fixed = options("fit_options", fit_options)
    shared = options("model_options", model_options)

    if n_jobs > 1 and pruner == "hyperband":
        raise ValueError(
            'pruner "hyperband" compares trials as they run, in an order that no seed decides: '
            'with n_jobs above 1 it must be "median" or "none"'
        )
    run = _Trainer(model, args, data, validation, shared, fixed, seed)
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = new_study(
            optuna,
            sampler,
            space,
            n_trials,
            seed,
            study_name="torchbridge",  # by which "hyperband" draws
            pruner=getattr(optuna.pruners, lookup("pruner", pruner, PRUNERS))(),
        )
        if n_jobs == 1:
            study.optimize(partial(_value, optuna, run, suggestions), n_trials=n_trials)
        else:
            run_rounds(study, run, suggestions, n_trials, n_jobs)
    finally:
        optuna.logging.set_verbosity(level)
    trials = [described_trial(trial, suggestions) for trial in study.trials]
    if not any(trial["state"] == "complete" for trial in trials):
        raise RuntimeError("no trial was completed: every one diverged; try lower lr in space")
    # What was chosen from, rather than Optuna's text of it.
    best = study.best_trial.user_attrs["options"]
    return Tuned(best, study.best_value, trials, run(best, []), study)


def _value(
    optuna: Any,
    run: Callable[..., TableFit],
    suggestions: Mapping[str, Callable[[Any], Any]],
    trial: Any,
) -> float:
    """The lowest validation loss of a trial; one that diverges is pruned."""
    found = {name: suggest(trial) for name, suggest in suggestions.items()}
    try:
        fitted = run(found, [Report(trial, optuna)])
    except FloatingPointError as error:
        raise optuna.TrialPruned(str(error)) from error
    trial.set_user_attr("epochs", len(fitted.history["epoch"]))
    return min(fitted.history["valid_loss"])


def n_trials_of(n_trials: int | None, sampler: str, space: Mapping[str, Any]) -> int:
    """How many trials are meant."""
    given = 20 if n_trials is None else whole_number("n_trials", n_trials, 1)
    if sampler != "grid":
        return given
    size = math.prod(map(len, _grid(space)))
    return size if n_trials is None else min(given, size)


def new_study(
    optuna: Any,
    sampler: str,
    space: Mapping[str, Any],
    n_trials: int,
    seed: int | None,
    **options: Any,
) -> Any:
    """An Optuna study whose `n_trials` trials the sampler of that name draws."""
    draw = getattr(optuna.samplers, lookup("sampler", sampler, SAMPLERS))(seed=seed)
    study = optuna.create_study(sampler=draw, **options)
    if sampler == "grid":
        # Optuna's own sampler of grids cannot serve trials that run in rounds.
        combinations = list(itertools.product(*_grid(space)))
        random.Random(seed).shuffle(combinations)
        for places in combinations[:n_trials]:
            study.enqueue_trial(dict(zip(space, places, strict=True)))
    return study


def _grid(space: Mapping[str, Any]) -> list[range]:
    """The places of the choices of each option: what `suggestion` draws."""
    for name, values in space.items():
        if not isinstance(values, (list, tuple)):
            raise ValueError(f'space["{name}"] must be a list of choices for sampler "grid"')
    return [range(len(values)) for values in space.values()]


@dataclass
class _Trainer:
    """Fits with the options of a trial: plain values, that a process can be given."""

    model: str
    args: tuple[Any, ...]
    data: dict[str, Any]
    validation: Any
    model_options: dict[str, Any]
    fit_options: dict[str, Any]
    seed: int | None

    def __call__(self, found: Mapping[str, Any], extra: list[Callback]) -> TableFit:
        training = _training_options()
        callbacks = [*as_callbacks(self.fit_options.get("callbacks", ())), *extra]
        of_fit = {name: value for name, value in found.items() if name in training}
        of_model = {name: value for name, value in found.items() if name not in training}
        return fit_table(
            self.model,
            *self.args,
            validation=self.validation,
            model_options={**self.model_options, **of_model},
            fit_options={
                "seed": self.seed,
                **self.fit_options,
                **of_fit,
                "callbacks": callbacks,
                "progress": False,
            },
            **self.data,
        )


def suggestions_of(space: Mapping[str, Any]) -> dict[str, Callable[[Any], Any]]:
    """By name, a function of a trial that draws the option."""
    if not space:
        raise ValueError("space holds no options")
    return {name: suggestion(name, values) for name, values in space.items()}


def suggestion(name: str, values: Any) -> Callable[[Any], Any]:
    """A function of a trial that draws the option."""
    if isinstance(values, (list, tuple)):
        choices = list(values)
        if not choices:
            raise ValueError(f'space["{name}"] holds no choices')
        # Optuna takes plain values only: a list of layers is drawn by its place.
        return _kept(
            name, lambda trial: choices[trial.suggest_categorical(name, list(range(len(choices))))]
        )
    given = options(f'space["{name}"]', values)
    unknown = [key for key in given if key not in ("low", "high", "log", "step", "int")]
    if unknown or not {"low", "high"} <= given.keys():
        raise ValueError(
            f'space["{name}"] must be a list of choices, or a dict with "low" and "high" and, if '
            f'wanted, "log", "step" and "int", not {values!r}'
        )
    low, high = given["low"], given["high"]
    for value in (low, high):
        if isinstance(value, bool) or not isinstance(value, Real):
            raise TypeError(f'space["{name}"] must have numbers, not {kind_of(value)}')
    if low >= high:
        raise ValueError(f'space["{name}"]: low must be below high')
    log, step = bool(given.get("log", False)), given.get("step")
    if given.get("int"):
        return _kept(
            name,
            lambda trial: trial.suggest_int(
                name, int(low), int(high), step=int(step or 1), log=log
            ),
        )
    return _kept(
        name, lambda trial: trial.suggest_float(name, float(low), float(high), step=step, log=log)
    )


def _kept(name: str, draw: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same, which also notes the value in the trial."""

    def suggest(trial: Any) -> Any:
        value = draw(trial)
        trial.set_user_attr("options", {**trial.user_attrs.get("options", {}), name: value})
        return value

    return suggest


def described_trial(trial: Any, names: Mapping[str, Any]) -> dict[str, Any]:
    """A trial as a line of `Tuned.trials`."""
    found = trial.user_attrs.get("options", {})
    state = trial.state.name.lower()
    return {
        "number": trial.number,
        "value": trial.value if state == "complete" else None,
        "state": state,
        "epochs": trial.user_attrs.get("epochs"),
        "seconds": _seconds(trial),
        **{name: found.get(name) for name in names},
    }


def _seconds(trial: Any) -> float | None:
    whole = trial.duration.total_seconds() if trial.duration else None
    return trial.user_attrs.get("seconds", whole)


def _training_options() -> set[str]:
    return set(inspect.signature(fit).parameters)


def find_optuna() -> Any:
    """The package, or an error that says what needs it."""
    try:
        import optuna
    except ImportError as error:
        raise ImportError("tune needs the package optuna") from error
    return optuna
