"""A derivative of a replayed function as one straight-line program, from R's numbers to R's.

What a verb of ``derivatives.py`` does, forward and backward, is noted below autograd (a
``TorchDispatchMode``), as the operators that PyTorch ran. The program does them again on other
numbers: the same operators in the same order, so the same bits, without nodes of a graph and
without the steps whose outcome is known: views that change nothing, what depends on no parameter,
what was computed before. Each value of a tensor that the code looked at is looked at again; where
it comes out otherwise, the program has no answer. program_code.py writes it down.

``record(core, f, inputs, known)`` gives a program, which takes tensors and gives tensors, or None.
evaluator.py has the verbs that R asks for, compiled.py makes machine code of a program.

Tests: tests/autodiff/test_programs.py, test-autodiff-replay.R.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor

from torchbridge.autodiff import watching
from torchbridge.autodiff.derivatives import Function
from torchbridge.autodiff.program_code import Kind, Plan, Ref, Step, code_of

#: More than these bytes of results are not held while a program is noted; nor is a single one of
#: more than these bytes, unless it depends on no input.
_MOST_BYTES = 2**28
_LARGE = 2**18

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


class NoProgramError(Exception):
    """Why a verb cannot be a program."""


def record(
    core: Core,
    f: Function,
    inputs: Sequence[Tensor],
    known: Sequence[Tensor],
    data: Sequence[Tensor] = (),
) -> Program:
    """The program of core(f, *inputs), which is run for it; the first input is differentiated.

    Args:
        core: What to compute: one of derivatives.py's that check nothing.
        f: The function, which runs PyTorch alone.
        inputs: Tensors of which nothing else knows.
        known: The other tensors that f reads.
        data: Those among them that are inputs of the program, too, after the others.

    Raises:
        NoProgramError: it cannot be one.
    """
    inputs = [x.detach().clone() for x in inputs]
    notes = _Notes([*inputs, *data], known)
    with notes:
        results = core(f, inputs[0].requires_grad_(), *inputs[1:])
    if notes.why is not None:
        raise NoProgramError(notes.why)
    return Program(notes, [notes.ref(result) for result in results])


class _Notes(watching.Watch):
    """The operators that run, and what each of them got."""

    def __init__(self, inputs: Sequence[Tensor], known: Sequence[Tensor]) -> None:
        super().__init__()
        self.why: str | None = None
        self.steps: list[Step] = []
        #: By index. Held, so that no memory is given again; of a large one the next that has its
        #: memory takes its place.
        self.values: list[Tensor | None] = []
        self.kinds: list[Kind] = []
        self.constants: set[int] = set()
        #: What was there before: it must stay as it is.
        self.known = range(len(inputs) + len(known))
        self.n_inputs = len(inputs)
        self._found: dict[tuple[object, ...], int] = {}
        self._places: list[tuple[object, ...]] = []
        self._in_memory: dict[int, list[int]] = {}  # what shares a storage
        self._makers: dict[int, Step] = {}
        self._bytes = 0
        for value in (*inputs, *known):
            index = self._new(value, held=True)
            if index >= len(inputs):
                self.constants.add(index)
        self._bytes = 0

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

    def _new(self, value: Tensor, held: bool = False) -> int:
        held = held or value.nbytes <= _LARGE
        self.values.append(value if held else None)
        self.kinds.append(Kind.of(value))
        self._bytes += value.nbytes if held else 0
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
        step = Step(func, self._given(args), self._given_by_name(kwargs), [], True)
        of_inputs = func not in _OF_SHAPES and any(i not in self.constants for i in step.refs())
        if func._schema.is_mutable:
            self._note_change(step, args[0] if args else None)
            return
        if of_inputs and _is_of_unknown_shape(func, args):
            raise NoProgramError(f"the shape that {func} gives depends on values")
        if isinstance(result, (bool, int, float)):
            step.number = result
        elif isinstance(result, Tensor):
            step.results = [self._new(result, not of_inputs)]
        elif isinstance(result, (list, tuple)) and all(
            part is None or isinstance(part, Tensor) for part in result
        ):
            step.single = False
            step.results = [
                None if part is None else self._new(part, not of_inputs) for part in result
            ]
        elif result is not None:
            raise NoProgramError(f"it calls {func}")
        self.steps.append(step)
        made = [i for i in step.results if i is not None]
        self._makers.update(dict.fromkeys(made, step))
        if not of_inputs:
            self.constants.update(made)

    def _note_change(self, step: Step, target: Tensor | None) -> None:
        """An operator in place, as the one that makes a tensor of its own.

        What else looks into that memory is not known any more, but for the tensor of which the
        changed one is a part.
        """
        name = step.op._schema.name.removeprefix("aten::")
        anew = getattr(getattr(aten, name.removesuffix("_"), None), step.op._overloadname, None)
        given = [self.kinds[i] for i in step.refs()]
        floats = {kind.dtype for kind in given if kind.dtype.is_floating_point}
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
            before = self.values[whole.index]
            if before is None:
                raise NoProgramError("it changes a part of a large tensor")
            put = (whole, self.ref(target), *where)
            self._add(_PUTS[view.op], put, view.kwargs, before)

    def _note_new_shape(
        self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], value: Tensor
    ) -> None:
        """A tensor that got another shape in place, as a tensor of its own of that shape."""
        name = func._schema.name.removeprefix("aten::").removesuffix("_")
        anew = getattr(getattr(aten, name, None), func._overloadname, None)
        if anew is None:
            raise NoProgramError(f"it calls {func}")
        given = self._given(args)
        if self.values[given[0].index] is not None:
            self.values[given[0].index] = args[0]
        constant = given[0].index in self.constants
        self._add(anew, given, kwargs, value, constant)
        if constant:
            self.constants.add(len(self.values) - 1)

    def _add(
        self, op: Any, args: Any, kwargs: dict[str, Any], value: Tensor, held: bool = False
    ) -> None:
        self.steps.append(Step(op, args, kwargs, [self._new(value, held)], True))

    def _given_by_name(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        return {name: self._given(value) for name, value in kwargs.items()}


class Program:
    """What takes tensors like the inputs and gives the tensors of the core, or None.

    Attributes:
        steps: What is left to do, in order.
        results: What it gives.
        constants: Index -> the tensor that stands there.
        shapes: Of its inputs.
        given: The indices of those that were there before.
        versions: Tensors that it reads, and their versions then.
    """

    def __init__(self, notes: _Notes, results: list[Ref]) -> None:
        self.n_inputs = notes.n_inputs
        self.shapes = [kind.shape for kind in notes.kinds[: self.n_inputs]]
        self.results = results
        self.given = notes.known
        self.constants: dict[int, Tensor] = {}
        self.steps = notes.steps
        self._shorten(notes)
        self.versions: Sequence[tuple[Tensor, int]] = ()
        wanted = [r.index for r in self.results]
        self._run = code_of(Plan(self.n_inputs, self.steps, notes.kinds, self.constants, wanted))

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
        steps: list[Step] = []
        for step in notes.steps:
            if step.results and all(i is None or i in notes.constants for i in step.results):
                continue
            step = _renamed(step, twins)
            if step.number is not None and all(i in notes.constants for i in step.refs()):
                continue
            before = _unchanged(step, notes.kinds)
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
        held = {i: notes.values[i] for i in needed if i in notes.constants}
        self.constants = {i: value.detach() for i, value in held.items() if value is not None}


# ---- helpers -------------------------------------------------------------------------------


def _place(value: Tensor) -> tuple[object, ...]:
    """Tensors that are alike in this have the same numbers."""
    if value.layout != torch.strided or value.dtype.is_complex:
        raise NoProgramError("its tensors are not dense, or complex")
    return watching.place(value)


def _is_of_unknown_shape(func: Any, args: tuple[Any, ...]) -> bool:
    if torch.Tag.dynamic_output_shape not in func.tags:
        return False
    if func is not aten.index.Tensor:
        return True
    return any(i is not None and i.dtype in (torch.bool, torch.uint8) for i in args[1])


def _renamed(step: Step, twins: dict[int, int]) -> Step:
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


def _unchanged(step: Step, kinds: list[Kind]) -> int | None:
    """The argument that a step hands on as it is."""
    if step.op in (aten.bitwise_or.Tensor, aten.bitwise_and.Tensor):
        first, second = step.args[:2]
        return first.index if isinstance(first, Ref) and first == second else None
    if step.op not in _VIEWS or not isinstance(step.args[0], Ref):
        return None
    given, made = kinds[step.args[0].index], kinds[step.results[0]]  # type: ignore[index]
    if len(made.shape) > 1 and step.op in (aten.permute.default, aten.t.default):
        return None
    alike = given.shape == made.shape and given.stride == made.stride
    return step.args[0].index if alike and given.dtype == made.dtype else None


def _key(step: Step) -> object:
    return (step.op, repr(step.args), repr(sorted(step.kwargs.items())))
