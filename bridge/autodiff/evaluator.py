"""Derivatives of a replayed function, from R's numbers to R's.

``Evaluator(replay, "hvp")(bytearray(x) + bytearray(v))``, of doubles as they are in memory.

Tests: tests/autodiff/test_evaluator.py, test-autodiff-replay.R.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from torchbridge.autodiff import derivatives
from torchbridge.autodiff.compiled import CompiledProgram, alike
from torchbridge.autodiff.programs import Core, NoProgramError, Program, record
from torchbridge.autodiff.replay import Replay, placed
from torchbridge.autodiff.ways import Path, Ways, bytes_of

#: Where a way holds more bytes, a program pays at once.
_MUCH = 2**21


#: A program and the way that it is of.
_Known: TypeAlias = "tuple[Program | CompiledProgram, Path]"


class Evaluator:
    """A verb of a replayed function, of doubles as bytes and back, as R's numbers are in memory.

    The inputs stand one after another; so do the results, a matrix column by column. A program is
    made where a way through the function has been taken a few times.

    Args:
        replay: The function.
        verb: One of `VERBS`, or one that is not among them.
        places: Which of its parameters (from 0) the derivatives are of; None: all.
        compile: Is the program compiled? Then the results are the same but for rounding.
        n: How many numbers the first input has; None: as many as any other. The others have equal
            parts of what follows.
    """

    def __init__(
        self,
        replay: Replay,
        verb: str | Verb,
        places: Tensor | None = None,
        compile: bool = False,
        n: int | None = None,
    ) -> None:
        self.replay = replay
        if isinstance(verb, str):
            self._verb, self._ways, name = VERBS[verb], replay.ways, verb
        else:  # its programs are of no use to others
            self._verb, self._ways, name = verb, Ways(), ""
        self._places = places
        self._compile = compile
        self._n = n
        self._kind = (name, compile, n, None if places is None else tuple(places.tolist()))
        #: Why the last way that was tried is no program.
        self.why: str | None = None
        self._take_dtype()

    def _take_dtype(self) -> None:
        """What is known of the function with the default dtype there is now."""
        self._dtype = torch.get_default_dtype()
        kind = (*self._kind, self._dtype)
        #: Each with the way that it is of.
        self._programs: list[_Known] = self._ways.programs.setdefault(kind, [])
        self._uses = self._ways.uses.setdefault(kind, {})

    def __call__(self, numbers: bytearray) -> bytes:
        """The verb's results.

        Raises:
            ValueError: as the verb of derivatives.py.
        """
        inputs = self._inputs(torch.frombuffer(numbers, dtype=torch.float64))
        shapes = [part.shape for part in inputs]
        if self._dtype is not torch.get_default_dtype():
            self._take_dtype()
        for at, (program, origin) in enumerate(self._programs):
            path = self.replay.knows(origin)
            if path is None or program.shapes[: len(shapes)] != shapes:
                continue
            results = program(*inputs, *path.data)
            if results is not None:
                if at > 0:  # the next point goes this way, too, more often than not
                    self._programs.insert(0, self._programs.pop(at))
                found = self._verb.checked(*self._chosen(results))
                if found is not None:
                    return _as_bytes(found)
                break
        return _as_bytes(self._by_replay(inputs))

    def _inputs(self, numbers: Tensor) -> tuple[Tensor, ...]:
        if self._verb.n_inputs == 1:
            return (numbers,)
        if self._n is None:
            return numbers.chunk(self._verb.n_inputs)
        others = numbers[self._n :].chunk(self._verb.n_inputs - 1)
        return numbers[: self._n], *others

    def _chosen(self, results: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The results at the places."""
        if self._places is None:
            return results
        chosen = list(results)
        for i, derivative in enumerate(results[1:], 1):
            dims = derivative.dim()
            for dim in range(dims) if self._verb.symmetric else [dims - 1]:
                chosen[i] = chosen[i].index_select(dim, self._places)
        return tuple(chosen)

    def _by_replay(self, inputs: tuple[Tensor, ...]) -> Sequence[float | Tensor]:
        replay, (x, *more) = self.replay, inputs
        replay.path = None
        if self._places is None:
            found = self._verb.slow(replay, x, *more)
        else:
            f = placed(replay, x.clone(), self._places)
            found = self._verb.slow(f, x[self._places], *more)
        path = replay.path
        found = found if isinstance(found, tuple) else (found,)
        if path is not None:
            uses = self._uses[path.origin] = self._uses.get(path.origin, 0) + 1
            soon = self._compile or self._verb.after < 10 and bytes_of([path]) > _MUCH
            if uses == (1 if soon else self._verb.after):
                self._try(path, inputs, found)
        return found

    def _try(self, path: Path, inputs: tuple[Tensor, ...], found: Sequence[float | Tensor]) -> None:
        """A program of a way, if there is one that gives what was found."""
        try:
            known = (*path.known, *self._verb.known)
            program = record(self._verb.core, path.run, inputs, known, path.data)
        except (NoProgramError, RuntimeError, ValueError, TypeError) as reason:
            self.why = str(reason)  # it is replayed as it was
            return
        program.versions = path.versions
        given = (*inputs, *path.data)
        if not self._agrees(program, given, found):
            self.why = "it is not the same to the last bit"
            return
        self._programs.append((program, path.origin))
        if self._compile:
            try:
                compiled = CompiledProgram(program, given)
            except NoProgramError as reason:
                self.why = str(reason)
                return
            if self._agrees(compiled, given, found):
                self._programs[-1] = (compiled, path.origin)
            else:
                self.why = "compiled, it gives other numbers"

    def _agrees(
        self,
        program: Program | CompiledProgram,
        inputs: tuple[Tensor, ...],
        found: Sequence[float | Tensor],
    ) -> bool:
        results = program(*inputs)
        again = None if results is None else self._verb.checked(*self._chosen(results))
        if again is None:
            return False
        if isinstance(program, Program):
            return _as_bytes(again) == _as_bytes(found)
        return alike(again, found)


def reason(evaluator: Evaluator) -> str | None:
    """Why a function is not the program that was asked for, as far as is known."""
    return evaluator.why


@dataclass(frozen=True)
class Verb:
    """What an evaluator does."""

    core: Core
    #: What R is given of the core's results; None where the slow one is to say what is wrong.
    checked: Callable[..., Sequence[float | Tensor] | None]
    slow: Callable[..., Any]
    #: After how many uses of one way a program pays.
    after: int
    n_inputs: int = 1
    #: Are all dims of the derivative those of the parameters?
    symmetric: bool = True
    #: The tensors that the core reads, besides the function's own.
    known: Sequence[Tensor] = ()


def _number(value: Tensor) -> Sequence[float | Tensor]:
    return (value.item(),)


def _or_nan(value: Tensor, slope: Tensor) -> Sequence[float | Tensor]:
    number = value.item()
    return number, slope if math.isfinite(number) else torch.full_like(slope, math.nan)


def _both(value: Tensor, slope: Tensor) -> Sequence[float | Tensor] | None:
    number = value.item()
    return (number, slope) if math.isfinite(number) and not _has_nan(slope) else None


def _last(value: Tensor, *derivative: Tensor) -> Sequence[float | Tensor] | None:
    fine = math.isfinite(value.item()) and not _has_nan(derivative[-1])
    return derivative[-1:] if fine else None


def _last_of_several(value: Tensor, *derivative: Tensor) -> Sequence[float | Tensor] | None:
    fine = not _has_nan(value - value) and not _has_nan(derivative[-1])
    return derivative[-1:] if fine else None


def _gradient(value: Tensor, slope: Tensor, *others: Tensor) -> Sequence[float | Tensor] | None:
    if value.numel() == 1:
        return _last(value, slope)
    return _last_of_several(value, slope) if derivatives.of_its_own(*others) else None


def _by_columns(value: Tensor, jacobian: Tensor) -> Sequence[float | Tensor] | None:
    return _last_of_several(value, jacobian.mT)


def _jacobian(f: derivatives.Function, x: Tensor) -> Tensor:
    return derivatives.jacobian(f, x).mT


def _has_nan(x: Tensor) -> bool:
    return math.isnan(x.sum().item())  # (or an infinite one of each sign)


VERBS: dict[str, Verb] = {
    "value": Verb(derivatives.bare_value, _number, derivatives.value, 3),
    "value_and_grad_or_nan": Verb(
        derivatives.bare_value_and_grad, _or_nan, derivatives.value_and_grad_or_nan, 3
    ),
    "value_and_grad": Verb(derivatives.bare_value_and_grad, _both, derivatives.value_and_grad, 3),
    "gradient": Verb(derivatives.bare_gradient, _gradient, derivatives.gradient, 3),
    "hessian": Verb(derivatives.bare_hessian, _last, derivatives.hessian, 10),
    "hvp": Verb(derivatives.bare_hvp, _last, derivatives.hvp, 5, 2),
    "jacobian": Verb(derivatives.bare_jacobian, _by_columns, _jacobian, 5, symmetric=False),
    "vjp": Verb(derivatives.bare_vjp, _last_of_several, derivatives.vjp, 3, 2),
    "jvp": Verb(derivatives.bare_jvp, _last_of_several, derivatives.jvp, 5, 2),
}


def _as_bytes(results: Sequence[float | Tensor]) -> bytes:
    return b"".join(
        struct.pack("d", part) if isinstance(part, float) else part.cpu().double().numpy().tobytes()
        for part in results
    )
