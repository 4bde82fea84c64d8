"""The ways that a replayed R function takes: straight-line code, made of the notes of a run.

What R's code made of its data is on a tape of R's (autodiff-observed.R); the same way with other
data is ``path.with_data(...)``, and what replays of the same code share is in ``Ways``.

Tests: tests/autodiff/test_ways.py, test-autodiff-rebinding.R.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor

#: A single value of a tensor, which R's code may have branched on.
_Value: TypeAlias = bool | int | float


class Notes(Protocol):
    """What a run leaves: lines of code and what their names stand for."""

    lines: list[str]
    outside: dict[str, object]
    data: list[Tensor]
    versions: list[tuple[Tensor, int]]


class Path:
    """One way through the function: code that gives its value, or None where it went another.

    The code is made of names of our own (x, t1, k2) alone; what they stand for is not text.

    Attributes:
        data: What may be others.
        known: The other tensors that it names.
        origin: The same way, with the data of the run.
        versions: Tensors that do not depend on x, and their versions when they were met.
    """

    def __init__(self, notes: Notes, result: str) -> None:
        body = "".join(f"    {line}\n" for line in notes.lines)
        given = "".join(f", {name}={name}" for name in notes.outside)
        data = "".join(f", d{i}" for i in range(len(notes.data)))
        code = f"def run(x{data}{given}, same=same):\n{body}    return {result}\n"
        space: dict[str, Any] = {**notes.outside, "same": _same}
        exec(compile(code, "<replay of an R function>", "exec"), space)  # noqa: S102
        self._code: Callable[..., Tensor | None] = space["run"]
        self.data: Sequence[Tensor] = notes.data
        self.origin = self
        self.known = [value for value in notes.outside.values() if isinstance(value, Tensor)]
        self.versions = notes.versions

    def run(self, x: Tensor) -> Tensor | None:
        """The code, with its data."""
        return self._code(x, *self.data)

    def with_data(self, data: Sequence[Tensor]) -> Path:
        """The same way with other data."""
        other = copy.copy(self)
        other.data = data
        return other

    @property
    def held(self) -> tuple[Tensor, ...]:
        """The tensors that it keeps."""
        return (*self.known, *self.data, *(t for t, _ in self.versions))

    def __call__(self, x: Tensor) -> Tensor | None:
        """Its value at x, or None."""
        for tensor, version in self.versions:
            if tensor._version != version:
                return None
        try:
            return self.run(x)
        except (RuntimeError, ValueError):  # R's own run of it says what is wrong
            return None


class Ways:
    """What replays share that are the same but for their data.

    Attributes:
        made: Number of R's tape -> the kind of tensor and the way that R ran with it.
        programs: Of an evaluator's kind, programs and the ways they are of.
        uses: Likewise, how often a way was taken.
    """

    def __init__(self) -> None:
        self.made: dict[int, tuple[object, Path]] = {}
        self.programs: dict[object, list[Any]] = {}
        self.uses: dict[object, dict[Path, int]] = {}


def bytes_of(ways: Iterable[Path]) -> int:
    """How much memory is kept by the tensors that they hold, what several share once."""
    return sum(dict(_memory(t) for way in ways for t in way.held).values())


def _memory(tensor: Tensor) -> tuple[int, int]:
    """What tells the memory of one tensor from that of others, and its bytes."""
    if tensor.layout is not torch.strided or tensor.is_meta:
        return id(tensor), 0 if tensor.is_meta else tensor.nbytes
    storage = tensor.untyped_storage()
    return storage.data_ptr() or id(tensor), storage.nbytes()


def _same(now: _Value, then: _Value) -> bool:
    return type(now) is type(then) and (now == then or (now != now and then != then))
