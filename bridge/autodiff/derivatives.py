"""Derivatives of a function of one vector: what R's verbs and ``torchbridge.autograd`` share.

`f` takes a tensor of one dim (n) and gives a tensor, or numbers that do not depend on it. It may
run R code, so nothing here transforms it: one call records a graph, and all the rest are
backward passes through that graph, several at once where PyTorch can batch them. Whether the caller
records derivatives itself (``with_no_grad()``) does not matter.

Tests: tests/autodiff/test_verbs.py, test-autodiff-derivatives.R.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from torchbridge.autodiff.protocols import Numbers

#: It gives a tensor; of an R function numbers, where they do not depend on the tensor.
Function: TypeAlias = Callable[[Tensor], object]

#: Backward passes done at once, and how many bytes the largest tensor of them may have: more would
#: only hold more memory, and what is larger the system gives page by page, each time anew.
_BATCH = 32
_MOST_BYTES = 2**24


def in_order(f: Function, places: list[int]) -> Function:
    """f of the same numbers in another order: its element i is x[places[i]], from 1."""
    at = torch.tensor(places) - 1
    return lambda x: f(x[at.to(x.device)])


def value(f: Function, x: Tensor) -> float:
    """f(x), a single number."""
    return float(bare_value(f, x.detach())[0].item())


def value_of(f: Function, x: Tensor) -> Tensor:
    """f(x), whatever its shape."""
    return _call(f, x.detach(), False)


@torch.enable_grad()
def value_and_grad(f: Function, x: Tensor) -> tuple[float, Tensor]:
    """f(x) and its gradient (n).

    Raises:
        ValueError: f(x) is not one finite number, or a derivative is NaN.
    """
    y, slope = bare_value_and_grad(f, _variable(x))
    return _finite(y).item(), _not_nan(slope)


@torch.enable_grad()
def value_and_grad_or_nan(f: Function, x: Tensor) -> tuple[float, Tensor]:
    """As value_and_grad, for optimisers that step back from where the value is not finite."""
    x = x.detach().clone().requires_grad_()
    y = _scalar(_call(f, x), "func")
    if not math.isfinite(y.item()):
        return y.item(), torch.full_like(x, math.nan).detach()
    return y.item(), _backward(y, x)


@torch.enable_grad()
def gradient(f: Function, x: Tensor) -> Tensor:
    """The gradient (n); of a function that works element by element, each element's own."""
    y, total, *others = bare_gradient(f, _variable(x), _finite)
    if others and not of_its_own(*others):
        raise ValueError(
            f"`func` must give one number, or work element by element; here {y.numel()} numbers "
            f"depend on one another's elements: {_SEVERAL}"
        )
    return _not_nan(total)


@torch.enable_grad()
def jacobian(f: Function, x: Tensor) -> Tensor:
    """The matrix (m x n) of the derivatives of m results in n elements."""
    return _not_nan(bare_jacobian(f, _variable(x), _finite)[1])


def hessian(f: Function, x: Tensor) -> Tensor:
    """The matrix (n x n) of second derivatives, symmetric."""
    return value_grad_hessian(f, x)[2]


@torch.enable_grad()
def value_grad_hessian(f: Function, x: Tensor) -> tuple[float, Tensor, Tensor]:
    """f(x), its gradient (n) and Hessian (n x n)."""
    y, first, second = bare_hessian(f, _variable(x))
    return _finite(y).item(), _not_nan(first), _not_nan(second)


@torch.enable_grad()
def hvp(f: Function, x: Tensor, v: Numbers) -> Tensor:
    """The Hessian times a vector (n), without the Hessian."""
    x = _variable(x)
    y, product = bare_hvp(f, x, _like(v, x, "v"))
    _finite(y)
    return _not_nan(product)


@torch.enable_grad()
def vjp(f: Function, x: Tensor, v: Numbers) -> Tensor:
    """A vector (m) times the Jacobian: (n)."""
    return _not_nan(bare_vjp(f, _variable(x), v, _finite)[1])


@torch.enable_grad()
def jvp(f: Function, x: Tensor, v: Numbers) -> Tensor:
    """The Jacobian times a vector (n): (m)."""
    return _not_nan(bare_jvp(f, _variable(x), v, _finite)[1])


# ---- unchecked: the value first; programs.py makes programs of these -------------------------


def bare_value(f: Function, x: Tensor) -> tuple[Tensor]:
    """f(x)."""
    with torch.no_grad():
        return (_scalar(_call(f, x, False), "func"),)


@torch.enable_grad()
def bare_value_and_grad(f: Function, x: Tensor) -> tuple[Tensor, Tensor]:
    """f(x) and its gradient, of a leaf that requires it."""
    y = _scalar(_call(f, x), "func")
    return y.detach(), _backward(y, x)


@torch.enable_grad()
def bare_hessian(f: Function, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """f(x), its gradient and Hessian."""
    with _Largest() as seen:
        y = _scalar(_call(f, x), "func")
    first = _backward(y, x, create=True)
    second = _rows(first, x, _eye(x.numel(), x), seen.nbytes)
    return y.detach(), first.detach(), (second + second.mT) / 2


@torch.enable_grad()
def bare_hvp(f: Function, x: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """f(x) and its Hessian times a vector."""
    y = _scalar(_call(f, x), "func")
    return y.detach(), _backward(_backward(y, x, create=True), x, v)


#: What looks at the value of a function before it is differentiated.
Check: TypeAlias = Callable[[Tensor], Tensor]


def _as_it_is(y: Tensor) -> Tensor:
    return y


@torch.enable_grad()
def bare_gradient(f: Function, x: Tensor, check: Check = _as_it_is) -> tuple[Tensor, ...]:
    """f(x) and its gradient; of several numbers also two tensors that of_its_own() compares.

    Raises:
        ValueError: f(x) is neither one number nor as many as x has.
    """
    y = check(_call(f, x))
    if y.numel() == 1:
        return y.detach(), _backward(y.reshape(()), x)
    y = _in_r_order(y)
    if y.numel() != x.numel():
        raise ValueError(f"`func` must give one number, not {y.numel()}; {_SEVERAL}")
    total = _backward(y, x, torch.ones_like(y), keep=True)
    # A diagonal Jacobian scales whatever it is multiplied by, any other does not.
    weights = torch.linspace(1.0, 2.0, y.numel(), dtype=y.dtype, device=y.device).sqrt()
    return y.detach(), total, _backward(y, x, weights), weights * total


_SEVERAL = "use jacobian() for a function that gives several numbers"


def of_its_own(weighted: Tensor, scaled: Tensor) -> bool:
    """Does each number depend on its own element only?"""
    return torch.allclose(weighted, scaled, rtol=1e-9, atol=0, equal_nan=True)


@torch.enable_grad()
def bare_jacobian(f: Function, x: Tensor, check: Check = _as_it_is) -> tuple[Tensor, Tensor]:
    """f(x), as a vector (m), and its Jacobian (m x n)."""
    with _Largest() as seen:
        y = _in_r_order(check(_call(f, x)))
    m, n = y.numel(), x.numel()
    if m <= n or not y.requires_grad:
        return y.detach(), _rows(y, x, _eye(m, y), seen.nbytes)
    # The backward pass is linear in its weights: its own derivative gives columns.
    weights = torch.zeros_like(y, requires_grad=True)
    pulled = _backward(y, x, weights, create=True)
    return y.detach(), _rows(pulled, weights, _eye(n, x), seen.nbytes).mT


@torch.enable_grad()
def bare_vjp(f: Function, x: Tensor, v: Numbers, check: Check = _as_it_is) -> tuple[Tensor, Tensor]:
    """f(x), as a vector (m), and a vector (m) times its Jacobian."""
    y = _in_r_order(check(_call(f, x)))
    return y.detach(), _backward(y, x, _like(v, y, "v"))


@torch.enable_grad()
def bare_jvp(f: Function, x: Tensor, v: Numbers, check: Check = _as_it_is) -> tuple[Tensor, Tensor]:
    """f(x), as a vector (m), and its Jacobian times a vector (n)."""
    y = _in_r_order(check(_call(f, x)))
    v = _like(v, x, "v")
    if not y.requires_grad:
        return y.detach(), torch.zeros_like(y)
    weights = torch.zeros_like(y, requires_grad=True)
    return y.detach(), _backward(_backward(y, x, weights, create=True), weights, v)


# ---- the steps -----------------------------------------------------------------------------


def _variable(x: Tensor) -> Tensor:
    if not torch.isfinite(x).all():
        raise ValueError("`x` must be finite")
    return x.detach().clone().requires_grad_()


def _call(f: Function, x: Tensor, grad: bool = True) -> Tensor:
    with torch.set_grad_enabled(grad):
        y = f(x)
    if isinstance(y, (bool, int, float)):
        y = torch.tensor(float(y), dtype=x.dtype, device=x.device)
    elif isinstance(y, (list, tuple)) and all(isinstance(v, (int, float)) for v in y):
        y = torch.tensor(y, dtype=x.dtype, device=x.device)
    if not isinstance(y, torch.Tensor):
        raise TypeError(f"`func` must give numbers, not {type(y).__name__}")
    if y.is_complex():
        raise TypeError("`func` must give real numbers: take Re(), Im() or Mod() of them")
    if not y.is_floating_point():
        y = y.to(x.dtype)
    return y


def _scalar(y: Tensor, name: str) -> Tensor:
    if y.numel() != 1:
        raise ValueError(
            f"`{name}` must give one number, not {y.numel()}; "
            "sum() them, or use jacobian() for a function that gives several"
        )
    return y.reshape(())


def _finite(y: Tensor) -> Tensor:
    wrong = ~torch.isfinite(y)
    if wrong.any():
        found = y[wrong].reshape(-1)[0].item()
        text = "NaN" if math.isnan(found) else "Inf" if found > 0 else "-Inf"
        raise ValueError(f"`func` gives {text} at this `x`; derivatives need a finite value")
    return y


def _not_nan(derivative: Tensor) -> Tensor:
    wrong = derivative.isnan()
    if wrong.any():
        place = ", ".join(str(int(i) + 1) for i in wrong.nonzero()[0])
        raise ValueError(
            f"the derivative is NaN at element [{place}] though the value is finite: a branch "
            "that is not taken has no finite derivative there, as in ifelse(x > 0, log(x), 0); "
            "write ifelse(x > 0, log(ifelse(x > 0, x, 1)), 0)"
        )
    return derivative


def _in_r_order(y: Tensor) -> Tensor:
    """As a vector, column by column."""
    return y.reshape(-1) if y.dim() < 2 else y.permute(*reversed(range(y.dim()))).reshape(-1)


def _like(v: Numbers, x: Tensor, name: str) -> Tensor:
    v = torch.as_tensor(v, dtype=x.dtype, device=x.device).reshape(-1)
    if v.numel() != x.numel():
        raise ValueError(f"`{name}` must have length {x.numel()}, not {v.numel()}")
    return v


def _eye(n: int, like: Tensor) -> Tensor:
    return torch.eye(n, dtype=like.dtype, device=like.device)


def _backward(
    y: Tensor, x: Tensor, weights: Tensor | None = None, create: bool = False, keep: bool = False
) -> Tensor:
    """The weighted sum of y's derivatives in x: zeros where it does not depend on x."""
    if not y.requires_grad:
        return torch.zeros_like(x)
    if weights is None:
        weights = torch.ones_like(y)
    (result,) = torch.autograd.grad(
        y, x, weights, create_graph=create, retain_graph=create or keep, allow_unused=True
    )
    return torch.zeros_like(x) if result is None else result


class _Largest(TorchFunctionMode):
    """How many bytes the largest tensor has through which a derivative goes, made meanwhile.

    (The data are read by every pass, but no pass makes anything of their size.)
    """

    nbytes = 1

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and result.requires_grad:
            self.nbytes = max(self.nbytes, result.numel() * result.element_size())
        return result


def _rows(y: Tensor, x: Tensor, weights: Tensor, nbytes: int = 1) -> Tensor:
    """One backward pass a row of `weights`, in batches where every operator allows it.

    Args:
        nbytes: Of the largest tensor of such a pass; 1: no fewer than 32 rows at once.
    """
    if not y.requires_grad:
        return torch.zeros(len(weights), x.numel(), dtype=x.dtype, device=x.device)
    if len(weights) > 1:
        batch = min(_BATCH, max(1, _MOST_BYTES // nbytes))
        try:
            return torch.cat([_batch(y, x, rows) for rows in weights.split(batch)])
        except RuntimeError:  # a function written in R, or an operator without a batched form
            pass
    return torch.stack([_backward(y, x, row, keep=True) for row in weights])


def _batch(y: Tensor, x: Tensor, rows: Tensor) -> Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of operators that are batched by a loop
        (result,) = torch.autograd.grad(
            y, x, rows, retain_graph=True, allow_unused=True, is_grads_batched=True
        )
    if result is None:
        return torch.zeros(len(rows), x.numel(), dtype=x.dtype, device=x.device)
    return result
