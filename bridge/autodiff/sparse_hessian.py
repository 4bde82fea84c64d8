"""A sparse Hessian by few products with vectors.

Variables of one colour are moved together: the product of the Hessian with the sum of their unit
vectors has the elements of all their columns, each in a row of its own. The largest part has no
element among itself and is one colour; an element of two variables is read in the row of the one
of fewer elements (T. Coleman and J. More, 1984, Estimation of sparse Hessian matrices and graph
coloring problems, has the idea).

Tests: tests/autodiff/test_sparse_hessian.py, test-mle-laplace.R.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from torchbridge.autodiff import derivatives, hessian_pattern, supports
from torchbridge.autodiff.derivatives import Function
from torchbridge.autodiff.supports import Indices, Support

#: Third derivatives hold more of each pass than second ones do: so many at once.
_BATCH = 8


@dataclass(frozen=True)
class Plan:
    """How the Hessian in q of n variables is found.

    Attributes:
        places: The variables, as places in x (q).
        row, column: Elements of the lower triangle, by columns (k).
        seeds: A row of 0 and 1 for each colour (c, q).
        at: Where each element is among the products (c, q), flat (k).
    """

    places: Tensor
    row: Tensor
    column: Tensor
    seeds: Tensor
    at: Tensor


def plan(f: Function, x: Tensor, random: list[int]) -> tuple[Plan, Tensor, Tensor] | None:
    """A plan, and its rows and columns from 1; None where the Hessian is to be taken for dense.

    Args:
        f: gives one number of a vector.
        x: where its operators are watched (n).
        random: the variables, as places in x from 0.
    """
    q = len(random)
    found = hessian_pattern.pattern(f, x, np.array(random, np.int64))
    if found is None or 2 * len(found[0]) > q * (q + 1):
        return None
    row, column = found
    colour, rank = colours(row, column, q)
    seeds = torch.zeros(int(colour.max()) + 1, q, dtype=torch.float64)
    seeds[torch.from_numpy(colour), torch.arange(q)] = 1.0
    lower = row >= column
    row, column = row[lower], column[lower]
    order = np.lexsort((row, column))
    row, column = row[order], column[order]
    first = rank[row] > rank[column]
    above, below = np.where(first, row, column), np.where(first, column, row)
    made = Plan(
        torch.tensor(random), torch.from_numpy(row), torch.from_numpy(column), seeds,
        torch.from_numpy(colour[above] * q + below),
    )  # fmt: skip
    return made, made.row + 1, made.column + 1


def curvature(f: Function, x: Tensor, plan: Plan) -> tuple[float, Tensor, Tensor]:
    """f(x), its gradient in the variables (q), and the Hessian's elements (k).

    Raises:
        ValueError: f(x) is not one finite number, or a derivative is NaN.
    """
    x = x.detach()
    u = x[plan.places].requires_grad_()
    value = derivatives._finite(
        derivatives._scalar(derivatives._call(lambda u: f(x.index_put((plan.places,), u)), u), "f")
    )
    slope = derivatives._backward(value, u, create=True)
    products = derivatives._rows(slope, u, plan.seeds)
    elements = derivatives._not_nan(products.reshape(-1)[plan.at])
    return value.item(), derivatives._not_nan(slope.detach()), elements


def pull(
    f: Function, x: Tensor, plan: Plan, inverse: Tensor, elements: Tensor
) -> tuple[Tensor, Tensor, bool]:
    """At x: the gradient (n); that of half the log-determinant of the Hessian (n); is it right?

    Args:
        f: the function.
        x: where (n).
        plan: how the Hessian is found.
        inverse: the inverse's elements at the plan's places (k).
        elements: the Hessian's, which are checked by one product with a vector (k).
    """
    x = x.detach().clone().requires_grad_()
    with torch.enable_grad():
        value = derivatives._scalar(derivatives._call(f, x), "f")
        slope = derivatives._backward(value, x, create=True)
        of_u = slope[plan.places]
        total = torch.zeros_like(x)
        if of_u.requires_grad:
            weights = torch.where(plan.row == plan.column, inverse / 2, inverse)
            parts = torch.zeros(plan.seeds.numel(), dtype=x.dtype)
            parts = parts.index_add(0, plan.at, weights).reshape(plan.seeds.shape)
            for seeds, of in zip(plan.seeds.split(_BATCH), parts.split(_BATCH), strict=True):
                logs = (_products(of_u, x, seeds)[:, plan.places] * of).sum()
                total += derivatives._backward(logs, x, keep=True)
    return slope.detach(), total, _agrees(of_u, x, plan, elements)


def cross(f: Function, x: Tensor, plan: Plan, others: list[int]) -> Tensor:
    """The Hessian of the variables by `others`, places in x from 0 (q, p)."""
    x = x.detach().clone().requires_grad_()
    slope = derivatives._backward(derivatives._scalar(derivatives._call(f, x), "f"), x, create=True)
    units = torch.zeros(len(others), x.numel(), dtype=x.dtype)
    units[torch.arange(len(others)), torch.tensor(others)] = 1.0
    rows = derivatives._rows(slope, x, units)
    return rows[:, plan.places].mT.contiguous()


# ---- the steps -----------------------------------------------------------------------------


def colours(row: Indices, column: Indices, q: int) -> tuple[Indices, Indices]:
    """Each variable's colour (q), and its rank (q): an element is read in the lower one's row.

    In each row the colours of the variables of higher rank are those of no other.
    """
    whole = supports.of_pairs(row, column, q)
    degree = whole.counts
    free = _independent(whole)
    rank = np.empty(q, np.int64)
    rank[np.lexsort((degree, ~free))] = np.arange(q)
    rows, others = whole.rows, whole.variables
    above = rank[others] > rank[rows]
    one, two = supports.pairs(
        supports.of_pairs(rows[above], others[above], q),
        supports.of_pairs(rows[~free[others]], others[~free[others]], q),
    )
    apart = one != two
    clashes = supports.of_pairs(
        np.concatenate((one[apart], two[apart])), np.concatenate((two[apart], one[apart])), q
    )
    colour = np.zeros(q, np.int64)
    taken = np.zeros(q + 2, np.int64)
    # The free ones are colour 0; the others, those of most clashes first, get from 1 on.
    for turn, v in enumerate(np.argsort(-clashes.counts, kind="stable")[: int((~free).sum())], 1):
        taken[colour[clashes.variables[clashes.starts[v] : clashes.starts[v + 1]]]] = turn
        taken[0] = turn
        colour[v] = np.argmax(taken != turn)
    return colour, rank


def _independent(whole: Support) -> Indices:
    """Variables without an element among them: greedily, those of fewest elements first."""
    free = np.ones(whole.size, bool)
    done = np.zeros(whole.size, bool)
    for v in np.argsort(whole.counts, kind="stable"):
        if free[v]:
            near = whole.variables[whole.starts[v] : whole.starts[v + 1]]
            free[near] = False
            free[v] = done[v] = True
    return done


def _products(of_u: Tensor, x: Tensor, seeds: Tensor) -> Tensor:
    """Products that can be differentiated again."""
    try:
        (found,) = torch.autograd.grad(
            of_u, x, seeds, create_graph=True, allow_unused=True, is_grads_batched=True
        )
    except RuntimeError:  # a function written in R, or an operator without a batched form
        rows = [torch.autograd.grad(of_u, x, row, create_graph=True)[0] for row in seeds]
        return torch.stack(rows)
    return found


def _agrees(of_u: Tensor, x: Tensor, plan: Plan, elements: Tensor) -> bool:
    """Do the elements give the product with one vector?"""
    v = torch.cos(torch.arange(len(plan.places), dtype=x.dtype))
    product = derivatives._backward(of_u, x, v)[plan.places]
    off = torch.where(plan.row == plan.column, 0.0, elements)

    def times(a: Tensor, b: Tensor, v: Tensor) -> Tensor:
        found = torch.zeros_like(v).index_add(0, plan.row, a * v[plan.column])
        return found.index_add(0, plan.column, b * v[plan.row])

    size = times(elements.abs(), off.abs(), v.abs())
    return bool(((times(elements, off, v) - product).abs() <= 1e-8 * size.max()).all())
