"""A sparse Hessian by few products with vectors.

Variables of one colour are moved together: the product of the Hessian with the sum of their unit
vectors has the elements of all their columns, each in a row of its own. The largest part has no
element among itself and is one colour; an element of two variables is read in the row of the one
of fewer elements (T. Coleman and J. More, 1984, Estimation of sparse Hessian matrices and graph
coloring problems, has the idea).

Tests: tests/autodiff/test_sparse_hessian.py, test-mle-laplace.R.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from torchbridge.autodiff import derivatives, gathers, hessian_pattern, supports
from torchbridge.autodiff.derivatives import Function
from torchbridge.autodiff.evaluator import Evaluator, Verb
from torchbridge.autodiff.replay import Replay
from torchbridge.autodiff.slopes import slopes
from torchbridge.autodiff.supports import Indices, Support

#: With more colours than these, the function is looked at as one of what it gathers, too.
_FEW_COLOURS = 8


@dataclass(frozen=True)
class Copies:
    """The function as one of N numbers: its vector, and what it gathers of it (gathers.py).

    Attributes:
        found: What is gathered.
        owners: The place in x of each number (N).
        places: The numbers that are variables (Q), as places among the N.
        variables: The variable of each of these (Q).
        to: The element of the Hessian that each of the wider one adds to (K).
        times: How often: 2 off the diagonal of one that adds to the diagonal (K).
    """

    found: list[Tensor]
    owners: Tensor
    places: Tensor
    variables: Tensor
    to: Tensor
    times: Tensor


@dataclass(frozen=True)
class Plan:
    """How the Hessian in q of n variables is found.

    Attributes:
        places: The variables, as places in x (q).
        row, column: Elements of the lower triangle, by columns (k).
        seeds: A row of 0 and 1 for each colour (c, q); with copies (c, Q).
        at: Where each element is among the products, flat (k); with copies (K).
        copies: Of what else than x the function is taken, if it is.
    """

    places: Tensor
    row: Tensor
    column: Tensor
    seeds: Tensor
    at: Tensor
    copies: Copies | None = None

    def function(self, f: Function, x: Tensor) -> tuple[Function, Tensor, Tensor]:
        """The function that is differentiated, of what, and the places of variables in it."""
        if self.copies is None:
            return f, x, self.places
        wide = gathers.function_of_copies(f, x.numel(), self.copies.found)
        return wide, x[self.copies.owners], self.copies.places

    def elements(self, products: Tensor) -> Tensor:
        """The Hessian's elements (k)."""
        found = products.reshape(-1)[self.at]
        if self.copies is None:
            return found
        total = torch.zeros(len(self.row), dtype=found.dtype)
        return total.index_add(0, self.copies.to, found * self.copies.times)

    def parts(self, weights: Tensor) -> Tensor:
        """What each product counts in a weighted sum of the elements (c, q or Q)."""
        if self.copies is not None:
            weights = weights[self.copies.to] * self.copies.times
        total = torch.zeros(self.seeds.numel(), dtype=weights.dtype)
        return total.index_add(0, self.at, weights).reshape(self.seeds.shape)

    @property
    def known(self) -> list[Tensor]:
        """All of its tensors."""
        of = self.copies
        more = (
            [] if of is None else [*of.found, of.owners, of.places, of.variables, of.to, of.times]
        )
        return [self.places, self.row, self.column, self.seeds, self.at, *more]

    def of_x(self, slope: Tensor, n: int) -> Tensor:
        """A gradient in what function() gives, as one in x (n)."""
        if self.copies is None:
            return slope
        return torch.zeros(n, dtype=slope.dtype).index_add(0, self.copies.owners, slope)

    def of_variables(self, slope: Tensor) -> Tensor:
        """A gradient in its variables, as one in the variables (q)."""
        if self.copies is None:
            return slope
        total = torch.zeros(len(self.places), dtype=slope.dtype)
        return total.index_add(0, self.copies.variables, slope)


def plan(f: Function, x: Tensor, random: list[int]) -> tuple[Plan, Tensor, Tensor] | None:
    """A plan, and its rows and columns from 1; None where the Hessian is to be taken for dense.

    Args:
        f: gives one number of a vector.
        x: where its operators are watched (n).
        random: the variables, as places in x from 0.
    """
    q = len(random)
    places = np.array(random, np.int64)
    found = hessian_pattern.pattern(f, x, places)
    if found is None or 2 * len(found[0]) > q * (q + 1):
        return None
    made = _coloured(*found, torch.tensor(random))
    if len(made.seeds) > _FEW_COLOURS:
        made = _of_copies(f, x, made) or made
    return made, made.row + 1, made.column + 1


def curvature(f: Function, x: Tensor, plan: Plan) -> tuple[float, Tensor, Tensor]:
    """f(x), its gradient in the variables (q), and the Hessian's elements (k).

    Raises:
        ValueError: f(x) is not one finite number, or a derivative is NaN.
    """
    value, slope, elements = _curvature(f, x, plan)
    derivatives._finite(value)
    return value.item(), derivatives._not_nan(slope), derivatives._not_nan(elements)


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
    slope, total, right = _pull(f, x, plan, inverse, elements)
    return slope, total, bool(right)


def evaluator(replay: Replay, plan: Plan, verb: str, n: int) -> Evaluator:
    """curvature() or pull() of a replayed function of n numbers: as numbers, soon as a program."""
    return Evaluator(replay, _verbs(plan)[verb], n=n)


def _verbs(plan: Plan) -> dict[str, Verb]:
    def curvature_core(f: Function, x: Tensor) -> tuple[Tensor, ...]:
        return _curvature(f, x, plan)

    def pull_core(f: Function, x: Tensor, inverse: Tensor, elements: Tensor) -> tuple[Tensor, ...]:
        slope, total, right = _pull(f, x, plan, inverse, elements)
        return slope, total, right.to(slope.dtype)

    def curved(value: Tensor, slope: Tensor, elements: Tensor) -> tuple[Tensor, ...] | None:
        # Where the sum is finite all of it is.
        total = value + slope.sum() + elements.sum()
        return (value, slope, elements) if math.isfinite(total.item()) else None

    def slow(f: Function, x: Tensor) -> tuple[float | Tensor, ...]:
        return curvature(f, x, plan)

    known = plan.known
    # To note a program takes as long as these many uses without it.
    return {
        "curvature": Verb(curvature_core, curved, slow, 16, known=known),
        "pull": Verb(pull_core, lambda *found: found, pull_core, 40, 3, known=known),
    }


def cross(f: Function, x: Tensor, plan: Plan, others: list[int]) -> Tensor:
    """The Hessian of the variables by `others`, places in x from 0 (q, p)."""
    x = x.detach().clone().requires_grad_()
    slope = derivatives._backward(derivatives._scalar(derivatives._call(f, x), "f"), x, create=True)
    units = torch.zeros(len(others), x.numel(), dtype=x.dtype)
    units[torch.arange(len(others)), torch.tensor(others)] = 1.0
    rows = derivatives._rows(slope, x, units)
    return rows[:, plan.places].mT.contiguous()


# ---- the steps -----------------------------------------------------------------------------


@torch.enable_grad()
def _curvature(f: Function, x: Tensor, plan: Plan) -> tuple[Tensor, Tensor, Tensor]:
    of, z, places = plan.function(f, x.detach())
    u = z[places].requires_grad_()
    with derivatives._Largest() as seen:
        value = derivatives._call(lambda u: of(z.index_put((places,), u)), u)
        value = derivatives._scalar(value, "f")
    slope = derivatives._backward(value, u, create=True)
    products = derivatives._rows(slope, u, plan.seeds, seen.nbytes)
    return value.detach(), plan.of_variables(slope.detach()), plan.elements(products)


@torch.enable_grad()
def _pull(
    f: Function, x: Tensor, plan: Plan, inverse: Tensor, elements: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    of, z, places = plan.function(f, x.detach())
    weights = torch.where(plan.row == plan.column, inverse / 2, inverse)
    found = slopes(of, z, places, plan.seeds, plan.parts(weights))
    n = x.numel()
    right = _agrees(found.of_u, found.u, plan, elements)
    return plan.of_x(found.gradient, n), plan.of_x(found.pull, n), right


def _coloured(row: Indices, column: Indices, places: Tensor) -> Plan:
    q = len(places)
    colour, rank = colours(row, column, q)
    seeds = torch.zeros(int(colour.max()) + 1, q, dtype=torch.float64)
    seeds[torch.from_numpy(colour), torch.arange(q)] = 1.0
    lower = row >= column
    row, column = row[lower], column[lower]
    order = np.lexsort((row, column))
    row, column = row[order], column[order]
    first = rank[row] > rank[column]
    above, below = np.where(first, row, column), np.where(first, column, row)
    return Plan(
        places, torch.from_numpy(row), torch.from_numpy(column), seeds,
        torch.from_numpy(colour[above] * q + below),
    )  # fmt: skip


def _of_copies(f: Function, x: Tensor, plain: Plan) -> Plan | None:
    """The same Hessian by what the function gathers, where that takes half the products or less."""
    found = gathers.owners(f, x)
    if not found:
        return None
    n, q = x.numel(), len(plain.places)
    owners = torch.cat((torch.arange(n), *found))
    variable = torch.full((n,), -1)
    variable[plain.places] = torch.arange(q)
    places = (variable[owners] >= 0).nonzero()[:, 0]
    of = gathers.function_of_copies(f, n, found)
    pattern = hessian_pattern.pattern(of, x[owners], places.numpy())
    if pattern is None:
        return None
    wide = _coloured(*pattern, places)
    if 2 * len(wide.seeds) > len(plain.seeds):
        return None
    variables = variable[owners[places]]
    one, two = variables[wide.row], variables[wide.column]
    # Elements that are not among the plain ones are 0.
    keys = plain.column * q + plain.row
    wanted = torch.minimum(one, two) * q + torch.maximum(one, two)
    to = torch.searchsorted(keys, wanted).clamp(max=len(keys) - 1)
    times = torch.where((one == two) & (wide.row != wide.column), 2.0, 1.0).double()
    copies = Copies(found, owners, places, variables, to, times * (keys[to] == wanted))
    return replace(plain, seeds=wide.seeds, at=wide.at, copies=copies)


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
    hard = np.argsort(-clashes.counts, kind="stable")
    for turn, v in enumerate(hard[~free[hard]], 1):
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


def _agrees(of_u: Tensor, u: Tensor, plan: Plan, elements: Tensor) -> Tensor:
    """Do the elements give the product with one vector?"""
    v = torch.cos(torch.arange(len(plan.places), dtype=u.dtype))
    wide = v if plan.copies is None else v[plan.copies.variables]
    product = plan.of_variables(derivatives._backward(of_u, u, wide))
    off = torch.where(plan.row == plan.column, 0.0, elements)

    def times(a: Tensor, b: Tensor, v: Tensor) -> Tensor:
        found = torch.zeros_like(v).index_add(0, plan.row, a * v[plan.column])
        return found.index_add(0, plan.column, b * v[plan.row])

    size = times(elements.abs(), off.abs(), v.abs())
    return ((times(elements, off, v) - product).abs() <= 1e-8 * size.max()).all()
