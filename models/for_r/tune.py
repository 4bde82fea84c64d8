"""Searches: over the options of a fit to a table of R's, or of an R function.

Tests: test-fit-tune.R.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from torchbridge.process.interrupts import passing_interrupts

from ..arguments import options, whole_number
from ..tuning.shared import run_shared
from ..tuning.tune import (
    count_complete,
    described_trial,
    ended_by_interrupt,
    find_optuna,
    n_trials_of,
    new_study,
    shared_study,
    status_of,
    suggestions_of,
    telling,
    tune,
)
from .fit import arranged, described, named_callbacks


def search(task: Mapping[str, Any]) -> dict[str, Any]:
    """Search the options of a network for columns.

    Args:
        task: that of `fit.fit`, with `space`, and `search`: `n_trials`, `sampler`,
            `pruner` and `n_jobs` as of `tune`.
    """
    data = arranged(task)
    fit_options = dict(data.pop("fit_options"))
    # By name: every trial makes callbacks of its own.
    fit_options["callbacks"] = named_callbacks(task)
    seed = fit_options.pop("seed")
    space = options("space", task["space"])
    with _quiet(find_optuna()):
        found = tune(
            data.pop("model"),
            space,
            fit_options=fit_options,
            seed=seed,
            progress=task.get("say") or False,
            **task["search"],
            **data,
        )
    return {
        "trials": _columns(found.trials),
        "best_options": found.best_options,
        "best_value": found.best_value,
        "fit": None if found.fit is None else described(found.fit),
        "status": found.status,
    }


def search_function(
    function: Callable[[dict[str, Any]], Any],
    space: Mapping[str, Any],
    n_trials: int | None = None,
    sampler: str = "tpe",
    seed: int | None = None,
    maximize: bool = False,
    say: Callable[[str], object] | None = None,
    shared: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Search the arguments of an R function for the best value.

    Args:
        function: gets a dict of values by name; gives a number, or None or NaN where these
            values have none.
        space, n_trials, sampler, seed: as of `tune`.
        maximize: whether more is better.
        say: called with a line that says how far a long search is.
        shared: `storage` and `study_name`, as of `tune`.
    """
    optuna = find_optuna()
    found = options("space", space)
    suggestions = suggestions_of(found)
    n_trials = n_trials_of(n_trials, sampler, found)
    seed = None if seed is None else whole_number("seed", seed)

    call = passing_interrupts(function)

    def objective(trial: Any) -> float:
        value = call({name: draw(trial) for name, draw in suggestions.items()})
        if value is None or value != value:
            raise optuna.TrialPruned
        return float(value)

    with _quiet(optuna):
        direction = "maximize" if maximize else "minimize"
        storage = (shared or {}).get("storage")
        if storage is None:
            study = new_study(optuna, sampler, found, n_trials, seed, direction=direction)
            tell = telling(study, n_trials, say or False)
            search = partial(study.optimize, objective, n_trials=n_trials, callbacks=[tell])
        else:
            name = (shared or {})["study_name"]
            study = shared_study(optuna, sampler, found, seed, storage, name, direction)
            tell = telling(study, n_trials, say or False)
            search = partial(run_shared, study, objective, n_trials, tell)
        interrupted = ended_by_interrupt(search)
    begun = [trial for trial in study.trials if trial.state.name != "WAITING" or interrupted]
    trials = [described_trial(trial, suggestions) for trial in begun]
    complete = count_complete(trials, interrupted)
    if not complete:
        raise ValueError("objective gave a number in none of the trials")
    return {
        "trials": _columns(trials),
        "best_options": study.best_trial.user_attrs["options"],
        "best_value": study.best_value,
        "status": status_of(trials, complete, interrupted),
    }


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Errors reach R as R's own; Optuna need not print them too."""
    logger, silent = logging.getLogger("optuna"), logging.NullHandler()
    logger.addHandler(silent)
    optuna.logging.disable_default_handler()
    try:
        yield
    finally:
        optuna.logging.enable_default_handler()
        logger.removeHandler(silent)


def _columns(trials: list[dict[str, Any]]) -> dict[str, list]:
    return {name: [trial[name] for trial in trials] for name in trials[0]}
