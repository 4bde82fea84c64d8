"""An R function of one tensor, run once and then replayed without R.

While R runs the function, every call of PyTorch is noted (a ``TorchFunctionMode``); the notes,
as straight-line code, do the same calls in the same order on the next point: the same bits, and
PyTorch differentiates them as it did. R says beforehand whether the function depends on nothing
else, and before each use whether what it read is still the same (autodiff-replay.R); here is what
only the run shows: which tensors were looked at, and what for.

Tests: tests/autodiff/test_replay.py, test-autodiff-replay.R.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from torchbridge.autodiff import rules
from torchbridge.autodiff.derivatives import Function
from torchbridge.autodiff.watching import tensors
from torchbridge.autodiff.ways import Path, Ways, bytes_of

#: How many ways through a function are kept: each where an `if` on a tensor went another way.
_MOST_PATHS = 8

#: What says nothing about a tensor's values.
# fmt: off
_OF_ITS_KIND = frozenset((
    "shape", "dtype", "device", "layout", "ndim", "dim", "size", "numel", "nelement",
    "element_size", "itemsize", "nbytes", "stride", "is_floating_point", "is_complex",
    "is_signed", "is_contiguous", "is_conj", "is_neg", "is_leaf", "is_sparse", "is_cuda",
    "is_cpu", "is_meta", "is_mkldnn", "is_quantized", "is_nested", "is_tensor", "requires_grad",
    "grad_fn", "__len__", "storage_offset", "get_device", "type", "_version", "__hash__",
    "has_names", "names", "is_same_size", "broadcast_shapes", "result_type", "promote_types",
    "can_cast", "retains_grad",
))
# fmt: on

#: The shape of what they give may depend on values.
_OF_UNKNOWN_SHAPE = frozenset(
    ("__getitem__", "nonzero", "argwhere", "masked_select", "unique", "unique_consecutive")
)


class Replay:
    """A function of one tensor that records the given one and replays it.

    Attributes:
        why: why it is not replayed; None where it is.
        path: the way that the last call was replayed along.
        ways: what it shares with others that are the same but for their data (rebound()).
    """

    def __init__(self, function: Function, ways: Ways | None = None) -> None:
        self._function = function
        self._paths: dict[object, list[Path]] = {}
        self.why: str | None = None
        self.path: Path | None = None
        self.ways = ways if ways is not None else Ways()

    def __call__(self, x: Tensor) -> object:
        """The function's value at x."""
        if self.why is not None:
            return self._function(x)
        paths = self._paths.setdefault(_kind_of(x), [])
        for at, path in enumerate(paths):
            result = path(x)
            if result is not None:
                if at > 0:
                    paths.insert(0, paths.pop(at))
                self.path = path
                return result
        if len(paths) >= _MOST_PATHS:
            self._give_up(f"it has taken more than {_MOST_PATHS} ways")
            return self._function(x)
        return self._record(x, paths)

    def take(self, kind: object, path: Path) -> None:
        """Know one more way."""
        self._paths.setdefault(kind, []).append(path)

    def knows(self, origin: Path) -> Path | None:
        """A way with this replay's data."""
        for paths in self._paths.values():
            for path in paths:
                if path.origin is origin:
                    return path
        return None

    def anew(self) -> Replay:
        """Of the same function, which it has not met."""
        return Replay(self._function)

    def _give_up(self, why: str) -> None:
        """From now on the function itself runs."""
        self.why = why
        self._paths.clear()

    def _record(self, x: Tensor, paths: list[Path]) -> object:
        before = torch.default_generator.get_state()
        notes = _Notes(x)
        _running.append(notes)
        try:
            with notes:
                result = self._function(x)
        finally:
            _running.pop()
        if not torch.equal(before, torch.default_generator.get_state()):
            notes.why = "it draws random numbers"
        if notes.why is None and not isinstance(result, Tensor):
            notes.why = "its value does not depend on the parameters"
        if notes.why is not None:
            self._give_up(notes.why)
        else:
            path = Path(notes, notes.name_of(result))
            paths.append(path)
            if notes.tape is not None:
                self.ways.made[notes.tape] = (_kind_of(x), path)
        return result


def rebound(
    replay: Replay, function: Function, tapes: list[int], data: list[list[Tensor]]
) -> Replay:
    """The replay of a function that is the same but for its data.

    Args:
        replay: Of the same ways.
        function: Runs R with the new data.
        tapes: Those that hold for them.
        data: For each of these what it makes of the new data.
    """
    anew = Replay(function, replay.ways)
    for tape, tensors_of in zip(tapes, data, strict=True):
        kind, path = replay.ways.made[int(tape)]
        anew.take(kind, path.with_data(tensors_of))
    return anew


def has_way(replay: Replay, tape: int) -> bool:
    """Did R's run with this tape become a way?"""
    return int(tape) in replay.ways.made


def placed(f: Function, held: Tensor, places: Tensor) -> Function:
    """f of some of its parameters, at these places (from 0); the others are held."""
    return lambda x: f(rules.put(held, places, x))


#: What is noted now.
_running: list[_Notes] = []


def spoil(why: str) -> None:
    """R has seen what no replay of the function that runs can repeat."""
    if _running:
        _running[-1].why = why


def start_again() -> None:
    """What R did so far is not the function's."""
    if _running:
        notes = _running[-1]
        paused = notes.paused
        notes.begin(notes._x)
        notes.paused = paused


def begin_tape(number: int) -> None:
    """R's run that is noted now has its data on a tape."""
    if _running:
        _running[-1].tape = int(number)


def pause(paused: bool) -> None:
    """What R does now is not noted."""
    if _running:
        _running[-1].paused = paused


def alike(x: object, y: object) -> bool:
    """Are these the same bits? Not noted."""
    if not (isinstance(x, Tensor) and isinstance(y, Tensor)):
        return type(x) is type(y) and x == y
    pause(True)
    try:
        if x.dtype != y.dtype or x.shape != y.shape:
            return False
        a, b = (value.detach().cpu().contiguous().numpy().tobytes() for value in (x, y))
        return a == b
    finally:
        pause(False)


def take_data(value: Tensor) -> None:
    """These data may be others when the run is replayed."""
    if _running:
        _running[-1].take_data(value)


def _kind_of(x: Tensor) -> tuple[object, ...]:
    return (
        x.shape, x.dtype, x.device, x.requires_grad, torch.is_grad_enabled(),
        torch.get_default_dtype(),
    )  # fmt: skip


class _Notes(TorchFunctionMode):
    """What is done to tensors, as lines of Python."""

    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.begin(x)

    def begin(self, x: Tensor) -> None:
        """Nothing is noted yet."""
        self.lines: list[str] = []
        self.why: str | None = None
        #: What the lines name besides x and their own results.
        self.outside: dict[str, object] = {}
        #: Tensors that do not depend on x, and their versions when they were met.
        self.versions: list[tuple[Tensor, int]] = []
        #: What stands for data that may be others, as d0, d1, ...
        self.data: list[Tensor] = []
        self.tape: int | None = None
        self.paused = False
        self._names: dict[int, str] = {id(x): "x"}
        self._constants: set[int] = set()
        self._x = x
        self._alive: dict[int, weakref.ref[Tensor]] = {}
        self._grad = torch.is_grad_enabled()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Do it, and note it."""
        result = func(*args, **(kwargs or {}))
        if self.why is None and not self.paused:
            self._note(func, args, kwargs or {}, result)
        return result

    def take_data(self, value: Tensor) -> None:
        """From now on a tensor is data."""
        self._constants.discard(id(value))
        self._names[id(value)] = f"d{len(self.data)}"
        self.data.append(value)

    def name_of(self, value: object) -> str:
        """What stands for an argument in the lines."""
        if isinstance(value, Tensor):
            name = self._names.get(id(value))
            return name if name is not None else self._outside(value, f"k{len(self.outside)}")
        if type(value) in (list, tuple) and _has_tensors(value):
            inside = "".join(f"{self.name_of(part)}, " for part in value)  # type: ignore[attr-defined]
            return f"[{inside}]" if isinstance(value, list) else f"({inside})"
        if isinstance(value, (slice, dict)) and _has_tensors(value):
            self.why = f"tensors are inside a {type(value).__name__}"
        name = f"k{len(self.outside)}"
        self.outside[name] = value
        return name

    def _outside(self, value: Tensor, name: str) -> str:
        self._constant(value)
        self.outside[name] = value
        self._names[id(value)] = name
        return name

    def _constant(self, value: Tensor, made: bool = False) -> None:
        if id(value) not in self._names and id(value) not in self._constants:
            self._constants.add(id(value))
            self._look_after(value)
            if not made:
                self.versions.append((value, value._version))
                if value.grad_fn is not None:
                    self.why = "where a tensor comes from was not seen"

    def _look_after(self, value: Tensor) -> None:
        """Forget a tensor when it goes: its id may be given again."""
        number = id(value)

        def forget(_: object) -> None:
            self._names.pop(number, None)
            self._constants.discard(number)
            self._alive.pop(number, None)

        self._alive[number] = weakref.ref(value, forget)

    def _may_change(self, given: list[Tensor], of_x: bool) -> bool:
        """Only what was made in this run: of x, or before anything of x has met it."""
        if not given or given[0] is self._x or any(given[0] is value for value in self.data):
            return False
        if of_x:
            return self._of_x(given[0])
        made_here = all(tensor is not given[0] for tensor, _ in self.versions)
        return made_here and id(given[0]) in self._constants and id(given[0]) not in self._names

    def _of_x(self, value: Tensor) -> bool:
        return id(value) in self._names and id(value) not in self._constants

    def _note(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
    ) -> None:
        name = _name(func)
        given = list(tensors((*args, *kwargs.values())))
        of_x = any(map(self._of_x, given))
        if _changes(name, kwargs) and not self._may_change(given, of_x):
            reads = name == "copy_" and of_x and not self._of_x(given[0])  # into R's memory
            self.why = f"it {'reads' if reads else 'changes'} the values of a tensor ({name})"
            return
        if not of_x:
            for tensor in given:
                self._constant(tensor)
            for tensor in tensors((result,)):
                self._constant(tensor, made=True)
            if any(t.requires_grad for t in given):
                self.why = f"it uses a tensor that records derivatives itself ({name})"
            return
        if name in _OF_ITS_KIND and not _has_tensors(result):
            return
        if isinstance(result, (bool, int, float)):
            self._line(func, args, kwargs, "r")
            then = self.name_of(result)
            self.lines.append(f"if not same(r, {then}): return None")
        elif result is None or _has_tensors(result):
            if self._grad != torch.is_grad_enabled():
                self.why = f"it switches the recording of derivatives ({name})"
            made = f"t{len(self.lines)}"
            self._line(func, args, kwargs, made)
            self._give_names(result, made)
            if name in _OF_UNKNOWN_SHAPE and isinstance(result, Tensor):
                shape = self.name_of(tuple(result.shape))
                self.lines.append(f"if {made}.shape != {shape}: return None")
        else:
            self.why = f"it reads the values of a tensor ({name})"

    def _line(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], to: str
    ) -> None:
        called = self.name_of(func)
        inside = [self.name_of(a) for a in args]
        inside += [f"{key}={self.name_of(value)}" for key, value in kwargs.items()]
        self.lines.append(f"{to} = {called}({', '.join(inside)})")

    def _give_names(self, result: Any, made: str) -> None:
        if isinstance(result, Tensor):
            if id(result) not in self._constants:  # an argument as it was: it stays what it is
                self._names[id(result)] = made
                self._look_after(result)
        elif isinstance(result, (list, tuple)):
            for i, part in enumerate(result):
                self._give_names(part, f"{made}[{i}]")


def _name(func: Callable[..., Any]) -> str:
    name = getattr(func, "__name__", "")
    if name in ("__get__", "__set__"):
        name = getattr(getattr(func, "__self__", None), "__name__", name)
    return name


def _changes(name: str, kwargs: dict[str, Any]) -> bool:
    """Is this an operation in place?"""
    if "out" in kwargs or name in ("__setitem__", "__set__", "requires_grad_", "data"):
        return True
    if name.startswith("__"):
        return name.startswith("__i") and name not in ("__invert__", "__index__", "__int__")
    return name.endswith("_")


def _has_tensors(value: object) -> bool:
    return next(tensors((value,)), None) is not None


def reason(replay: Replay) -> str | None:
    """Why a function is not replayed, as far as its run has shown; None where it is."""
    return replay.why


def held_bytes(replay: Replay) -> int:
    """How much memory the tensors keep that a replay holds."""
    return bytes_of(path for paths in replay._paths.values() for path in paths)
