"""Optimizers' steps as formulas of tensors, as `torch.optim` documents them.

For `compiled.py`: a step of `torch.optim` itself reads numbers from tensors, which a graph
cannot. Each changes the parameter and its state in place.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor


class Update(NamedTuple):
    """A step: `step(parameter, gradient, state, lr, group)`, and the names of its state."""

    step: Callable[[Tensor, Tensor, dict[str, Tensor], Tensor, dict[str, Any]], None]
    state: tuple[str, ...]


def _adam(p: Tensor, g: Tensor, state: dict[str, Tensor], lr: Tensor, group: dict) -> None:
    _moments(p, _decayed(p, g, group), state, lr, group)


def _adamw(p: Tensor, g: Tensor, state: dict[str, Tensor], lr: Tensor, group: dict) -> None:
    if group["weight_decay"]:
        p.mul_((1 - lr * group["weight_decay"]).to(p.dtype))
    _moments(p, g, state, lr, group)


def _moments(p: Tensor, g: Tensor, state: dict[str, Tensor], lr: Tensor, group: dict) -> None:
    beta1, beta2 = group["betas"]
    step = state["step"].add_(1).double()
    average = state["exp_avg"].lerp_(g, 1 - beta1)
    square = state["exp_avg_sq"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
    size = (lr / (1 - beta1**step)).to(p.dtype)
    correction = (1 - beta2**step).sqrt().to(p.dtype)
    p.sub_(size * average / (square.sqrt() / correction + group["eps"]))


def _sgd(p: Tensor, g: Tensor, state: dict[str, Tensor], lr: Tensor, group: dict) -> None:
    g = _decayed(p, g, group)
    if group["momentum"]:
        buffer = (
            state["momentum_buffer"].mul_(group["momentum"]).add_(g, alpha=1 - group["dampening"])
        )
        g = g + group["momentum"] * buffer if group["nesterov"] else buffer
    p.sub_(lr.to(p.dtype) * g)


def _rmsprop(p: Tensor, g: Tensor, state: dict[str, Tensor], lr: Tensor, group: dict) -> None:
    g = _decayed(p, g, group)
    alpha = group["alpha"]
    square = state["square_avg"].mul_(alpha).addcmul_(g, g, value=1 - alpha)
    if "step" in state:
        state["step"].add_(1)
    g = g / (square.sqrt() + group["eps"])
    if group["momentum"]:
        g = state["momentum_buffer"].mul_(group["momentum"]).add_(g)
    p.sub_(lr.to(p.dtype) * g)


def _adagrad(p: Tensor, g: Tensor, state: dict[str, Tensor], lr: Tensor, group: dict) -> None:
    g = _decayed(p, g, group)
    step = state["step"].add_(1).double()
    size = (lr / (1 + (step - 1) * group["lr_decay"])).to(p.dtype)
    total = state["sum"].addcmul_(g, g)
    p.sub_(size * g / (total.sqrt() + group["eps"]))


def _decayed(p: Tensor, g: Tensor, group: dict) -> Tensor:
    return torch.add(g, p, alpha=group["weight_decay"]) if group["weight_decay"] else g


UPDATES = {
    "adam": Update(_adam, ("step", "exp_avg", "exp_avg_sq")),
    "adamw": Update(_adamw, ("step", "exp_avg", "exp_avg_sq")),
    "sgd": Update(_sgd, ("momentum_buffer",)),
    "rmsprop": Update(_rmsprop, ("step", "square_avg", "momentum_buffer")),
    "adagrad": Update(_adagrad, ("step", "sum")),
}
