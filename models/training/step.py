"""A training step as a function of every tensor that it reads or changes.

For what makes programs of it: `compiled.py` of one step, `epochs.py` of whole epochs.

Tests: tests/models/training/test_compiled.py, tests/models/training/test_epochs.py.
"""

from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from ..callbacks import Callback
from .data import Data
from .loop import Loop
from .updates import Update


class Step:
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
        #: For each, does the loss depend on it? Known once the gradients were traced.
        self.used: list[bool] = []
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
        n = len(flat) - len(tensors_of(self.batch))
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
        data = batch_of(self.batch, tensors[len(tensors) - len(tensors_of(self.batch)) :])
        with torch.enable_grad():
            values = [p.detach().requires_grad_() for p in parameters]
            named = dict(zip(self.trained, values, strict=True))
            named |= dict(zip(self.rest, rest, strict=True))
            output = functional_call(self.loop.module, named, data.x)
            if data.offset is not None:
                output = output + data.offset
            loss = self.loop.loss(output, data.y, data.weights)
            found = torch.autograd.grad(loss, values, allow_unused=True)
        self.used = [gradient is not None for gradient in found]
        gradients = [
            torch.zeros_like(p) if g is None else g for g, p in zip(found, values, strict=True)
        ]
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


def tensors_of(batch: Data) -> list[Tensor]:
    """What a batch consists of."""
    extra = [t for t in (batch.weights, batch.offset) if t is not None]
    return [*batch.x, batch.y, *extra]


def batch_of(like: Data, tensors: list[Tensor]) -> Data:
    """The inverse of `tensors_of`."""
    n = len(like.x)
    rest = iter(tensors[n + 1 :])
    return Data(
        tuple(tensors[:n]),
        tensors[n],
        None if like.weights is None else next(rest),
        None if like.offset is None else next(rest),
    )


def held_fixed(loop: Loop) -> Any:
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


#: Whose forward is their class's and their attributes', and nothing else.
_KNOWN_MODULES = ("torch.nn.modules.", "torchbridge.models.networks.")
_SIMPLE = (bool, int, float, str, type(None), torch.dtype)


def description(step: Step) -> Any:
    """By which a step is known to be the same function as another; None where that is not known.

    It is for networks of PyTorch's own modules and ours, with losses that have names.
    """
    loop = step.loop
    if not loop.loss.known:
        return None
    modules = []
    for name, module in loop.module.named_modules():
        kind = type(module)
        attributes = {k: v for k, v in vars(module).items() if not k.startswith("_")}
        hooks = any(v for k, v in vars(module).items() if k.endswith("_hooks"))
        simple = all(map(_is_simple, attributes.values()))
        if hooks or not simple or not kind.__module__.startswith(_KNOWN_MODULES):
            return None
        modules.append((name, kind, kind.forward, str(sorted(attributes.items()))))
    changes = [
        (type(c), str(vars(c)))
        for c in loop.callbacks
        if type(c).on_gradients is not Callback.on_gradients
    ]
    tensors = [*step.state(), *tensors_of(step.batch)]
    return (
        (loop.loss.name, type(loop.optimizer), str(step.group), step.n_outputs),
        tuple(modules),
        tuple(changes),
        (tuple(step.trained), tuple(step.rest), str(step.keys)),
        str([(tuple(t.shape), t.stride(), t.dtype) for t in tensors]),
        (len(step.batch.x), step.batch.weights is None, step.batch.offset is None),
        torch.get_default_dtype(),
    )


def _is_simple(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return all(map(_is_simple, value))
    return isinstance(value, _SIMPLE)
