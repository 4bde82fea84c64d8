"""The data of a fit: checked against the module once, so that the loop needs no checks.

Tests: tests/models/training/test_fit.py.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..arguments import dtype_name, kind_of
from ..sparse import as_rows, in_one_piece, is_sparse, is_sparse_matrix, part, taken
from .losses import Loss, check_own_loss
from .parts import Parts, mode
from .shapes import output_like

# Rows that show how a caller's loss puts an output and y together.
_FEW = 3

_Default = TypeVar("_Default", torch.dtype, None)


def dtype_of(module: nn.Module, default: _Default) -> torch.dtype | _Default:
    """What a module computes in: its first floating-point parameter's dtype, else the default."""
    return next((p.dtype for p in module.parameters() if p.is_floating_point()), default)


class Data(NamedTuple):
    """Rows of observations: the whole of them, or a batch.

    Attributes:
        x: what the module takes, one tensor an argument.
        y: targets.
        weights: what each row counts, of mean 1 over the whole, or None for all alike.
        offset: what is added to the module's output, or None for nothing.
        share: where they are a process's share of a batch: how many of these rows count (all, or
            none, and then they are there so that it has something to work on), and how many the
            whole batch has. None where they are the whole.
    """

    x: tuple[Tensor, ...]
    y: Tensor
    weights: Tensor | None = None
    offset: Tensor | None = None
    share: tuple[int, int] | None = None

    @property
    def n_rows(self) -> int:
        """The number of observations that count."""
        return self.y.shape[0] if self.share is None else self.share[0]

    @property
    def whole(self) -> int:
        """That of the whole batch, in all processes."""
        return len(self.y) if self.share is None else self.share[1]

    def to(self, device: torch.device) -> "Data":
        """The same on a device."""
        return self.each(lambda t: _ready(t, device))

    def rows(self, index: Tensor) -> "Data":
        """These rows."""
        x, y, weights, offset, _ = self
        return Data(
            tuple([taken(t, index) for t in x]),
            y.index_select(0, index),
            None if weights is None else weights.index_select(0, index),
            None if offset is None else offset.index_select(0, index),
        )

    def each(self, function: Any) -> "Data":
        """The same with a function applied to every tensor."""
        return Data(
            tuple(function(t) for t in self.x),
            function(self.y),
            None if self.weights is None else function(self.weights),
            None if self.offset is None else function(self.offset),
            self.share,
        )

    def parts(self, n: int, least: int) -> Iterator["Data"]:
        """The rows in `n` shares of `least` or more; where none are left, the last do not count."""
        rows = len(self.y)
        full = max(1, min(n, rows // least))
        for i in range(n):
            start, end = rows * i // full, rows * (i + 1) // full
            counted = end - start if self.n_rows else 0
            if i >= full:
                start, end, counted = 0, min(least, rows), 0
            part = self.rows(torch.arange(start, end, device=self.y.device))
            yield part._replace(share=(counted, self.whole))

    def split(self, sizes: Sequence[int]) -> Iterator["Data"]:
        """Batches of so many rows, in order."""
        start = 0
        for size in sizes:
            yield self.each(lambda t, start=start, end=start + size: part(t, start, end))
            start += size


def _on(t: Tensor, device: torch.device) -> Tensor:
    """The values of a tensor on a device."""
    t = t.detach() if t.requires_grad else t
    return t if t.device == device else t.to(device)


def _ready(t: Tensor, device: torch.device) -> Tensor:
    """The same with its rows in one piece: they are gathered again and again."""
    return in_one_piece(_on(t, device))


def as_inputs(name: str, x: Any) -> tuple[Tensor, ...]:
    """The tensors that a module takes: one, or several with as many rows."""
    several = isinstance(x, (tuple, list)) and any(isinstance(t, Tensor) for t in x)
    inputs = tuple(x) if several else (x,)
    inputs = tuple(as_rows(name, t) if is_sparse_matrix(t) else t for t in inputs)
    for i, t in enumerate(inputs):
        each = name if len(inputs) == 1 else f"{name}[{i}]"
        if not isinstance(t, Tensor):
            raise TypeError(f"{each} must be a torch tensor, not {kind_of(t)}")
        if t.ndim == 0:
            raise ValueError(f"{each} must have a dim of rows, and has no dims")
        if len(t) != len(inputs[0]):
            raise ValueError(f"{name}[0] has {len(inputs[0])} rows and {each} has {len(t)}")
    return inputs


def checked_data(
    prefix: str,
    module: nn.Module,
    x: Any,
    y: Any,
    loss: Loss,
    weights: Any = None,
    offset: Any = None,
    parts: Parts | None = None,
) -> Data:
    """Data that the loop can take as it is; `prefix` names it in errors.

    `parts` are the module's, where they are known.
    """
    x_name, y_name = f"{prefix}x", f"{prefix}y"
    parts = Parts(module) if parts is None else parts
    inputs = check_input(x_name, parts, x)
    if not isinstance(y, Tensor):
        raise TypeError(f"{y_name} must be a torch tensor, not {kind_of(y)}")
    if is_sparse(y):
        raise TypeError(f"{y_name} must be dense: {y_name}.to_dense()")
    n = len(inputs[0])
    if n == 0:
        raise ValueError(f"{x_name} has no rows")
    if y.ndim == 0 or len(y) != n:
        n_rows = len(y) if y.ndim else 0
        raise ValueError(f"{x_name} has {n} rows and {y_name} has {n_rows}")
    for name, value in [(x_name, t) for t in inputs] + [(y_name, y)]:
        _check_finite(name, value)
    output = output_like(module, inputs[0], parts) if loss.known and len(inputs) == 1 else None
    if output is None:
        few = 1 if loss.known else _FEW
        shown = inputs if n == few else tuple([part(t, 0, few) for t in inputs])
        with mode(module, training=False, modules=parts.modules), torch.no_grad():
            output = output_of(x_name, module, shown, parts)
    if weights is not None:
        weights = _checked_weights(f"{prefix}weights", weights, n, output)
    if offset is not None:
        offset = checked_offset(f"{prefix}offset", offset, n, output)
    if loss.holds == "values":
        y = _align_values(y_name, y, output, loss.name)
    elif loss.holds == "classes":
        y = _align_classes(y_name, y, output, loss.name)
    elif loss.holds == "events":
        y = _checked_events(y_name, y, output, loss.name)
    else:
        y = _as_output(y, output)
        few = len(output) - (len(output) in output.shape[1:])
        given = None if weights is None else weights[:few].to(output.device)
        check_own_loss(loss, output[:few], y[:few].to(output.device), given)
    return Data(inputs, y, weights, offset)


def _checked_events(name: str, y: Tensor, output: Tensor, loss: str) -> Tensor:
    """Times, events and perhaps strata, beside an output of one log hazard a row."""
    if y.ndim != 2 or y.shape[1] not in (2, 3):
        raise ValueError(
            f'{name} must have columns of time and event (and strata) for "{loss}", not shape '
            f"{tuple(y.shape)}"
        )
    if output.numel() != len(output):
        raise ValueError(
            f'"{loss}" takes one output a row, and module returned shape {tuple(output.shape)}'
        )
    event = y[:, 1]
    if not bool(((event == 0) | (event == 1)).all()) or not bool(event.any()):
        raise ValueError(f"{name} must hold events, 0 (censored) and 1, in its second column")
    return y.to(output.dtype)


def check_input(name: str, parts: Parts, x: Any) -> tuple[Tensor, ...]:
    """The tensors of `x`: floating point of the module's dtype, or int64 codes."""
    inputs = as_inputs(name, x)
    ours = {dtype for p in parts.parameters if (dtype := p.dtype).is_floating_point}
    for t in inputs:
        if t.dtype == torch.int64:
            continue
        if not t.is_floating_point():
            raise TypeError(
                f"{name} must be floating point (or int64, for codes), not {dtype_name(t.dtype)}"
            )
        if ours and t.dtype not in ours:
            names = " and ".join(sorted(map(dtype_name, ours)))
            raise TypeError(
                f"{name} is {dtype_name(t.dtype)} and the module's parameters are {names}: "
                "convert one of them"
            )
    return inputs


def output_of(name: str, module: nn.Module, inputs: Sequence[Tensor], parts: Parts) -> Tensor:
    """The module's output for `inputs`, whatever device they are on."""
    device = parts.device(inputs[0])
    try:
        output = module(*[_on(t, device) for t in inputs])
    except (RuntimeError, IndexError, TypeError) as error:
        shapes = " and ".join(str(tuple(t.shape[1:])) for t in inputs)
        raise ValueError(
            f"module cannot take rows of {name}, of shape {shapes}: {error}"
        ) from error
    if not isinstance(output, Tensor):
        raise TypeError(f"module must return a tensor, not {kind_of(output)}")
    if output.ndim == 0 or len(output) != len(inputs[0]):
        raise ValueError(
            f"module must return one row for each row of {name}; "
            f"for {len(inputs[0])} it returned shape {tuple(output.shape)}"
        )
    return output


def least_rows(module: nn.Module, data: Data, parts: Parts | None = None) -> int:
    """How many rows the module must have at once to be trained.

    Batch normalisation takes the deviation of each channel over a batch's rows (and places, where
    a channel has several): of one value there is none.
    """
    parts = Parts(module) if parts is None else parts
    norms = [m for m in parts.modules if isinstance(m, _BatchNorm)]
    if not norms:
        return 1
    alone: list[bool] = []

    def look(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        alone.append(inputs[0].numel() == inputs[0].shape[1])

    hooks = [norm.register_forward_pre_hook(look) for norm in norms]
    try:
        with mode(module, training=False, modules=parts.modules), torch.no_grad():
            output_of("x", module, tuple(part(t, 0, 1) for t in data.x), parts)
    finally:
        for hook in hooks:
            hook.remove()
    return 1 + any(alone)


def checked_offset(name: str, offset: Any, n: int, output: Tensor) -> Tensor:
    """What is added to the output: a number a row, or as many as the output has."""
    offset = _checked_rows(name, offset, n, output)
    if offset.ndim == 1:
        offset = offset.reshape(n, *[1] * (output.ndim - 1))
    if offset.shape[1:] not in (output.shape[1:], (1,) * (output.ndim - 1)):
        raise ValueError(
            f"{name} has shape {tuple(offset.shape)}, and the module's output asks for "
            f"{(n,)} or {(n, *output.shape[1:])}"
        )
    return offset


def _checked_weights(name: str, weights: Any, n: int, output: Tensor) -> Tensor:
    """Row weights, brought to mean 1: the size of a step does not depend on their unit."""
    weights = _checked_rows(name, weights, n, output)
    if weights.ndim != 1:
        raise ValueError(f"{name} must have shape ({n},), not {tuple(weights.shape)}")
    if weights.min() < 0 or weights.max() == 0:
        raise ValueError(f"{name} must not be negative, and not all 0")
    return weights / weights.mean()


def _checked_rows(name: str, value: Any, n: int, output: Tensor) -> Tensor:
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be a torch tensor, not {kind_of(value)}")
    if value.ndim == 0 or len(value) != n:
        raise ValueError(f"x has {n} rows and {name} has {len(value) if value.ndim else 0}")
    value = value.detach().to(output.dtype)
    _check_finite(name, value)
    return value


def _check_finite(name: str, value: Tensor) -> None:
    if is_sparse(value):
        return  # as_rows() has looked
    # The sum is finite only if every value is, and costs no memory.
    if not value.is_floating_point() or math.isfinite(value.sum().item()):
        return
    n_bad = value.numel() - int(value.isfinite().sum())
    if n_bad:
        raise ValueError(f"{name} holds {n_bad} values that are NaN or infinite")


def _align_values(name: str, y: Tensor, output: Tensor, loss: str) -> Tensor:
    if y.dtype != output.dtype:
        raise TypeError(
            f"{name} is {dtype_name(y.dtype)} and the module's output is "
            f'{dtype_name(output.dtype)}: loss "{loss}" takes them in one dtype'
        )
    return _align_shape(name, y, (len(y), *output.shape[1:]))


def _align_classes(name: str, y: Tensor, output: Tensor, loss: str) -> Tensor:
    if y.is_floating_point() or y.is_complex() or y.dtype == torch.bool:
        raise TypeError(f'{name} is {dtype_name(y.dtype)}: loss "{loss}" takes integer class codes')
    if output.ndim < 2:
        raise ValueError(
            f'loss "{loss}" takes one output for each class, and the module returns shape (n,)'
        )
    n_classes = output.shape[1]
    low, high = int(y.min()), int(y.max())
    # Checked here because on a GPU a code out of range ends the process.
    if low < 0 or high >= n_classes:
        raise ValueError(
            f"{name} holds class codes from {low} to {high}; with {n_classes} outputs "
            f"they must lie in 0 to {n_classes - 1}"
        )
    return _align_shape(name, y.long(), (len(y), *output.shape[2:]))


def _align_shape(name: str, y: Tensor, shape: tuple[int, ...]) -> Tensor:
    """`y` in that shape. Losses would broadcast (n,) against (n, 1) to (n, n)."""
    n = len(y)
    if y.shape == shape:
        return y
    if {tuple(y.shape), shape} == {(n,), (n, 1)}:
        return y.reshape(shape)
    raise ValueError(f"{name} has shape {tuple(y.shape)}, and the module's output asks for {shape}")


def _as_output(y: Tensor, output: Tensor) -> Tensor:
    """`y` for a caller's loss: in the output's shape where they differ in dims of size 1 alone."""
    shape = output.shape[1:]
    if [size for size in y.shape[1:] if size != 1] == [size for size in shape if size != 1]:
        return y.reshape(len(y), *shape)
    return y
