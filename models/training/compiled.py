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

from torchbridge.autodiff.core_operators import OWN
from torchbridge.process.own_imports import working_directory_last
from torchbridge.process.python_headers import find_headers

from ..callbacks import Callback, GradientClipping, LRSchedule, ProgressBar, ProgressLines
from .data import Data
from .device import Accelerator
from .loop import Loop
from .metrics import Seen
from .step import Step, held_fixed, tensors_of
from .updates import UPDATES

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


def begin_steps(loop: Loop, reason: str) -> None:
    """Let a loop step by compiled code; `reason` says why its epochs are not programs."""
    loop.step, loop.engine = CompiledStep(loop, reason), "compiled steps"


class CompiledStep:
    """A loop's step: called with a batch, it trains and returns the loss.

    The first step of a new fit and batches of another size are done without it: the former
    makes the optimizer's state, the latter would be compiled once more.

    Where a callback is to see the gradients of each step there are two graphs, of the gradients
    and of the update, and it is called between them.
    """

    def __init__(self, loop: Loop, reason: str) -> None:
        self.loop, self.reason = loop, reason
        self.update = UPDATES[loop.settings["optimizer"]]
        self.group = loop.optimizer.param_groups[0]
        check_options_of(loop)
        self.in_two = any(
            not callback.traceable and type(callback).on_gradients is not Callback.on_gradients
            for callback in loop.callbacks
        )
        self.step: Step | None = None
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
        tensors = [*self.state, *tensors_of(batch)]
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
        fixed = held_fixed(self.loop)
        if fixed != self.fixed:
            self.fixed, self.step = fixed, None

    def _compile(self, batch: Data) -> Step:
        """Trace the step, and compile it unless that was done before."""
        self.shapes = batch.y.shape
        self.known_lr = self.group["lr"]
        self.lr = torch.full((), self.known_lr, dtype=torch.float64)
        self.step = step = Step(self.loop, self.update, batch)
        self.state = [self.lr, *step.state()]
        inputs = [*self.state, *tensors_of(batch)]
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
        say(f"compiling the training step (not a whole epoch: {self.reason}) ...")
        compiled = self._code(graph, inputs)
        say(
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
                options: dict[str, Any] = {"decomposition_table": OWN}
                options |= {"tracing_mode": "fake", "_allow_non_fake_inputs": True}
                return make_fx(function, **options)(*inputs)
        except Exception as error:
            raise cannot(error) from error

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
            raise cannot(error) from error
        return compiled


def check_options_of(loop: Loop) -> None:
    """An error where an optimizer or a schedule changes what a graph holds fixed, or has more."""
    for option in ("amsgrad", "maximize", "centered", "differentiable"):
        if loop.optimizer.param_groups[0].get(option):
            raise ValueError(f"compile: the optimizer's option {option} cannot be compiled")
    _check_schedules(loop.callbacks)


def _check_schedules(callbacks: Iterable[Any]) -> None:
    for callback in callbacks:
        if isinstance(callback, LRSchedule) and getattr(
            callback.scheduler, "cycle_momentum", False
        ):
            raise ValueError(
                f'compile: the schedule "{callback.name}" changes the momentum in every step, and '
                "a compiled step holds it fixed: give the schedule cycle_momentum=False"
            )


def cannot(error: Exception) -> RuntimeError:
    """The error that a step cannot be compiled."""
    return RuntimeError(
        "compile: this step cannot be compiled here, use compile=False. It takes a C++ compiler, "
        "and a module and callbacks that consist of tensor operations without branches on "
        f"tensors' values. ({type(error).__name__}: {error})"
    )


def say(message: str) -> None:
    """A line of what takes so long."""
    print(f"torchbridge: {message}", file=sys.stderr, flush=True)
