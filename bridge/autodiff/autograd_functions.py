"""What R's autograd verbs call: grad modes, gradients, hooks, and functions written in R.

R runs on one thread. The engine runs the backward pass of CPU tensors on the thread that
asked for it, that of a GPU on a thread of the device, unless it is told not to: here it is,
on R's thread, from the first hook or function written in R on.

Tests: test-autodiff-autograd-function.R, test-autodiff-autograd.R.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from torchbridge.process import host


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
    outputs: list[Any],
    inputs: list[Any],
    grad_outputs: list[Any] | None,
    retain_graph: bool,
    create_graph: bool,
    allow_unused: bool,
) -> list[Any]:
    """R's ``autograd_grad``: one gradient an input, None where it is not used."""
    return list(
        torch.autograd.grad(
            outputs,
            inputs,
            grad_outputs,
            retain_graph=retain_graph,
            create_graph=create_graph,
            allow_unused=allow_unused,
        )
    )


def backward(
    tensors: list[Any], grad_tensors: list[Any] | None, retain_graph: bool, create_graph: bool
) -> None:
    """R's ``autograd_backward``: adds the gradients to the leaves' ``grad``."""
    torch.autograd.backward(
        tensors, grad_tensors, retain_graph=retain_graph, create_graph=create_graph
    )


def register_hook(x: Any, hook: Callable[[Any], Any]) -> Any:
    """R's ``$register_hook``: a tensor that `hook` gives replaces the gradient.

    Any other value of an R function, such as that of its last assignment, means nothing.
    """

    def run(gradient: Any) -> Any:
        result = hook(gradient)
        return result if isinstance(result, torch.Tensor) else None

    stay_on_this_thread()
    return x.register_hook(run)


def apply(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    names: Sequence[str],
    where: Sequence[int],
    tensors: Sequence[Any],
) -> Any:
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
    result = RFunction.apply(forward, call, *tensors)
    if call.results is None:
        return result
    return dict(zip(call.results, result, strict=True)) if call.results else list(result)


class _Call:
    """One call of an R autograd_function, as its backward pass needs it.

    `forward` is not kept: it holds R's arguments, which the graph must not keep alive.
    """

    def __init__(
        self, backward: Callable[..., Any], names: tuple[str, ...], where: tuple[int, ...]
    ) -> None:
        self.backward = backward
        self.names = names
        self.where = where
        #: None where forward gave a tensor; where it gave a list, its names or ().
        self.results: tuple[str, ...] | None = None
        #: What R set by ``ctx$name <- value``: tensors, or R functions that give the value.
        self.values: dict[str, Any] = {}
        #: What R saved: (name, value as above, or None for the next of ctx.saved_tensors).
        self.saved: list[tuple[str, Any]] = []


class RFunction(torch.autograd.Function):
    """The node in PyTorch's graph of a function that is written in R."""

    @staticmethod
    def forward(ctx: Any, forward: Any, call: _Call, *tensors: Any) -> Any:
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
    def backward(ctx: Any, *gradients: Any) -> Any:
        """The gradients that R's backward gives for the tensors among the arguments."""
        given = ctx.call.backward(host.native().handle(ctx), *gradients)
        return (None, None, *(given[i] for i in ctx.call.where))


# ---- what R reads from a context, and writes into it ----


def argument_names(ctx: Any) -> list[str]:
    """The names of forward's arguments."""
    return list(ctx.call.names)


def tensor_arguments(ctx: Any) -> list[int]:
    """Which of them are tensors, from 1."""
    return [place + 1 for place in ctx.call.where]


def needs_input_grad(ctx: Any) -> list[bool]:
    """For each argument of forward: does its gradient matter?"""
    needs = [False] * len(ctx.call.names)
    for place, needed in zip(ctx.call.where, ctx.needs_input_grad[2:], strict=True):
        needs[place] = needed
    return needs


def save(ctx: Any, names: Sequence[str], values: Sequence[Any]) -> None:
    """Keep values for the backward pass: tensors where PyTorch tracks changes of them."""
    ctx.save_for_backward(*(v for v in values if isinstance(v, torch.Tensor)))
    ctx.call.saved = [
        (name, None if isinstance(value, torch.Tensor) else value)
        for name, value in zip(names, values, strict=True)
    ]


def saved_names(ctx: Any) -> list[str]:
    """The names of what was saved."""
    return [name for name, _ in ctx.call.saved]


def saved(ctx: Any) -> list[Any]:
    """What was saved, tensors and R functions that give a value."""
    tensors = iter(ctx.saved_tensors)
    return [next(tensors) if value is None else value for _, value in ctx.call.saved]


def set_value(ctx: Any, name: str, value: Any) -> None:
    """``ctx$name <- value``."""
    ctx.call.values[name] = value


def value(ctx: Any, name: str) -> Any:
    """``ctx$name``; None where it was not set."""
    return ctx.call.values.get(name)


def stay_on_this_thread() -> None:
    """From here on backward passes run on the thread that asks for them."""
    if torch.autograd.is_multithreading_enabled():
        torch.autograd.set_multithreading_enabled(False)
