"""Third derivatives: the gradient of a weighted sum of products with a function's Hessian.

Half the log-determinant of a Hessian has the gradient of the sum of its elements times those of its
inverse, held: what Laplace's approximation needs.

Tests: tests/autodiff/test_slopes.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from torchbridge.autodiff import derivatives
from torchbridge.autodiff.derivatives import Function

#: Third derivatives hold more of each pass than second ones do: so many at once.
_BATCH = 8

#: Where the function's tensors are small, as many more as make so many bytes of one.
_SMALL = 2**16


@dataclass(frozen=True)
class Slopes:
    """What slopes() finds; u stands for the variables, apart from the rest of z.

    Attributes:
        gradient: that of the function (n).
        pull: that of the weighted sum (n).
        rest, u: of what the function is one (n, q).
        of_u: its gradient in u, which can be differentiated (q).
        places: the variables, as places in z (q).
    """

    gradient: Tensor
    pull: Tensor
    rest: Tensor
    u: Tensor
    of_u: Tensor
    places: Tensor

    def product(self, v: Tensor) -> Tensor:
        """The Hessian's columns of the variables times a vector (n)."""
        return _whole(self.of_u, self.rest, self.u, self.places, v)


def slopes(f: Function, z: Tensor, places: Tensor, seeds: Tensor, weights: Tensor) -> Slopes:
    """The gradient of a function, and that of a weighted sum of its Hessian's products.

    The variables are differentiated apart from the rest: what does not depend on them takes no part
    in the products.

    Args:
        f: gives one number of a vector.
        z: where (n).
        places: the variables, as places in z (q).
        seeds: in each row a vector that their Hessian is multiplied by (c, q).
        weights: what each number of its product counts (c, q).
    """
    rest = z.detach().clone().requires_grad_()
    u = rest.detach()[places].requires_grad_()
    with torch.enable_grad():
        with derivatives._Largest() as seen:
            value = derivatives._call(f, rest.index_put((places,), u))
            value = derivatives._scalar(value, "f")
        gradient = _whole(value, rest, u, places, create=True)
        of_u = gradient[places]
        pull = torch.zeros_like(gradient)
        batch = max(_BATCH, _SMALL // seen.nbytes)
        for rows, counts in zip(seeds.split(batch), weights.split(batch), strict=True):
            if of_u.requires_grad:
                logs = (_products(of_u, u, rows) * counts).sum()
                pull = pull + _whole(logs, rest, u, places).detach()
    return Slopes(gradient.detach(), pull.detach(), rest, u, of_u, places)


# ---- the steps -----------------------------------------------------------------------------


def _whole(
    y: Tensor, rest: Tensor, u: Tensor, places: Tensor, weights: Tensor | None = None,
    create: bool = False,
) -> Tensor:  # fmt: skip
    """The weighted sum of y's derivatives in z (n)."""
    if not y.requires_grad:
        return torch.zeros_like(rest)
    of_rest, of_u = torch.autograd.grad(
        y, (rest, u), weights, create_graph=create, retain_graph=True, allow_unused=True
    )
    of_rest = torch.zeros_like(rest) if of_rest is None else of_rest
    of_u = torch.zeros_like(u) if of_u is None else of_u
    return of_rest.index_put((places,), of_u)


def _products(of_u: Tensor, u: Tensor, seeds: Tensor) -> Tensor:
    """Products that can be differentiated again."""
    try:
        (found,) = torch.autograd.grad(
            of_u, u, seeds, create_graph=True, allow_unused=True, is_grads_batched=True
        )
    except RuntimeError:  # a function written in R, or an operator without a batched form
        rows = [derivatives._backward(of_u, u, row, create=True) for row in seeds]
        return torch.stack(rows)
    return torch.zeros_like(seeds) if found is None else found
