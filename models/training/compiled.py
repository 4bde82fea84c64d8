"""One training step, compiled whole: forward, backward and the optimizer in one graph.

The step is traced into a graph of ATen operators, which `torch.compile` turns into code.
The graph's own text says all that the code depends on, so that it is what the code is
kept by: a later fit with the same graph and shapes does not compile again.
"""

import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from torchbridge.process.own_imports import working_directory_last
from torchbridge.process.python_headers import find_headers

from ..callbacks import Callback, GradientClipping, LRSchedule, ProgressBar, ProgressLines
from .data import Data
from .device import Accelerator
from .loop import Loop
from .metrics import Seen
from .updates import UPDATES, Update

# Callbacks that change nothing in the middle of an epoch but what the graph takes as it comes.
_OURS = (GradientClipping, LRSchedule, ProgressBar, ProgressLines)

# What earlier fits compiled: (graph, inputs) -> function
_COMPILED: dict[tuple[Any, ...], Callable[..., Any]] = {}


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

    Where a callback is to see the gradients of each step there are two graphs, of the gradients
    and of the update, and it is called between them.
    """

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.update = UPDATES[loop.settings["optimizer"]]
        self.group = loop.optimizer.param_groups[0]
        for option in ("amsgrad", "maximize", "centered", "differentiable"):
            if self.group.get(option):
                raise ValueError(f"compile: the optimizer's option {option} cannot be compiled")
        _check_schedules(loop.callbacks)
        self.in_two = any(
            not callback.traceable and type(callback).on_gradients is not Callback.on_gradients
            for callback in loop.callbacks
        )
        self.step: _Step | None = None
        self.codes: list[Callable[..., Any]] = []
        self.shapes: tuple[Any, ...] = ()
        self.ready = bool(loop.optimizer.state)
        self.lr = torch.zeros((), dtype=torch.float64)
        self.known_lr = 0.0
        self.state: list[Tensor] = []
        self.epoch = 0
        self.fixed: Any = None
        # Who could change what the graph holds fixed, from one step to the next.
        self.watched = any(
            getattr(type(callback), event) is not getattr(Callback, event)
            for callback in loop.callbacks
            if not isinstance(callback, _OURS)
            for event in ("on_batch_begin", "on_gradients", "on_batch_end")
        )

    def __call__(self, batch: Data) -> Tensor:
        """Train on a batch."""
        if not self.ready:
            self.ready = True
            return self.loop.eager_step(batch)
        if self.watched or self.epoch != self.loop.epoch:
            self._look()
        step = self.step or self._compile(batch)
        if batch.y.shape != self.shapes:
            return self.loop.eager_step(batch)
        lr = self.group["lr"]
        if lr != self.known_lr:
            self.known_lr = lr
            self.lr.fill_(lr)
        tensors = [*self.state, *_tensors(batch)]
        with torch.no_grad():
            if not self.in_two:
                loss, *output = self.codes[0](*tensors)
            else:
                loss, *found = self.codes[0](*tensors)
                gradients = found[: len(found) - step.n_outputs]
                output = found[len(gradients) :]
                self.loop.change_gradients(gradients)
                self.codes[1](*self.state, *gradients)
        if self.loop.seen is not None:
            self.loop.seen.append(Seen(output[0], batch.y, batch.weights))
        return loss

    def _look(self) -> None:
        """Compile anew where something changed that a graph holds fixed."""
        self.epoch = self.loop.epoch
        fixed = _fixed(self.loop)
        if fixed != self.fixed:
            self.fixed, self.step = fixed, None

    def _compile(self, batch: Data) -> "_Step":
        """Trace the step, and compile it unless that was done before."""
        self.shapes = batch.y.shape
        self.known_lr = self.group["lr"]
        self.lr = torch.full((), self.known_lr, dtype=torch.float64)
        self.step = step = _Step(self.loop, self.update, batch)
        self.state = [self.lr, *step.state()]
        inputs = [*self.state, *_tensors(batch)]
        if not self.in_two:
            self.codes = [self._found(step.run, inputs)]
            return step
        gradients = [torch.zeros_like(p) for p in step.trained.values()]
        self.codes = [
            self._found(step.gradients, inputs),
            self._found(step.updated, [*self.state, *gradients]),
        ]
        return step

    def _found(self, function: Callable[..., Any], inputs: list[Tensor]) -> Callable[..., Any]:
        """The code of a part, of an earlier fit or new."""
        started = time.perf_counter()
        graph = self._traced(function, inputs)
        described = tuple((tuple(t.shape), t.stride(), t.dtype, t.device) for t in inputs)
        key = (graph.code, described)
        # A graph that holds tensors of its own is this fit's alone.
        is_common = not any(node.op == "get_attr" for node in graph.graph.nodes)
        if key in _COMPILED and is_common:
            return _COMPILED[key]
        _say("compiling the training step ...")
        compiled = self._code(graph, inputs)
        _say(
            f"compiled in {time.perf_counter() - started:.1f} s; later fits of the same shapes "
            "start at once"
        )
        if is_common:
            _COMPILED[key] = compiled
        return compiled

    def _traced(self, function: Callable[..., Any], inputs: list[Tensor]) -> Any:
        """A function of tensors as a graph of ATen operators."""
        from torch.fx.experimental.proxy_tensor import make_fx

        try:
            with torch.no_grad(), torch.random.fork_rng(self.loop.accelerator.gpus):
                trace = make_fx(function, tracing_mode="fake", _allow_non_fake_inputs=True)
                return trace(*inputs)
        except Exception as error:
            raise _cannot(error) from error

    def _code(self, graph: Any, inputs: list[Tensor]) -> Callable[..., Any]:
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
        #: Outputs beside the loss: those that metrics take.
        self.n_outputs = 1 if loop.metrics else 0

    def state(self) -> list[Tensor]:
        """The tensors between the learning rate and the batch."""
        state = self.loop.optimizer.state
        kept = zip(self.trained.values(), self.keys, strict=True)
        return [
            *(p.detach() for p in self.trained.values()),
            *(t.detach() for t in self.rest.values()),
            *(state[p][k] for p, keys in kept for k in keys),
        ]

    def run(self, *flat: Tensor) -> list[Tensor]:
        """Forward, backward and the optimizer; the loss, and the output where it is asked for."""
        n = len(flat) - len(_tensors(self.batch))
        loss, *found = self.gradients(*flat)
        gradients = found[: len(self.trained)]
        self.loop.change_gradients(gradients)
        self.updated(*flat[:n], *gradients)
        return [loss, *found[len(gradients) :]]

    def gradients(self, *flat: Tensor) -> list[Tensor]:
        """The loss, the gradients, and the output where it is asked for."""
        _, *tensors = flat
        parameters, tensors = tensors[: len(self.trained)], tensors[len(self.trained) :]
        rest, tensors = tensors[: len(self.rest)], tensors[len(self.rest) :]
        data = _batch(self.batch, tensors[len(tensors) - len(_tensors(self.batch)) :])
        with torch.enable_grad():
            values = [p.detach().requires_grad_() for p in parameters]
            named = dict(zip(self.trained, values, strict=True))
            named |= dict(zip(self.rest, rest, strict=True))
            output = functional_call(self.loop.module, named, data.x)
            if data.offset is not None:
                output = output + data.offset
            loss = self.loop.loss(output, data.y, data.weights)
            gradients = torch.autograd.grad(loss, values, materialize_grads=True)
        return [loss.detach(), *gradients, *([output.detach()] if self.n_outputs else [])]

    def updated(self, *flat: Tensor) -> list[Tensor]:
        """The optimizer's part: of the state and the gradients."""
        lr, *tensors = flat
        n = len(self.trained)
        parameters, gradients = tensors[:n], tensors[len(tensors) - n :]
        kept = iter(tensors[n + len(self.rest) : len(tensors) - n])
        for parameter, gradient, keys in zip(parameters, gradients, self.keys, strict=True):
            entries = {key: next(kept) for key in keys}
            self.update.step(parameter, gradient, entries, lr, self.group)
        return []


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


def _fixed(loop: Loop) -> Any:
    """What a graph holds fixed: options of the optimizer and the modules, what is trained."""
    group = loop.optimizer.param_groups[0]
    return (
        [value for name, value in group.items() if name not in ("params", "lr", "initial_lr")],
        [p.requires_grad for p in loop.module.parameters()],
        [
            (name, value)
            for module in loop.module.modules()
            for name, value in vars(module).items()
            if isinstance(value, (bool, int, float, str))
        ],
    )


def _check_schedules(callbacks: Iterable[Any]) -> None:
    for callback in callbacks:
        if isinstance(callback, LRSchedule) and getattr(
            callback.scheduler, "cycle_momentum", False
        ):
            raise ValueError(
                f'compile: the schedule "{callback.name}" changes the momentum in every step, and '
                "a compiled step holds it fixed: give the schedule cycle_momentum=False"
            )


def _cannot(error: Exception) -> RuntimeError:
    return RuntimeError(
        "compile: this step cannot be compiled here, use compile=False. It takes a C++ compiler, "
        "and a module and callbacks that consist of tensor operations without branches on "
        f"tensors' values. ({type(error).__name__}: {error})"
    )


def _say(message: str) -> None:
    print(f"torchbridge: {message}", file=sys.stderr, flush=True)
