"""Searches in a storage: workers, sessions, and what becomes of those that die."""

import contextlib
import os
import signal
import sqlite3
import threading
import time

import pytest
import torch

from torchbridge.models import tune
from torchbridge.models.tuning import shared

optuna = pytest.importorskip("optuna")

GENERATOR = torch.Generator().manual_seed(0)
X = torch.randn(80, 2, generator=GENERATOR)
Y = X[:, 0] ** 2 + X[:, 1]
SPACE = {"lr": {"low": 1e-4, "high": 0.1, "log": True}, "hidden": [[4], [16, 8]]}
OPTIONS = {"fit_options": {"epochs": 2}, "seed": 1, "progress": False}


def storages(folder):
    return {"journal": str(folder / "a.log"), "database": f"sqlite:///{folder}/a.db"}


def test_a_database_keeps_a_search(tmp_path):
    place = storages(tmp_path)["database"]
    for n in (1, 2):
        found = tune("mlp", SPACE, X, Y, n_trials=n, storage=place, **OPTIONS)
        assert len(found.trials) == n


def test_a_search_goes_on(tmp_path):
    place = storages(tmp_path)["journal"]
    first = tune("mlp", SPACE, X, Y, n_trials=2, storage=place, **OPTIONS)
    second = tune("mlp", SPACE, X, Y, n_trials=4, storage=place, **OPTIONS)
    assert len(first.trials) == 2 and len(second.trials) == 4
    assert [t["value"] for t in second.trials[:2]] == [t["value"] for t in first.trials]
    assert second.best_value == min(t["value"] for t in second.trials if t["value"] is not None)
    assert second.best_options["hidden"] in SPACE["hidden"]
    assert min(second.fit.history["valid_loss"]) == second.best_value
    again = tune("mlp", SPACE, X, Y, n_trials=4, storage=place, **OPTIONS)
    assert again.trials == second.trials
    other = tune("mlp", SPACE, X, Y, n_trials=1, storage=place, study_name="other", **OPTIONS)
    assert len(other.trials) == 1
    with pytest.raises(ValueError, match="was begun with another space: give study_name"):
        tune("mlp", {"lr": [0.1]}, X, Y, n_trials=5, storage=place, **OPTIONS)


def test_a_grid_is_gone_through_once(tmp_path):
    space = {"lr": [0.1, 0.01], "hidden": [[2], [3]]}
    place = storages(tmp_path)["journal"]
    for n in (2, 4):
        options = {**OPTIONS, "sampler": "grid", "pruner": "none"}
        found = tune("mlp", space, X, Y, n_trials=n, storage=place, **options)
        done = [(t["lr"], tuple(t["hidden"])) for t in found.trials if t["state"] == "complete"]
        assert len(set(done)) == len(done) == n


def test_a_trial_whose_process_is_gone_has_failed(tmp_path):
    place = storages(tmp_path)["journal"]
    tune("mlp", SPACE, X, Y, n_trials=1, storage=place, **OPTIONS)
    study = optuna.load_study(study_name="torchbridge", storage=shared.open_storage(optuna, place))
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    study.ask().set_user_attr("torchbridge_worker", shared.worker(child))
    found = tune("mlp", SPACE, X, Y, n_trials=2, storage=place, **OPTIONS)
    assert [t["state"] for t in found.trials] == ["complete", "fail", "complete"]


def test_a_trial_of_a_machine_that_vanished_has_failed(tmp_path):
    space = {"lr": [0.1, 0.01]}
    place, options = storages(tmp_path)["database"], {**OPTIONS, "sampler": "grid"}
    tune("mlp", space, X, Y, n_trials=1, storage=place, **options)
    storage = shared.open_storage(optuna, place)
    study = optuna.load_study(study_name="torchbridge", storage=storage)
    other = 1 - study.trials[0].params["lr"]  # the place of a choice
    study.enqueue_trial({"lr": other})
    lost = study.ask()
    lost.set_user_attr("torchbridge_worker", "elsewhere:1")
    with shared._beating(study, lost):
        pass  # it is heard once
    with contextlib.closing(sqlite3.connect(tmp_path / "a.db")) as connection, connection:
        connection.execute("UPDATE trial_heartbeats SET heartbeat = datetime('now', '-1 hour')")
    found = tune("mlp", space, X, Y, n_trials=2, storage=place, **options)
    assert [t["state"] for t in found.trials] == ["complete", "fail", "complete"]
    assert found.trials[2]["lr"] == space["lr"][other]


def test_a_worker_that_is_killed_loses_its_trial_only(tmp_path):
    place = storages(tmp_path)["journal"]
    killed, lock = [], optuna.storages.journal.JournalFileOpenLock(place)

    def kill():
        storage = shared.open_storage(optuna, place)
        while not killed:
            time.sleep(0.05)
            try:
                study = optuna.load_study(study_name="torchbridge", storage=storage)
            except KeyError:
                continue
            for trial in study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):
                name = trial.user_attrs.get("torchbridge_worker")
                if name is not None and not killed:
                    # Not while it holds the journal's lock, for whose end the others wait 30 s.
                    lock.acquire()
                    os.kill(int(name.rpartition(":")[2]), signal.SIGKILL)
                    lock.release()
                    killed.append(trial.number)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    options = {**OPTIONS, "fit_options": {"epochs": 30}, "pruner": "none"}
    found = tune("mlp", SPACE, X, Y, n_trials=2, workers=2, storage=place, **options)
    thread.join()
    states = [t["state"] for t in found.trials]
    assert states[killed[0]] == "fail"
    assert states.count("fail") == 1 and states.count("complete") >= 2


def test_what_it_refuses(tmp_path):
    def search(**options):
        return tune("mlp", SPACE, X, Y, n_trials=1, **options, **OPTIONS)

    with pytest.raises(ValueError, match="n_jobs must be 1"):
        search(n_jobs=2, workers=2)
    with pytest.raises(TypeError, match="storage must be the path of a journal"):
        search(storage=3)
    with pytest.raises(ValueError, match="must be a file in a folder that is there"):
        search(storage=str(tmp_path / "no" / "a.log"))
    with pytest.raises(ValueError, match="there is no database"):
        search(storage="nosuch://x")
    options = {**OPTIONS, "fit_options": {"epochs": 1, "loss": lambda a, b: (a - b) ** 2}}
    with pytest.raises(TypeError, match="every option must be one that a process can be given"):
        tune("mlp", SPACE, X, Y, n_trials=1, workers=2, **options)
