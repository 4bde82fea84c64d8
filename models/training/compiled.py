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

from torchbridge.process.own_imports import working_directory_last
from torchbridge.process.python_headers import find_headers

from .data import Data
from .device import Accelerator
from .loop import Loop
from .updates import UPDATES, Update

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
        self.shapes = batch.y.shape
        self.known_lr = self.group["lr"]
        self.lr = torch.full((), self.known_lr, dtype=torch.float64)
        step = _Step(self.loop, self.update, batch)
        self.state = [self.lr, *step.state()]
        inputs = [*self.state, *_tensors(batch)]
        started = time.perf_counter()
        graph = self._traced(step, inputs)
        described = tuple((tuple(t.shape), t.stride(), t.dtype, t.device) for t in inputs)
        key = (graph.code, described)
        # A graph that holds tensors of its own is this fit's alone.
        is_common = not any(node.op == "get_attr" for node in graph.graph.nodes)
        if key in _COMPILED and is_common:
            self.compiled = _COMPILED[key]
            return
        _say("compiling the training step ...")
        self.compiled = self._code(graph, inputs)
        _say(
            f"compiled in {time.perf_counter() - started:.1f} s; later fits of the same shapes "
            "start at once"
        )
        if is_common:
            _COMPILED[key] = self.compiled

    def _traced(self, step: "_Step", inputs: list[Tensor]) -> Any:
        """The step as a graph of ATen operators."""
        from torch.fx.experimental.proxy_tensor import make_fx

        try:
            with torch.no_grad(), torch.random.fork_rng(self.loop.accelerator.gpus):
                trace = make_fx(step.run, tracing_mode="fake", _allow_non_fake_inputs=True)
                return trace(*inputs)
        except Exception as error:
            raise _cannot(error) from error

    def _code(self, graph: Any, inputs: list[Tensor]) -> Callable[..., Tensor]:
        """The graph as code, which has run once."""
        from torch import _inductor as inductor

        # On copies, for the fit is to be as if nothing had happened.
        try:
            with torch.no_grad(), torch.random.fork_rng(self.loop.accelerator.gpus):
                find_headers()
                given: list[Any] = inputs
                with working_directory_last():  # it may start compilers as processes
                    compiled = inductor.compile(graph, given, options={"size_asserts": False})
                compiled(*(t.clone() for t in inputs))
        except Exception as error:
            raise _cannot(error) from error
        return compiled


class _Step:
    """A step as a function of every tensor that it reads or changes.

    They are, in order: the learning rate; the parameters that are trained; the module's other
    tensors; what the optimizer keeps about each parameter; the batch.
    """

    def __init__(self, loop: Loop, update: Update, batch: Data) -> None:
        self.loop, self.update, self.batch = loop, update, batch
        state = loop.optimizer.state
        named = dict(loop.module.named_parameters())
        self.trained = {
            n: p for n, p in named.items() if p.requires_grad and (p in state or not state)
        }
        self.rest: dict[str, Tensor] = dict(loop.module.named_buffers())
        self.rest.update((n, p) for n, p in named.items() if n not in self.trained)
        #: For each trained parameter, the names of what the optimizer keeps about it.
        self.keys = [[k for k in update.state if k in state[p]] for p in self.trained.values()]
        group = loop.optimizer.param_groups[0]
        self.group = {k: v for k, v in group.items() if k not in ("params", "lr")}

    def state(self) -> list[Tensor]:
        """The tensors between the learning rate and the batch."""
        state = self.loop.optimizer.state
        kept = zip(self.trained.values(), self.keys, strict=True)
        return [
            *(p.detach() for p in self.trained.values()),
            *(t.detach() for t in self.rest.values()),
            *(state[p][k] for p, keys in kept for k in keys),
        ]

    def run(self, *flat: Tensor) -> Tensor:
        """Forward, backward and the optimizer; the loss."""
        lr, *tensors = flat
        parameters, tensors = tensors[: len(self.trained)], tensors[len(self.trained) :]
        rest, tensors = tensors[: len(self.rest)], tensors[len(self.rest) :]
        data = _batch(self.batch, tensors[len(tensors) - len(_tensors(self.batch)) :])
        loss, gradients = self._gradients(parameters, rest, data)
        self.loop.change_gradients(gradients)
        kept = iter(tensors)
        for parameter, gradient, keys in zip(parameters, gradients, self.keys, strict=True):
            entries = {key: next(kept) for key in keys}
            self.update.step(parameter, gradient, entries, lr, self.group)
        return loss.detach()

    def _gradients(
        self, parameters: list[Tensor], rest: list[Tensor], data: Data
    ) -> tuple[Tensor, list[Tensor]]:
        with torch.enable_grad():
            values = [p.detach().requires_grad_() for p in parameters]
            named = dict(zip(self.trained, values, strict=True))
            named |= dict(zip(self.rest, rest, strict=True))
            output = functional_call(self.loop.module, named, data.x)
            if data.offset is not None:
                output = output + data.offset
            loss = self.loop.loss(output, data.y, data.weights)
            return loss, list(torch.autograd.grad(loss, values, materialize_grads=True))


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


def _say(message: str) -> None:
    print(f"torchbridge: {message}", file=sys.stderr, flush=True)
