"""Trials at once, in processes of their own: the same seed gives the same trials.

Trials go in rounds of `n_jobs`. All options of a round are drawn before it begins, and its results
are reported in their order once it is over, so that neither the sampler nor the pruner sees which
process was faster; and a process has its own random state, which threads would share.

Tests: tests/models/tuning/test_tune.py.
"""

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, TimeoutError
from typing import Any, NamedTuple

import torch

from torchbridge.process.interrupts import EVERY, let_r_look
from torchbridge.process.own_imports import working_directory_last

from ..callbacks import Callback

_trainer: Any = None


class Outcome(NamedTuple):
    """What became of a trial."""

    value: float | None
    steps: dict[int, float]
    seconds: float


def run_rounds(
    study: Any,
    trainer: Callable[..., Any],
    suggestions: Mapping[str, Callable[[Any], Any]],
    n_trials: int,
    n_jobs: int,
    tell: Callable[[], object] = lambda: None,
) -> None:
    """Run `n_trials` trials of a study, `n_jobs` at once.

    Args:
        study: Optuna's.
        trainer: called with options by name and a list of callbacks, gives a fit with a
            `history`; it is copied into each process.
        suggestions: by name, functions of a trial that draw an option.
        tell: called after each round.
    """
    from optuna.trial import TrialState

    threads = max(1, torch.get_num_threads() // n_jobs)
    try:
        copied = pickle.dumps(trainer)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise TypeError(
            f"with n_jobs above 1, every option must be one that a process can be given: {error}"
        ) from error
    # Not forked: torch's threads and R would not survive it.
    with working_directory_last():
        pool = ProcessPoolExecutor(
            n_jobs, multiprocessing.get_context("spawn"), _begin, (copied, threads)
        )
    try:
        for first in range(0, n_trials, n_jobs):
            trials = [study.ask() for _ in range(min(n_jobs, n_trials - first))]
            drawn = [{name: draw(t) for name, draw in suggestions.items()} for t in trials]
            done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
            with working_directory_last():  # processes start with their first task
                results = [pool.submit(_work, options, study.pruner, done) for options in drawn]
            for trial, result in zip(trials, results, strict=True):
                found = _wait(result)
                for epoch, value in found.steps.items():
                    trial.report(value, epoch)
                trial.set_user_attr("epochs", len(found.steps))
                trial.set_user_attr("seconds", found.seconds)
                if found.value is None:
                    study.tell(trial, state=TrialState.PRUNED)
                else:
                    study.tell(trial, found.value)
            tell()
    except BaseException:
        _end(pool)
        raise
    pool.shutdown()


def is_interrupted(fitted: Any) -> bool:
    """Did an interrupt end this fit?"""
    return bool(fitted.status.startswith("interrupted"))


def _wait(result: Future[Outcome]) -> Outcome:
    while True:
        try:
            return result.result(timeout=EVERY)
        except TimeoutError:
            if result.done():
                raise
            let_r_look()


def _end(pool: ProcessPoolExecutor) -> None:
    """End the processes now, in the middle of their trials."""
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()


def _begin(trainer: bytes, threads: int) -> None:
    global _trainer
    # Ctrl-C reaches every process of a terminal: what becomes of these is the first one's to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(threads)
    _trainer = pickle.loads(trainer)


def _end_with_parent() -> None:
    """However it ended: nobody would wait for what this process finds."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _work(options: dict[str, Any], pruner: Any, completed: list[Any]) -> Outcome:
    """One trial, beside those that earlier rounds completed."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(pruner=pruner)
    study.add_trials(completed)
    report = Report(study.ask(), optuna)
    begun = time.perf_counter()
    value: float | None = None
    with contextlib.suppress(optuna.TrialPruned, FloatingPointError):
        value = min(_trainer(options, [report]).history["valid_loss"])
    return Outcome(value, report.steps, time.perf_counter() - begun)


class Report(Callback):
    """Tells Optuna each epoch's loss, and stops where it says so."""

    def __init__(self, trial: Any, optuna: Any) -> None:
        self.trial, self.optuna = trial, optuna
        self.steps: dict[int, float] = {}

    def on_epoch_end(self, loop: Any) -> None:
        """Report, and look."""
        self.steps[loop.epoch] = loop.row["valid_loss"]
        self.trial.report(loop.row["valid_loss"], loop.epoch)
        if self.trial.should_prune():
            self.trial.set_user_attr("epochs", loop.epoch)
            raise self.optuna.TrialPruned
