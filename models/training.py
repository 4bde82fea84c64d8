"""The training loop: one function to fit a module, on one spine of short methods.

`fit` checks everything it is given before it changes anything; the loop itself
(`_Loop`: fit -> epoch -> step, evaluate) then needs no checks, and costs what the
same lines written by hand would cost.
"""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .arguments import kind_of, lookup, number, whole_number
from .data import Data, check_input, checked_data, mode, output_of
from .device import seeded, training_device

# name in torch.optim, in lower case -> (class, has a fused kernel on CPU and CUDA)
OPTIMIZERS = {
    "adam": (torch.optim.Adam, True),
    "adamw": (torch.optim.AdamW, True),
    "sgd": (torch.optim.SGD, True),
    "rmsprop": (torch.optim.RMSprop, False),
    "adagrad": (torch.optim.Adagrad, False),
}

# name in torch.nn.functional -> (function, what y holds)
LOSSES: dict[str, tuple[Callable[..., Tensor], str]] = {
    "mse_loss": (F.mse_loss, "values"),
    "l1_loss": (F.l1_loss, "values"),
    "smooth_l1_loss": (F.smooth_l1_loss, "values"),
    "huber_loss": (F.huber_loss, "values"),
    "poisson_nll_loss": (F.poisson_nll_loss, "values"),
    "binary_cross_entropy_with_logits": (F.binary_cross_entropy_with_logits, "values"),
    "cross_entropy": (F.cross_entropy, "classes"),
    "nll_loss": (F.nll_loss, "classes"),
}

# Rows in one forward pass without gradients: enough to keep a GPU busy, few enough
# that the activations of a wide network fit.
PREDICT_ROWS = 8192


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """A trained module and how it got there.

    Attributes:
        module: the module given to `fit`, trained in place.
        history: lists of equal length, one value an epoch: `epoch` (from 1),
            `train_loss` and, where `fit` had validation data, `valid_loss`.
        device: the device it was trained on, where the module still is.
    """

    module: nn.Module
    history: dict[str, list]
    device: torch.device

    def predict(self, x: Tensor, batch_size: int = PREDICT_ROWS) -> Tensor:
        """The module's output for `x`, on the CPU: see `predict`."""
        return predict(self.module, x, batch_size)

    def __repr__(self) -> str:
        last = {name: values[-1] for name, values in self.history.items()}
        epochs = last.pop("epoch")
        losses = "".join(f"{name} {value:.4g}, " for name, value in last.items())
        name = type(self.module).__name__
        return f"<Fit of {name}: {epochs} epochs, {losses}on {self.device}>"


def fit(
    module: nn.Module,
    x: Tensor,
    y: Tensor,
    *,
    epochs: int = 100,
    batch_size: int = 32,
    lr: float = 1e-3,
    optimizer: str = "adam",
    loss: str = "mse_loss",
    weight_decay: float = 0.0,
    validation: Sequence[Tensor] | None = None,
    seed: int | None = None,
    device: str | torch.device | None = None,
) -> Fit:
    """Train a module, in place.

    Each epoch visits every row once, in a new random order, in batches. The whole of
    `x` and `y` is put on the device before the first.

    Args:
        module: any `nn.Module` that maps rows of `x` to as many rows. Its initial
            weights are the caller's (`mlp` has a `seed` for them).
        x: inputs, one row an observation: shape (n, ...), n >= 1, floating point of
            the module's dtype, all values finite.
        y: targets, one row an observation. For losses of values: the shape and dtype
            of the module's output; (n,) and (n, 1) are taken as the same. For
            `cross_entropy` and `nll_loss`: integer class codes from 0, shape (n,).
        epochs: passes over the data, at least 1.
        batch_size: rows in a step, at least 1; the last batch has what is left.
        lr: learning rate, above 0.
        optimizer: "adam", "adamw", "sgd", "rmsprop" or "adagrad": torch.optim's, with
            torch's defaults for all but `lr` and `weight_decay`.
        loss: a name in `LOSSES`, which are torch.nn.functional's; the mean over rows
            is minimised.
        weight_decay: at least 0, as the optimizer defines it: decoupled for "adamw",
            an L2 penalty for the others.
        validation: a pair (x, y) under the same rules, whose loss is computed after
            every epoch and never trained on.
        seed: decides everything random in training (the order of rows, dropout) and
            leaves torch's global random state as it was. With None the randomness
            comes from that global state. The same seed gives the same bits on the
            same machine and device; another device draws another order.
        device: "cpu", "cuda" or "cuda:1"; None takes the GPU when there is one.

    Returns:
        A `Fit`. The module is on the device, in the train or eval mode it came in.
        `train_loss` is the mean over rows of the loss at each batch's own step, in
        train mode (so the weights change below it and dropout is on); `valid_loss`
        is that of the weights at the epoch's end, in eval mode.

    Raises:
        TypeError: an argument of the wrong type or dtype, or one that is not known.
        ValueError: an argument out of range, a shape or a name that does not fit.
        FloatingPointError: the loss stopped being finite; the message names the
            epoch. After this or any other error the module's weights are what they
            were before; after a keyboard interrupt they are as far as it got.
    """
    if not isinstance(module, nn.Module):
        raise TypeError(f"module must be a torch nn.Module, not {kind_of(module)}")
    if not any(p.requires_grad for p in module.parameters()):
        raise ValueError("module has no parameters that require a gradient")
    epochs = whole_number("epochs", epochs, 1)
    batch_size = whole_number("batch_size", batch_size, 1)
    lr = number("lr", lr)
    if lr == 0:
        raise ValueError("lr must be above 0")
    weight_decay = number("weight_decay", weight_decay)
    seed = None if seed is None else whole_number("seed", seed)
    optimizer_class, fused = lookup("optimizer", optimizer, OPTIMIZERS)
    loss_function, holds = lookup("loss", loss, LOSSES)
    device = training_device(device)

    train = checked_data("", module, x, y, loss, holds)
    valid = None
    if validation is not None:
        if not isinstance(validation, (list, tuple)) or len(validation) != 2:
            raise TypeError(
                f"validation must be a pair (x, y) of tensors, not {kind_of(validation)}"
            )
        x_valid, y_valid = validation
        valid = checked_data("validation ", module, x_valid, y_valid, loss, holds)

    module.to(device)
    options = {"fused": True} if fused else {}
    loop = _Loop(
        module=module,
        loss=loss_function,
        optimizer=optimizer_class(
            [p for p in module.parameters() if p.requires_grad],
            lr=lr,
            weight_decay=weight_decay,
            **options,
        ),
        train=train.to(device),
        valid=None if valid is None else valid.to(device),
        batch_size=batch_size,
    )
    initial = copy.deepcopy(module.state_dict())
    try:
        with seeded(seed, device), mode(module, training=True):
            history = loop.fit(epochs)
    except Exception:
        module.load_state_dict(initial)
        raise
    return Fit(module, history, device)


def predict(module: nn.Module, x: Tensor, batch_size: int = PREDICT_ROWS) -> Tensor:
    """The module's output for `x`: in eval mode, without gradients, on the CPU.

    Args:
        module: any `nn.Module`; it stays on its device and in its train or eval mode.
        x: inputs, shape (n, ...), floating point of the module's dtype, on any device.
            A row with NaN gives what the module makes of it.
        batch_size: rows that pass through the module at once, at least 1.

    Returns:
        The outputs, one row for each row of `x`.

    Raises:
        TypeError: an argument of the wrong type or dtype.
        ValueError: a shape that the module cannot take, or a `batch_size` below 1.
    """
    if not isinstance(module, nn.Module):
        raise TypeError(f"module must be a torch nn.Module, not {kind_of(module)}")
    batch_size = whole_number("batch_size", batch_size, 1)
    check_input("x", module, x)
    with mode(module, training=False), torch.no_grad():
        return torch.cat([output_of("x", module, b).cpu() for b in x.split(batch_size)])


@dataclass
class _Loop:
    """The spine. What differs between two fits is in its fields, checked."""

    module: nn.Module
    loss: Callable[[Tensor, Tensor], Tensor]
    optimizer: torch.optim.Optimizer
    train: Data
    valid: Data | None
    batch_size: int

    def fit(self, epochs: int) -> dict[str, list]:
        names = ["train_loss"] if self.valid is None else ["train_loss", "valid_loss"]
        history: dict[str, list] = {name: [] for name in ["epoch", *names]}
        for epoch in range(1, epochs + 1):
            losses = [self.epoch()]
            if self.valid is not None:
                losses.append(self.evaluate(self.valid))
            # The one time in an epoch that the host waits for the device.
            values = torch.stack(losses).tolist()
            for name, value in zip(names, values, strict=True):
                if not math.isfinite(value):
                    raise FloatingPointError(
                        f"{name} became {value} in epoch {epoch}: training diverged. "
                        f"Try a smaller lr (it is {self.optimizer.defaults['lr']:g}), "
                        "or bring the columns of x and y to a common scale"
                    )
                history[name].append(value)
            history["epoch"].append(epoch)
        return history

    def epoch(self) -> Tensor:
        x, y = self.train
        total = _zero(x.device)
        for rows in torch.randperm(len(x), device=x.device).split(self.batch_size):
            loss = self.step(x.index_select(0, rows), y.index_select(0, rows))
            total.add_(loss, alpha=len(rows))
        return total / len(x)

    def step(self, x: Tensor, y: Tensor) -> Tensor:
        self.optimizer.zero_grad()
        loss = self.loss(self.module(x), y)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def evaluate(self, data: Data) -> Tensor:
        total = _zero(data.x.device)
        with mode(self.module, training=False), torch.no_grad():
            for x, y in zip(*(t.split(PREDICT_ROWS) for t in data), strict=True):
                total.add_(self.loss(self.module(x), y), alpha=len(x))
        return total / len(data.x)


def _zero(device: torch.device) -> Tensor:
    """Where losses add up: on the device, in float64 whatever the module's dtype."""
    return torch.zeros((), dtype=torch.float64, device=device)
