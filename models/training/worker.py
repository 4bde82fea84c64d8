"""A worker process of a fit: reads what it is sent, trains its part, and tells the session.

It is a rank like any that torchrun starts: who it is stands in its environment.

Tests: tests/models/training/test_workers.py.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import sys
import threading
import time
import traceback
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any, NoReturn

import torch
import torch.distributed as dist

from .device import Accelerator
from .fabric import find_accelerator
from .parcel import read_parcel, write_parcel
from .ranks import ElsewhereError
from .reports import Relay, SessionGone, send

#: Seconds between two looks whether the session is there.
_EVERY = 0.5


def main(folder: str) -> NoReturn:
    """Do what the files in a folder say, and end the process."""
    # The session decides when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    where = Path(folder)
    plan = json.loads((where / "plan.json").read_text())
    _end_with(plan["session"], where)
    os.environ.update(plan["environment"])
    status = 1
    with Client(str(where / "socket"), "AF_UNIX") as link:
        rank = int(os.environ["RANK"])
        send(link, {"rank": rank})
        try:
            _train(where, plan, link, rank)
            status = 0
            send(link, {"done": True})
        except SessionGone:
            signal.pause()  # until the thread that looks for it finds it gone, too
        except BaseException as error:
            send(link, _described(error))
            traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    # What a process group leaves behind can abort in destructors.
    os._exit(status)


def _train(where: Path, plan: dict[str, Any], link: Connection, rank: int) -> None:
    torch.set_num_threads(plan["threads"])
    sent = read_parcel(where / "job")
    job = sent["job"]
    Relay.link = link
    accelerator = find_accelerator(
        torch.device(plan["device"]), plan["precision"], plan["devices"], plan["strategy"]
    )
    # Where there is no seed, the session's random state decides, and goes on from what is left.
    here = Accelerator(accelerator.device)
    here.set_random_state(sent["random"])
    outcome = accelerator.launch(sent["train"], job)
    if rank == 0:
        found = {"outcome": outcome, "random": here.random_state()}
        found["callbacks"] = [_kept(callback) for callback in job.callbacks]
        write_parcel(where / "outcome", found)
    if dist.is_initialized():
        dist.destroy_process_group()


def _kept(callback: Any) -> dict[str, Any]:
    """What a callback has found: those of its attributes that can go to another process."""
    found = {}
    for name, value in vars(callback).items():
        try:
            pickle.dumps(value)
        except Exception:
            continue
        found[name] = value
    return found


def _described(error: BaseException) -> dict[str, Any]:
    try:
        pickled = pickle.dumps(error).hex()
    except Exception:
        pickled = None
    return {
        "error": f"{type(error).__name__}: {error}",
        "elsewhere": isinstance(error, ElsewhereError),
        "pickled": pickled,
        "traceback": "".join(traceback.format_exception(error)),
        "time": time.monotonic(),
    }


def _end_with(session: int, where: Path) -> None:
    """Nobody waits for a worker whose session has gone: it ends, and leaves no files."""

    def watch() -> None:
        while os.getppid() == session:
            time.sleep(_EVERY)
        shutil.rmtree(where, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
