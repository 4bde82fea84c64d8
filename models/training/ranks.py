"""The processes of a job that torchrun or Slurm has started, and what they say to each other.

Which of them this one is stands in its environment: `RANK`, `WORLD_SIZE`, ... of torchrun, or what
srun sets. They meet once, by `torch.distributed`, and stay together until they end. Everything
that they do together has a deadline.

Tests: tests/models/training/test_ranks.py.
"""

import atexit
import os
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed import PrefixStore, TCPStore  # type: ignore[attr-defined]

E = TypeVar("E", bound=BaseException)

#: Seconds that a process waits for the others, unless `TORCHBRIDGE_DEADLINE` says otherwise.
DEADLINE = 600.0
#: Seconds in which a process whose work with the others broke off learns why.
_WHY = 5.0
#: Seconds that threads of the group have to end what they do.
_LAST = 0.1


class Rank(NamedTuple):
    """Which process of a job one is.

    Attributes:
        rank, world_size: its number in the job, from 0, and how many there are.
        local_rank, local_world_size: the same on its machine.
        address: "host:port", where they meet.
    """

    rank: int
    world_size: int
    local_rank: int
    local_world_size: int
    address: str


class ElsewhereError(RuntimeError):
    """Another process of the job has failed; the message says which, and how."""


def find_rank(env: Mapping[str, str] = os.environ) -> Rank | None:
    """The rank of this process as its environment has it; None where it is no part of a job."""
    if all(name in env for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")):
        rank, size = _whole(env, "RANK"), _whole(env, "WORLD_SIZE")
        address = f"{env['MASTER_ADDR']}:{env['MASTER_PORT']}"
        local = _whole(env, "LOCAL_RANK", rank), _whole(env, "LOCAL_WORLD_SIZE", size)
    elif all(
        name in env for name in ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "SLURM_STEP_NODELIST")
    ):
        # srun has started this very process: in a batch script they are not all there.
        rank, size = _whole(env, "SLURM_PROCID"), _whole(env, "SLURM_STEP_NUM_TASKS")
        address = f"{_first_host(env['SLURM_STEP_NODELIST'])}:{_slurm_port(env)}"
        here = re.match(r"\d+", env.get("SLURM_STEP_TASKS_PER_NODE", ""))
        local = _whole(env, "SLURM_LOCALID", rank), int(here.group()) if here else size
        if size == 1:  # `srun --pty bash`
            return None
    else:
        return None
    if not 0 <= rank < size:
        raise ValueError(f"the environment says that this is process {rank} of {size}")
    return Rank(rank, size, *local, address)


def _whole(env: Mapping[str, str], name: str, default: int | None = None) -> int:
    value = env.get(name)
    if value is None and default is not None:
        return default
    if value is None or not value.isdigit():
        raise ValueError(f'the environment variable {name} must be a whole number, not "{value}"')
    return int(value)


def _first_host(nodes: str) -> str:
    """The first of Slurm's list, such as "node[07-09,12],big1"."""
    found = re.match(r"([^\[,]+)(?:\[(\w+)[^\]]*\])?([^\[,]*)", nodes)
    if found is None:
        raise ValueError(f'SLURM_STEP_NODELIST is no list of nodes: "{nodes}"')
    return "".join(part or "" for part in found.groups())


def _slurm_port(env: Mapping[str, str]) -> str:
    """A port that two steps on one machine do not share."""
    job = _whole(env, "SLURM_JOB_ID", 0) + _whole(env, "SLURM_STEP_ID", 0)
    return env.get("MASTER_PORT", str(20000 + job % 20000))


def deadline() -> timedelta:
    """How long a process waits for the others."""
    given = os.environ.get("TORCHBRIDGE_DEADLINE", str(DEADLINE))
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e8:
        raise ValueError(f'TORCHBRIDGE_DEADLINE must be a number of seconds, not "{given}"')
    return timedelta(seconds=seconds)


class Group:
    """All processes of the job, this one among them: what each method does they do together."""

    def __init__(self, place: Rank, store: Any = None) -> None:
        self.place, self.store = place, store
        self.rank, self.world_size = place.rank, place.world_size
        self.broken: str | None = None

    def sum(self, value: Tensor) -> Tensor:
        """The sum of a tensor over the processes, which is the same bits in each."""
        value = value.clone()
        dist.all_reduce(value)
        return value

    def from_first(self, value: Any) -> Any:
        """What the first process gives, a value that can be pickled."""
        values = [value]
        dist.broadcast_object_list(values, src=0)
        return values[0]

    def all_of(self, value: Any) -> list[Any]:
        """What each gives, in their order."""
        values: list[Any] = [None] * self.world_size
        dist.all_gather_object(values, value)
        return values

    def rows_of_all(self, value: Tensor) -> Tensor:
        """The rows of each one's tensor, in their order; their numbers may differ."""
        lengths = self.all_of(len(value))
        most = max(lengths)
        padded = value.new_zeros(most, *value.shape[1:])
        padded[: len(value)] = value
        found = [torch.empty_like(padded) for _ in lengths]
        dist.all_gather(found, padded)
        return torch.cat([each[:n] for each, n in zip(found, lengths, strict=True)])

    @contextmanager
    def agreed(self) -> Iterator[None]:
        """Each has done this without an error, or each ends in one."""
        try:
            yield
        except Exception as error:
            if not _is_in_all(error):
                self._told(_described(error))
            raise in_all(error) from error.__cause__
        self._raise_failures(self._told(None))

    def check_same(self, what: Mapping[str, Any]) -> None:
        """An error where an argument is not the same in all of them."""
        for other, given in enumerate(self._told(dict(what))):
            for name, value in what.items():
                if given[name] != value:
                    raise in_all(
                        ValueError(
                            f"{name} must be the same in every process of the job: it is {value} "
                            f"in process {self.rank}, and {given[name]} in process {other}"
                        )
                    )

    def _told(self, value: Any) -> list[Any]:
        """What each says; an error in all where one of them has gone."""
        with self.together():
            return self.all_of(value)

    def _raise_failures(self, failures: list[str | None]) -> None:
        failed = [(i, text) for i, text in enumerate(failures) if text is not None]
        if failed:
            raise in_all(ElsewhereError(self._failed(*failed[0])))

    def _failed(self, rank: int, text: str) -> str:
        return f"process {rank} of the job's {self.world_size} failed: {text}"

    @contextmanager
    def together(self) -> Iterator[None]:
        """Work in which one that fails takes the others along, with the reason.

        It leaves the group, so that what the others do with it fails, too, and not at the deadline
        only. No fit is possible with it afterwards.
        """
        try:
            yield
        except BaseException as error:
            if _is_in_all(error):
                raise
            why = self._why(error)
            self.broken = why or _described(error)
            with suppress(Exception):  # (PyTorch 2.6 has no abort)
                world: Any = dist.group.WORLD
                world.abort()  # what else holds it would keep its connections
            with suppress(Exception):
                dist.destroy_process_group()
            if why is not None:
                raise ElsewhereError(why) from error
            raise

    def _why(self, error: BaseException) -> str | None:
        """What another has said that it failed of; where none has, say so of this one."""
        broke_off = _is_of_a_collective(error)
        if self.store is not None:
            with suppress(Exception):
                if broke_off:
                    self.store.wait(["failed"], timedelta(seconds=_WHY))
                first = self.store.compare_set("failed", "", f"{self.rank}:{_described(error)}")
                self.store.add("heard", 1)
                rank, _, text = first.decode().partition(":")
                if int(rank) != self.rank:
                    return self._failed(int(rank), text)
        if broke_off:
            return (
                f"another process of the job's {self.world_size} ended without a word, or did not "
                f"answer within {deadline().total_seconds():g} s: what it has written says more"
            )
        return None

    def leave(self) -> None:
        """End, but not before the others have read what this one keeps for them."""
        if self.store is not None and self.broken is not None and self.rank == 0:
            end = time.monotonic() + _WHY
            with suppress(Exception):
                while self.store.add("heard", 0) < self.world_size and time.monotonic() < end:
                    time.sleep(0.02)
        if dist.is_initialized():
            dist.destroy_process_group()
            # Its threads outlive it once DDP has been there. One that lets go of a collective's
            # tensors needs Python's lock, and would end the process by SIGABRT if Python had ended.
            time.sleep(_LAST)


def in_all(error: E) -> E:
    """An error that each process of the job raises, so that none waits for another."""
    with suppress(AttributeError):
        error.torchbridge_in_all = True  # type: ignore[attr-defined]
    return error


def _is_in_all(error: BaseException) -> bool:
    # Numbers that are not finite are so in all.
    return isinstance(error, FloatingPointError) or getattr(error, "torchbridge_in_all", False)


def _described(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _is_of_a_collective(error: BaseException) -> bool:
    """Did it come of a connection to another process?"""
    return isinstance(error, dist.DistError) or (
        isinstance(error, RuntimeError)
        and re.search(r"gloo|[Cc]onnection|NCCL|ProcessGroup|[Tt]imed out", str(error)) is not None
    )


_group: Group | None = None


def join(place: Rank) -> Group:
    """The group of this process's job, which it joins at the first call.

    Raises:
        RuntimeError: the others did not come before the deadline, or the group has broken.
    """
    global _group
    if _group is None:
        # Where the script has a group of its own, that is it.
        store = None if dist.is_initialized() else _meet(place)
        _group = Group(place, store)
        if store is not None:
            # What threads of the group still do must not outlive Python.
            atexit.register(_group.leave)
    if _group.broken is not None:
        raise RuntimeError(
            f"the processes of this job have parted in a fit before this one ({_group.broken}): "
            "start the job anew"
        )
    return _group


def _meet(place: Rank) -> Any:
    """Join the others; the store in which they leave each other words."""
    gpus = torch.cuda.is_available() and dist.is_nccl_available()
    host, _, port = place.address.rpartition(":")
    wait = deadline()
    # torchrun's agent has a store there already.
    ours = place.rank == 0 and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True"
    try:
        whole: Any = TCPStore(
            host, int(port), is_master=ours, timeout=wait, wait_for_workers=False, multi_tenant=True
        )
        store = PrefixStore(_round(whole, place, wait), whole)
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if gpus else "gloo",
            store=store,
            rank=place.rank,
            world_size=place.world_size,
            timeout=wait,
        )
    except Exception as error:
        raise RuntimeError(
            f"process {place.rank} did not meet the other {place.world_size - 1} of its job at "
            f"{place.address}: {error}"
        ) from error
    return store


def _round(store: Any, place: Rank, wait: timedelta) -> str:
    """A name that these processes have for themselves.

    torchrun keeps its store when it starts processes anew, with all that those before have left
    there. So the first process names the round, the others answer, each with a name of its own,
    and the round begins for those whose answers the first one has seen.
    """
    mine, key = uuid.uuid4().hex, "torchbridge/round"
    if place.rank == 0:
        answers = [f"{key}/{mine}/{rank}" for rank in range(1, place.world_size)]
        store.set(key, mine)
        if answers:
            store.wait(answers, wait)
        store.set(f"{key}/{mine}", b" ".join(map(store.get, answers)))
        return mine
    end = time.monotonic() + wait.total_seconds()
    store.wait([key], wait)
    while time.monotonic() < end:
        found = store.get(key).decode()
        store.set(f"{key}/{found}/{place.rank}", mine)
        with suppress(RuntimeError):  # of the time
            store.wait([f"{key}/{found}"], timedelta(seconds=0.2))
            if mine in store.get(f"{key}/{found}").decode().split():
                return found
        time.sleep(0.02)
    raise TimeoutError(f"not all of them were there after {wait.total_seconds():g} s")
