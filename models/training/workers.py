"""Several processes that train together, started from a session that goes on as it was.

The session writes what they need into a folder of its own, starts them, hears how far they are,
calls the callbacks that are called in it, and reads what the first one has written at the end.

Tests: tests/models/training/test_workers.py.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import pickle
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import torch

from torchbridge.process.child_process import child_command
from torchbridge.process.interrupts import (
    let_r_look,
    took_interrupt,
    uninterrupted,
    waits_for_exits,
)

from ..callbacks import Callback
from ..callbacks.callback import EVENTS
from .agent import Agent
from .data import Data
from .device import Accelerator
from .parcel import of_its_own, read_parcel, size_of, write_parcel
from .reports import Mirror, Relay, Stopping, new_flags, receive, send

#: Seconds between two looks at what is not on a socket: R, Ctrl-C, the workers' output.
_EVERY = 0.1
#: Characters of a worker's last words.
_LAST_WORDS = 2000


class Workers(Accelerator):
    """Where a fit runs on several devices: `launch` starts a process for each.

    Args:
        device: the kind of the devices.
        devices: how many.
        precision, strategy: as of `fit`; what a worker does with them is its accelerator's to say.
    """

    def __init__(self, device: torch.device, devices: int, precision: str, strategy: str) -> None:
        if device.type == "cuda" and torch.cuda.device_count() < devices:
            raise ValueError(
                f"devices is {devices}, but torch sees {torch.cuda.device_count()} GPUs here"
            )
        super().__init__(device)
        self.devices, self.precision, self.strategy = devices, precision, strategy

    @property
    def world_size(self) -> int:  # type: ignore[override]
        """The number of processes."""
        return self.devices

    def launch(self, train: Callable[..., Any], *args: Any) -> Any:
        """Call `train(accelerator, job)` in every process; what the first one returns."""
        (job,) = args
        for each in (*job.callbacks, job.train, job.valid):
            why = getattr(each, "here_only", None)
            if why is not None:
                raise ValueError(
                    f"devices must be 1, not {self.devices}: {why}, and several devices train in "
                    "processes of their own"
                )
        with _folder(_size(job)) as folder:
            outcome = _Session(self, job, folder).run(train)
        job.module.to(self.device)
        return outcome


class _Session:
    """One fit as the session sees it.

    Attributes:
        links: the workers' sockets, and their ranks once they have said them.
        due: messages that callbacks are still to be called for, and who waits for the answer.
        errors: what workers say went wrong, by rank.
        done: the ranks that have ended well.
    """

    def __init__(self, workers: Workers, job: Any, folder: Path) -> None:
        self.workers, self.job, self.folder = workers, job, folder
        self.links: dict[Connection, int | None] = {}
        self.errors: dict[int, dict[str, Any]] = {}
        self.done: set[int] = set()
        self.mirror = Mirror(job.epochs)
        self.due: list[tuple[dict[str, Any], Connection | None]] = []
        self.shown = {"stdout": 0, "stderr": 0}
        self.interrupted = False

    def run(self, train: Callable[..., Any]) -> Any:
        """Start the workers, and serve them until they have ended; the first one's outcome."""
        self.flags = new_flags(self.folder / "stop")
        self._write(train)
        program = child_command("torchbridge.models.training.worker", self.folder)
        agent = Agent(program, self.workers.devices, self.folder / "log")
        with socket.socket(socket.AF_UNIX) as server, waits_for_exits():
            server.bind(str(self.folder / "socket"))
            server.listen(self.workers.devices)
            try:
                agent.start()
                self._serve(agent, server)
            finally:
                agent.stop()
                for link in self.links:
                    link.close()
        self._show(agent)
        return self._outcome(agent)

    def _write(self, train: Callable[..., Any]) -> None:
        """What the workers need."""
        job = copy.copy(self.job)
        job.callbacks = [Stopping(self.folder / "stop"), *map(_sent, *_numbered(job.callbacks))]
        job.train, job.valid = _compact(job.train), _compact(job.valid)
        job.provenance = copy.copy(job.provenance)
        # By the names of arguments, which errors give.
        parts = {"module": job.module, "loss": job.loss, "x": job.train, "validation": job.valid}
        parts |= {"callbacks": job.callbacks, "train": train, "job": job}
        parts["random"] = self.workers.random_state()
        write_parcel(self.folder / "job", parts)
        workers = self.workers
        plan = {
            "session": os.getpid(),
            "environment": _environment(),
            "threads": max(1, torch.get_num_threads() // workers.devices),
            "device": workers.device.type,
            "precision": workers.precision,
            "devices": workers.devices,
            "strategy": workers.strategy,
        }
        (self.folder / "plan.json").write_text(json.dumps(plan))

    def _serve(self, agent: Agent, server: socket.socket) -> None:
        """Hear the workers until all have ended: an interrupt asks for that, a second is one."""
        while not agent.ended:
            try:
                let_r_look()
                self._hear(server)
                self._show(agent)
            except KeyboardInterrupt:
                if self.interrupted:
                    raise
                took_interrupt()
                self.interrupted = True
                self.flags[0] = 1
        self._hear(server)

    def _hear(self, server: socket.socket) -> None:
        """Take what has come, and call the callbacks that it is for."""
        for ready in wait([server, *self.links], _EVERY):
            if ready is server:
                self._accept(server)
            else:
                self._take(ready)
        while self.due:
            self._call(self.due[0])

    @uninterrupted
    def _accept(self, server: socket.socket) -> None:
        self.links[Connection(server.accept()[0].detach())] = None

    @uninterrupted
    def _take(self, link: Any) -> None:
        """What a worker says."""
        try:
            message = receive(link)
        except (EOFError, OSError):
            del self.links[link]
            link.close()
            return
        rank = self.links[link]
        if "rank" in message:
            self.links[link] = message["rank"]
        elif "done" in message and rank is not None:
            self.done.add(rank)
        elif "error" in message and rank is not None:
            self.errors[rank] = message
        elif message["event"] != "on_epoch_end":
            self.due.append((message, None))
        else:
            self.due.append((message, link))

    def _call(self, due: tuple[dict[str, Any], Connection | None]) -> None:
        """Call a callback; also where it is interrupted, who waits for it gets an answer."""
        message, asks = due
        answer: dict[str, Any] = {"row": {}, "stop": None}
        try:
            callback = self.job.callbacks[message["callback"]]
            answer = self.mirror.call(callback, message["event"], message["at"])
        finally:
            self.due.remove(due)
            if asks is not None:
                with contextlib.suppress(OSError):  # it has gone: the agent knows
                    send(asks, answer)

    def _show(self, agent: Agent) -> None:
        """What the first worker prints, the session prints."""
        for name, stream in (("stdout", sys.stdout), ("stderr", sys.stderr)):
            path = agent.written(0, name)
            if path is None:
                continue
            with path.open("rb") as file:
                file.seek(self.shown[name])
                new = file.read()
            self.shown[name] += len(new)
            if new:
                stream.write(new.decode(errors="replace"))
                stream.flush()

    def _outcome(self, agent: Agent) -> Any:
        """What the first worker has written, or the error of the one that ended it all."""
        if len(self.done) < self.workers.devices:
            self._fail(agent)
        found = read_parcel(self.folder / "outcome")
        for callback, kept in zip(self.job.callbacks, found["callbacks"][1:], strict=True):
            if not callback.in_session:
                vars(callback).update(kept)
        self.workers.set_random_state(found["random"])
        return found["outcome"]

    def _fail(self, agent: Agent) -> None:
        """Raise the error of the worker that failed first."""
        if agent.error is not None:
            raise RuntimeError("the workers could not be started") from agent.error
        # Once one has failed the agent ends the others, by SIGTERM.
        silent = [
            rank
            for rank, failure in agent.failures.items()
            if rank not in self.errors and failure.exitcode != -signal.SIGTERM
        ]
        n = self.workers.devices
        if silent or not self.errors:
            rank = min(silent, default=0)
            how = _ending(agent.failures.get(rank))
            words = _last_words(agent.written(rank, "stderr"))
            raise RuntimeError(f"worker {rank} of {n} {how}{words}")
        first = min(self.errors.values(), key=lambda error: (error["elsewhere"], error["time"]))
        raise _as_error(first)


def _numbered(callbacks: list[Callback]) -> tuple[range, list[Callback]]:
    return range(len(callbacks)), callbacks


def _sent(index: int, callback: Callback) -> Callback:
    """What a worker has in a callback's place."""
    if not callback.in_session:
        return callback
    hears = [e for e in EVENTS if getattr(type(callback), e) is not getattr(Callback, e)]
    return Relay(index, hears)


def _compact(source: Any) -> Any:
    return source.each(of_its_own) if isinstance(source, Data) else source


def _environment() -> dict[str, str]:
    """What differs from the session's own: gloo talks over the loopback device."""
    loopback = "lo0" if sys.platform == "darwin" else "lo"
    return {} if "GLOO_SOCKET_IFNAME" in os.environ else {"GLOO_SOCKET_IFNAME": loopback}


def _size(job: Any) -> int:
    """Bytes of the tensors that workers get, about."""
    tensors = [*job.module.state_dict().values()]
    for source in (job.train, job.valid):
        if isinstance(source, Data):
            source.each(tensors.append)
    return sum(size_of(t) for t in tensors if isinstance(t, torch.Tensor))


@contextlib.contextmanager
def _folder(size: int) -> Iterator[Path]:
    """A folder that only this user can read: in memory where there is room, else on disk."""
    memory = Path("/dev/shm")
    fits = memory.is_dir() and os.access(memory, os.W_OK)
    fits = fits and shutil.disk_usage(memory).free > 2 * size + 2**26
    folder = Path(tempfile.mkdtemp(prefix="torchbridge-", dir=memory if fits else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ending(failure: Any) -> str:
    if failure is None:
        return "ended before it was done"
    code = failure.exitcode
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"


def _last_words(path: Path | None) -> str:
    text = "" if path is None else path.read_text(errors="replace").strip()[-_LAST_WORDS:]
    return f"; its last words were:\n{text}" if text else ", and has written nothing"


def _as_error(message: dict[str, Any]) -> BaseException:
    """The error of a worker, as it would have been raised here."""
    error: BaseException = RuntimeError(message["error"])
    if message["pickled"] is not None:
        with contextlib.suppress(Exception):
            error = pickle.loads(bytes.fromhex(message["pickled"]))
    error.__cause__ = RuntimeError(f"in a worker:\n{message['traceback']}")
    return error
