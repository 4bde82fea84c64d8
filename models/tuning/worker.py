"""The process of a worker of a shared search, which `shared.py` starts.

Tests: tests/models/tuning/test_shared.py.
"""

import contextlib
import os
import pickle
import sys
import threading
from pathlib import Path

import torch

from .shared import open_storage, run_shared
from .tune import find_optuna, objective_of


def main(folder: str, number: str) -> None:
    """A worker: trials until there are enough."""
    optuna = find_optuna()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    parcel = pickle.loads((Path(folder) / "parcel").read_bytes())
    torch.set_num_threads(parcel["threads"])
    study = optuna.load_study(
        study_name=parcel["study"],
        storage=open_storage(optuna, parcel["storage"]),
        sampler=parcel["sampler"](int(number)),
        pruner=parcel["pruner"],
    )
    objective = objective_of(optuna, parcel["trainer"], parcel["space"])
    try:
        run_shared(study, objective, parcel["n_trials"], lambda: None)
    except Exception as error:
        with contextlib.suppress(Exception):
            (Path(folder) / f"error{number}").write_bytes(pickle.dumps(error))
        raise


def _end_with_parent() -> None:
    """However it ended: nobody would wait for what this process finds."""
    sys.stdin.buffer.read()
    os._exit(1)
