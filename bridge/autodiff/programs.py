"""A derivative of a replayed function as one straight-line program, from R's numbers to R's.

What a verb of ``derivatives.py`` does, forward and backward, is noted below autograd (a
``TorchDispatchMode``), as the operators that PyTorch ran. The program does them again on other
numbers: the same operators in the same order, so the same bits, without nodes of a graph and
without the steps whose outcome is known: views that change nothing, what depends on no parameter,
what was computed before. Each value of a tensor that the code looked at is looked at again; where
it comes out otherwise, the program has no answer.

``record(core, f, inputs, known)`` gives a program, which takes tensors and gives tensors, or None.
evaluator.py has the verbs that R asks for, compiled.py makes machine code of a program.

Tests: tests/autodiff/test_programs.py, test-autodiff-replay.R.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from torchbridge.autodiff.derivatives import Function

#: More than these bytes of results are not held while a program is noted.
_MOST_BYTES = 2**26

aten = torch.ops.aten

#: What they give says nothing about the values.
_OF_SHAPES = {
    aten.ones_like.default, aten.zeros_like.default, aten.full_like.default,
    aten.new_zeros.default, aten.new_ones.default, aten.new_full.default,
}  # fmt: skip

#: How PyTorch differentiates these depends on the values, and on whether somebody notes it.
_OTHERWISE = ("aten::prod", "aten::cumprod", "aten::_linalg_det")

#: Part of a tensor -> what puts a value into that part.
_PUTS = {
    aten.slice.Tensor: aten.slice_scatter.default,
    aten.select.int: aten.select_scatter.default,
}

#: What computes a verb, unchecked: the value first, the derivative last.
Core: TypeAlias = Callable[..., tuple[Tensor, ...]]


@dataclass(frozen=True)
class Ref:
    """What stands for a result of a step, or an input."""

    index: int


@dataclass
class _Step:
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
        yield from _refs((self.args, tuple(self.kwargs.values())))


class NoProgramError(Exception):
    """Why a verb cannot be a program."""


def record(core: Core, f: Function, inputs: Sequence[Tensor], known: Sequence[Tensor]) -> Program:
    """The program of core(f, *inputs), which is run for it; the first input is differentiated.

    Args:
        core: What to compute: one of derivatives.py's that check nothing.
        f: The function, which runs PyTorch alone.
        inputs: Tensors of which nothing else knows.
        known: The other tensors that f reads.

    Raises:
        NoProgramError: it cannot be one.
    """
    inputs = [x.detach().clone() for x in inputs]
    notes = _Notes(inputs, known)
    with notes:
        results = core(f, inputs[0].requires_grad_(), *inputs[1:])
    if notes.why is not None:
        raise NoProgramError(notes.why)
    return Program(notes, [notes.ref(result) for result in results])


class _Notes(TorchDispatchMode):
    """The operators that run, and what each of them got."""

    def __init__(self, inputs: Sequence[Tensor], known: Sequence[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.why: str | None = None
        self.steps: list[_Step] = []
        self.values: list[Tensor] = []  # by index; held, so that no memory is given again
        self.constants: set[int] = set()
        #: What was there before: it must stay as it is.
        self.known = range(len(inputs) + len(known))
        self.n_inputs = len(inputs)
        self._found: dict[tuple[object, ...], int] = {}
        self._places: list[tuple[object, ...]] = []
        self._in_memory: dict[int, list[int]] = {}  # what shares a storage
        self._makers: dict[int, _Step] = {}
        self._bytes = 0
        for value in (*inputs, *known):
            index = self._new(value)
            if index >= len(inputs):
                self.constants.add(index)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """PyTorch's compiler need not be told to keep away, for which it would be imported."""
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Do it, and note it."""
        kwargs = kwargs or {}
        before = args[0].detach() if torch.Tag.inplace_view in func.tags else None
        result = func(*args, **kwargs)
        if self.why is None:
            try:
                if before is None:
                    self._note(func, args, kwargs, result)
                else:
                    self._note_new_shape(func, (before, *args[1:]), kwargs, result)
            except NoProgramError as reason:
                self.why = str(reason)
                self.values.clear()
        return result

    def ref(self, value: Tensor) -> Ref:
        """What stands for a tensor."""
        index = self._found.get(_place(value))
        if index is None:
            raise NoProgramError("where a tensor comes from was not seen")
        return Ref(index)

    def _new(self, value: Tensor) -> int:
        self.values.append(value)
        self._bytes += value.nbytes
        if self._bytes > _MOST_BYTES:
            raise NoProgramError("its tensors are large")
        index = len(self.values) - 1
        place = _place(value)
        self._found[place] = index
        self._places.append(place)
        self._in_memory.setdefault(value.untyped_storage().data_ptr(), []).append(index)
        return index

    def _given(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return self.ref(value)
        if isinstance(value, (list, tuple)):
            return type(value)(self._given(part) for part in value)
        return value

    def _note(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        if func.namespace != "aten":
            raise NoProgramError(f"it calls {func}")
        if func._schema.name in _OTHERWISE:
            raise NoProgramError(f"PyTorch differentiates {func} in another way while it is noted")
        if torch.Tag.nondeterministic_seeded in func.tags:
            raise NoProgramError("it draws random numbers")
        step = _Step(func, self._given(args), self._given_by_name(kwargs), [], True)
        of_inputs = func not in _OF_SHAPES and any(i not in self.constants for i in step.refs())
        if func._schema.is_mutable:
            self._note_change(step, args[0] if args else None)
            return
        if of_inputs and _is_of_unknown_shape(func, args):
            raise NoProgramError(f"the shape that {func} gives depends on values")
        if isinstance(result, (bool, int, float)):
            step.number = result
        elif isinstance(result, Tensor):
            step.results = [self._new(result)]
        elif isinstance(result, (list, tuple)) and all(
            part is None or isinstance(part, Tensor) for part in result
        ):
            step.single = False
            step.results = [None if part is None else self._new(part) for part in result]
        elif result is not None:
            raise NoProgramError(f"it calls {func}")
        self.steps.append(step)
        made = [i for i in step.results if i is not None]
        self._makers.update(dict.fromkeys(made, step))
        if not of_inputs:
            self.constants.update(made)

    def _note_change(self, step: _Step, target: Tensor | None) -> None:
        """An operator in place, as the one that makes a tensor of its own.

        What else looks into that memory is not known any more, but for the tensor of which the
        changed one is a part.
        """
        name = step.op._schema.name.removeprefix("aten::")
        anew = getattr(getattr(aten, name.removesuffix("_"), None), step.op._overloadname, None)
        given = [self.values[i] for i in step.refs()]
        floats = {value.dtype for value in given if value.is_floating_point()}
        if target is None or anew is None or not name.endswith("_") or name.startswith("_"):
            raise NoProgramError(f"it calls {step.op}")
        if anew is not aten.copy.default and (len(floats) != 1 or given[0].dtype not in floats):
            raise NoProgramError(f"it calls {step.op} of several dtypes")
        changed = step.args[0].index
        sharing = self._in_memory[target.untyped_storage().data_ptr()]
        if any(index in self.known for index in sharing):
            raise NoProgramError(f"it changes a tensor ({step.op})")
        for index in sharing:
            if self._found.get(self._places[index]) == index:
                del self._found[self._places[index]]
        self.constants.difference_update(sharing)
        self._add(anew, step.args, step.kwargs, target)
        view = self._makers.get(changed)
        if view is not None and view.op in _PUTS:
            whole, *where = view.args
            put = (whole, self.ref(target), *where)
            self._add(_PUTS[view.op], put, view.kwargs, self.values[whole.index])

    def _note_new_shape(
        self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], value: Tensor
    ) -> None:
        """A tensor that got another shape in place, as a tensor of its own of that shape."""
        name = func._schema.name.removeprefix("aten::").removesuffix("_")
        anew = getattr(getattr(aten, name, None), func._overloadname, None)
        if anew is None:
            raise NoProgramError(f"it calls {func}")
        given = self._given(args)
        self.values[given[0].index] = args[0]
        constant = given[0].index in self.constants
        self._add(anew, given, kwargs, value)
        if constant:
            self.constants.add(len(self.values) - 1)

    def _add(self, op: Any, args: Any, kwargs: dict[str, Any], value: Tensor) -> None:
        self.steps.append(_Step(op, args, kwargs, [self._new(value)], True))

    def _given_by_name(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        return {name: self._given(value) for name, value in kwargs.items()}


class Program:
    """What takes tensors like the inputs and gives the tensors of the core, or None.

    Attributes:
        steps: What is left to do, in order.
        results: What it gives.
        constants: Index -> the tensor that stands there.
        given: The indices of those that were there before.
        versions: Tensors that it reads, and their versions then.
    """

    def __init__(self, notes: _Notes, results: list[Ref]) -> None:
        self.n_inputs = notes.n_inputs
        self.results = results
        self.given = notes.known
        self.constants: dict[int, Tensor] = {}
        self.shapes = [tuple(value.shape) for value in notes.values]
        self.steps = notes.steps
        self._shorten(notes)
        self.versions: Sequence[tuple[Tensor, int]] = ()
        self._run = self._code()

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...] | None:
        """Its results; None where a value that was looked at is another."""
        for tensor, version in self.versions:
            if tensor._version != version:
                return None
        with torch.inference_mode():
            try:
                return self._run(*inputs)
            except (RuntimeError, ValueError):  # whoever runs the function says what is wrong
                return None

    def _shorten(self, notes: _Notes) -> None:
        """Leave out what need not be done: no bit of the results depends on it."""
        twins: dict[int, int] = {}  # index -> the earlier one that is the same
        done: dict[object, list[int | None]] = {}
        steps: list[_Step] = []
        for step in notes.steps:
            if step.results and all(i is None or i in notes.constants for i in step.results):
                continue
            step = _renamed(step, twins)
            if step.number is not None and all(i in notes.constants for i in step.refs()):
                continue
            before = _unchanged(step, notes.values)
            if before is not None:
                twins[step.results[0]] = before  # type: ignore[index]
                continue
            key = _key(step)
            earlier = done.setdefault(key, step.results)
            if earlier is not step.results:
                for now, then in zip(step.results, earlier, strict=True):
                    if now is not None and then is not None:
                        twins[now] = then
                continue
            steps.append(step)
        self.results = [Ref(twins.get(r.index, r.index)) for r in self.results]
        needed = {r.index for r in self.results}
        kept = []
        for step in reversed(steps):
            if step.number is not None or any(i in needed for i in step.results):
                kept.append(step)
                needed.update(step.refs())
        self.steps = kept[::-1]
        self.constants = {i: notes.values[i].detach() for i in needed if i in notes.constants}

    def _code(self) -> Callable[..., tuple[Tensor, ...] | None]:
        """The steps as Python, of names of our own alone."""
        space: dict[str, Any] = {"same": same}
        space.update({f"t{index}": value for index, value in self.constants.items()})
        last = self._last_uses()
        inputs = [f"t{i}" for i in range(self.n_inputs)]
        lines = []
        for at, step in enumerate(self.steps):
            function = f"f{len(space)}"
            space[function] = _callable(step.op)
            inside = [_text(a, space) for a in step.args]
            inside += [f"{name}={_text(a, space)}" for name, a in step.kwargs.items()]
            call = f"{function}({', '.join(inside)})"
            if step.number is not None:
                then = f"n{len(space)}"
                space[then] = step.number
                lines.append(f"if not same({call}, {then}): return None")
                continue
            names = ["_" if i is None else f"t{i}" for i in step.results]
            to = "" if not names else names[0] if step.single else ", ".join(names) + ","
            lines.append(f"{to} = {call}" if to else call)
            gone = [f"t{i}" for i in last.get(at, ())]
            if gone:
                lines.append(f"del {', '.join(gone)}")
        results = "".join(f"t{r.index}, " for r in self.results)
        given = "".join(f", {name}={name}" for name in space)
        body = "".join(f"    {line}\n" for line in lines)
        code = f"def run({', '.join(inputs)}{given}):\n{body}    return ({results})\n"
        exec(compile(code, "<program of an R function>", "exec"), space)  # noqa: S102
        run: Callable[..., tuple[Tensor, ...] | None] = space["run"]
        return run

    def _last_uses(self) -> dict[int, list[int]]:
        """Which large tensors no step after this one needs."""
        keep = {r.index for r in self.results} | set(self.constants) | set(range(self.n_inputs))
        last: dict[int, int] = {}
        for at, step in enumerate(self.steps):
            for index in (*step.refs(), *(i for i in step.results if i is not None)):
                last[index] = at
        gone: dict[int, list[int]] = {}
        for index, at in last.items():
            if index not in keep and math.prod(self.shapes[index]) > 4096:
                gone.setdefault(at, []).append(index)
        return {at: gone[at] for at in gone if self.steps[at].number is None}


# ---- helpers -------------------------------------------------------------------------------


def _place(value: Tensor) -> tuple[object, ...]:
    """Tensors that are alike in this have the same numbers."""
    if value.layout != torch.strided or value.dtype.is_complex:
        raise NoProgramError("its tensors are not dense, or complex")
    return value.data_ptr(), value.dtype, value.device, value.shape, value.stride()


def _refs(value: Any) -> Iterator[int]:
    if isinstance(value, Ref):
        yield value.index
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _refs(part)


def _is_of_unknown_shape(func: Any, args: tuple[Any, ...]) -> bool:
    if torch.Tag.dynamic_output_shape not in func.tags:
        return False
    if func is not aten.index.Tensor:
        return True
    return any(i is not None and i.dtype in (torch.bool, torch.uint8) for i in args[1])


def _renamed(step: _Step, twins: dict[int, int]) -> _Step:
    def anew(value: Any) -> Any:
        if isinstance(value, Ref):
            return Ref(twins.get(value.index, value.index))
        if isinstance(value, (list, tuple)):
            return type(value)(anew(part) for part in value)
        return value

    step.args = anew(step.args)
    step.kwargs = {name: anew(value) for name, value in step.kwargs.items()}
    return step


_VIEWS = {
    aten.view.default, aten.detach.default, aten.alias.default, aten.expand.default,
    aten._unsafe_view.default, aten.lift_fresh.default, aten.permute.default, aten.t.default,
    aten.slice.Tensor, aten.unsqueeze.default, aten.squeeze.default, aten.clone.default,
}  # fmt: skip


def _unchanged(step: _Step, values: list[Tensor]) -> int | None:
    """The argument that a step hands on as it is."""
    if step.op in (aten.bitwise_or.Tensor, aten.bitwise_and.Tensor):
        first, second = step.args[:2]
        return first.index if isinstance(first, Ref) and first == second else None
    if step.op not in _VIEWS or not isinstance(step.args[0], Ref):
        return None
    given, made = values[step.args[0].index], values[step.results[0]]  # type: ignore[index]
    if made.dim() > 1 and step.op in (aten.permute.default, aten.t.default):
        return None
    alike = given.shape == made.shape and given.stride() == made.stride()
    return step.args[0].index if alike and given.dtype == made.dtype else None


def _key(step: _Step) -> object:
    return (step.op, repr(step.args), repr(sorted(step.kwargs.items())))


def _text(value: Any, space: dict[str, Any]) -> str:
    if isinstance(value, Ref):
        return f"t{value.index}"
    if isinstance(value, (list, tuple)) and next(_refs(value), None) is not None:
        inside = "".join(f"{_text(part, space)}, " for part in value)
        return f"[{inside}]"
    name = f"k{len(space)}"
    space[name] = value
    return name


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


def same(now: Any, then: Any) -> bool:
    """Is a number that was looked at what it was?"""
    return type(now) is type(then) and (now == then or (now != now and then != then))
