"""Generalized linear models, fitted exactly: what `lm` and `glm` give, to the last digits."""

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from torchbridge.process.interrupts import let_r_look

from ..arguments import flag, positive, whole_number
from ..sparse import is_sparse
from .block_glm import BlockTask, fit_blocks
from .blocks import Block, Blocks, check_square
from .design import all_finite, all_one, as_data, as_design, as_sparse_design, with_intercept
from .families import Family, check_values, find_family, is_least_squares
from .glm_fit import GLMFit
from .least_squares import (
    columns_of,
    factored,
    in_range,
    independent_columns,
    scales,
    solution_of,
    solved,
    unscaled_covariance,
    weighted_least_squares,
)
from .links import Link
from .settling import Settling
from .terms import Terms

#: From so many numbers on a dense table is fitted in blocks of rows: by its cross product, where
#: that keeps the digits, which takes a fifth of the time.
_LARGE = 2**18
#: Rows of such a block, at least, and so many numbers: they stay in the cache.
_ROWS, _NUMBERS = 4096, 2**18


def fit_glm(
    x: Tensor | Terms,
    y: Tensor,
    family: str = "gaussian",
    link: str | None = None,
    *,
    weights: Tensor | None = None,
    offset: Tensor | None = None,
    intercept: bool = True,
    tol: float = 1e-8,
    max_iter: int = 50,
) -> GLMFit:
    """Fit a generalized linear model by iteratively reweighted least squares.

    Each iteration solves by QR (for a sparse or large `x` by its cross product, where that keeps
    the digits), in float64, on the device of `x`; a step that leaves the
    range of the mean or raises the deviance to infinity is halved (McCullagh and Nelder,
    1989, section 2.5; R's glm.fit). With family "gaussian" and link "identity" that is
    least squares, in one step.

    Args:
        x: shape (n, p), finite; p may be 0. A sparse tensor stays one: the fit multiplies its
            entries, and holds p x p numbers beside them. Of `Terms` a block of rows at a time is
            made, likewise.
        y: shape (n,): any values for "gaussian"; shares of successes (0 and 1 with a
            single trial) for "binomial"; counts for "poisson"; above 0 for "gamma" and
            "inverse_gaussian". "quasibinomial" and "quasipoisson" estimate the dispersion.
            Families with a parameter in their name: "negative_binomial(2)", of counts, whose
            variance is mu + mu^2 / 2; "quasi(mu^2)", of the variances "constant", "mu",
            "mu(1-mu)", "mu^2" and "mu^3".
        family: see `y`.
        link: "identity", "log", "inverse", "1/mu^2", "sqrt", "logit", "probit", "cloglog"
            or "cauchit", of those that the family takes; "quasi" takes all, and powers such as
            "mu^0.5"; None is R's default.
        weights: as R's: each row counts so many times; for "binomial", numbers of trials.
        offset: added to the linear predictor, shape (n,).
        intercept: add a column of ones, first.
        tol: the fit has converged where the deviance changes by less than this, relative
            to its size; iterations go on until the coefficients stand still as well.
        max_iter: the most iterations; beyond them it warns, and `converged` is False.

    Raises:
        TypeError: an argument of the wrong type.
        ValueError: a shape that does not fit, a value out of range, a name not known.
    """
    found, link_ = find_family(family, link)
    tol, max_iter = positive("tol", tol), whole_number("max_iter", max_iter, 1)
    flag("intercept", intercept)
    settings = (found, link_, family, intercept, tol, max_iter)
    if not isinstance(x, Terms):
        x = as_sparse_design("x", x) if is_sparse(x) else as_design("x", x)
    data = _beside(x, y, weights, offset, found, family)
    if isinstance(x, Tensor) and not (is_sparse(x) or is_large(x.shape, x.device)):
        return _fit_dense(x, data, *settings)
    check_square(x.shape[1])
    return fit_blocks(BlockTask(_blocks_of(x, data), x.shape[1], *settings, keeps_rows=True))


def is_large(shape: Sequence[int], device: torch.device) -> bool:
    """Enough rows for blocks of them? (A GPU has its own.)"""
    n, p = shape
    return n * p >= _LARGE and n >= 8 * p and device.type == "cpu"


def _blocks_of(x: Tensor | Terms, data: tuple[Tensor, Tensor, Tensor]) -> Blocks:
    if isinstance(x, Tensor) and is_sparse(x):
        return lambda: iter([Block(x, *data)])
    size = max(_ROWS, _NUMBERS // (4 + x.n_plain)) if isinstance(x, Terms) else _ROWS

    def blocks() -> Iterator[Block]:
        for start in range(0, len(x), size):
            end = min(start + size, len(x))
            rows = x.rows(start, end) if isinstance(x, Terms) else x[start:end]
            yield Block(rows, *(part[start:end] for part in data))

    return blocks


# Long: a field after the other of what comes out.
def _fit_dense(
    x: Tensor,
    data: tuple[Tensor, Tensor, Tensor],
    family: Family,
    link: Link,
    name: str,
    intercept: bool,
    tol: float,
    max_iter: int,
) -> GLMFit:
    y, w, o = data
    design = with_intercept(x, intercept)
    # A row that does not count must not matter, whatever its mean would be.
    linear = is_least_squares(family, link)
    counts = None if w.min().item() > 0 else w > 0
    x, y, o, of_column, unit = _in_range(design, y, o, counts, linear)
    counting = (x, y, w, o) if counts is None else (x[counts], y[counts], w[counts], o[counts])
    problem = _Problem(*counting, family, link, tol, max_iter)
    kept, found = problem.least_squares() if linear else problem.reweighted()

    eta, mu, working = found.eta, found.mu, found.working_weights
    if counts is not None:
        eta = o + columns_of(x, kept) @ found.coefficients
        mu, working = link.inverse(eta), torch.zeros_like(y).masked_scatter(counts, working)
    p, rank, n_obs = design.shape[1], kept.shape[0], problem.y.shape[0]
    coefficients = _of_all(found.coefficients.cpu(), kept, p)
    dispersion = problem.dispersion(found, rank)
    covariance = unscaled_covariance(found.r, kept, p)
    if dispersion != 1:
        covariance = covariance * dispersion
    standard_errors = covariance.diagonal().sqrt()
    if of_column is not None:
        back = (unit / of_column).cpu()
        coefficients, standard_errors = back * coefficients, back * standard_errors
        covariance = back[:, None] * covariance * back
    if unit != 1:
        eta, mu = unit * eta, unit * mu
    return GLMFit(
        family=name,
        link=link.name,
        intercept=intercept,
        coefficients=coefficients,
        covariance=covariance,
        standard_errors=standard_errors,
        dispersion=dispersion * unit * unit,
        deviance=found.deviance * unit * unit,
        null_deviance=problem.null_deviance(intercept) * unit * unit,
        log_likelihood=problem.log_likelihood(found) - n_obs * math.log(unit),
        df=rank + family.estimates_scale,
        rank=rank,
        df_residual=n_obs - rank,
        df_null=n_obs - intercept,
        n_obs=n_obs,
        iterations=found.iterations,
        converged=found.converged,
        linear_predictor=eta.cpu(),
        fitted=mu.cpu(),
        working_weights=working.cpu(),
    )


def _beside(
    design: Tensor | Terms, y: Tensor, weights: Any, offset: Any, family: Family, name: str
) -> tuple[Tensor, Tensor, Tensor]:
    if len(design) == 0:
        raise ValueError("x has no rows")
    data = as_data(design, y, weights, offset)
    check_values("y", data[0], family, name)
    return data


@dataclass
class _Solved:
    coefficients: Tensor
    eta: Tensor
    mu: Tensor
    r: Tensor
    deviance: float
    working_weights: Tensor
    iterations: int
    converged: bool


@dataclass
class _Problem:
    """Rows that count, and the iterations."""

    x: Tensor
    y: Tensor
    w: Tensor
    offset: Tensor
    family: Family
    link: Link
    tol: float
    max_iter: int

    def __post_init__(self) -> None:
        self._deviances = self.family.deviances(self.y)
        self._counts_once = all_one(self.w)
        self._has_offset = bool(self.offset.any())

    def deviance(self, mu: Tensor) -> float:
        rows = self._deviances(mu)
        return (rows.sum() if self._counts_once else torch.dot(self.w, rows)).item()

    def dispersion(self, found: _Solved, rank: int) -> float:
        """The family's, or Pearson's estimate."""
        if self.family.dispersion is not None:
            return self.family.dispersion
        df = self.y.shape[0] - rank
        if df <= 0:
            return torch.nan
        if is_least_squares(self.family, self.link):
            return found.deviance / df
        pearson = self.w * (self.y - found.mu) ** 2 / self.family.variance(found.mu)
        return pearson.sum().item() / df

    def log_likelihood(self, found: _Solved) -> float:
        """NaN for a family without one; infinite where nothing is left to explain."""
        if self.family.log_likelihood is None:
            return torch.nan
        if self.family.estimates_scale and found.deviance <= 0:
            return torch.inf
        return self.family.log_likelihood(self.y, found.mu, self.w, found.deviance)

    def least_squares(self) -> tuple[Tensor, _Solved]:
        """Of a model that is linear in its coefficients: one step. The columns kept come first."""
        kept, q, r = factored(self.x)
        if not kept.shape[0]:
            return kept, self._without_columns()
        x, z = columns_of(self.x, kept), self.y - self.offset
        if self._counts_once:
            b = solved(q, r, z)
        else:
            b, r = weighted_least_squares(x, z, self.w)
        eta, mu, _, deviance, b = self._inside(x, b, None)
        return kept, _Solved(b, eta, mu, r, deviance, self.w, 1, True)

    def reweighted(self) -> tuple[Tensor, _Solved]:
        """Of any other; the columns kept come first."""
        kept = independent_columns(self.x)
        return kept, self.iterated(kept) if kept.shape[0] else self._without_columns()

    def iterated(self, kept: Tensor) -> _Solved:
        """Iteratively reweighted least squares on these columns."""
        x = columns_of(self.x, kept)
        mu = self.family.start(self.y, self.w)
        eta = self.link.link(mu)
        if not all_finite(eta):
            mu = self._plain_start()
            eta = self.link.link(mu)
        slope = self.link.slope(eta)
        b = torch.zeros(x.shape[1], dtype=torch.float64, device=x.device)
        beside = torch.cat([x.mT, self.y[None]])
        z = beside[-1]
        deviance, iteration, converged = self.deviance(mu), 0, False
        previous: Tensor | None = None
        still, settling = False, Settling()
        while iteration < self.max_iter and not (converged and still):
            let_r_look()
            iteration += 1
            linear = eta - self.offset if self._has_offset else eta
            torch.addcdiv(linear, self.y - mu, slope, out=z)
            b = solution_of(beside, self._weights(slope, mu)).coefficients
            eta, mu, slope, now, b = self._inside(x, b, previous)
            converged = abs(now - deviance) <= self.tol * (abs(now) + 0.1)
            # The deviance is flat at its minimum: it stands still digits before b does.
            still = settling.stands(b)
            deviance, previous = now, b
        if not converged:
            warnings.warn(
                f"the fit did not converge in {self.max_iter} iterations (max_iter)", stacklevel=5
            )
        if self.family.takes_shares:
            low, high = mu.aminmax()
            if low.item() < 1e-14 or high.item() > 1 - 1e-14:
                warnings.warn("fitted probabilities numerically 0 or 1 occurred", stacklevel=5)
        working = self._weights(slope, mu)
        r = torch.linalg.qr(working.sqrt().unsqueeze(1).mul(x), mode="r").R
        return _Solved(b, eta, mu, r, deviance, working, iteration, converged)

    def _without_columns(self) -> _Solved:
        """Of the offset alone."""
        mu = self.link.inverse(self.offset)
        b = torch.zeros(0, dtype=torch.float64, device=mu.device)
        working = self._weights(self.link.slope(self.offset), mu)
        return _Solved(b, self.offset, mu, b[:, None], self.deviance(mu), working, 0, True)

    def null_deviance(self, intercept: bool) -> float:
        """The deviance without the columns of x."""
        if not intercept:
            return self.deviance(self.link.inverse(self.offset))
        if not self._has_offset:
            mean = (self.w * self.y).sum() / self.w.sum()
            return self.deviance(torch.full_like(self.y, mean.item()))
        ones = torch.ones_like(self.y)[:, None]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            alone = _Problem(
                ones, self.y, self.w, self.offset, self.family, self.link, self.tol, self.max_iter
            )
            return alone.iterated(torch.tensor([0])).deviance

    def _weights(self, slope: Tensor, mu: Tensor) -> Tensor:
        if self.link.name == self.family.canonical:
            return slope if self._counts_once else self.w * slope
        return self.w * (slope * slope) / self.family.variance(mu)

    def _inside(
        self, x: Tensor, b: Tensor, previous: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor, float, Tensor]:
        """The step's eta, mu, slope and deviance, halved until all are what they may be."""
        for _ in range(60):
            eta = torch.addmv(self.offset, x, b) if self._has_offset else x.mv(b)
            mu, slope = self.link.at(eta)
            deviance = self.deviance(mu)
            if self.family.mean(mu) and abs(deviance) < torch.inf:
                return eta, mu, slope, deviance, b
            if previous is None:
                break
            b = (b + previous) / 2
        raise ValueError(
            f'family "{self.family.name}" with link "{self.link.name}" found no coefficients for '
            "which every mean is in its range: try another link"
        )

    def _plain_start(self) -> Tensor:
        """The mean of y for every row, where y itself has no finite link."""
        mean = float((self.w * self.y).sum() / self.w.sum())
        if not bool(self.link.link(torch.tensor(mean, dtype=torch.float64)).isfinite()):
            raise ValueError(
                f'y: its mean, {mean:g}, has no finite value of link "{self.link.name}"'
            )
        return torch.full_like(self.y, mean)


def _of_all(coefficients: Tensor, kept: Tensor, p: int) -> Tensor:
    """Of all p columns, NaN for those that were not kept."""
    if kept.shape[0] == p:
        return coefficients
    found = torch.full((p,), torch.nan, dtype=torch.float64)
    found[kept] = coefficients
    return found


def _in_range(
    design: Tensor, y: Tensor, offset: Tensor, counts: Tensor | None, linear: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor | None, float]:
    """Columns, and y and offset where the fit is linear in them, divided so that squares stay
    in range; and what each column (None: all by 1), and y, was divided by.
    """
    counting = design if counts is None else design[counts]
    fits = not linear or (in_range(y) and in_range(offset))
    if fits and in_range(counting):
        return design, y, offset, None, 1.0
    unit = float(scales(torch.stack([y, offset], 1)).max()) if linear else 1.0
    of_column = scales(counting)
    return design / of_column, y / unit, offset / unit, of_column, unit
