"""Minimisation of a function of one vector by PyTorch's optimizers; R's ``torch_optim``.

Tests: test-autodiff-minimise.R.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from torchbridge.process.interrupts import let_r_look


def minimise(
    f: Callable[[Tensor], Tensor],
    x: Tensor,
    method: str,
    steps: int,
    gtol: float,
    lower: Tensor,
    upper: Tensor,
    options: dict[str, object] | None,
    history: bool = False,
) -> tuple[Tensor, float, int, bool, tuple[list[float], Tensor] | None]:
    """Run an optimizer of ``torch.optim`` on f, from x.

    Args:
        f: A function of a vector that gives one number.
        x: Where to start (n).
        method: The optimizer's name, in any case: "adam", "SGD", ...
        steps: How many steps at most.
        gtol: Stop where no derivative (of a parameter off its bounds) is larger.
        lower: Bounds (n); parameters beyond them are set back after each step.
        upper: Likewise.
        options: Arguments of the optimizer.
        history: Whether to keep the way there.

    Returns:
        The best parameters met, the value there, the number of evaluations, whether
        `gtol` was reached, and where asked for the way: k values and the parameters (k, n)
        before each step and after the last.

    Raises:
        ValueError: no such optimizer, an argument it does not have, or a value that is not
            finite at the start.
    """
    p = x.detach().clone().requires_grad_()
    optimizer = _optimizer(method, options or {}, p)
    best, best_value, calls = p.detach().clone(), math.inf, 0
    values: list[float] = []
    path: list[Tensor] = []

    def evaluate() -> Tensor:
        nonlocal best, best_value, calls
        let_r_look()
        optimizer.zero_grad()
        y = f(p)
        calls += 1
        if y.numel() != 1:
            raise ValueError(f"`fn` must give one number, not {y.numel()}")
        y = y.reshape(())
        if math.isfinite(y.item()):
            y.backward()
            if y.item() < best_value:
                best, best_value = p.detach().clone(), y.item()
        elif calls == 1:
            raise ValueError(f"`fn` gives {y.item()} at `par`; start where it is finite")
        return y

    def look() -> bool:
        """Whether p is where it is to be."""
        value = evaluate()
        if history:
            values.append(value.item())
            path.append(p.detach().clone())
        return _at_rest(p, lower, upper, gtol)

    def way() -> tuple[list[float], Tensor] | None:
        return (values, torch.stack(path)) if history else None

    for _ in range(steps):
        if look():
            return p.detach(), best_value, calls, True, way()
        if isinstance(optimizer, torch.optim.LBFGS):
            optimizer.step(evaluate)
        else:
            optimizer.step()
        with torch.no_grad():
            p.clamp_(lower.to(p), upper.to(p))
    at_rest = look()
    return best, best_value, calls, at_rest, way()


def _at_rest(p: Tensor, lower: Tensor, upper: Tensor, gtol: float) -> bool:
    slope = p.grad
    if slope is None:
        return False
    held = ((p <= lower.to(p)) & (slope > 0)) | ((p >= upper.to(p)) & (slope < 0))
    return bool((slope.abs().masked_fill(held, 0) <= gtol).all())


def _optimizer(method: str, options: Mapping[str, Any], p: Tensor) -> torch.optim.Optimizer:
    found = {
        name.lower(): value
        for name, value in vars(torch.optim).items()
        if inspect.isclass(value) and issubclass(value, torch.optim.Optimizer)
    }
    found.pop("optimizer", None)
    if method.lower() not in found:
        raise ValueError(
            f'`method` must be "BFGS", "L-BFGS", "Newton", "trust" or an optimizer of PyTorch '
            f"({', '.join(sorted(found))}), not {method!r}"
        )
    make = found[method.lower()]
    known = set(inspect.signature(make).parameters) - {"params"}
    unknown = sorted(set(options) - known)
    if unknown:
        raise ValueError(f"`control` has no {', '.join(unknown)} for {method}: {sorted(known)}")
    return make([p], **options)
