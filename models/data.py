"""The data of a fit: checked against the module once, so that the loop needs no checks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from .arguments import dtype_name, kind_of


class Data(NamedTuple):
    """Inputs and targets, one row an observation."""

    x: Tensor
    y: Tensor

    def to(self, device: torch.device) -> "Data":
        """The same on a device."""
        # Rows are gathered again and again: they should lie in one piece.
        return Data(*(t.detach().to(device).contiguous() for t in self))


def checked_data(prefix: str, module: nn.Module, x: Any, y: Any, loss: str, holds: str) -> Data:
    """A pair that the loop can take as it is; `prefix` names it in errors.

    `holds` says what `y` is for this loss: "values" or "classes".
    """
    x_name, y_name = f"{prefix}x", f"{prefix}y"
    check_input(x_name, module, x)
    if not isinstance(y, Tensor):
        raise TypeError(f"{y_name} must be a torch tensor, not {kind_of(y)}")
    if len(x) == 0:
        raise ValueError(f"{x_name} has no rows")
    if y.ndim == 0 or len(y) != len(x):
        n_rows = len(y) if y.ndim else 0
        raise ValueError(f"{x_name} has {len(x)} rows and {y_name} has {n_rows}")
    for name, value in ((x_name, x), (y_name, y)):
        n_bad = value.numel() - int(value.isfinite().sum())
        if n_bad:
            raise ValueError(f"{name} holds {n_bad} values that are NaN or infinite")
    with mode(module, training=False), torch.no_grad():
        output = output_of(x_name, module, x[:1])
    align = _align_values if holds == "values" else _align_classes
    return Data(x, align(y_name, y, output, loss))


def check_input(name: str, module: nn.Module, x: Any) -> None:
    """An error unless `x` is a floating point tensor of rows, of the module's dtype."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{name} must be a torch tensor, not {kind_of(x)}")
    if x.ndim == 0:
        raise ValueError(f"{name} must have a dim of rows, and has no dims")
    if not x.is_floating_point():
        raise TypeError(f"{name} must be floating point, not {dtype_name(x.dtype)}")
    dtypes = {p.dtype for p in module.parameters()}
    if dtypes and x.dtype not in dtypes:
        ours = " and ".join(sorted(map(dtype_name, dtypes)))
        raise TypeError(
            f"{name} is {dtype_name(x.dtype)} and the module's parameters are {ours}: "
            "convert one of them"
        )


def output_of(name: str, module: nn.Module, x: Tensor) -> Tensor:
    """The module's output for `x`, whatever device `x` is on."""
    parameter = next(module.parameters(), x)
    try:
        output = module(x.detach().to(parameter.device))
    except RuntimeError as error:
        shape = tuple(x.shape[1:])
        raise ValueError(f"module cannot take rows of {name}, of shape {shape}: {error}") from error
    if not isinstance(output, Tensor):
        raise TypeError(f"module must return a tensor, not {kind_of(output)}")
    if output.ndim == 0 or len(output) != len(x):
        raise ValueError(
            f"module must return one row for each row of {name}; "
            f"for {len(x)} it returned shape {tuple(output.shape)}"
        )
    return output


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
    if {tuple(y.shape), shape} == {(n,), (n, 1)}:
        return y.reshape(shape)
    if tuple(y.shape) != shape:
        raise ValueError(
            f"{name} has shape {tuple(y.shape)}, and the module's output asks for {shape}"
        )
    return y


@contextmanager
def mode(module: nn.Module, *, training: bool) -> Iterator[None]:
    """Train or eval mode, and afterwards what each submodule was in."""
    before = [(m, m.training) for m in module.modules()]
    module.train(training)
    try:
        yield
    finally:
        for m, was_training in before:
            m.training = was_training
