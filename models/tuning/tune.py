"""Search for good options, by Optuna."""

import inspect
import itertools
import json
import math
import os
import random
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import Any

from torchbridge.process.interrupts import took_interrupt, waits_for_exits
from torchbridge.rtorch.modes import modes, restore

from ..arguments import kind_of, lookup, options, whole_number
from ..callbacks import Callback, Lines, as_callbacks
from ..table.fit import fit_table
from ..table.result import TableFit
from ..training.fit import fit
from .rounds import Report, is_interrupted, run_rounds
from .shared import check_about, open_storage, run_shared, run_workers

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
            `state` ("complete", "pruned", "fail" or "interrupted"), `epochs`, `seconds` and its
            options.
        fit: the best trial's options fitted anew, with the same seed. After an interrupt the
            best trial's own fit, or None where it was made in another process.
        study: Optuna's own `Study`.
        status: "completed", or "interrupted in trial 7: the best of 6 complete trials".
    """

    best_options: dict[str, Any]
    best_value: float
    trials: list[dict[str, Any]]
    fit: TableFit | None
    study: Any
    status: str = "completed"

    def __repr__(self) -> str:
        how = "" if self.status == "completed" else f", {self.status}"
        best = f"best {self.best_value:.6g} at {self.best_options}"
        return f"<Tuned: {len(self.trials)} trials, {best}{how}>"


def tune(
    model: str,
    space: Mapping[str, Any],
    *args: Any,
    n_trials: int | None = None,
    validation: Any = 0.2,
    sampler: str = "tpe",
    pruner: str = "median",
    n_jobs: int = 1,
    workers: int = 1,
    storage: str | os.PathLike[str] | None = None,
    study_name: str = "torchbridge",
    seed: int | None = None,
    progress: bool | Callable[[str], object] | None = None,
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
        workers: trials at once, in processes that each draw anew whenever they are done, so that
            none waits and who is faster decides what is drawn. A worker that is killed loses its
            trial ("fail"), and another takes its place.
        storage: where the trials are kept, for other sessions and machines, and for going on
            later: the path of a journal (a file on a drive that all see), or the URL of a
            database, as Optuna has it ("postgresql://user:password@host/db", "sqlite:///a.db").
            All that are given the same draw from one study, until it has `n_trials` in all. A
            trial of a machine that vanished fails in a database after three minutes of silence,
            and another takes its place; in a journal it stays "running".
        study_name: which study of the storage.
        seed: decides what is drawn, and the training of every trial.
        progress: None says now and then on standard error how far the search is, once it has
            taken ten seconds; False says nothing, and a function is called with the lines.
        model_options, fit_options: options that all trials share.

    An interrupt (Ctrl-C) ends the search, not one trial alone: the trials so far come back, if
    one of them is complete; else it is a KeyboardInterrupt.

    Needs the package optuna. (Long: each argument is checked before anything runs.)
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
    workers = whole_number("workers", workers, 1)
    if not isinstance(study_name, str) or not study_name:
        raise TypeError(f"study_name must be text, not {kind_of(study_name)}")
    if n_jobs > 1 and (workers > 1 or storage is not None):
        raise ValueError("n_jobs goes in rounds, workers and storage do not: n_jobs must be 1")
    run = _Trainer(model, args, data, validation, shared, fixed, seed)
    if workers > 1 or storage is not None:
        return _tune_shared(
            optuna, run, space, n_trials, sampler, pruner, workers, storage, study_name, progress
        )
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
        tell = telling(study, n_trials, progress)
        so_far = _Best()
        if n_jobs == 1:
            value = partial(_value, optuna, run, suggestions, so_far)
            search = partial(study.optimize, value, n_trials=n_trials, callbacks=[tell])
        else:
            search = partial(run_rounds, study, run, suggestions, n_trials, n_jobs, tell)
        interrupted = ended_by_interrupt(search)
    finally:
        optuna.logging.set_verbosity(level)
    trials = [described_trial(trial, suggestions) for trial in study.trials]
    complete = count_complete(trials, interrupted)
    if not complete:
        raise RuntimeError("no trial was completed: every one diverged; try lower lr in space")
    # What was chosen from, rather than Optuna's text of it.
    best = study.best_trial.user_attrs["options"]
    fitted = so_far.fit if interrupted else run(best, [])
    status = status_of(trials, complete, interrupted)
    return Tuned(best, study.best_value, trials, fitted, study, status)


def _tune_shared(
    optuna: Any,
    run: "_Trainer",
    space: Mapping[str, Any],
    n_trials: int,
    sampler: str,
    pruner: str,
    workers: int,
    storage: str | os.PathLike[str] | None,
    study_name: str,
    progress: bool | Callable[[str], object] | None,
) -> Tuned:
    """A search in a storage: a journal of its own, where none is given."""
    suggestions, level = suggestions_of(space), optuna.logging.get_verbosity()
    draws = partial(_sampler, sampler, run.seed)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="torchbridge-tune-") as folder:
        place = os.path.join(folder, "journal") if storage is None else storage
        try:
            study = shared_study(
                optuna,
                sampler,
                space,
                run.seed,
                place,
                study_name,
                pruner=getattr(optuna.pruners, lookup("pruner", pruner, PRUNERS))(),
                model=run.model,
            )
            tell = telling(study, n_trials, progress)
            if workers == 1:
                objective = objective_of(optuna, run, space)
                search = partial(run_shared, study, objective, n_trials, tell)
            else:
                search = partial(
                    run_workers, study, place, run, space, draws, n_trials, workers, tell
                )
            interrupted = ended_by_interrupt(search)
            found = [t for t in study.get_trials() if t.state.name != "WAITING"]
            best = None if not any(t.state.name == "COMPLETE" for t in found) else study.best_trial
            sampled = study if storage is not None else _copied(optuna, study)
        finally:
            optuna.logging.set_verbosity(level)
    trials = [described_trial(trial, suggestions) for trial in found]
    complete = count_complete(trials, interrupted)
    if best is None:
        raise RuntimeError("no trial was completed: every one diverged; try lower lr in space")
    options_ = best.user_attrs["options"]
    fitted = None if interrupted else run(options_, [])
    status = status_of(trials, complete, interrupted)
    return Tuned(options_, best.value, trials, fitted, sampled, status)


def shared_study(
    optuna: Any,
    sampler: str,
    space: Mapping[str, Any],
    seed: int | None,
    storage: str | os.PathLike[str],
    name: str,
    direction: str = "minimize",
    pruner: Any = None,
    model: str | None = None,
) -> Any:
    """The study of that name in a storage, which is made where there is none."""
    lookup("sampler", sampler, SAMPLERS)
    study = optuna.create_study(
        storage=open_storage(optuna, storage),
        study_name=name,
        sampler=_sampler(sampler, seed, 0),
        pruner=pruner,
        direction=direction,
        load_if_exists=True,
    )
    plain = json.loads(json.dumps(dict(space), default=repr))
    check_about(study, {"model": model, "space": plain, "direction": direction}, name)
    if sampler == "grid" and not study.get_trials(deepcopy=False):
        # All: who comes later may want more trials.
        _enqueue(study, space, math.prod(map(len, _grid(space))), seed)
    return study


def _sampler(name: str, seed: int | None, number: int) -> Any:
    """The sampler of a worker; each draws in its own way."""
    import optuna

    return getattr(optuna.samplers, SAMPLERS[name])(seed=None if seed is None else seed + number)


def _copied(optuna: Any, study: Any) -> Any:
    """A study in memory, of one whose file goes."""
    found = optuna.create_study(study_name=study.study_name, pruner=study.pruner)
    found.add_trials([trial for trial in study.get_trials() if trial.state.is_finished()])
    return found


def objective_of(
    optuna: Any, run: Callable[..., TableFit], space: Mapping[str, Any]
) -> Callable[[Any], float]:
    """A function of a trial that draws the options and gives the lowest validation loss."""
    return partial(_value, optuna, run, suggestions_of(space), _Best())


@dataclass
class _Best:
    """The best trial's fit, for a search that is interrupted."""

    value: float = math.inf
    fit: TableFit | None = None


def _value(
    optuna: Any,
    run: Callable[..., TableFit],
    suggestions: Mapping[str, Callable[[Any], Any]],
    so_far: _Best,
    trial: Any,
) -> float:
    """The lowest validation loss of a trial; one that diverges is pruned."""
    found = {name: suggest(trial) for name, suggest in suggestions.items()}
    try:
        fitted = run(found, [Report(trial, optuna)])
    except FloatingPointError as error:
        raise optuna.TrialPruned(str(error)) from error
    trial.set_user_attr("epochs", len(fitted.history["epoch"]))
    if is_interrupted(fitted):
        raise KeyboardInterrupt
    value = min(fitted.history["valid_loss"])
    if value < so_far.value:
        so_far.value, so_far.fit = value, fitted
    return value


def telling(
    study: Any, n_trials: int, progress: bool | Callable[[str], object] | None
) -> Callable[..., None]:
    """What is called after a trial, and says how far a long search is."""
    lines = Lines(progress if callable(progress) else None)

    def tell(*_: Any) -> None:
        done = sum(t.state.is_finished() for t in study.get_trials(deepcopy=False))
        if progress is not False and done < n_trials:
            lines.look(lambda taken: _line(study, done, n_trials, taken))

    return tell


def _line(study: Any, done: int, n_trials: int, taken: float) -> str:
    try:
        best = f", best value {study.best_value:.4g}"
    except ValueError:  # none is complete
        best = ""
    left = taken / done * (n_trials - done)
    return f"trial {done} of {n_trials}{best}; {taken:.0f} s, about {left:.0f} s to go"


def ended_by_interrupt(search: Callable[[], Any]) -> bool:
    """Run a search; whether a Ctrl-C ended it."""
    before = modes()
    try:
        with waits_for_exits():
            search()
    except KeyboardInterrupt:
        restore(before)
        took_interrupt()
        return True
    return False


def count_complete(trials: list[dict[str, Any]], interrupted: bool) -> int:
    """How many trials are complete; the interrupt again where none is."""
    complete = sum(trial["state"] == "complete" for trial in trials)
    if interrupted and not complete:
        raise KeyboardInterrupt
    return complete


def status_of(trials: list[dict[str, Any]], complete: int, interrupted: bool) -> str:
    """How a search ended, in words."""
    if not interrupted:
        return "completed"
    trial = f"{complete} complete trial{'' if complete == 1 else 's'}"
    return f"interrupted in trial {len(trials)}: the best of {trial}"


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
        _enqueue(study, space, n_trials, seed)
    return study


def _enqueue(study: Any, space: Mapping[str, Any], n_trials: int, seed: int | None) -> None:
    # Optuna's own sampler of grids cannot serve trials that run in rounds.
    combinations = list(itertools.product(*_grid(space)))
    random.Random(seed).shuffle(combinations)
    for places in combinations[:n_trials]:
        study.enqueue_trial(dict(zip(space, places, strict=True)))


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
    # What Optuna has as running, or still to run, the interrupt ended.
    state = {"running": "interrupted", "waiting": "interrupted"}.get(
        trial.state.name.lower(), trial.state.name.lower()
    )
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
