"""What R's autograd verbs call: grad modes, gradients, hooks, and functions written in R.

R runs on one thread. The engine runs the backward pass of CPU tensors on the thread that
asked for it, that of a GPU on a thread of the device, unless it is told not to: here it is,
on R's thread, from the first hook or function written in R on.

Tests: test-autodiff-autograd-function.R, test-autodiff-autograd.R.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from torchbridge.process import host

#: R's backward: (context, *gradients of the outputs) to a gradient for each of R's arguments.
Backward: TypeAlias = Callable[..., Sequence[Tensor | None]]


def set_grad_enabled(enabled: bool) -> bool:
    """Switch the recording of gradients on or off; gives the state before."""
    before = torch.is_grad_enabled()
    torch.set_grad_enabled(enabled)
    return before


def set_detect_anomaly(enabled: bool) -> bool:
    """Switch the search for NaN in backward passes on or off; gives the state before."""
    before = torch.is_anomaly_enabled()
    torch.autograd.set_detect_anomaly(enabled)
    return before


def grad(
    outputs: list[Tensor],
    inputs: list[Tensor],
    grad_outputs: list[Tensor] | None,
    retain_graph: bool,
    create_graph: bool,
    allow_unused: bool,
) -> list[Tensor | None]:
    """R's ``autograd_grad``: one gradient an input, None where it is not used."""
    return list(
        torch.autograd.grad(
            outputs,
            inputs,
            _reduced(grad_outputs, outputs),
            retain_graph=retain_graph,
            create_graph=create_graph,
            allow_unused=allow_unused,
        )
    )


def backward(
    tensors: list[Tensor], grad_tensors: list[Tensor] | None, retain_graph: bool, create_graph: bool
) -> None:
    """R's ``autograd_backward``: adds the gradients to the leaves' ``grad``."""
    torch.autograd.backward(
        tensors,
        _reduced(grad_tensors, tensors),
        retain_graph=retain_graph,
        create_graph=create_graph,
    )


def _reduced(gradients: list[Tensor] | None, outputs: list[Tensor]) -> list[Tensor] | None:
    """What the shape of an output broadcasts to is summed to that shape, as PyTorch's core does."""
    if gradients is None:
        return None
    reduced = list(gradients)
    for i, (gradient, output) in enumerate(zip(gradients, outputs, strict=True)):
        if gradient is not None and gradient.shape != output.shape:
            try:
                reduced[i] = gradient.sum_to_size(output.shape)
            except RuntimeError:
                continue  # PyTorch's own error names both shapes
    return reduced


def register_hook(x: Tensor, hook: Callable[[Tensor], object]) -> RemovableHandle:
    """R's ``$register_hook``: a tensor that `hook` gives replaces the gradient.

    Any other value of an R function, such as that of its last assignment, means nothing.
    """

    def run(gradient: Tensor) -> Tensor | None:
        result = hook(gradient)
        return result if isinstance(result, torch.Tensor) else None

    stay_on_this_thread()
    handle: RemovableHandle = x.register_hook(run)
    return handle


def apply(
    forward: Callable[..., object],
    backward: Backward,
    names: Sequence[str],
    where: Sequence[int],
    tensors: Sequence[Tensor],
) -> Tensor | list[Tensor] | dict[str, Tensor]:
    """Run an R autograd_function.

    Args:
        forward: R function of (context, *tensors).
        backward: R function of (context, *gradients of the outputs) that gives a list of
            gradients, one an argument.
        names: the names of R's arguments, tensors and others.
        where: which of them are tensors, from 0.
        tensors: those.
    """
    stay_on_this_thread()
    call = _Call(backward, tuple(names), tuple(where))
    result: Any = RFunction.apply(forward, call, *tensors)  # type: ignore[no-untyped-call]
    if call.results is None:
        tensor: Tensor = result
        return tensor
    return dict(zip(call.results, result, strict=True)) if call.results else list(result)


class Context(Protocol):
    """PyTorch's context of one call of an `RFunction`, with ours on it."""

    call: _Call
    needs_input_grad: tuple[bool, ...]

    @property
    def saved_tensors(self) -> tuple[Tensor, ...]: ...  # noqa: D102

    def save_for_backward(self, *tensors: Tensor) -> None: ...  # noqa: D102


class _Call:
    """One call of an R autograd_function, as its backward pass needs it.

    `forward` is not kept: it holds R's arguments, which the graph must not keep alive.
    """

    def __init__(
        self,
        backward: Backward,
        names: tuple[str, ...],
        where: tuple[int, ...],
    ) -> None:
        self.backward = backward
        self.names = names
        self.where = where
        #: None where forward gave a tensor; where it gave a list, its names or ().
        self.results: tuple[str, ...] | None = None
        #: What R set by ``ctx$name <- value``: tensors, or R functions that give the value.
        self.values: dict[str, object] = {}
        #: What R saved: (name, value as above, or None for the next of ctx.saved_tensors).
        self.saved: list[tuple[str, object]] = []


class RFunction(torch.autograd.Function):
    """The node in PyTorch's graph of a function that is written in R."""

    @staticmethod
    def forward(
        ctx: Context, forward: Callable[..., object], call: _Call, *tensors: Tensor
    ) -> Tensor | tuple[Tensor, ...]:
        """The value of R's forward; its results are tensors."""
        ctx.call = call
        result = forward(host.native().handle(ctx), *tensors)
        if isinstance(result, torch.Tensor):
            return result
        if isinstance(result, dict):
            call.results, result = tuple(result), list(result.values())
        else:
            call.results = ()
        if not isinstance(result, list) or not all(isinstance(r, torch.Tensor) for r in result):
            raise TypeError("`forward` must give a tensor or a list of tensors")
        return tuple(result)

    @staticmethod
    def backward(ctx: Context, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients that R's backward gives for the tensors among the arguments."""
        given = ctx.call.backward(host.native().handle(ctx), *gradients)
        return (None, None, *(given[i] for i in ctx.call.where))


# ---- what R reads from a context, and writes into it ----


def argument_names(ctx: Context) -> list[str]:
    """The names of forward's arguments."""
    return list(ctx.call.names)


def tensor_arguments(ctx: Context) -> list[int]:
    """Which of them are tensors, from 1."""
    return [place + 1 for place in ctx.call.where]


def needs_input_grad(ctx: Context) -> list[bool]:
    """For each argument of forward: does its gradient matter?"""
    needs = [False] * len(ctx.call.names)
    for place, needed in zip(ctx.call.where, ctx.needs_input_grad[2:], strict=True):
        needs[place] = needed
    return needs


def save(ctx: Context, names: Sequence[str], values: Sequence[object]) -> None:
    """Keep values for the backward pass: tensors where PyTorch tracks changes of them."""
    ctx.save_for_backward(*(v for v in values if isinstance(v, torch.Tensor)))
    ctx.call.saved = [
        (name, None if isinstance(value, torch.Tensor) else value)
        for name, value in zip(names, values, strict=True)
    ]


def saved_names(ctx: Context) -> list[str]:
    """The names of what was saved."""
    return [name for name, _ in ctx.call.saved]


def saved(ctx: Context) -> list[object]:
    """What was saved, tensors and R functions that give a value."""
    tensors = iter(ctx.saved_tensors)
    return [next(tensors) if value is None else value for _, value in ctx.call.saved]


def set_value(ctx: Context, name: str, value: object) -> None:
    """``ctx$name <- value``."""
    ctx.call.values[name] = value


def value(ctx: Context, name: str) -> object:
    """``ctx$name``; None where it was not set."""
    return ctx.call.values.get(name)


def stay_on_this_thread() -> None:
    """From here on backward passes run on the thread that asks for them."""
    if torch.autograd.is_multithreading_enabled():
        torch.autograd.set_multithreading_enabled(False)
