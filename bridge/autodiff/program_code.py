"""The steps of a program (programs.py) as Python code, long vectors in blocks.

Where tensors are long, operators that work element by element are done on a block of all of them
before the next block begins, so that what they hand one another stays in the processor's cache; and
whatever needs a whole vector (a sum, say) gets the whole one. So every bit is what it was.

``code_of(plan)`` gives the function. Steps are sorted into stages: the loop of a stage goes over
the blocks, and before it stand the steps that need whole vectors of the stages before.

Tests: tests/autodiff/test_program_code.py.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from torch import Tensor

aten = torch.ops.aten

#: From this length on a vector goes in blocks, of so many elements on one thread, and on each of
#: several threads (from 32,768 on PyTorch uses more than one).
_LONG = 2**15
_BLOCK = 2**14
_BLOCK_OF_A_THREAD = 2**15

#: Tensors of more elements are let go after their last use.
_LARGE = 4096


@dataclass(frozen=True)
class Ref:
    """What stands for a result of a step, or an input."""

    index: int


@dataclass
class Step:
    """One operator: what it gets (tensors as Ref), what it gave."""

    op: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    results: list[int | None]
    single: bool
    #: The number it gave, where it gave a number.
    number: bool | int | float | None = None

    def refs(self) -> Iterator[int]:
        """What it needs."""
        yield from refs_in((self.args, tuple(self.kwargs.values())))

    def made(self) -> list[int]:
        """What it gives."""
        return [i for i in self.results if i is not None]


@dataclass(frozen=True)
class Kind:
    """What a tensor is, but for its numbers."""

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: torch.dtype
    device: torch.device

    @staticmethod
    def of(value: Tensor) -> Kind:
        """A tensor's."""
        return Kind(tuple(value.shape), value.stride(), value.dtype, value.device)


@dataclass
class Plan:
    """What code is made of."""

    n_inputs: int
    steps: list[Step]
    kinds: Sequence[Kind]
    constants: dict[int, Tensor]
    results: list[int]


@dataclass
class _Loop:
    """Steps that go in blocks along the place from the right that each tensor has for it."""

    steps: list[Step] = field(default_factory=list)
    #: Those of its results that are needed as a whole.
    whole: list[int] = field(default_factory=list)

    def refs(self) -> Iterator[int]:
        """What it needs from outside."""
        inside = {i for step in self.steps for i in step.made()}
        for index in dict.fromkeys(i for step in self.steps for i in step.refs()):
            if index not in inside:
                yield index

    def made(self) -> list[int]:
        """What it gives."""
        return self.whole


_Part: TypeAlias = Step | _Loop
_Run: TypeAlias = Callable[..., "tuple[Tensor, ...] | None"]


def code_of(plan: Plan) -> _Run:
    """The function of the inputs: Python, of names of our own alone."""
    return _Writer(plan).function()


def refs_in(value: Any) -> Iterator[int]:
    """The tensors that an argument names."""
    if isinstance(value, Ref):
        yield value.index
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from refs_in(part)


def same(now: Any, then: Any) -> bool:
    """Is a number that was looked at what it was?"""
    return type(now) is type(then) and (now == then or (now != now and then != then))


# ---- which steps go in blocks --------------------------------------------------------------


def _parts(plan: Plan) -> tuple[list[_Part], dict[int, int]]:
    """The steps in order, those of a loop together, and the places of long tensors."""
    length = _length(plan)
    if length is None:
        return list(plan.steps), {}
    places = {
        index: place
        for index, kind in enumerate(plan.kinds)
        if (place := _place_of(kind, length)) is not None
    }
    stages: dict[int, int] = {}
    looped: set[int] = set()
    wholes: dict[int, list[Step]] = {}
    loops: dict[int, _Loop] = {}
    for step in plan.steps:
        inside = [i for i in step.refs() if i in looped]
        if _in_blocks(step, plan, places, bool(inside)):
            stage = max((stages.get(i, 0) for i in step.refs()), default=0)
            loops.setdefault(stage, _Loop()).steps.append(step)
            looped.update(step.made())
        else:
            stage = max((stages.get(i, 0) + (i in looped) for i in step.refs()), default=0)
            wholes.setdefault(stage, []).append(step)
        stages.update(dict.fromkeys(step.made(), stage))
    parts: list[_Part] = []
    for stage in range(max((*wholes, *loops), default=-1) + 1):
        parts += wholes.get(stage, [])
        if stage in loops:
            parts.append(loops[stage])
    _set_wholes(parts, plan.results)
    return parts, places


def _set_wholes(parts: list[_Part], results: list[int]) -> None:
    """Which results of each loop anything else needs."""
    needed = Counter(results)
    for part in parts:
        needed.update(set(part.refs()))
    for part in parts:
        if isinstance(part, _Loop):
            part.whole = [i for step in part.steps for i in step.made() if needed[i] > 0]


def _length(plan: Plan) -> int | None:
    """The number of elements that most of the long vectors have."""
    found: Counter[int] = Counter()
    for step in plan.steps:
        for index in step.made():
            found.update({size for size in plan.kinds[index].shape if size >= _LONG})
    return found.most_common(1)[0][0] if found else None


def _place_of(kind: Kind, length: int) -> int | None:
    """Where a tensor is that long, from the right; None where it isn't, or more than once."""
    if kind.shape.count(length) != 1:
        return None
    return kind.shape.index(length) - len(kind.shape)


def _in_blocks(step: Step, plan: Plan, places: dict[int, int], inside: bool) -> bool:
    if step.number is not None or not step.single or len(step.made()) != 1:
        return False
    (made,) = step.made()
    place = places.get(made)
    kind = plan.kinds[made]
    if place is None or any(s == 0 and n > 1 for s, n in zip(kind.stride, kind.shape, strict=True)):
        return False
    if step.op in _RESHAPES:
        (given,) = step.refs()
        before = plan.kinds[given].shape
        alike = [n for n in before if n != 1] == [n for n in kind.shape if n != 1]
        return inside and alike  # (of a whole tensor it costs nothing)
    if torch.Tag.pointwise not in step.op.tags:
        return False
    return all(places.get(i, place) == place and _fits(plan.kinds[i], place, i in places)
               for i in step.refs())  # fmt: skip


def _fits(kind: Kind, place: int, is_long: bool) -> bool:
    """May a block of this be taken, or is it the same for all blocks?"""
    return is_long or len(kind.shape) < -place or kind.shape[place] == 1


_RESHAPES = {aten.view.default, aten._unsafe_view.default, aten.unsqueeze.default}


def block_length(rows: int) -> int:
    """How long blocks of tensors are that have so many rows."""
    threads = torch.get_num_threads()
    length = _BLOCK if threads == 1 else _BLOCK_OF_A_THREAD * threads
    return max(1024, length // rows // 1024 * 1024)


# ---- the code ------------------------------------------------------------------------------


class _Writer:
    """Lines of Python, and what their names stand for."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._parts, self._places = _parts(plan)
        self._space: dict[str, Any] = {
            "same": same, "empty": torch.empty_strided, "block_length": block_length,
            "range": range, "min": min,
        }  # fmt: skip
        self._space.update({f"t{index}": value for index, value in plan.constants.items()})
        self._last = self._last_uses()

    def function(self) -> _Run:
        lines: list[str] = []
        for at, part in enumerate(self._parts):
            if isinstance(part, _Loop):
                lines += self._loop(part)
            else:
                lines.append(self._line(part, lambda i: f"t{i}"))
            gone = [f"t{i}" for i in self._last.get(at, ())]
            if gone:
                lines.append(f"del {', '.join(gone)}")
        inputs = [f"t{i}" for i in range(self._plan.n_inputs)]
        results = "".join(f"t{i}, " for i in self._plan.results)
        given = "".join(f", {name}={name}" for name in self._space)
        body = "".join(f"    {line}\n" for line in lines)
        code = f"def run({', '.join(inputs)}{given}):\n{body}    return ({results})\n"
        exec(compile(code, "<program of an R function>", "exec"), self._space)  # noqa: S102
        run: _Run = self._space["run"]
        return run

    def _line(self, step: Step, name_of: Callable[[int], str], shorten: bool = False) -> str:
        function = f"f{len(self._space)}"
        self._space[function] = _callable(step.op)
        args = self._in_a_block(step) if shorten else step.args
        inside = [self._text(a, name_of) for a in args]
        inside += [f"{name}={self._text(a, name_of)}" for name, a in step.kwargs.items()]
        call = f"{function}({', '.join(inside)})"
        if step.number is not None:
            then = f"n{len(self._space)}"
            self._space[then] = step.number
            return f"if not same({call}, {then}): return None"
        names = ["_" if i is None else name_of(i) for i in step.results]
        to = "" if not names else names[0] if step.single else ", ".join(names) + ","
        return f"{to} = {call}" if to else call

    def _in_a_block(self, step: Step) -> tuple[Any, ...]:
        """The arguments where the length is that of the block."""
        if step.op is aten.unsqueeze.default or step.op not in _RESHAPES:
            return step.args
        given, shape = step.args[:2]
        made = step.made()[0]
        size = list(shape)
        size[self._places[made]] = -1
        return (given, size, *step.args[2:])

    def _loop(self, loop: _Loop) -> list[str]:
        """`b3` is the block of `t3`."""
        inside = {i for step in loop.steps for i in step.made()}
        long = [i for i in loop.refs() if i in self._places]
        blocks = inside | set(long)
        kinds = self._plan.kinds
        length = kinds[next(iter(inside))].shape[self._places[next(iter(inside))]]
        rows = max(math.prod(kinds[i].shape) // length for i in inside)
        lines = []
        for index in loop.whole:
            name = f"w{len(self._space)}"
            kind = kinds[index]
            self._space[name] = (kind.shape, kind.stride)
            self._space[f"d{name}"] = (kind.dtype, kind.device)
            lines.append(f"t{index} = empty(*{name}, dtype=d{name}[0], device=d{name}[1])")
        lines.append(f"size = block_length({rows})")
        lines.append(f"for at in range(0, {length}, size):")
        body = [f"part = min(size, {length} - at)"]
        body += [f"b{i} = t{i}.narrow({self._places[i]}, at, part)" for i in long]
        for step in loop.steps:
            body.append(self._line(step, lambda i: f"b{i}" if i in blocks else f"t{i}", True))
            for index in step.made():
                if index in loop.whole:
                    place = self._places[index]
                    body.append(f"t{index}.narrow({place}, at, part).copy_(b{index})")
        return lines + [f"    {line}" for line in body]

    def _text(self, value: Any, name_of: Callable[[int], str]) -> str:
        if isinstance(value, Ref):
            return name_of(value.index)
        if isinstance(value, (list, tuple)) and next(refs_in(value), None) is not None:
            inside = "".join(f"{self._text(part, name_of)}, " for part in value)
            return f"[{inside}]"
        name = f"k{len(self._space)}"
        self._space[name] = value
        return name

    def _last_uses(self) -> dict[int, list[int]]:
        """Which large tensors no part after this one needs."""
        plan = self._plan
        keep = {*plan.results, *plan.constants, *range(plan.n_inputs)}
        last: dict[int, int] = {}
        for at, part in enumerate(self._parts):
            for index in (*part.refs(), *part.made()):
                last[index] = at
        gone: dict[int, list[int]] = {}
        for index, at in last.items():
            if index not in keep and math.prod(plan.kinds[index].shape) > _LARGE:
                gone.setdefault(at, []).append(index)
        return {
            at: gone[at]
            for at in gone
            if isinstance(part := self._parts[at], _Loop) or part.number is None
        }


#: Operators that PyTorch's own functions call as they are, in less time.
_BY_NAME = (
    "mul.Tensor", "add.Tensor", "sub.Tensor", "div.Tensor", "neg", "exp", "log", "sigmoid",
    "where.self", "eq.Tensor", "eq.Scalar", "ne.Tensor", "ne.Scalar", "lt.Tensor", "lt.Scalar",
    "le.Tensor", "le.Scalar", "gt.Tensor", "gt.Scalar", "ge.Tensor", "ge.Scalar",
    "bitwise_or.Tensor", "bitwise_and.Tensor", "bitwise_not", "logical_not", "logical_and",
    "isnan", "sqrt", "abs", "sum", "mm", "mv", "dot", "bmm", "log1p", "expm1", "lgamma", "digamma",
    "tanh", "sin", "cos", "reciprocal", "cat", "select.int", "rsqrt", "sign", "addmm", "cumsum",
    "pow.Tensor_Scalar", "pow.Tensor_Tensor", "unsqueeze", "permute", "erf", "atan",
)  # fmt: skip


def _fast() -> dict[Any, Callable[..., Any]]:
    found: dict[Any, Callable[..., Any]] = {
        aten.view.default: Tensor.view,
        aten.expand.default: Tensor.expand,
    }
    for name in _BY_NAME:
        name, _, overload = name.partition(".")
        found[getattr(getattr(aten, name), overload or "default")] = getattr(torch, name)
    return found


_FAST = _fast()


def _callable(op: Any) -> Callable[..., Any]:
    found: Callable[..., Any] = _FAST.get(op) or op._op
    return found
