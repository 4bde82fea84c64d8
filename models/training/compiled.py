"""One training step, compiled whole: forward, backward and the optimizer in one graph.

The step is traced into a graph of ATen operators, which `torch.compile` turns into code.
The graph's own text says all that the code depends on, so that it is what the code is
kept by: a later fit with the same graph and shapes does not compile again.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from torchbridge.process.python_headers import find_headers

from .data import Data
from .device import Accelerator
from .loop import Loop
from .updates import UPDATES

# What earlier fits compiled: (graph, inputs) -> function
_COMPILED: dict[tuple[Any, ...], Callable[..., Tensor]] = {}


def check_compile(optimizer: str, accelerator: Accelerator) -> None:
    """An error where a step cannot be compiled whole."""
    if optimizer not in UPDATES:
        valid = ", ".join(f'"{name}"' for name in UPDATES)
        raise ValueError(f'compile: optimizer "{optimizer}" cannot be compiled; these can: {valid}')
    if type(accelerator) is not Accelerator:
        raise ValueError(
            'compile takes one device and precision "32-true": half precision and several '
            "devices step through lightning-fabric"
        )


class CompiledStep:
    """A loop's step: called with a batch, it trains and returns the loss.

    The first step of a new fit and batches of another size are done without it: the former
    makes the optimizer's state, the latter would be compiled once more.
    """

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.update = UPDATES[loop.settings["optimizer"]]
        self.group = loop.optimizer.param_groups[0]
        for option in ("amsgrad", "maximize", "centered", "differentiable"):
            if self.group.get(option):
                raise ValueError(f"compile: the optimizer's option {option} cannot be compiled")
        self.compiled: Callable[..., Tensor] | None = None
        self.shapes: tuple[Any, ...] = ()
        self.ready = bool(loop.optimizer.state)
        self.lr = torch.zeros((), dtype=torch.float64)
        self.known_lr = 0.0
        self.state: list[Tensor] = []

    def __call__(self, batch: Data) -> Tensor:
        """Train on a batch."""
        if not self.ready:
            self.ready = True
            return self.loop.eager_step(batch)
        if self.compiled is None:
            self._compile(batch)
        if batch.y.shape != self.shapes:
            return self.loop.eager_step(batch)
        lr = self.group["lr"]
        if lr != self.known_lr:
            self.known_lr = lr
            self.lr.fill_(lr)
        with torch.no_grad():
            return self.compiled(*self.state, *_tensors(batch))  # type: ignore[misc]

    def _compile(self, batch: Data) -> None:
        """Trace the step, and compile it unless that was done before."""
        from torch import _inductor as inductor
        from torch.fx.experimental.proxy_tensor import make_fx

        loop = self.loop
        self.shapes = batch.y.shape
        self.known_lr = self.group["lr"]
        self.lr = torch.full((), self.known_lr, dtype=torch.float64)
        state = loop.optimizer.state
        trained = {
            name: p
            for name, p in loop.module.named_parameters()
            if p.requires_grad and (p in state or not state)
        }
        rest: dict[str, Tensor] = dict(loop.module.named_buffers())
        rest.update((n, p) for n, p in loop.module.named_parameters() if n not in trained)
        moments = [
            [state[p][k] for k in self.update.state if k in state[p]] for p in trained.values()
        ]
        keys = [[k for k in self.update.state if k in state[p]] for p in trained.values()]
        self.state = [self.lr, *(p.detach() for p in trained.values())]
        self.state += [t.detach() for t in rest.values()]
        self.state += [t for entries in moments for t in entries]
        group = {k: v for k, v in self.group.items() if k not in ("params", "lr")}
        layout = _tensors(batch)

        def step(*flat: Tensor) -> Tensor:
            lr, *tensors = flat
            parameters, tensors = tensors[: len(trained)], tensors[len(trained) :]
            others = dict(zip(rest, tensors[: len(rest)], strict=True))
            tensors = tensors[len(rest) :]
            data = _batch(batch, tensors[len(tensors) - len(layout) :])

            with torch.enable_grad():
                values = [p.detach().requires_grad_() for p in parameters]
                named = dict(zip(trained, values, strict=True)) | others
                output = functional_call(loop.module, named, data.x)
                if data.offset is not None:
                    output = output + data.offset
                loss = loop.loss(output, data.y, data.weights)
                gradients = list(torch.autograd.grad(loss, values, materialize_grads=True))
            loop.change_gradients(gradients)
            position = 0
            for parameter, gradient, names in zip(parameters, gradients, keys, strict=True):
                entries = dict(zip(names, tensors[position : position + len(names)], strict=True))
                position += len(names)
                self.update.step(parameter, gradient, entries, lr, group)
            return loss.detach()

        inputs: list[Any] = [*self.state, *layout]
        started = time.perf_counter()
        try:
            with torch.no_grad(), torch.random.fork_rng(loop.accelerator.gpus):
                graph = make_fx(step, tracing_mode="fake", _allow_non_fake_inputs=True)(*inputs)
        except Exception as error:
            raise _cannot(error) from error
        described = tuple((tuple(t.shape), t.stride(), t.dtype, t.device) for t in inputs)
        key = (graph.code, described)
        constants = [node for node in graph.graph.nodes if node.op == "get_attr"]
        if key in _COMPILED and not constants:
            self.compiled = _COMPILED[key]
            return
        _tell("compiling the training step ...")
        # Compiling runs it: on copies, for the fit is to be as if nothing had happened.
        try:
            with torch.no_grad(), torch.random.fork_rng(loop.accelerator.gpus):
                find_headers()
                compiled = inductor.compile(graph, inputs, options={"size_asserts": False})
                compiled(*(t.clone() for t in inputs))
        except Exception as error:
            raise _cannot(error) from error
        _tell(
            f"compiled in {time.perf_counter() - started:.1f} s; later fits of the same shapes "
            "start at once"
        )
        if not constants:
            _COMPILED[key] = compiled
        self.compiled = compiled


def _tensors(batch: Data) -> list[Tensor]:
    extra = [t for t in (batch.weights, batch.offset) if t is not None]
    return [*batch.x, batch.y, *extra]


def _batch(like: Data, tensors: list[Tensor]) -> Data:
    """The inverse of `_tensors`."""
    n = len(like.x)
    rest = iter(tensors[n + 1 :])
    return Data(
        tuple(tensors[:n]),
        tensors[n],
        None if like.weights is None else next(rest),
        None if like.offset is None else next(rest),
    )


def _cannot(error: Exception) -> RuntimeError:
    return RuntimeError(
        "compile: this step cannot be compiled here, use compile=False. It takes a C++ compiler, "
        "and a module and callbacks that consist of tensor operations without branches on "
        f"tensors' values. ({type(error).__name__}: {error})"
    )


def _tell(message: str) -> None:
    print(f"torchbridge: {message}", file=sys.stderr, flush=True)
