"""Generalized linear models, fitted exactly: what `lm` and `glm` give, to the last digits."""

import math
import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from torchbridge.process.interrupts import let_r_look

from ..arguments import flag, positive, whole_number
from ..sparse import is_sparse
from .block_glm import BlockTask, fit_blocks
from .blocks import Block, check_square
from .design import as_data, as_design, as_sparse_design, with_intercept
from .families import Family, check_values, find_family, is_least_squares
from .glm_fit import GLMFit
from .least_squares import (
    independent_columns,
    scales,
    unscaled_covariance,
    weighted_least_squares,
)
from .links import Link


def fit_glm(
    x: Tensor,
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

    Each iteration solves by QR (for a sparse `x` by its cross product, where that keeps the
    digits), in float64, on the device of `x`; a step that leaves the
    range of the mean or raises the deviance to infinity is halved (McCullagh and Nelder,
    1989, section 2.5; R's glm.fit). With family "gaussian" and link "identity" that is
    least squares, in one step.

    Args:
        x: shape (n, p), finite; p may be 0. A sparse tensor stays one: the fit multiplies its
            entries, and holds p x p numbers beside them.
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
    if is_sparse(x):
        beside = (y, weights, offset)
        return _fit_sparse(x, beside, found, link_, family, intercept, tol, max_iter)
    design = as_design("x", x)
    y, w, o = _beside(design, y, weights, offset, found, family)
    design = with_intercept(design, intercept)
    # A row that does not count must not matter, whatever its mean would be.
    counts = w > 0
    linear = is_least_squares(found, link_)
    rows = slice(None) if bool(counts.all()) else counts  # without a copy, where all count
    x, y, o, of_column, unit = _in_range(design, y, o, rows, linear)
    problem = _Problem(x[rows], y[rows], w[rows], o[rows], found, link_, tol, max_iter)
    kept = independent_columns(problem.x)
    found_ = problem.solve(kept)

    eta = o + x[:, kept.to(x.device)] @ found_.coefficients
    p, rank, n_obs = design.shape[1], len(kept), len(problem.y)
    back = (unit / of_column).cpu()
    coefficients = torch.full((p,), torch.nan, dtype=torch.float64)
    coefficients[kept] = found_.coefficients.cpu()
    dispersion = problem.dispersion(found_, rank)
    covariance = dispersion * unscaled_covariance(found_.r, kept, p)
    return GLMFit(
        family=family,
        link=link_.name,
        intercept=intercept,
        coefficients=coefficients * back,
        covariance=back[:, None] * covariance * back,
        standard_errors=back * covariance.diagonal().sqrt(),
        dispersion=dispersion * unit * unit,
        deviance=found_.deviance * unit * unit,
        null_deviance=problem.null_deviance(intercept) * unit * unit,
        log_likelihood=problem.log_likelihood(found_) - n_obs * math.log(unit),
        df=rank + found.estimates_scale,
        rank=rank,
        df_residual=n_obs - rank,
        df_null=n_obs - intercept,
        n_obs=n_obs,
        iterations=found_.iterations,
        converged=found_.converged,
        linear_predictor=unit * eta.cpu(),
        fitted=unit * link_.inverse(eta).cpu(),
        working_weights=torch.zeros_like(y).masked_scatter(counts, found_.working_weights).cpu(),
    )


def _beside(
    design: Tensor, y: Tensor, weights: Any, offset: Any, family: Family, name: str
) -> tuple[Tensor, Tensor, Tensor]:
    if len(design) == 0:
        raise ValueError("x has no rows")
    data = as_data(design, y, weights, offset)
    check_values("y", data[0], family, name)
    return data


def _fit_sparse(
    x: Tensor,
    beside: tuple[Any, Any, Any],
    family: Family,
    link: Link,
    name: str,
    intercept: bool,
    tol: float,
    max_iter: int,
) -> GLMFit:
    x = as_sparse_design("x", x)
    check_square(x.shape[1])
    block = Block(x, *_beside(x, *beside, family, name))
    settings = (family, link, name, intercept, tol, max_iter)
    return fit_blocks(BlockTask(lambda: iter([block]), x.shape[1], *settings, keeps_rows=True))


@dataclass
class _Solved:
    coefficients: Tensor
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

    def deviance(self, mu: Tensor) -> float:
        return float((self.w * self.family.unit_deviance(self.y, mu)).sum())

    def dispersion(self, found: _Solved, rank: int) -> float:
        """The family's, or Pearson's estimate."""
        if self.family.dispersion is not None:
            return self.family.dispersion
        df = len(self.y) - rank
        pearson = self.w * (self.y - found.mu) ** 2 / self.family.variance(found.mu)
        return float(pearson.sum()) / df if df > 0 else torch.nan

    def log_likelihood(self, found: _Solved) -> float:
        """NaN for a family without one; infinite where nothing is left to explain."""
        if self.family.log_likelihood is None:
            return torch.nan
        if self.family.estimates_scale and found.deviance <= 0:
            return torch.inf
        return self.family.log_likelihood(self.y, found.mu, self.w, found.deviance)

    def solve(self, kept: Tensor) -> _Solved:
        """Iteratively reweighted least squares on these columns."""
        x = self.x[:, kept.to(self.x.device)]
        least_squares = is_least_squares(self.family, self.link)
        mu = self.family.start(self.y, self.w)
        eta = self.link.link(mu)
        if not bool(eta.isfinite().all()):
            mu = self._plain_start()
            eta = self.link.link(mu)
        b = torch.zeros(x.shape[1], dtype=torch.float64, device=x.device)
        if not x.shape[1]:
            mu = self.link.inverse(self.offset)
            return _Solved(
                b, mu, b[:, None], self.deviance(mu), self._weights(self.offset, mu), 0, True
            )
        deviance, iteration, converged = self.deviance(mu), 0, False
        previous: Tensor | None = None
        still = False
        while iteration < self.max_iter and not (converged and still):
            let_r_look()
            iteration += 1
            slope = self.link.slope(eta)
            working = self._weights(eta, mu)
            z = eta - self.offset + (self.y - mu) / slope
            b, r = weighted_least_squares(x, z, working)
            eta, mu, now, b = self._inside(x, b, previous)
            converged = least_squares or abs(now - deviance) <= self.tol * (abs(now) + 0.1)
            # The deviance is flat at its minimum: it stands still digits before b does.
            still = least_squares or _is_still(b, previous)
            deviance, previous = now, b
        if not converged:
            warnings.warn(
                f"the fit did not converge in {self.max_iter} iterations (max_iter)", stacklevel=3
            )
        if self.family.takes_shares and bool(((mu < 1e-14) | (mu > 1 - 1e-14)).any()):
            warnings.warn("fitted probabilities numerically 0 or 1 occurred", stacklevel=3)
        working = self._weights(eta, mu)
        r = weighted_least_squares(x, eta, working).r
        return _Solved(b, mu, r, deviance, working, iteration, converged)

    def null_deviance(self, intercept: bool) -> float:
        """The deviance without the columns of x."""
        if not intercept:
            return self.deviance(self.link.inverse(self.offset))
        if not self.offset.any():
            mean = (self.w * self.y).sum() / self.w.sum()
            return self.deviance(torch.full_like(self.y, float(mean)))
        ones = torch.ones_like(self.y)[:, None]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            alone = _Problem(
                ones, self.y, self.w, self.offset, self.family, self.link, self.tol, self.max_iter
            )
            return alone.solve(torch.tensor([0])).deviance

    def _weights(self, eta: Tensor, mu: Tensor) -> Tensor:
        return self.w * self.link.slope(eta) ** 2 / self.family.variance(mu)

    def _inside(
        self, x: Tensor, b: Tensor, previous: Tensor | None
    ) -> tuple[Tensor, Tensor, float, Tensor]:
        """The step's eta, mu and deviance, halved until all are what they may be."""
        for _ in range(60):
            eta = x @ b + self.offset
            mu = self.link.inverse(eta)
            deviance = self.deviance(mu)
            if bool(self.family.mean(mu).all()) and abs(deviance) < torch.inf:
                return eta, mu, deviance, b
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


def _in_range(
    design: Tensor, y: Tensor, offset: Tensor, rows: Tensor | slice, linear: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor, float]:
    """Columns, and y and offset where the fit is linear in them, divided so that squares stay
    in range; and what each column, and y, was divided by.
    """
    unit = float(scales(torch.stack([y, offset], 1)).max()) if linear else 1.0
    of_column = scales(design[rows])
    if unit != 1 or bool((of_column != 1).any()):
        design, y, offset = design / of_column, y / unit, offset / unit
    return design, y, offset, of_column, unit


def _is_still(b: Tensor, previous: Tensor | None) -> bool:
    return previous is not None and bool((b - previous).abs().max() <= 1e-10 * b.abs().max())
