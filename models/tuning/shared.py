"""Searches that are shared: workers, sessions and machines draw from one study in a storage.

Each takes a trial when it has time, so that what is drawn depends on who was faster. A worker that
dies loses its trial, which counts as failed, and another one takes its place. Of a machine that has
vanished nobody says so: in a database, running trials say that they run, and one that has not for a
while has failed. A journal has no such thing; what a machine left running there stays so.

Tests: tests/models/tuning/test_shared.py.
"""

import contextlib
import json
import os
import pickle
import platform
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from torchbridge.process.child_process import child_command
from torchbridge.process.interrupts import EVERY, let_r_look

from ..arguments import kind_of

#: What the study keeps beside its trials.
_ABOUT, _WORKER = "torchbridge_about", "torchbridge_worker"
#: Workers that may die one after the other, before a trial is finished.
_MOST_DEATHS = 3
#: Seconds between two heartbeats of a trial in a database, and without one until it has failed.
_BEAT, _SILENCE = 30, 180
#: Characters of a worker's last words.
_LAST_WORDS = 1500


def open_storage(optuna: Any, storage: str | os.PathLike[str]) -> Any:
    """Optuna's storage of a database's URL, or of a journal in a file."""
    if not isinstance(storage, (str, os.PathLike)):
        raise TypeError(
            f"storage must be the path of a journal or a database's URL, not {kind_of(storage)}"
        )
    text = os.fspath(storage)
    if "://" in text:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                return optuna.storages.RDBStorage(
                    text, heartbeat_interval=_BEAT, grace_period=_SILENCE
                )
        except ImportError as error:
            raise ImportError(f"storage {text!r} needs another package: {error}") from error
        except Exception as error:
            raise ValueError(f"storage: there is no database {text!r}: {error}") from error
    from optuna.storages import journal

    path = Path(text).expanduser()
    if path.is_dir() or not path.parent.is_dir():
        raise ValueError(f"storage: {text} must be a file in a folder that is there")
    # A lock by a file of its own: it holds on network drives, too.
    backend = journal.JournalFileBackend(str(path), journal.JournalFileOpenLock(str(path)))
    return optuna.storages.JournalStorage(backend)


def check_about(study: Any, about: Mapping[str, Any], name: str) -> None:
    """An error where the study of that name is of another search than this."""
    text = json.dumps(about, sort_keys=True, default=repr)
    known = study.user_attrs.get(_ABOUT)
    if known is None:
        if study.get_trials(deepcopy=False):
            raise ValueError(f'storage: the study "{name}" is none of torchbridge')
        study.set_user_attr(_ABOUT, text)
    elif known != text:
        then, now = json.loads(known), json.loads(text)
        which = next(key for key in now if now[key] != then.get(key))
        raise ValueError(
            f'storage: the study "{name}" was begun with another {which}: give study_name'
        )


def run_shared(
    study: Any, objective: Callable[[Any], float], n_trials: int, tell: Callable[[], object]
) -> None:
    """Run trials in this process until the study has `n_trials` that are finished or running."""
    fail_orphans(study)
    while _begin(study, n_trials):
        trial = study.ask()
        trial.set_user_attr(_WORKER, worker())
        with _beating(study, trial):
            _run(study, trial, objective)
        tell()


def run_workers(
    study: Any,
    storage: str | os.PathLike[str],
    trainer: Callable[..., Any],
    space: Mapping[str, Any],
    sampler: Callable[[int], Any],
    n_trials: int,
    workers: int,
    tell: Callable[[], object],
) -> None:
    """The same in processes of their own.

    Args:
        storage: what the study is in.
        trainer: called with options by name and a list of callbacks, gives a fit.
        space: what is drawn.
        sampler: makes Optuna's sampler of the number of a worker.
    """
    try:
        parcel = pickle.dumps(
            {
                "trainer": trainer,
                "space": dict(space),
                "storage": storage,
                "study": study.study_name,
                "pruner": study.pruner,
                "sampler": sampler,
                "n_trials": n_trials,
                "threads": max(1, torch.get_num_threads() // workers),
            }
        )
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise TypeError(
            f"with workers, every option must be one that a process can be given: {error}"
        ) from error
    fail_orphans(study)
    with tempfile.TemporaryDirectory(prefix="torchbridge-tune-") as folder:
        place = Path(folder)
        (place / "parcel").write_bytes(parcel)
        pool = _Pool(study, place, n_trials)
        try:
            pool.run(workers, tell)
        finally:
            pool.end()


class _Pool:
    """Worker processes of one search."""

    def __init__(self, study: Any, folder: Path, n_trials: int) -> None:
        self.study, self.folder, self.n_trials = study, folder, n_trials
        self.running: dict[int, subprocess.Popen[bytes]] = {}
        self.n_started = self.deaths = self.n_done = 0

    def run(self, workers: int, tell: Callable[[], object]) -> None:
        """Until the trials are done."""
        for _ in range(workers):
            self._start()
        while self.running:
            time.sleep(EVERY)
            let_r_look()
            done = _n_finished(self.study)
            if done > self.n_done:
                self.n_done, self.deaths = done, 0
                tell()
            for number, process in list(self.running.items()):
                if process.poll() is not None:
                    del self.running[number]
                    self._ended(number, process)

    def end(self) -> None:
        """End those that still run, in the middle of their trials."""
        for process in self.running.values():
            process.kill()
        for process in self.running.values():
            process.wait()
            _fail(self.study, worker(process.pid))

    def _start(self) -> None:
        number, self.n_started = self.n_started, self.n_started + 1
        log = self.folder / f"log{number}"
        with log.open("wb") as out:
            self.running[number] = subprocess.Popen(
                child_command("torchbridge.models.tuning.worker", self.folder, str(number)),
                stdin=subprocess.PIPE,  # whose end tells it that this process has ended
                stdout=out,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for this process, which ends them.
                start_new_session=True,
            )

    def _ended(self, number: int, process: "subprocess.Popen[bytes]") -> None:
        """A worker has ended: well, by an error, or killed, and then another one goes on."""
        _fail(self.study, worker(process.pid))
        if process.returncode == 0:
            return
        error = self.folder / f"error{number}"
        if error.exists():
            raise pickle.loads(error.read_bytes())
        self.deaths += 1
        if self.deaths >= _MOST_DEATHS:
            words = (self.folder / f"log{number}").read_text("utf-8", "replace")[-_LAST_WORDS:]
            raise RuntimeError(
                f"{self.deaths} workers died one after the other; the last words of one: "
                f"{words.strip() or 'none'} (exit status {process.returncode})"
            )
        if _n_begun(self.study) < self.n_trials:
            self._start()


def worker(pid: int | None = None) -> str:
    """What a trial knows its process by."""
    return f"{platform.node()}:{os.getpid() if pid is None else pid}"


def fail_orphans(study: Any) -> None:
    """Trials whose process has ended without an end of them have failed.

    Those of this machine, and in a database those of which nothing was heard for a while.
    """
    _fail_silent(study)
    for trial in study.get_trials(deepcopy=False):
        name, _, pid = trial.user_attrs.get(_WORKER, "").rpartition(":")
        if not trial.state.is_finished() and name == platform.node() and not _is_alive(int(pid)):
            _fail(study, trial.user_attrs[_WORKER])


def _fail(study: Any, whose: str) -> None:
    from optuna.trial import TrialState

    for trial in _running(study):
        if trial.user_attrs.get(_WORKER) == whose:
            with contextlib.suppress(Exception):  # another session was faster
                study.tell(trial.number, state=TrialState.FAIL)
                _draw_again(study, trial)


def _running(study: Any) -> list[Any]:
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))


def _draw_again(study: Any, trial: Any) -> None:
    """What a grid has fixed nobody would draw again."""
    if "fixed_params" in trial.system_attrs:
        study.enqueue_trial(trial.system_attrs["fixed_params"])


def _fail_silent(study: Any) -> None:
    """Trials that say no more that they run have failed."""
    import optuna

    before = _running(study)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        optuna.storages.fail_stale_trials(study)
    still = {trial.number for trial in _running(study)}
    states = {trial.number: trial.state.name for trial in study.get_trials(deepcopy=False)}
    for trial in before:
        if trial.number not in still and states[trial.number] == "FAIL":
            _draw_again(study, trial)


def _beating(study: Any, trial: Any) -> Any:
    """While a trial runs in a database, a thread says so now and then, as in Optuna's own loop."""
    from optuna.storages._heartbeat import get_heartbeat_thread

    return get_heartbeat_thread(trial._trial_id, study._storage)


def _run(study: Any, trial: Any, objective: Callable[[Any], float]) -> None:
    """A trial, told to the study."""
    import optuna

    try:
        value = objective(trial)
    except optuna.TrialPruned:
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)
    except BaseException:
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
        raise
    else:
        study.tell(trial, value)


def _begin(study: Any, n_trials: int) -> bool:
    """Is there another trial to run? (Between two that ask at once one more may begin.)"""
    _fail_silent(study)
    return _n_begun(study) < n_trials


def _n_begun(study: Any) -> int:
    """Trials that are complete, pruned or running: one that failed is made up for."""
    names = ("COMPLETE", "PRUNED", "RUNNING")
    return sum(trial.state.name in names for trial in study.get_trials(deepcopy=False))


def _n_finished(study: Any) -> int:
    return sum(trial.state.is_finished() for trial in study.get_trials(deepcopy=False))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
