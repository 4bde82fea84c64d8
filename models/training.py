"""The training loop: one function to fit a module, on one spine of short methods.

`fit` checks everything it is given before it changes anything; the loop itself
(`_Loop`: fit -> epoch -> step, evaluate) then needs no checks, and costs what the
same lines written by hand would cost.
"""

import copy
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Real
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

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
        raise TypeError(f"module must be a torch nn.Module, not {_kind(module)}")
    if not any(p.requires_grad for p in module.parameters()):
        raise ValueError("module has no parameters that require a gradient")
    epochs = whole_number("epochs", epochs, 1)
    batch_size = whole_number("batch_size", batch_size, 1)
    lr = _number("lr", lr)
    if lr == 0:
        raise ValueError("lr must be above 0")
    weight_decay = _number("weight_decay", weight_decay)
    seed = None if seed is None else whole_number("seed", seed)
    optimizer_class, fused = lookup("optimizer", optimizer, OPTIMIZERS)
    lookup("loss", loss, LOSSES)
    device = _device(device)

    train = _checked_data("", module, x, y, loss)
    valid = None
    if validation is not None:
        if not isinstance(validation, (list, tuple)) or len(validation) != 2:
            raise TypeError(f"validation must be a pair (x, y) of tensors, not {_kind(validation)}")
        x_valid, y_valid = validation
        valid = _checked_data("validation ", module, x_valid, y_valid, loss)

    module.to(device)
    options = {"fused": True} if fused else {}
    loop = _Loop(
        module=module,
        loss=LOSSES[loss][0],
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
        with seeded(seed, device), _mode(module, training=True):
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
        raise TypeError(f"module must be a torch nn.Module, not {_kind(module)}")
    batch_size = whole_number("batch_size", batch_size, 1)
    _check_input("x", module, x)
    with _mode(module, training=False), torch.no_grad():
        return torch.cat([_output("x", module, b).cpu() for b in x.split(batch_size)])


class _Data(NamedTuple):
    x: Tensor
    y: Tensor

    def to(self, device: torch.device) -> "_Data":
        # Rows are gathered again and again: they should lie in one piece.
        return _Data(*(t.detach().to(device).contiguous() for t in self))


@dataclass
class _Loop:
    """The spine. What differs between two fits is in its fields, checked."""

    module: nn.Module
    loss: Callable[[Tensor, Tensor], Tensor]
    optimizer: torch.optim.Optimizer
    train: _Data
    valid: _Data | None
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

    def evaluate(self, data: _Data) -> Tensor:
        total = _zero(data.x.device)
        with _mode(self.module, training=False), torch.no_grad():
            for x, y in zip(*(t.split(PREDICT_ROWS) for t in data), strict=True):
                total.add_(self.loss(self.module(x), y), alpha=len(x))
        return total / len(data.x)


def _zero(device: torch.device) -> Tensor:
    """Where losses add up: on the device, in float64 whatever the module's dtype."""
    return torch.zeros((), dtype=torch.float64, device=device)


@contextmanager
def _mode(module: nn.Module, *, training: bool) -> Iterator[None]:
    """Train or eval mode, and afterwards what each submodule was in."""
    before = [(m, m.training) for m in module.modules()]
    module.train(training)
    try:
        yield
    finally:
        for m, was_training in before:
            m.training = was_training


@contextmanager
def seeded(seed: int | None, device: torch.device | None = None) -> Iterator[None]:
    """Torch's random state set by `seed`, and afterwards what it was.

    Covers the CPU and, where given, the GPU `device`. With `seed` None it does nothing.
    """
    if seed is None:
        yield
        return
    seed = whole_number("seed", seed)
    gpu = [device] if device is not None and device.type == "cuda" else []
    with torch.random.fork_rng(gpu, device_type="cuda"):
        # torch.manual_seed would reseed every GPU, and only these are put back.
        torch.default_generator.manual_seed(seed)
        for device in gpu:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


def _device(device: str | torch.device | None) -> torch.device:
    """The device to train on. The one place that knows what there is."""
    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device is None:
        device = "cuda" if n_gpus else "cpu"
    if not isinstance(device, (str, torch.device)):
        raise TypeError(f"device must be a string or None, not {_kind(device)}")
    if not re.fullmatch(r"cpu|cuda(:\d+)?", str(device)):
        raise ValueError(
            f'device must be "cpu", "cuda", "cuda:1" and so on, or None, not "{device}"'
        )
    wanted = torch.device(device)
    if wanted.type == "cpu":
        return wanted
    if n_gpus <= (wanted.index or 0):
        raise ValueError(f'device is "{device}", but torch sees {n_gpus} GPUs here')
    # With its number, so that it compares equal to where tensors say they are.
    index = torch.cuda.current_device() if wanted.index is None else wanted.index
    return torch.device("cuda", index)


def _checked_data(prefix: str, module: nn.Module, x: Any, y: Any, loss: str) -> _Data:
    """A pair that the loop can take as it is; `prefix` names it in errors."""
    x_name, y_name = f"{prefix}x", f"{prefix}y"
    _check_input(x_name, module, x)
    if not isinstance(y, Tensor):
        raise TypeError(f"{y_name} must be a torch tensor, not {_kind(y)}")
    if len(x) == 0:
        raise ValueError(f"{x_name} has no rows")
    if y.ndim == 0 or len(y) != len(x):
        n_rows = len(y) if y.ndim else 0
        raise ValueError(f"{x_name} has {len(x)} rows and {y_name} has {n_rows}")
    for name, value in ((x_name, x), (y_name, y)):
        n_bad = value.numel() - int(value.isfinite().sum())
        if n_bad:
            raise ValueError(f"{name} holds {n_bad} values that are NaN or infinite")
    with _mode(module, training=False), torch.no_grad():
        output = _output(x_name, module, x[:1])
    align = _align_values if LOSSES[loss][1] == "values" else _align_classes
    return _Data(x, align(y_name, y, output, loss))


def _check_input(name: str, module: nn.Module, x: Any) -> None:
    if not isinstance(x, Tensor):
        raise TypeError(f"{name} must be a torch tensor, not {_kind(x)}")
    if x.ndim == 0:
        raise ValueError(f"{name} must have a dim of rows, and has no dims")
    if not x.is_floating_point():
        raise TypeError(f"{name} must be floating point, not {_dtype(x.dtype)}")
    dtypes = {p.dtype for p in module.parameters()}
    if dtypes and x.dtype not in dtypes:
        ours = " and ".join(sorted(map(_dtype, dtypes)))
        raise TypeError(
            f"{name} is {_dtype(x.dtype)} and the module's parameters are {ours}: "
            "convert one of them"
        )


def _output(name: str, module: nn.Module, x: Tensor) -> Tensor:
    """The module's output for `x`, whatever device `x` is on."""
    parameter = next(module.parameters(), x)
    try:
        output = module(x.detach().to(parameter.device))
    except RuntimeError as error:
        shape = tuple(x.shape[1:])
        raise ValueError(f"module cannot take rows of {name}, of shape {shape}: {error}") from error
    if not isinstance(output, Tensor):
        raise TypeError(f"module must return a tensor, not {_kind(output)}")
    if output.ndim == 0 or len(output) != len(x):
        raise ValueError(
            f"module must return one row for each row of {name}; "
            f"for {len(x)} it returned shape {tuple(output.shape)}"
        )
    return output


def _align_values(name: str, y: Tensor, output: Tensor, loss: str) -> Tensor:
    if y.dtype != output.dtype:
        raise TypeError(
            f"{name} is {_dtype(y.dtype)} and the module's output is "
            f'{_dtype(output.dtype)}: loss "{loss}" takes them in one dtype'
        )
    return _align_shape(name, y, (len(y), *output.shape[1:]))


def _align_classes(name: str, y: Tensor, output: Tensor, loss: str) -> Tensor:
    if y.is_floating_point() or y.is_complex() or y.dtype == torch.bool:
        raise TypeError(f'{name} is {_dtype(y.dtype)}: loss "{loss}" takes integer class codes')
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


def lookup(argument: str, name: Any, table: Mapping[str, Any]) -> Any:
    """The entry called `name`, or an error that lists the names there are."""
    if not isinstance(name, str):
        raise TypeError(f"{argument} must be a string, not {_kind(name)}")
    if name not in table:
        valid = ", ".join(f'"{key}"' for key in table)
        raise ValueError(f'{argument} "{name}" is not known; it can be {valid}')
    return table[name]


def whole_number(argument: str, value: Any, minimum: int | None = None) -> int:
    """`value` as an int. R's plain numbers are doubles, so 100.0 is taken as 100."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value != int(value):
        raise TypeError(f"{argument} must be a whole number, not {value!r}")
    if minimum is not None and value < minimum:
        raise ValueError(f"{argument} must be at least {minimum}, not {value!r}")
    return int(value)


def _number(argument: str, value: Any) -> float:
    """`value` as a float, finite and not negative."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{argument} must be a number, not {value!r}")
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{argument} must be finite and not negative, not {value!r}")
    return float(value)


def _kind(value: Any) -> str:
    return type(value).__name__


def _dtype(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
