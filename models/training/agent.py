"""Worker processes by torch.distributed's elastic agent, on this machine, from a thread of ours.

On a thread the agent leaves the session's handlers of signals alone, and its workers start without
the user's script. Each is in a process group of its own, which a Ctrl-C at the terminal does not
reach. They meet in a store that listens on the loopback device alone, at a free port.

Tests: tests/models/training/test_workers.py.
"""

import contextlib
import logging
import os
import signal
import socket
import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_LOOPBACK = "127.0.0.1"
#: Seconds between two looks of the agent's whether the workers are there.
_EVERY = 0.1


class Agent:
    """Runs so many processes of a command, which find their rank in their environment.

    Attributes:
        failures: how processes ended that failed, by rank; known once `ended`.
        error: what ended the agent itself.

    Args:
        command: the program and its arguments.
        n: how many processes.
        folder: where what they print is kept.
    """

    def __init__(self, command: Sequence[str], n: int, folder: Path) -> None:
        from torch.distributed.elastic.agent.server.api import WorkerSpec
        from torch.distributed.elastic.agent.server.local_elastic_agent import LocalElasticAgent
        from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, Std

        self.folder = folder
        self.failures: dict[int, Any] = {}
        self.error: BaseException | None = None
        spec = WorkerSpec(
            role="worker",
            local_world_size=n,
            rdzv_handler=_one_machine(),
            entrypoint=command[0],
            args=tuple(command[1:]),
            max_restarts=0,
            monitor_interval=_EVERY,
            local_addr=_LOOPBACK,
        )
        self._agent: Any = LocalElasticAgent(
            spec, DefaultLogsSpecs(str(folder), redirects=Std.ALL), exit_barrier_timeout=10.0
        )
        self._thread = threading.Thread(target=self._run, name="torchbridge workers", daemon=True)

    def start(self) -> None:
        """Start the processes."""
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Have all of them ended?"""
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Kill what still runs, with what it has started, and wait until nothing does."""
        while not self.ended:
            for worker in self._agent.get_worker_group().workers:
                if worker.id:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.killpg(worker.id, signal.SIGKILL)
            self._thread.join(0.02)

    def written(self, rank: int, name: str) -> Path | None:
        """The file with what a worker has written to "stdout" or "stderr", once it is there."""
        return next(self.folder.glob(f"*/attempt_0/{rank}/{name}.log"), None)

    def _run(self) -> None:
        try:
            with _quiet():
                self.failures = dict(self._agent.run().failures)
        except BaseException as error:
            self.error = error


def _one_machine() -> Any:
    """Where the workers meet. (Long: a class of methods that have nothing to do.)"""
    from torch.distributed.elastic.rendezvous import (
        RendezvousHandler,
        RendezvousInfo,
        RendezvousStoreInfo,
    )

    class OneMachine(RendezvousHandler):
        """Where all workers are on one machine there is nobody to wait for."""

        def __init__(self) -> None:
            # torch's own listener would be on every device.
            with socket.create_server((_LOOPBACK, 0), backlog=128) as listener:
                self._port = listener.getsockname()[1]
                self._store = _store(self._port, listener.fileno())
                listener.detach()  # it is the store's
            self._id = uuid.uuid4().hex

        @property
        def use_agent_store(self) -> bool:
            """The workers' group meets in this store as well."""
            return True

        def get_backend(self) -> str:
            """How it is called."""
            return "c10d"

        def next_rendezvous(self) -> RendezvousInfo:
            """The only one."""
            return RendezvousInfo(self._store, 0, 1, RendezvousStoreInfo(_LOOPBACK, self._port))

        def is_closed(self) -> bool:
            """It is open as long as the agent is there."""
            return False

        def set_closed(self) -> None:
            """Nobody else could come."""

        def num_nodes_waiting(self) -> int:
            """No other machine."""
            return 0

        def get_run_id(self) -> str:
            """By which logs are called."""
            return self._id

        def shutdown(self) -> bool:
            """The store ends with the agent."""
            return True

    return OneMachine()


def _store(port: int, listener: int) -> Any:
    """A store that listens at a port by a socket that is there."""
    from torch.distributed import TCPStore  # type: ignore[attr-defined]

    options: dict[str, Any] = {
        "is_master": True,
        "wait_for_workers": False,
        "master_listen_fd": listener,
    }
    try:
        return TCPStore(_LOOPBACK, port, **options)
    except NotImplementedError:  # PyTorch 2.6, whose libuv makes its own socket
        return TCPStore(_LOOPBACK, port, use_libuv=False, **options)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The agent's own words on a worker that fails are left out: the error says more."""
    names = ("multiprocessing.api", "agent.server.api", "agent.server.local_elastic_agent")
    loggers = [logging.getLogger(f"torch.distributed.elastic.{name}") for name in names]
    loggers.append(logging.getLogger("torchelastic-events-null"))
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
